"""The local index: what the table and the search need of every contact, each row with when it was read.

A copy, never the truth: SlickText is. It can be emptied at any time (`manage.py purge_index`) and is then read anew.
"""

from typing import Any

from django.db import models


class RowId(models.BigIntegerField[Any, Any]):
    """A primary key that is SQLite's own row id: its index and its full-text table then lead straight to the row."""

    def db_type(self, connection: Any) -> str:
        """SQLite takes no other name than this one for its row id."""
        return "integer" if connection.vendor == "sqlite" else "bigint"


class IndexedContact(models.Model):
    """One contact as SlickText showed it at `read_at`. What the vendor left empty is "" or null."""

    contact_id = RowId(primary_key=True, help_text="SlickText's own id")
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
    # What is searched, filtered and sorted by: folded to lower case without accents or apostrophes, made by
    # `services.index.folding`. On PostgreSQL these columns compare byte by byte, as on SQLite.
    name_key = models.CharField(max_length=400, blank=True, help_text="Folded: last, first")
    first_key = models.CharField(max_length=200, blank=True)
    last_key = models.CharField(max_length=200, blank=True)
    email_key = models.CharField(max_length=320, blank=True)
    city_key = models.CharField(max_length=200, blank=True)
    state_key = models.CharField(max_length=200, blank=True)
    zip_key = models.CharField(max_length=40, blank=True)
    country_key = models.CharField(max_length=200, blank=True)
    status_key = models.CharField(max_length=80, blank=True)
    source_key = models.CharField(max_length=200, blank=True)
    language_key = models.CharField(max_length=80, blank=True)
    timezone_key = models.CharField(max_length=80, blank=True)
    custom_key = models.TextField(blank=True, help_text="Folded: =name:value= of each")
    folded = models.TextField(blank=True, help_text="All that a search finds; ^ before each name")
    # Of everything but `read_at`: whoever is as before costs no more than a new time.
    digest = models.BigIntegerField(default=0)
    # When SlickText was asked for this; a newer reading replaces an older one, never the other way round.
    read_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            # None of `read_at`: PostgreSQL would then write every index anew for each contact that is as before.
            models.Index(fields=["name_key", "contact_id"], name="index_name"),
            models.Index(fields=["first_key", "contact_id"], name="index_first"),
            models.Index(fields=["number", "contact_id"], name="index_number"),
            models.Index(fields=["email_key", "contact_id"], name="index_email"),
            models.Index(fields=["city_key", "contact_id"], name="index_city"),
            models.Index(fields=["state_key", "contact_id"], name="index_state"),
            models.Index(fields=["zip_key", "contact_id"], name="index_zip"),
            models.Index(fields=["country_key", "contact_id"], name="index_country"),
            models.Index(fields=["status_key", "contact_id"], name="index_status"),
            models.Index(fields=["source_key", "contact_id"], name="index_source"),
            models.Index(fields=["language_key", "contact_id"], name="index_language"),
            models.Index(fields=["timezone_key", "contact_id"], name="index_timezone"),
            models.Index(fields=["created", "contact_id"], name="index_created"),
            models.Index(fields=["last_updated", "contact_id"], name="index_updated"),
            # The two filters that are used together most.
            models.Index(
                fields=["status_key", "state_key", "contact_id"], name="index_status_state"
            ),
        ]

    def __str__(self) -> str:
        return f"contact {self.contact_id} in the index"


class IndexSlip(models.Model):
    """A word of the names and places, under itself and under each spelling with one letter left out.

    Two words that differ by one slip of the finger meet under at least one spelling.
    """

    pk = models.CompositePrimaryKey("slip", "word")
    slip = models.CharField(max_length=60)
    word = models.CharField(max_length=60)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.slip}: {self.word}"


class IndexAnchor(models.Model):
    """Who stood at this place in this order when the anchors were last set, so that no page counts from the first."""

    pk = models.CompositePrimaryKey("sort", "place")
    # A column, or "column/status": the place among those with this status alone.
    sort = models.CharField(max_length=120)
    place = models.PositiveBigIntegerField()
    key = models.TextField()
    contact_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.sort} at {self.place}"


class IndexCount(models.Model):
    """How many contacts have this value. The row without a name counts all; triggers keep that one exact.

    Rows named "custom" have the name of a custom field as their value.
    """

    pk = models.CompositePrimaryKey("name", "value")
    name = models.CharField(max_length=20)
    value = models.CharField(max_length=200)
    number = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} {self.value}: {self.number}"


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
    account = models.CharField(
        max_length=32,
        blank=True,
        help_text="Whose contacts these are: SlickText's address and brand",
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"walk of the index at {self.offset}"
