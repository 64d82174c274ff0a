"""How many contacts each page shows, in one table, and the pause before a list for those who read very many."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse

from contacts_ui.phone import to_e164
from contacts_ui.services import security
from contacts_ui.services.security import reading
from contacts_ui.views.errors import wants_a_fragment

SLOWED: Final = "You opened many contacts this hour. A list opens every {pause} seconds: try again in {seconds}."
Context = Mapping[str, Any]
HowMany = Callable[[HttpRequest, Context], int]


def _not_by_itself(request: HttpRequest, context: Context) -> int:
    """Count the page and the row, which name the person; not while the row refreshes by itself."""
    asks_again = getattr(context.get("consent"), "poll_url", "")
    return 0 if getattr(request, "htmx", False) and asks_again else 1


def _rows(*names: str) -> HowMany:
    return lambda _, context: sum(len(context.get(name) or ()) for name in names)


def _items(*others: str) -> HowMany:
    """Count what the sections of a start page list, and these rows beside them."""

    def how_many(request: HttpRequest, context: Context) -> int:
        listed = sum(len(each["items"]) for each in context.get("sections") or ())
        return listed + _rows(*others)(request, context)

    return how_many


def _job_rows(request: HttpRequest, context: Context) -> int:
    """Count the rows of a job; not those that refresh by themselves while it runs."""
    panel = context.get("panel")
    by_itself = getattr(request, "htmx", False) and panel is not None and panel.polls
    return 0 if by_itself else len(context.get("rows") or ())


# The name of an address -> how many contacts its page shows. A test names those that show none. Exports have events.
SHOWN: Final[Mapping[str, HowMany]] = {
    "overview": _items(),
    "agent-home": _items("requests", "changed"),
    "contact-list": lambda _, context: len((context.get("listing") or {}).get("rows", ())),
    "contact-detail": lambda *_: 1,
    "contact-edit": lambda _, context: 1 if context.get("contact_id") else 0,
    "contact-delete": lambda *_: 1,
    "opt-in": lambda *_: 1,
    "ask-lift": lambda *_: 1,
    "do-not-text": _not_by_itself,
    "wrong-person": lambda *_: 1,
    "number-detail": lambda *_: 1,
    "number-opt-in": lambda *_: 1,
    "number-ask-lift": lambda *_: 1,
    "number-do-not-text": _not_by_itself,
    "number-wrong-person": lambda *_: 1,
    "stop-number": lambda _, context: 1 if context.get("facts") else 0,
    "stop-number-known": lambda _, context: 1 if context.get("facts") else 0,
    "job-detail": _job_rows,
    "lift-request-list": _rows("waiting", "decided", "seen_again"),
    "lift-request-decision": _rows("waiting", "decided", "seen_again"),
    "my-lift-requests": _rows("rows"),
    "possible-opt-out-list": _rows("waiting", "decided"),
    "disagreement-list": _rows("rows", "closed"),
    "opt-out-list": _rows("rows"),
    "attention": _rows("rows", "events", "texts", "passed_on"),
    "texts-after-stop": _rows("rows"),
    "audit": _rows("entries"),
    "evidence": lambda *_: 1,
}
# Lists that can be read from end to end. What leads to a stop stays open: contact pages, numbers, what waits.
PACED: Final = frozenset({"contact-list", "opt-out-list", "texts-after-stop", "audit"})


def slowed(request: HttpRequest) -> HttpResponse | None:
    """Return 429 in place of a list that comes too soon, else None; looking up one number never waits."""
    if not _counts(request) or _name(request) not in PACED:
        return None
    # Texts after a stop have no search: there `q` would only get past the pause.
    if _name(request) != "texts-after-stop" and to_e164(request.GET.get("q", "")):
        return None
    seconds, many = reading.wait_seconds(request.user)
    return _wait(request, seconds, many) if seconds else None


def count_shown(request: HttpRequest, response: TemplateResponse) -> None:
    """Add the contacts of a page to its reader's hour."""
    how_many = SHOWN.get(_name(request))
    if not how_many or not _counts(request) or response.status_code >= 500:
        return
    if many := how_many(request, response.context_data or {}):
        reading.shown(request.user, many)


def record_refusal(request: HttpRequest) -> None:
    """Record that this request got a 403, with the missing permission if it is known."""
    user = getattr(request, "user", None)
    security.refused(
        user if user and user.is_authenticated else None,
        getattr(request, "refused_for", security.OTHER),
        page=_name(request),
        method=request.method or "",
    )


def _counts(request: HttpRequest) -> bool:
    if not settings.READS_PER_HOUR or request.method == "HEAD":
        return False
    return request.user.is_authenticated


def _name(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.url_name or "") if match else ""


def _wait(request: HttpRequest, seconds: int, many: int) -> HttpResponse:
    if wants_a_fragment(request):
        words = SLOWED.format(pause=reading.PAUSE_SECONDS, seconds=seconds)
        response = HttpResponse(words, content_type="text/plain; charset=utf-8")
    else:
        context = {"seconds": seconds, "many": many, "pause": reading.PAUSE_SECONDS}
        response = render(
            request, "contacts/slowed.html", context | {"page": request.get_full_path()}
        )
    response.status_code = 429
    response["Retry-After"] = str(seconds)
    return response
