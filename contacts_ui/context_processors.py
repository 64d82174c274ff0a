"""What every page shows around its content."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from contacts_ui.models import Vendor
from contacts_ui.permissions import ROLES, may
from contacts_ui.services import alarms
from contacts_ui.services.consent import lift_requests
from contacts_ui.services.vendors import connected


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """The sandbox banner, the vendors that are not connected, what is wrong, and the reader's role in a word."""
    there = connected()
    user = getattr(request, "user", None)
    return {
        "sandbox": settings.VENDORS.sandbox,
        "not_connected": [vendor.label for vendor in Vendor if vendor not in there],
        # Called by the template that shows them, and so not for a fragment.
        "alarms": partial(alarms.alarms, user) if user and user.is_authenticated else list,
        "role": role_of(request),
        "asked_count": alarms.asked_count,
        # The same: one query for a whole page, for those who ask or decide.
        "lift_request_counts": partial(lift_requests.counts, getattr(user, "pk", None)),
    }


def role_of(request: HttpRequest) -> str:
    """The highest role whose every permission the reader holds, in the singular; empty without one."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    for role in reversed(ROLES):
        if all(may(user, codename) for codename in ROLES[role]):
            return role.removesuffix("s")
    return ""
