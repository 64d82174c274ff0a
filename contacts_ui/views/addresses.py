"""Build addresses from the current one, and check those that a form sends."""

from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

# The lists from which people open a person's page, and the words of the link back.
LISTS: Final = {
    "contact-list": "Back to results",
    "overview": "Back to Overview",
    "opt-out-list": "Back to opt-outs",
    "disagreement-list": "Back to Disagreements",
    "lift-request-list": "Back to lift requests",
    "possible-opt-out-list": "Back to possible opt-outs",
    "attention": "Back to Needs attention",
    "texts-after-stop": "Back to texts after a stop",
    "job-detail": "Back to the job",
    "audit": "Back to the audit log",
}


class WayBack(NamedTuple):
    """The list from which a person's page was opened; `query` carries it through the pages about that person."""

    url: str
    words: str
    query: str


def with_changes(request: HttpRequest, /, **changes: str | int | None) -> str:
    """Return the current address with parts of its query replaced; None removes a part."""
    query = dict(request.GET.lists())
    for name, value in changes.items():
        query[name] = [] if value is None else [str(value)]
    # A field that was sent empty has no place in an address.
    text = urlencode(
        {name: values for name, values in query.items() if values and values[-1]}, doseq=True
    )
    return f"{request.path}?{text}" if text else request.path


def person_url(contact_id: int | None, number: str) -> str:
    """Return the page of a contact, or of the number where no contact is known."""
    if contact_id:
        return reverse("contact-detail", args=[contact_id])
    return reverse("number-detail", args=[number])


def safe_next(request: HttpRequest, fallback: str) -> str:
    """Return where the form wants to go next, if that is on this dashboard."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    # `redirect` would take anything else for the name of a page.
    return wanted if wanted.startswith("/") and _is_ours(request, wanted) else fallback


def way_back(request: HttpRequest) -> WayBack:
    """Return the list that the reader came from, by `from` in the address or by the page before; else all contacts."""
    for wanted in (request.GET.get("from", ""), _referer(request)):
        if not wanted.startswith("/") or not _is_ours(request, wanted):
            continue
        try:
            name = resolve(urlsplit(wanted).path).url_name
        except Resolver404:
            continue
        if name in LISTS:
            return WayBack(wanted, LISTS[name], f"?{urlencode({'from': wanted})}")
    return WayBack(reverse("contact-list"), "All contacts", "")


def _referer(request: HttpRequest) -> str:
    """Return the page before, if it is on this dashboard."""
    came_from = request.headers.get("Referer", "")
    if not _is_ours(request, came_from):
        return ""
    there = urlsplit(came_from)
    page = f"{there.path}?{there.query}" if there.query else there.path
    return page if _is_ours(request, page) else ""


def _is_ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def to_the_login(request: HttpRequest) -> HttpResponse:
    """Send the whole page to sign-in, and from there back. A press is never sent again by itself.

    The sign-in page says that nothing was recorded if something was pressed.
    """
    pressed = "" if request.method in ("GET", "HEAD") else "&pressed=1"
    return redirect(f"{reverse('account_login')}?next={quote(page_of(request))}{pressed}")


def page_of(request: HttpRequest) -> str:
    """Return the page that was requested, or on which something was pressed, if it is on this dashboard."""
    if getattr(request, "htmx", False):
        return request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    return safe_next(request, _referer(request) or "/")
