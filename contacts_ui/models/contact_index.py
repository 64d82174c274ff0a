"""The local index: what the table and the search need of every contact, each row with when it was read.

A copy, never the truth: SlickText is. It can be emptied at any time (`manage.py purge_index`) and is then read anew.
"""

from django.db import models


class IndexedContact(models.Model):
    """One contact as SlickText showed it at `read_at`. What the vendor left empty is "" or null."""

    contact_id = models.BigIntegerField(primary_key=True, help_text="SlickText's own id")
    number = models.CharField(max_length=20, blank=True, help_text="E.164; empty if unreadable")
    mobile_number = models.CharField(max_length=80, blank=True, help_text="As SlickText holds it")
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=320, blank=True)
    city = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=200, blank=True)
    zip = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=80, blank=True, help_text="SlickText's opt_in_status")
    source = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=80, blank=True)
    timezone = models.CharField(max_length=80, blank=True)
    custom_fields = models.JSONField(default=dict)
    status_changed_at = models.DateTimeField(null=True)
    created = models.DateTimeField(null=True)
    last_updated = models.DateTimeField(null=True)
    # What is searched: folded to lower case without accents or apostrophes, made by `services.index.folding`.
    name_key = models.CharField(max_length=400, blank=True, help_text="Folded: last, first")
    folded = models.TextField(blank=True)
    # So that one short look tells whether anything changed.
    digest = models.CharField(max_length=32, blank=True, help_text="Of everything that was read")
    # When SlickText was asked for this; a newer reading replaces an older one, never the other way round.
    read_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["number"], name="index_number"),
            models.Index(fields=["name_key", "contact_id"], name="index_name"),
            models.Index(fields=["read_at"], name="index_read_at"),
        ]

    def __str__(self) -> str:
        return f"contact {self.contact_id} in the index"


class IndexGone(models.Model):
    """Somebody who was found deleted a moment ago, so that a page that was read before does not bring them back."""

    contact_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"contact {self.contact_id} is gone"


class IndexWalk(models.Model):
    """One row: how far the walk through the vendor's contacts has come, for all workers."""

    offset = models.PositiveBigIntegerField(default=0, help_text="Where the next page begins")
    page_size = models.PositiveIntegerField(default=0, help_text="The most that one page brought")
    asking = models.PositiveIntegerField(
        default=0, help_text="How many a page is asked for; 0: all"
    )
    # The ids that were last on the page before: the next page must hold one of them, or people moved meanwhile.
    tail = models.JSONField(default=list)
    steps_back = models.PositiveSmallIntegerField(
        default=0, help_text="In this walk, in search of the tail"
    )
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True, help_text="When everybody was last read once")
    # After a walk: whoever it did not meet is read by their id, one after the other.
    checking = models.BooleanField(default=False)
    checked_to = models.BigIntegerField(default=0, help_text="The id looked at last")
    walk_due_at = models.DateTimeField(null=True, help_text="When the next walk begins")
    next_at = models.DateTimeField(help_text="When there is something to do next")
    lease = models.CharField(max_length=40, blank=True, help_text="Of the worker that walks now")
    leased_until = models.DateTimeField(null=True)
    total = models.PositiveBigIntegerField(
        default=0, help_text="Contacts at the last finished walk; about, while the first goes on"
    )
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"walk of the index at {self.offset}"
