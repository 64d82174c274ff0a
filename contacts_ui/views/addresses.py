"""Addresses made from the present one, and addresses that a form sends along."""

from django.http import HttpRequest
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
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed else fallback
