"""The vendors' errors, by the names under which views may know them, and how screens call them."""

from typing import Final

from contacts_ui.integrations.errors import (
    VENDOR_NAMES,
    BadCredentials,
    Invalid,
    NotConnected,
    NotFound,
    RateLimited,
    Refused,
    VendorError,
)

_KINDS: Final[tuple[tuple[type[VendorError], str, str], ...]] = (
    (NotConnected, "not_connected", "{vendor} is not connected"),
    (RateLimited, "rate_limited", "{vendor} asks us to slow down"),
    (BadCredentials, "credentials", "{vendor} does not accept our key"),
    (Refused, "other", "{vendor} did not accept this"),
    (VendorError, "down", "{vendor} does not answer"),
)


def vendor_name(error: VendorError) -> str:
    """Return the vendor's name as people write it."""
    return VENDOR_NAMES.get(error.vendor, error.vendor)


def kind_and_title(error: VendorError) -> tuple[str, str]:
    """Return down, rate_limited, credentials, not_connected or other; and what a screen says about it first."""
    kind, title = next((kind, title) for cls, kind, title in _KINDS if isinstance(error, cls))
    return kind, title.format(vendor=vendor_name(error))


__all__ = [
    "BadCredentials",
    "Invalid",
    "NotConnected",
    "NotFound",
    "RateLimited",
    "Refused",
    "VendorError",
    "kind_and_title",
    "vendor_name",
]
