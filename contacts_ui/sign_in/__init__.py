"""Signing in: django-allauth with our roles, limits, and words. `dashboard/sign_in.py` reads its settings.

The backend stays here because sessions have its path, even those from before allauth.
"""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Group, User


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
            names = "permission__content_type__app_label", "permission__codename"
            by_role = Group.permissions.through.objects.filter(group__user=user_obj.pk)
            by_hand = User.user_permissions.through.objects.filter(user=user_obj.pk)
            rows = by_role.values_list(*names).union(by_hand.values_list(*names))
            user_obj._perm_cache = {f"{label}.{codename}" for label, codename in rows}
        held: set[str] = user_obj._perm_cache
        return held
