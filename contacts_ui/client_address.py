"""The real address of the browser behind our proxies, for limits and for security events."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

_PORT = re.compile(r"^(\d+\.\d+\.\d+\.\d+|\[[^\]]+\]):\d+$")
_current: ContextVar[str] = ContextVar("client_address", default="")


def current() -> str:
    """Return the address of the running request; "" outside a request."""
    return _current.get()


@contextmanager
def client_address(request: HttpRequest) -> Iterator[str]:
    """Make the request's real address `current` for what runs inside."""
    address = address_of(request)
    token = _current.set(address)
    try:
        yield address
    finally:
        _current.reset(token)


def address_of(request: HttpRequest) -> str:
    """Return the address of the nearest peer that is not a trusted proxy, IPv4 or IPv6; "" if it can't be read.

    `X-Forwarded-For` is read from its end, where our own proxies (TRUSTED_PROXIES) write: what a browser sends in it
    comes before that and is never believed. A peer without an address is our own proxy, on a socket of this machine.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    hops = reversed(request.headers.get("X-Forwarded-For", "").split(","))
    found = ""
    for hop in [peer, *hops] if peer else hops:
        address = _address(hop)
        if address is None:
            break
        found = str(address)
        if not any(address in network for network in settings.TRUSTED_PROXIES):
            break
    return found


def _address(text: str) -> IPv4Address | IPv6Address | None:
    # Some proxies add the port; a scope such as %eth0 means nothing elsewhere.
    bare = _PORT.sub(r"\1", text.strip()).strip("[]").partition("%")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    # An IPv4 address in a dual-stack socket's notation.
    return getattr(address, "ipv4_mapped", None) or address
