"""Security events for sign-in, sign-out, second factors, and passwords, from Django's and allauth's signals."""

import time
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import (
    authentication_step_completed,
    password_changed,
    password_set,
    user_logged_in,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_in as session_began
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from contacts_ui.models import SecurityEventKind as Kind
from contacts_ui.services import security
from contacts_ui.services.people.links import end_links
from contacts_ui.services.people.sessions import end_all
from contacts_ui.sign_in import company
from contacts_ui.sign_in.middleware import BEGAN, HAS_FACTOR, SEEN, has_factor


@receiver(session_began)
def start_clock(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Note when the session began, for its limits."""
    request.session[BEGAN] = request.session[SEEN] = time.time()
    request.session.pop(HAS_FACTOR, None)


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: Any, response: Any = None, **kwargs: Any) -> None:
    """Record the sign-in and its way, and remember the browser."""
    login = kwargs.get("sociallogin")
    if login is not None:
        company.began(request, login)
    methods = [each["method"] for each in get_authentication_records(request, user)]
    if "mfa" in methods:
        request.session[HAS_FACTOR] = True
    way = "company" if login is not None else "+".join(methods)
    security.record(Kind.SIGNED_IN, account=user, details={"way": way})
    request.remember_account = user.pk  # type: ignore[attr-defined]


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Record it."""
    if user is not None:
        security.record(Kind.SIGNED_OUT, account=user)


@receiver(authentication_step_completed)
def step_done(request: HttpRequest, user: Any, method: str, **kwargs: Any) -> None:
    """Record that the person confirmed who they are."""
    if method == "mfa":
        request.session[HAS_FACTOR] = True
    if kwargs.get("reauthenticated"):
        security.record(Kind.CONFIRMED, account=user, details={"way": method})


@receiver([password_changed, password_set])
def password_is_new(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Record it, and end the links that would set another one."""
    end_links(user)
    security.record(Kind.PASSWORD_CHANGED, account=user)


@receiver(authenticator_added)
def factor_added(
    request: HttpRequest, user: Any, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Record it; recovery codes are not a second factor."""
    codes = authenticator.type == Authenticator.Type.RECOVERY_CODES
    if not codes:
        # Earlier sessions were opened without it.
        end_all(user, but=request.session.session_key)
        request.session[HAS_FACTOR] = True
    kind = Kind.CODES_MADE if codes else Kind.FACTOR_ADDED
    security.record(kind, account=user, details={"type": str(authenticator.type)})


@receiver(authenticator_reset)
def codes_made(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Record it."""
    security.record(Kind.CODES_MADE, account=user)


@receiver(authenticator_removed)
def factor_removed(
    request: HttpRequest, user: Any, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Record it, and check whether one is left."""
    end_all(user, but=request.session.session_key)
    if not has_factor(user):
        request.session.pop(HAS_FACTOR, None)
    security.record(Kind.FACTOR_REMOVED, account=user, details={"type": str(authenticator.type)})


@receiver(authentication_failed)
def factor_failed(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Record a wrong code."""
    security.record(Kind.SIGN_IN_FAILED, account=user, details={"way": "second factor"})
