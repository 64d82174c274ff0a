"""The state of the dashboard and its vendors: webhooks received, workers, health of vendors, answers by day."""

from django.db import models

from contacts_ui.models.desired_state import Vendor


class WebhookEvent(models.Model):
    """One webhook event as received: answered right away, processed later. `key` makes a replay harmless."""

    vendor = models.CharField(max_length=20, choices=Vendor)
    key = models.CharField(max_length=200, help_text="Identifies the event")
    event = models.CharField(max_length=80)
    body = models.JSONField()
    received_at = models.DateTimeField()
    request_id = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, db_index=True, help_text="Null once it is done")
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=300, blank=True)
    # It mentions a stop and can't be matched: a person decides (rule 11).
    needs_decision = models.BooleanField(default=False)
    decided_by_name = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(needs_decision=True),
                name="webhook_needs_decision",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["vendor", "key"], name="one_row_per_webhook")
        ]


class WorkerHeartbeat(models.Model):
    """The heartbeat of one worker that runs, or ran recently."""

    worker = models.CharField(max_length=80, primary_key=True, help_text="Host and process id")
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "contacts_ui_workerbeat"
        default_permissions = ()


class VendorHealth(models.Model):
    """If a vendor answers, and since when."""

    vendor = models.CharField(max_length=20, choices=Vendor, primary_key=True)
    up = models.BooleanField(default=True)
    since = models.DateTimeField()
    checked_at = models.DateTimeField()
    last_error = models.CharField(
        max_length=300, blank=True, db_column="trouble", help_text="The last failure in plain words"
    )
    last_error_at = models.DateTimeField(null=True, db_column="trouble_at")

    class Meta:
        default_permissions = ()


class AnswersOfDay(models.Model):
    """How many contacts had each answer to *May we text?* on one day, as last counted then, at `counted_at`."""

    day = models.DateField(primary_key=True, help_text="In the time zone of the settings")
    may_text = models.PositiveBigIntegerField(default=0)
    do_not_text = models.PositiveBigIntegerField(default=0)
    not_subscribed = models.PositiveBigIntegerField(default=0)
    not_known = models.PositiveBigIntegerField(default=0)
    disagree = models.PositiveBigIntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"answers of {self.day}"
