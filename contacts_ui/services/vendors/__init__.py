"""The vendors: connections to them, the accounts that are connected, and leases on slow work at them.

- `connections`: made once in each process from the settings.
- `accounts`: which account is connected, and what it offers.
- `leases`: one worker at a time does slow work at a vendor.
"""

from contacts_ui.integrations.errors import VendorError
from contacts_ui.services.vendors.accounts import account, fingerprint, offered, offered_here
from contacts_ui.services.vendors.connections import (
    connected,
    forget_connections,
    how_to_read,
    known_trouble,
    to_cloudcontactai,
    to_slicktext,
)

__all__ = [
    "VendorError",
    "account",
    "connected",
    "fingerprint",
    "forget_connections",
    "how_to_read",
    "known_trouble",
    "offered",
    "offered_here",
    "to_cloudcontactai",
    "to_slicktext",
]
