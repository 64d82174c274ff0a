"""Django's own way to sign in, but as cheap as each page wants it: asked anew every time, and never remembered.

Session and person are read by statements that are written here, since a queryset costs ten times what SQLite needs for
the row. All permissions of a person are one query instead of two.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.sessions.backends import db
from django.db import connection
from django.utils import timezone

_HELD = """
    SELECT kind.app_label, permission.codename
    FROM auth_permission permission
    JOIN django_content_type kind ON kind.id = permission.content_type_id
    WHERE permission.id IN (
        SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %s
        UNION ALL
        SELECT held.permission_id
        FROM auth_user_groups member
        JOIN auth_group_permissions held ON held.group_id = member.group_id
        WHERE member.user_id = %s
    )
"""


class OneQueryBackend(ModelBackend):
    """Asked anew for each request, as Django does, so that what is taken away is gone with the next click."""

    def get_user(self, user_id: int) -> User | None:
        """The person of a session, unless the account was closed."""
        found = User.objects.raw("SELECT * FROM auth_user WHERE id = %s", [user_id])
        return next((user for user in found if self.user_can_authenticate(user)), None)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Those of the person and of their groups, as Django writes them."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "_perm_cache"):
            with connection.cursor() as cursor:
                cursor.execute(_HELD, [user_obj.pk, user_obj.pk])
                user_obj._perm_cache = {f"{label}.{codename}" for label, codename in cursor}
        held: set[str] = user_obj._perm_cache
        return held


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> Any:
        """The row of this session; None where there is none, or no longer."""
        kept = self.model.objects.raw(
            "SELECT * FROM django_session WHERE session_key = %s", [self.session_key]
        )
        session = next((row for row in kept if row.expire_date > timezone.now()), None)
        if session is None:
            self._session_key = None
        return session
