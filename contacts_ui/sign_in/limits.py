"""Limits on failed sign-ins, counted from the security events: for an account, and for an address.

An account is slowed down, never locked: after LOGIN_ATTEMPTS failures the next try waits some seconds, and a try during
the wait is not counted, so that others can't keep it closed. A browser or an address from which the account signed in
before is not slowed down by what others try (OWASP: "device cookies"). An address that fails too often waits, except
for browsers that signed in before.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from contacts_ui import client_address
from contacts_ui.models import SecurityEvent, SecurityEventKind

WINDOW: Final = timedelta(minutes=15)
LONGEST_WAIT_SECONDS: Final = 30
KNOWN_PLACE: Final = timedelta(days=90)
_COOKIE: Final = "known_browser"
_SALT: Final = "contacts_ui.known_browser"
# A browser remembers this many accounts at most.
_MOST_ACCOUNTS: Final = 8


def seconds_to_wait(request: HttpRequest, name: str) -> int:
    """Return how many seconds a sign-in as `name` from this request must wait; 0: it may be tried now."""
    now, address = timezone.now(), client_address.current()
    failures = SecurityEvent.objects.filter(
        kind=SecurityEventKind.SIGN_IN_FAILED, at__gt=now - WINDOW
    )
    if knows_browser(request, name):
        # Failures of others on the same network don't count.
        own = failures.filter(_about(name), details__known_browser=True)
        return _wait_of_account(own, now)
    from_here = _from_network(failures, address).values_list("at", flat=True)
    if from_here.count() >= settings.LOGIN_ATTEMPTS_PER_ADDRESS:
        # Wait until the oldest of these has left the window.
        oldest = from_here.order_by("-at")[settings.LOGIN_ATTEMPTS_PER_ADDRESS - 1]
        return max(1, int((oldest + WINDOW - now).total_seconds()))
    if knows_address(name, address):
        return 0
    return _wait_of_account(failures.filter(_about(name)), now)


def _from_network(failures: QuerySet[SecurityEvent], address: str) -> QuerySet[SecurityEvent]:
    """Return failures from this address; for IPv6 from its /64, which one customer can use freely."""
    if ":" not in address:
        return failures.filter(address=address)
    network = ip_network(f"{address}/64", strict=False)
    addresses = failures.filter(address__contains=":").values_list("address", flat=True).distinct()
    return failures.filter(address__in=[each for each in addresses if ip_address(each) in network])


def _wait_of_account(failures: QuerySet[SecurityEvent], now: datetime) -> int:
    recent = list(failures.order_by("-at").values_list("at", flat=True)[:20])
    over = len(recent) - settings.LOGIN_ATTEMPTS
    if over < 0 or not recent:
        return 0
    wait = min(2**over, LONGEST_WAIT_SECONDS)
    return max(0, round(wait - (now - recent[0]).total_seconds()))


def knows_address(name: str, address: str) -> bool:
    """Return True if the account signed in from this address within 90 days."""
    since = timezone.now() - KNOWN_PLACE
    return SecurityEvent.objects.filter(
        _about(name), kind=SecurityEventKind.SIGNED_IN, address=address, at__gt=since
    ).exists()


def knows_browser(request: HttpRequest, name: str) -> bool:
    """Return True if this browser has a cookie that says that the account signed in here."""
    account = account_named(name)
    return account is not None and account.pk in _accounts_of(request)


def remember_browser(request: HttpRequest, response: HttpResponseBase, account_id: int) -> None:
    """Remember in this browser that the account has signed in here."""
    known = [each for each in _accounts_of(request) if each != account_id]
    response.set_signed_cookie(
        _COOKIE,
        "-".join(map(str, [account_id, *known][:_MOST_ACCOUNTS])),
        salt=_SALT,
        max_age=KNOWN_PLACE,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def _accounts_of(request: HttpRequest) -> list[int]:
    try:
        kept = request.get_signed_cookie(_COOKIE, "", salt=_SALT, max_age=KNOWN_PLACE) or ""
    except signing.BadSignature:
        return []
    return [int(each) for each in kept.split("-") if each]


def account_named(name: str) -> User | None:
    """Return the account of a username or an email address, as it may be typed at sign-in."""
    matches = User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name))
    return matches.first() if name else None


def _about(name: str) -> Q:
    account = account_named(name)
    return Q(account_id=account.pk) if account else Q(name__iexact=name)
