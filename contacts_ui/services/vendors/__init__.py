"""The vendors: connections to them, which accounts are connected, and how calls share time and rate limits.

- `connections`: made once in each process from the settings.
- `accounts`: which account is connected, and what it offers.
- `health`: if each vendor answers; `vendor_errors`: how screens call its errors.
- `rate_limit`: one budget of calls for all processes; `shared_reads`: one call for everyone who wants the same.
- `leases`: one worker at a time holds a row, and when a failed call is retried.
"""

from contacts_ui.integrations.errors import VendorError
from contacts_ui.services.vendors.accounts import account, fingerprint, offered, offered_here
from contacts_ui.services.vendors.connections import (
    connected,
    forget_connections,
    how_to_read,
    recent_error,
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
    "offered",
    "offered_here",
    "recent_error",
    "to_cloudcontactai",
    "to_slicktext",
]
