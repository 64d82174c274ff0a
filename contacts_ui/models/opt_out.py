"""Every opt-out as managers review it: one row for each request to stop, derived from the audit log."""

from datetime import datetime

from django.conf import settings
from django.db import models

from contacts_ui.models.ledger import Channel


class OptOutState(models.TextChoices):
    """The state of one opt-out. The first two are not completed."""

    WAITING = "waiting", "Waiting"
    REFUSED = "refused", "Refused"
    COMPLETED = "honoured", "Completed"
    SETTLED = "settled", "Resolved by hand"
    LIFTED = "lifted", "Lifted"
    UNDONE = "undone", "Undone"
    RENEWED = "renewed", "Asked again"


# Not every connected vendor holds the stop yet.
OPEN = (OptOutState.WAITING.value, OptOutState.REFUSED.value)


class OptOut(models.Model):
    """One request to stop, when the person made it, and when each vendor confirmed it."""

    ledger_entry = models.OneToOneField(
        "contacts_ui.LedgerEntry", on_delete=models.PROTECT, related_name="opt_out"
    )
    number = models.CharField(max_length=40, db_index=True, help_text="E.164")
    contact_id = models.BigIntegerField(null=True)
    label = models.CharField(
        max_length=200, blank=True, help_text="The name as it was on the screen"
    )
    channel = models.CharField(max_length=20, choices=Channel)
    staff_name = models.CharField(
        max_length=150, blank=True, help_text="Empty: the dashboard itself"
    )
    reason = models.TextField(blank=True)
    by_person = models.BooleanField(
        default=True,
        db_default=True,
        help_text="False: a repair, an import, or a move; the reason is our own",
    )

    asked_at = models.DateTimeField(help_text="When the person asked")
    recorded_at = models.DateTimeField(help_text="When it was clicked or received")
    due_at = models.DateTimeField(help_text="Ten business days after asked_at")
    state = models.CharField(max_length=20, choices=OptOutState, default=OptOutState.WAITING)
    # Null until that vendor has confirmed it; a vendor that is not connected is not waited for.
    slicktext_confirmed_at = models.DateTimeField(null=True)
    cloudcontactai_confirmed_at = models.DateTimeField(null=True)
    refused_by = models.CharField(
        max_length=40, blank=True, help_text="Vendors that said no, by name"
    )
    settled_for = models.CharField(
        max_length=40, blank=True, help_text="Vendors resolved by hand, by name"
    )
    completed_at = models.DateTimeField(
        null=True, db_column="honoured_at", help_text="When the last connected vendor confirmed"
    )
    seconds_to_complete = models.FloatField(
        null=True, db_column="seconds_to_honour", help_text="From asked_at to completed_at"
    )
    # A newer desired state for the same number took its place: lifted, undone, or stopped again.
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=20, blank=True, help_text="lifted, undone or renewed")

    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reviewed_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["state", "due_at"], name="opt_out_clock"),
            # Holds all that the overview counts and that the list skips, so that neither reads rows for it.
            models.Index(
                fields=[
                    "asked_at",
                    "id",
                    "state",
                    "due_at",
                    "completed_at",
                    "seconds_to_complete",
                    "by_person",
                ],
                name="opt_out_days",
            ),
            # Few are not reviewed yet, so the others take no room in it.
            models.Index(
                fields=["-asked_at", "-id"],
                condition=models.Q(reviewed_at=None, by_person=True),
                name="opt_out_unreviewed",
            ),
            models.Index(fields=["staff_name"], name="opt_out_staff"),
        ]

    def confirmed_at(self, vendor: str) -> datetime | None:
        """Return when this vendor confirmed the stop."""
        at: datetime | None = getattr(self, f"{vendor}_confirmed_at")
        return at
