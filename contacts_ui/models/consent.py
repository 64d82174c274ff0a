"""The consent record: every statement about a number, presses that are still held, and the verdict kept per number.

`contacts_ui.services.consent` is the one door to write here.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

# How far a vendor's clock and ours may be apart.
VENDOR_CLOCK_TOLERANCE: Final = timedelta(minutes=2)


class StatementKind(models.TextChoices):
    """What was said."""

    STOP = "stop", "Stop"
    CONSENT = "consent", "Consent"


class Source(models.TextChoices):
    """Who or what said it."""

    PERSON = "person", "The person, in their own words"
    VENDOR_MARK = "vendor_mark", "Reported by CloudContactAI"
    STATUS = "status", "A status read at SlickText"
    VENDOR_CODE = "vendor_code", "An error code from CloudContactAI"
    CARRIER = "carrier", "An error code from the carrier"
    STAFF = "staff", "Staff, no words recorded"
    CARRIED_OVER = "carried_over", "Carried over"


# Their times are a vendor's, plus or minus the tolerance.
_TIMED_BY_VENDOR: Final = (Source.VENDOR_MARK, Source.VENDOR_CODE, Source.CARRIER, Source.STATUS)


class Statement(models.Model):
    """One statement about a number, never changed or removed; only `discounted_by` may be set, once.

    It was said between `earliest` and `latest`. `earliest` is null if only the latest moment is known.
    """

    number = models.CharField(max_length=20, help_text="E.164")
    kind = models.CharField(max_length=10, choices=StatementKind)
    source = models.CharField(max_length=20, choices=Source)
    earliest = models.DateTimeField(null=True)
    latest = models.DateTimeField()
    heard_at = models.DateTimeField(
        help_text="When we received it; for a reading, when it was sent"
    )
    status = models.CharField(
        max_length=40, blank=True, help_text="What SlickText should hold by this statement"
    )
    words = models.TextField(blank=True, help_text="What they said, or where it was read")
    key = models.CharField(max_length=200, blank=True, help_text="Identifies the reading or event")
    # Said while we told the vendor ourselves: our own stop, reported back, or theirs.
    told_back = models.BooleanField(default=False)
    ledger_entry = models.ForeignKey(
        "contacts_ui.LedgerEntry", on_delete=models.PROTECT, related_name="statements"
    )
    # Staff decided that the person did not ask for it: our own stop, reported back, or the wrong person.
    discounted_by = models.ForeignKey(
        "contacts_ui.LedgerEntry", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["number", "latest"], name="statement_number")]
        constraints = [
            models.UniqueConstraint(
                fields=["number", "key"],
                condition=~Q(key=""),
                name="one_statement_per_reading_or_event",
            )
        ]

    @property
    def moment(self) -> datetime:
        """Return the time as one moment: a vendor's without the tolerance, the latest if none is known."""
        if self.earliest is None:
            return self.latest
        if self.source in _TIMED_BY_VENDOR or ":message:" in self.key:
            return min(self.earliest + VENDOR_CLOCK_TOLERANCE, self.latest)
        return self.earliest


class PressState(models.TextChoices):
    """The state of a bare press of the switch."""

    HELD = "held", "Held"
    SENT = "sent", "Sent"
    UNSENT = "unsent", "Taken back"


class HeldPress(models.Model):
    """A bare press of *Do not text*, held until `send_at` so that a slip can be unsent (rule 5). No statement yet."""

    number = models.CharField(max_length=20, help_text="E.164")
    contact_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=200, blank=True)
    seen_status = models.CharField(max_length=40, blank=True, help_text="What the page showed")
    seen_read_at = models.DateTimeField(null=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    staff_name = models.CharField(max_length=150)
    request_id = models.CharField(max_length=64, blank=True)
    pressed_at = models.DateTimeField()
    send_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=PressState, default=PressState.HELD)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "held presses"
        default_permissions = ()
        indexes = [models.Index(fields=["number", "-id"], name="held_press_number")]
        constraints = [
            models.UniqueConstraint(
                fields=["number"], condition=Q(state="held"), name="one_held_press_per_number"
            )
        ]


class ConsentState(models.Model):
    """The state of one number, derived from its record: `services.consent.record` keeps it, and can rebuild it.

    A number without a record has no row: its verdict follows from SlickText's status alone.
    """

    number = models.CharField(max_length=20, primary_key=True, help_text="E.164")
    version = models.PositiveIntegerField(default=0, help_text="Counts up with every statement")
    verdict = models.CharField(max_length=20, db_index=True)
    stopped = models.BooleanField(default=False)
    # The newest stop that counts, and the consent that answers every stop.
    stop = models.ForeignKey(Statement, null=True, on_delete=models.PROTECT, related_name="+")
    consent = models.ForeignKey(Statement, null=True, on_delete=models.PROTECT, related_name="+")
    held = models.ForeignKey(HeldPress, null=True, on_delete=models.SET_NULL, related_name="+")
    # Their newest message that may ask us to stop, and waits for a decision.
    asked = models.ForeignKey(
        "contacts_ui.IncomingMessage", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    untold = models.BooleanField(
        default=False, help_text="Stopped, and a connected vendor was never told"
    )
    # What SlickText said at its last reading.
    contact_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=40, blank=True)
    status_changed_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    reassigned_at = models.DateTimeField(
        null=True, help_text="The number passed to another person: consent from before is void"
    )

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["number"], condition=Q(stopped=True), name="consent_stopped"),
            models.Index(fields=["number"], condition=Q(untold=True), name="consent_untold"),
            models.Index(
                fields=["-reassigned_at"],
                condition=Q(reassigned_at__isnull=False),
                name="consent_reassigned",
            ),
        ]


class ConsentSetup(models.Model):
    """One row, made by a migration: the key of number ids, and since when changes at SlickText open opt-outs."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number_key = models.BinaryField()
    first_sync_ended_at = models.DateTimeField(
        null=True,
        db_column="first_walk_ended_at",
        help_text="Set after the first full read: later stops are sent without a job",
    )
    vendors = models.CharField(
        max_length=100,
        blank=True,
        help_text="Vendors that were connected when verdicts were last stored",
    )
    texts_checked_to = models.BigIntegerField(
        default=0,
        help_text="Texts sent earlier were checked against statements up to this one",
    )

    class Meta:
        default_permissions = ()

    @classmethod
    def load(cls) -> "ConsentSetup":
        """Return the one row; make it again if the database was emptied."""
        made = {"number_key": secrets.token_bytes(64)}
        return cls.objects.get_or_create(pk=1, defaults=made)[0]
