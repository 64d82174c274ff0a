"""The local index: a copy of what the table and the search need of every contact, with when it was read.

SlickText stays the truth. `manage.py purge_index` empties the copy at any time; it is then read again.
"""

from typing import Any

from django.db import models


class RowId(models.BigIntegerField):  # type: ignore[type-arg]
    """A primary key that is SQLite's own row id, so that its indexes lead straight to the row."""

    def db_type(self, connection: Any) -> str:
        """Return the type; SQLite uses no other name for its row id."""
        return "integer" if connection.vendor == "sqlite" else "bigint"


class IndexedContact(models.Model):
    """A contact as SlickText showed it at `read_at`. Values that the vendor left empty are "" or null."""

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
    # For searching, filtering, and sorting: lower case without accents or apostrophes, by `services.index.text`.
    # On PostgreSQL these columns compare byte by byte, as on SQLite.
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
    folded = models.TextField(
        blank=True, help_text="The text that searches match; ^ before each name"
    )
    # The verdict about their number, kept by `services.index.answers`, and when the newest stop that counts was made.
    answer = models.CharField(max_length=20, db_default="not_known")
    stopped_at = models.DateTimeField(null=True)
    # A hash of everything but `read_at`: for an unchanged contact, only the time is written.
    digest = models.BigIntegerField(default=0)
    # When SlickText was asked for this; a newer reading replaces an older one, never the other way round.
    read_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            # None of `read_at`: PostgreSQL would then rewrite every index for each unchanged contact.
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
            models.Index(fields=["answer", "contact_id"], name="index_answer"),
            # Few are stopped, so the others take no room in it.
            models.Index(
                fields=["stopped_at", "contact_id"],
                condition=models.Q(stopped_at__isnull=False),
                name="index_stopped",
            ),
            # The two filters that are used together most often.
            models.Index(
                fields=["status_key", "state_key", "contact_id"], name="index_status_state"
            ),
        ]


class IndexTypo(models.Model):
    """A word of names and places, under itself and under each spelling with one letter left out.

    Two words that differ by one typo share at least one spelling.
    """

    pk = models.CompositePrimaryKey("slip", "word")
    slip = models.CharField(max_length=60)
    word = models.CharField(max_length=60)

    class Meta:
        db_table = "contacts_ui_indexslip"
        default_permissions = ()


class IndexAnchor(models.Model):
    """A place mark: who was at this place of this order after the last index sync. A far page is read from there."""

    pk = models.CompositePrimaryKey("sort", "place")
    # A column, with "-" behind it for contacts without a value; then "/status" for the places within one status.
    sort = models.CharField(max_length=120)
    place = models.PositiveBigIntegerField()
    key = models.TextField()
    contact_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()


class IndexCount(models.Model):
    """How many contacts have this value.

    The row without a name counts all contacts, and rows named "answer" the answers; triggers keep these exact.
    Rows named "custom" have the name of a custom field as their value; rows named "filled", a part of a sort order.
    """

    pk = models.CompositePrimaryKey("name", "value")
    name = models.CharField(max_length=20)
    value = models.CharField(max_length=200)
    number = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()


class IndexDeletion(models.Model):
    """A contact that was just found deleted, so that a page from before does not bring it back."""

    contact_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "contacts_ui_indexgone"
        default_permissions = ()


class IndexSync(models.Model):
    """One row: how far the index sync has come, for all workers."""

    offset = models.PositiveBigIntegerField(default=0, help_text="Where the next page starts")
    page_size = models.PositiveIntegerField(
        default=0, help_text="The most contacts on one page so far"
    )
    asking = models.PositiveIntegerField(
        default=0, help_text="Contacts per page to ask for; 0: all"
    )
    # The last ids of the page before. The next page must hold one of them, or contacts have moved.
    tail = models.JSONField(default=list)
    steps_back = models.PositiveSmallIntegerField(
        default=0, help_text="Steps back in this sync, to find the tail"
    )
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True, help_text="When the last full read ended")
    # After a sync: contacts that it did not see are read by their ids, one after the other.
    checking = models.BooleanField(default=False)
    checked_to = models.BigIntegerField(default=0, help_text="The last id checked")
    sync_due_at = models.DateTimeField(
        null=True, db_column="walk_due_at", help_text="When the next sync starts"
    )
    next_at = models.DateTimeField(help_text="When the next step is due")
    lease = models.CharField(max_length=40, blank=True, help_text="Of the worker that syncs now")
    leased_until = models.DateTimeField(null=True)
    total = models.PositiveBigIntegerField(
        default=0, help_text="Contacts at the last finished sync; an estimate during the first"
    )
    last_error = models.CharField(max_length=300, blank=True, db_column="trouble")
    account = models.CharField(
        max_length=32,
        blank=True,
        help_text="SlickText's address and brand that these contacts belong to",
    )

    class Meta:
        db_table = "contacts_ui_indexwalk"
        default_permissions = ()
