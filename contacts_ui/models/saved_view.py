"""Views of the table that a person gave a name: a search, filters and an order to come back to."""

from django.conf import settings
from django.db import models


class SavedView(models.Model):
    """One view. `query` is the address's query without the page, in one fixed order."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    shared = models.BooleanField(default=False, help_text="The whole team sees it")

    class Meta:
        default_permissions = ()
        ordering = ("name", "pk")
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="one_view_of_a_name"),
        ]
        indexes = [models.Index(fields=["shared"], name="saved_view_shared")]
