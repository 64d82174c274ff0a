"""The vendors' failures, by the names under which views may know them."""

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


def vendor_name(error: VendorError) -> str:
    """The vendor's name as people write it."""
    return VENDOR_NAMES.get(error.vendor, error.vendor)


__all__ = [
    "BadCredentials",
    "Invalid",
    "NotConnected",
    "NotFound",
    "RateLimited",
    "Refused",
    "VendorError",
    "vendor_name",
]
