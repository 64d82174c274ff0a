"""Answers when a vendor, the database, or the dashboard itself fails."""

import math
import sys
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.defaults import server_error as something_went_wrong
from django_htmx.middleware import HtmxDetails

from contacts_ui.database import is_away, log_outage
from contacts_ui.odd_requests import leave_the_body
from contacts_ui.permissions import may
from contacts_ui.phone import pretty
from contacts_ui.services.consent.phone_numbers import number_of_contact
from contacts_ui.services.vendors.vendor_errors import VendorError, kind_and_title
from contacts_ui.views.addresses import page_of

RETRY_AFTER_SECONDS: Final = 5
# Passwords and codes are not kept in a page.
SECRETS_ARE_TYPED: Final = ("/accounts/", "/admin/")
AWAY: Final = "The dashboard's database does not answer. Try again in a moment."
NOT_RECORDED: Final = f"Nothing was recorded. {AWAY}"
# The database may have kept what it could no longer confirm.
NOT_CERTAIN: Final = (
    "It is not certain that this was recorded: the dashboard's database stopped answering. "
    "Try again in a moment. Stopping texts twice does no harm."
)
# For fragments: by status, and by the hundred for the rest. `app.js` has those that a proxy may send.
SENTENCES: Final = {
    400: "The dashboard could not read this. Reload the page and try again.",
    403: "You may not do this. Your role does not allow it.",
    404: "This is no longer here. Reload the page.",
    405: "This can't be done from here. Reload the page and try again.",
    413: "This is too large to send.",
    429: "Too many requests. Wait a moment and try again.",
    500: "Something went wrong on our side. It may not have been done: reload the page to check.",
    503: "The dashboard can't do this right now. Try again in a moment.",
}

OTHER_WAY: Final = "If you know their number, stop the number itself. That works without SlickText."


@dataclass(frozen=True)
class PressAgain:
    """The same press again, for a page without scripts: where it goes, and what was typed."""

    url: str
    fields: list[tuple[str, str]]


def sentence_of(status: int) -> str:
    """Return what to say of an HTTP status from 400 on."""
    return SENTENCES.get(status) or SENTENCES[500 if status >= 500 else 400]


def wants_a_fragment(request: HttpRequest) -> bool:
    """Return True if htmx asked for a part of a page."""
    htmx = HtmxDetails(request)
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


def press_again(request: HttpRequest) -> PressAgain | None:
    """Return what was pressed and typed, to send it again; None for a GET, for files, and for passwords."""
    if request.method != "POST" or request.path_info.startswith(SECRETS_ARE_TYPED):
        return None
    if request.content_type != "application/x-www-form-urlencoded":
        return None
    try:
        typed = request.POST
    except Exception:
        # Too large, or broken: the next press will show it.
        return None
    if any("password" in name for name in typed):
        return None
    fields = [(name, value) for name, values in typed.lists() for value in values]
    return PressAgain(request.get_full_path(), fields)


@dataclass(frozen=True)
class ErrorNotice:
    """What the screen says; `kind` is down, rate_limited, credentials, not_connected, or other."""

    kind: str
    title: str
    sentence: str
    retry_after: int | None = None
    retry_url: str = ""


def error_notice(error: VendorError | None, retry_url: str = "") -> ErrorNotice | None:
    """Return what to show of a vendor's error; None for no error."""
    if error is None:
        return None
    kind, title = kind_and_title(error)
    seconds = math.ceil(error.retry_after) if error.retry_after else None
    return ErrorNotice(kind, title, error.person, seconds, retry_url)


def unavailable(
    request: HttpRequest, error: VendorError, contact_id: int, *, stops: bool = True
) -> HttpResponse:
    """Answer 503 if a contact can't be read: a page with *Try again*, or a notice for htmx.

    It says if a press recorded nothing. If the press may have been a stop, it links to a page that needs no vendor:
    the number's page if we know it, otherwise *Stop a number*.
    """
    pressed = request.method not in ("GET", "HEAD")
    words = [error.person]
    link_name = link_url = ""
    number = number_of_contact(contact_id)
    if number:
        link_name, link_url = f"Open {pretty(number)}", reverse("number-detail", args=[number])
    elif stops and may(request.user, "stop_texts"):
        words.append(OTHER_WAY)
        link_name, link_url = "Stop a number", reverse("stop-number")
    context = {
        "error_notice": error_notice(error, request.get_full_path()),
        "nothing_recorded": pressed,
        "words": " ".join(words),
        "link_url": link_url,
        "link_name": link_name,
        "press_again": press_again(request),
    }
    template = "_notice.html" if wants_a_fragment(request) else "contacts/unavailable.html"
    response = TemplateResponse(request, template, context, status=503)
    if error.retry_after:
        response["Retry-After"] = str(math.ceil(error.retry_after))
    return response


def database_away(request: HttpRequest) -> HttpResponse:
    """Answer 503 without any query: a sentence for htmx and for programs, otherwise a page that needs nothing."""
    pressed = request.method not in ("GET", "HEAD")
    tally = getattr(request, "tally", None)
    words = AWAY
    if pressed:
        words = NOT_CERTAIN if tally and tally.writes else NOT_RECORDED
    if wants_a_fragment(request) or "text/html" not in request.headers.get("Accept", ""):
        response = HttpResponse(words, content_type="text/plain; charset=utf-8")
    else:
        context = {
            "pressed": pressed,
            "words": words,
            "page": page_of(request),
            "press_again": press_again(request),
        }
        response = HttpResponse(render_to_string("503.html", context))
    response.status_code = 503
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store, private"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer as handler500, also for middleware that needs the database."""
    error = sys.exc_info()[1]
    if error is None or not is_away(error):
        leave_the_body(request)
        return something_went_wrong(request)
    log_outage(error)
    return database_away(request)
