"""Where Django hangs our permissions: a model without a table."""

from django.db import models

from contacts_ui.permissions import PERMISSIONS


class Access(models.Model):
    """Carries the permissions of `contacts_ui.permissions`; has no rows and no table."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = tuple(PERMISSIONS.items())
        verbose_name_plural = "access"
