"""What people wrote to a vendor, and texts that vendors sent: as far as consent depends on them."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from contacts_ui.models.desired_state import Vendor

SHORT_LETTERS = 80


class MessageState(models.TextChoices):
    """What became of a message that may ask for texts to stop."""

    WAITING = "waiting", "Waiting"
    STOPPED = "stopped", "Texts stopped"
    NOT_A_REQUEST = "not_a_request", "Not a request"


class IncomingMessage(models.Model):
    """A message that may ask for texts to stop: it becomes a stop when `due_at` is over. Others have no row."""

    vendor = models.CharField(max_length=20, choices=Vendor)
    key = models.CharField(max_length=200, help_text="Identifies the message")
    number = models.CharField(max_length=20, help_text="E.164")
    words = models.TextField(help_text="As they wrote it")
    said_at = models.DateTimeField(null=True, help_text="By the vendor's clock, if it gives a time")
    heard_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="When it becomes a stop without a decision")
    state = models.CharField(max_length=20, choices=MessageState, default=MessageState.WAITING)
    decided_by_name = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["number"], name="message_number"),
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="message_waiting"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["vendor", "key"], name="one_row_per_message")
        ]

    @property
    def moment(self) -> datetime:
        """Return when they wrote it, or when it reached us where the vendor does not say."""
        return self.said_at or self.heard_at

    @property
    def short(self) -> str:
        """Return the first words, for a line of text."""
        words = " ".join(self.words.split())
        return words if len(words) <= SHORT_LETTERS else f"{words[: SHORT_LETTERS - 1]}…"


class TextKind(models.TextChoices):
    """When a text was sent, compared with the stop."""

    BEFORE_HELD = "before_held", "Before the vendor held the stop"
    ON_ITS_WAY = "on_its_way", "On its way when the vendor got the stop"
    AFTER_HELD = "after_held", "After the vendor held the stop"
    CONFIRMATION = "confirmation", "The one confirmation text"
    BY_PERSON = "by_person", "Written by a person in the vendor's inbox"


class SentText(models.Model):
    """A text that a vendor sent. `kind` and `stop` are set for one that was sent after a stop was said.

    `services.messages.sent_texts` is the one door to write here.
    """

    vendor = models.CharField(max_length=20, choices=Vendor)
    key = models.CharField(max_length=200, help_text="Identifies the text")
    number = models.CharField(max_length=20, help_text="E.164")
    sent_at = models.DateTimeField(help_text="When we learned of it, if the vendor gives no time")
    dated = models.BooleanField(
        default=True, help_text="True if the vendor gave the time it was sent"
    )
    heard_at = models.DateTimeField()
    source = models.CharField(max_length=200, blank=True, help_text="Campaign or source")
    words = models.CharField(max_length=160, blank=True, help_text="The first words")
    by_person = models.BooleanField(default=False)

    kind = models.CharField(max_length=20, choices=TextKind, blank=True)
    stop = models.ForeignKey(
        "contacts_ui.Statement", null=True, on_delete=models.PROTECT, related_name="+"
    )
    ledger_entry = models.ForeignKey(
        "contacts_ui.LedgerEntry", null=True, on_delete=models.PROTECT, related_name="+"
    )
    alarm_at = models.DateTimeField(null=True, help_text="When the alarm started")
    closed_at = models.DateTimeField(null=True)
    closed_by_name = models.CharField(max_length=150, blank=True)
    note = models.TextField(blank=True, help_text="What was done about it")

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["number", "-sent_at"], name="text_number"),
            models.Index(fields=["-sent_at"], condition=~Q(kind=""), name="text_after_stop"),
            models.Index(
                fields=["id"],
                condition=Q(alarm_at__isnull=False, closed_at=None),
                name="text_alarm",
            ),
            models.Index(fields=["vendor", "heard_at"], name="text_heard"),
        ]
        constraints = [models.UniqueConstraint(fields=["vendor", "key"], name="one_row_per_text")]
