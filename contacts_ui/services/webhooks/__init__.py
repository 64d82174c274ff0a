"""What the vendors tell us by themselves: stored and answered at once, worked on afterwards by the worker.

- `payloads`: a body that every database can hold, its parts, and whether it speaks of a stop. Pure.
- `inbox`: stores events, and works on those that are due.
- `cloudcontactai`, `slicktext`: what an event of each means.

What speaks of a stop never ends silently (rule 11): it is recorded, tried again, or left to people.
"""

from contacts_ui.services.webhooks.inbox import (
    due_now,
    event_hash_of,
    expects_cloudcontactai,
    is_signed_by_cloudcontactai,
    is_slicktext_secret,
    receive_cloudcontactai,
    receive_slicktext,
    work,
    work_due,
)
from contacts_ui.services.webhooks.payloads import NotAnEvent, parse

__all__ = [
    "NotAnEvent",
    "due_now",
    "event_hash_of",
    "expects_cloudcontactai",
    "is_signed_by_cloudcontactai",
    "is_slicktext_secret",
    "parse",
    "receive_cloudcontactai",
    "receive_slicktext",
    "work",
    "work_due",
]
