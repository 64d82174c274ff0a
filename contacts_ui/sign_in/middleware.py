"""Checks around every page of a signed-in account: session limits, second factor, company role."""

import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from contacts_ui.permissions import may
from contacts_ui.request_log import PROBES
from contacts_ui.sign_in import company, limits
from contacts_ui.views.addresses import page_of

Handler = Callable[[HttpRequest], HttpResponseBase]
BEGAN: Final = "signed_in_at"
SEEN: Final = "seen_at"
HAS_FACTOR: Final = "has_factor"
# How often a row is written, at most, to keep a session alive.
_TOUCH_SECONDS: Final = 60
NEEDS_FACTOR: Final = ("lift_stops", "export_contacts", "manage_people")
# Open without a second factor: setting it up, and signing out.
_WITHOUT_FACTOR: Final = ("/accounts/", settings.STATIC_URL)

# A stop must not wait for it: the page may have been open since before it was required.
_STOPS: Final = ("do-not-text", "number-do-not-text", "stop-number")


def has_factor(account: Any) -> bool:
    """Return True if the account has set up a second factor."""
    types = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return Authenticator.objects.filter(user_id=account.pk, type__in=types).exists()


class sign_in_rules:  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """Check session limits, company role, and second factor, in this order. Health checks skip it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in PROBES and request.session.session_key:
            user = request.user
            if isinstance(user, User) and not (
                _lasts(request) and company.still_allowed(request, user)
            ):
                logout(request)
        response = self.get_response(request)
        if account_id := getattr(request, "remember_account", None):
            limits.remember_browser(request, response, account_id)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Send people who may lift stops, export, or manage people to set up a second factor, or to use it."""
        user = request.user
        if not (settings.MFA_REQUIRED and user.is_authenticated) or _needs_no_factor(request):
            return None
        if not any(may(user, name) for name in NEEDS_FACTOR):
            return None
        if has_factor(user):
            # It is set up, but was not used in this session.
            address = f"{reverse('mfa_reauthenticate')}?next={quote(page_of(request))}"
        else:
            address = f"{reverse('mfa_index')}?required=1"
        return redirect(address)


def _lasts(request: HttpRequest) -> bool:
    """Return True if the session is not over: SESSION_HOURS in all, SESSION_IDLE_MINUTES without a request."""
    session, now = request.session, time.time()
    if BEGAN not in session:
        # From before there were limits: it begins now.
        UserSession.objects.create_from_request(request)
        session[BEGAN] = session[SEEN] = now
    began, seen = session[BEGAN], session.get(SEEN, now)
    if now - began > settings.SESSION_HOURS * 3600:
        return False
    if now - seen > settings.SESSION_IDLE_MINUTES * 60:
        return False
    if now - seen > _TOUCH_SECONDS and not _is_poll(request):
        session[SEEN] = now
    return True


def _is_poll(request: HttpRequest) -> bool:
    """Return True for a request that a page repeats by itself: the person may have left."""
    return "X-Poll" in request.headers


def _needs_no_factor(request: HttpRequest) -> bool:
    if request.path_info.startswith(_WITHOUT_FACTOR) or request.session.get(HAS_FACTOR):
        return True
    match = request.resolver_match
    stops = request.method == "POST" and match is not None and match.url_name in _STOPS
    return stops or company.signed_in_here(request)
