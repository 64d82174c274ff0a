"""Addresses made from the present one, and addresses that a form sends along."""

from urllib.parse import quote, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode


def with_changes(request: HttpRequest, /, **changes: str | int | None) -> str:
    """The present address with some of its query replaced; None takes a part out."""
    query = dict(request.GET.lists())
    for name, value in changes.items():
        query[name] = [] if value is None else [str(value)]
    # A field that was sent empty has no place in an address.
    text = urlencode(
        {name: values for name, values in query.items() if values and values[-1]}, doseq=True
    )
    return f"{request.path}?{text}" if text else request.path


def safe_next(request: HttpRequest, fallback: str) -> str:
    """Where the form wants to go afterwards, if that is on this dashboard."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    # Whatever else passes as an address, `redirect` would take for the name of a page.
    return wanted if wanted.startswith("/") and _is_ours(request, wanted) else fallback


def _is_ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def to_the_login(request: HttpRequest) -> HttpResponse:
    """Send the whole page to the login, and from there to where it was: a press is never sent again by itself.

    The login says that nothing was recorded where something was pressed.
    """
    pressed = "" if request.method in ("GET", "HEAD") else "&pressed=1"
    address = f"{reverse('login')}?next={quote(page_of(request))}{pressed}"
    if not getattr(request, "htmx", False):
        return redirect(address)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = address
    return response


def page_of(request: HttpRequest) -> str:
    """The page on which something was pressed or that was asked for, if that is on this dashboard."""
    if getattr(request, "htmx", False):
        return request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came_from = request.headers.get("Referer", "")
    there = urlsplit(came_from)
    page = f"{there.path}?{there.query}" if there.query else there.path
    ours = _is_ours(request, came_from) and _is_ours(request, page)
    return safe_next(request, page if ours else "/")
