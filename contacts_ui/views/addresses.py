"""Addresses made from the present one, and addresses that a form sends along."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def with_changes(request: HttpRequest, /, **changes: str | int | None) -> str:
    """The present address with some of its query replaced; None takes a part out."""
    query = request.GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    text = query.urlencode()
    return f"{request.path}?{text}" if text else request.path


def safe_next(request: HttpRequest, fallback: str) -> str:
    """Where the form wants to go afterwards, if that is on this dashboard."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed else fallback
