"""Add what every page shows around its content."""

from functools import partial
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html

from contacts_ui.models import Vendor
from contacts_ui.permissions import APP_LABEL, ROLES
from contacts_ui.services import people
from contacts_ui.services.operations import alerts, practice
from contacts_ui.services.vendors import connected
from contacts_ui.views.navigation import navigation

CSRF_INPUT: Final = '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """Return the sandbox banner, the vendors that are not connected, the alerts, and the reader's role."""
    there = connected()
    # Made when the first form needs it, and then the same for all forms of the page.
    token = SimpleLazyObject(partial(get_token, request))
    user = getattr(request, "user", None)
    match = request.resolver_match
    return {
        "csrf_token": token,
        "csrf_input": SimpleLazyObject(partial(format_html, CSRF_INPUT, token)),
        "sandbox": settings.VENDORS.sandbox,
        "practice_resets": practice.reset_is_offered(),
        "not_connected": [vendor.label for vendor in Vendor if vendor not in there],
        # Called by the template that shows them, and so not for a fragment.
        "alerts": partial(alerts.alerts_for, user) if user and user.is_authenticated else list,
        "role": role_of(request),
        # Called by the page that tells people without a role who can help.
        "administrators": people.administrators,
        # The same: at most one query for a whole page, for those who ask or decide.
        "navigation": partial(navigation, user, (match and match.url_name) or "")
        if user and user.is_authenticated
        else list,
    }


def role_of(request: HttpRequest) -> str:
    """Return the reader's role in the singular: the highest of those about contacts, and "Administrator"; or ""."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    if user.is_superuser:
        return "Superuser"
    permissions = user.get_all_permissions()
    held = [
        role.removesuffix("s")
        for role, names in ROLES.items()
        if all(f"{APP_LABEL}.{name}" in permissions for name in names)
    ]
    about_contacts = [role for role in held if role != "Administrator"][-1:]
    return ", ".join([*about_contacts, *(["Administrator"] if "Administrator" in held else [])])
