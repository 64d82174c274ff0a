"""Search the security events, the newest first, page by page, as the audit does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.db.models import Q, Value
from django.db.models.functions import Concat

from contacts_ui.models import SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from contacts_ui.permissions import Staff, require
from contacts_ui.services.audit_log.search import Found, newest_first

# For how many people a part of a name finds events.
MAX_PEOPLE: Final = 200
# What a person does to another person's account, whose username is in the details.
ABOUT: Final = (
    Kind.INVITED,
    Kind.LINK_MADE,
    Kind.ROLE_CHANGED,
    Kind.DEACTIVATED,
    Kind.REACTIVATED,
    Kind.FACTOR_REMOVED,
)


@dataclass(frozen=True)
class WantedEvents:
    """Which events to show; empty means any.

    `who` is part of a person's name, or a whole username as typed; `address` is a whole IP address. `since`
    (included) and `until` (not included) are aware. The page begins below the event `before`, or ends above `after`.
    """

    who: str = ""
    kind: str = ""
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None
    request_id: str = ""
    before: int | None = None
    after: int | None = None
    size: int = 50


def search(staff: Staff, wanted: WantedEvents) -> Found[SecurityEvent]:
    """Return one page of matching events. Raises NotAllowed."""
    require(staff, "view_security_events")
    values = {
        "kind": wanted.kind,
        "address": wanted.address,
        "request_id": wanted.request_id,
        "at__gte": wanted.since,
        "at__lt": wanted.until,
    }
    chosen = {name: value for name, value in values.items() if value}
    events = SecurityEvent.objects.select_related("account").filter(**chosen)
    if who := wanted.who:
        # Of accounts with that in the name, about them, and with just that typed as a name.
        full_name = Concat("first_name", Value(" "), "last_name")
        people = User.objects.annotate(full_name=full_name).filter(
            Q(username__icontains=who) | Q(full_name__icontains=who)
        )
        found = dict(people.values_list("pk", "username")[:MAX_PEOPLE])
        about = Q(kind__in=ABOUT, details__person__in=[who, *found.values()])
        events = events.filter(Q(account_id__in=list(found)) | Q(name=who) | about)
    return newest_first(events, before=wanted.before, after=wanted.after, size=wanted.size)
