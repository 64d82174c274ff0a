"""Signing in: django-allauth with our roles, limits, and words. `dashboard/sign_in.py` reads its settings.

The backend stays here because sessions have its path, even those from before allauth.
"""

from typing import Any, Final

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import User

# Each permission of a person's roles beside each that they hold by hand, which are few. Building a query costs more
# than asking it.
_HELD: Final = User.objects.values_list(
    "groups__permissions__content_type__app_label",
    "groups__permissions__codename",
    "user_permissions__content_type__app_label",
    "user_permissions__codename",
)


class OneQueryBackend(AuthenticationBackend):
    """Read permissions for each request, in one query, so that what is taken away is gone with the next click."""

    def authenticate(self, request: Any, **credentials: Any) -> Any:
        """Try an address as email or as username, never both: the time taken would show if it is known."""
        email = credentials.get("email")
        if email and credentials.get("username") == email:
            known = User.objects.filter(email__iexact=email).exists()
            credentials.pop("username" if known else "email")
        return super().authenticate(request, **credentials)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the person's permissions, with those of their groups, in Django's notation."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "_perm_cache"):
            user_obj._perm_cache = {
                f"{label}.{codename}"
                for row in _HELD.filter(pk=user_obj.pk)
                for label, codename in (row[:2], row[2:])
                if label
            }
        held: set[str] = user_obj._perm_cache
        return held
