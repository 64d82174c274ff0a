"""Bulk work: a job, and a row for each line of it. `services.jobs` moves both along."""

from typing import Any

from django.conf import settings
from django.db import models

from contacts_ui.models.ledger import Channel


class JobKind(models.TextChoices):
    """What a job does."""

    STOP = "stop", "Stop texts"
    ASK_LIFT = "ask_lift", "Ask for a lift"
    EDIT = "edit", "Edit a field"
    IMPORT = "import", "Import contacts"
    TELL = "tell", "Tell vendors about stops on record"
    REPAIR = "repair", "Stop where vendors disagree"


class JobState(models.TextChoices):
    """The state of a job. Nothing has happened yet in a preview."""

    PREVIEW = "preview", "Not started"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    CANCELLED = "cancelled", "Canceled"
    DONE = "done", "Finished"


class RowCategory(models.TextChoices):
    """What the preview found about a row."""

    KNOWN = "known", "Known"
    UNKNOWN = "unknown", "Not in SlickText"
    STOPPED = "stopped", "Already stopped"
    DUPLICATE = "duplicate", "Duplicate"
    INVALID = "invalid", "Unreadable"


class RowState(models.TextChoices):
    """The state of a row. WORKING: begun, and a vendor has not answered yet."""

    WAITING = "waiting", "Waiting"
    WORKING = "working", "On its way"
    DONE = "done", "Confirmed"
    FAILED = "failed", "Refused"
    SKIPPED = "skipped", "Nothing was done"


class Job(models.Model):
    """One piece of bulk work, from its preview to its last row."""

    kind = models.CharField(max_length=20, choices=JobKind)
    state = models.CharField(max_length=20, choices=JobState, default=JobState.PREVIEW)
    source = models.CharField(max_length=300, help_text="Where its rows came from, in words")
    # Accounts are renamed and removed; jobs keep the name.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    staff_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    params = models.JSONField(default=dict, help_text="What its kind needs: field, value, evidence")
    reason = models.TextField(blank=True)
    channel = models.CharField(max_length=20, choices=Channel, default=Channel.UNRECORDED)
    asked_at = models.DateTimeField(null=True)
    # Rows by category; empty while the rows are being written.
    counts = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0, help_text="Rows that the job acts on")
    results = models.JSONField(default=dict, help_text="How many rows of each state, at the end")
    note = models.CharField(max_length=300, blank=True, help_text="Why it is paused, in a sentence")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # For the time left: the seconds that workers spent on it, without pauses.
    worked_at = models.DateTimeField(null=True)
    active_seconds = models.FloatField(default=0)
    # The lease of the worker that runs it.
    lease = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True, help_text="After a vendor's error")

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["state", "id"], name="job_state")]

    @property
    def reference(self) -> str:
        """Return the request id of everything this job does, in the audit log and in the logs."""
        return f"job-{self.pk:08}"

    def param(self, name: str, otherwise: Any = "") -> Any:
        """Return one of the params."""
        return self.params.get(name, otherwise)


class JobRow(models.Model):
    """One line of a job. Its state changes in the transaction that records what was done."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="rows", db_index=False)
    position = models.PositiveIntegerField(help_text="From 1, as in the list it came from")
    typed = models.CharField(max_length=300, blank=True, help_text="As typed or uploaded")
    number = models.CharField(max_length=20, blank=True, help_text="E.164")
    contact_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=20, choices=RowCategory)
    state = models.CharField(max_length=20, choices=RowState, default=RowState.WAITING)
    outcome = models.CharField(max_length=500, blank=True, help_text="In words, for people")
    data = models.JSONField(default=dict)
    # Not a foreign key: a job must not keep the audit log from being pruned.
    ledger_entry_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="one_job_row_per_position")
        ]
        indexes = [
            # Pages and counts by category and by state.
            models.Index(fields=["job", "category", "position"], name="job_row_category"),
            models.Index(fields=["job", "state", "position"], name="job_row_state"),
        ]

    def remember(self, **facts: Any) -> None:
        """Keep facts for the case that this row is looked at again."""
        self.data = {**self.data, **facts}
        self.save(update_fields=["data"])
