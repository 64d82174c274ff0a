"""Confirmation that it's still the same person, before what is hard to undo: lifting, exporting, deleting, people."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import quote

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.html import format_html

from contacts_ui.views.addresses import page_of

# How much longer a form that was opened in time may be filled in.
_FORM_MINUTES: Final = 60
SENTENCE: Final = (
    "Nothing was recorded. Confirm that it's you in another tab, then press again: "
    "what you typed is still here."
)


def confirmed_recently(view: Callable[..., HttpResponseBase]) -> Callable[..., Any]:
    """Let the view run within CONFIRM_MINUTES of signing in or confirming; else ask for the password or second factor.

    For pages with a form: asked when it is opened, so that nothing typed is lost; it may be sent up to an hour later.
    """
    return _guarded(view, more_minutes=_FORM_MINUTES, typed=True)


def confirmed_before_press(view: Callable[..., HttpResponseBase]) -> Callable[..., Any]:
    """Guard a button without a form, as `confirmed_recently`: the person confirms, returns, and presses again."""
    return _guarded(view, more_minutes=0, typed=False)


def _guarded(
    view: Callable[..., HttpResponseBase], *, more_minutes: int, typed: bool
) -> Callable[..., Any]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        reads = request.method in ("GET", "HEAD")
        if is_fresh(request, 0 if reads else more_minutes):
            return view(request, *args, **kwargs)
        return ask(request, typed=typed and not reads)

    return guarded


def is_fresh(request: HttpRequest, more_minutes: int = 0) -> bool:
    """Return True if the person signed in or confirmed within CONFIRM_MINUTES, and `more_minutes`."""
    limit = settings.CONFIRM_MINUTES
    return not limit or minutes_since_confirmation(request) < limit + more_minutes


def is_fresh_for_a_form(request: HttpRequest) -> bool:
    """Return True if a form that was opened in time may still be sent."""
    return is_fresh(request, _FORM_MINUTES)


def confirm_first(request: HttpRequest) -> str:
    """Return the sentence for a form that needs a fresh confirmation, with the link; what was typed stays in it."""
    words = "This changes consent. {} in a new tab, then save again."
    link = "<a href='{}' target='_blank' rel='noopener'>Confirm that it's you</a>"
    return format_html(words, format_html(link, _address_of_confirmation(request)))


def minutes_since_confirmation(request: HttpRequest) -> float:
    """Return how long ago this session's person signed in or confirmed; infinity for never."""
    records = get_authentication_records(request, request.user)
    last = max((each.get("at", 0) for each in records), default=0)
    return (time.time() - last) / 60 if last else float("inf")


def ask(request: HttpRequest, *, typed: bool = False) -> HttpResponse:
    """Send the person to the confirmation and back. Nothing was recorded, and what was `typed` stays on their page."""
    # Not a refusal, for the security events.
    request.asks_to_confirm = True  # type: ignore[attr-defined]
    address = _address_of_confirmation(request)
    if typed or not address:
        if getattr(request, "htmx", False):
            return HttpResponse(SENTENCE, status=403, content_type="text/plain")
        return render(request, "account/confirm_first.html", {"address": address}, status=403)
    if request.method not in ("GET", "HEAD"):
        messages.info(request, "Nothing was recorded yet. Press again once you have confirmed.")
    return redirect(address)


def _address_of_confirmation(request: HttpRequest) -> str:
    """Return the address where this person confirms and comes back from; "" if there is no way."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    return f"{methods[0]['url']}?next={quote(page_of(request))}" if methods else ""
