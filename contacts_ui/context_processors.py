"""What every page shows around its content."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from contacts_ui.models import Vendor
from contacts_ui.permissions import ROLES, may
from contacts_ui.services.vendors import connected


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """The sandbox banner, the vendors that are not connected, and the reader's role in a word."""
    there = connected()
    return {
        "sandbox": settings.VENDORS.sandbox,
        "not_connected": [vendor.label for vendor in Vendor if vendor not in there],
        "role": role_of(request),
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
