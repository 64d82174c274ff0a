"""The audit log: every change of a person's data or consent, append-only, chained by hash.

Only `contacts_ui.services.audit_log.record` writes it.
"""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models


class Channel(models.TextChoices):
    """How the person told us."""

    PHONE = "phone", "Phone call"
    TEXT = "text", "Text message"
    EMAIL = "email", "Email"
    LETTER = "letter", "Letter"
    IN_PERSON = "in_person", "In person"
    WEB = "web", "Web form"
    VENDOR = "vendor", "Reported by a vendor"
    UNRECORDED = "unrecorded", "Not recorded"


class Action(models.TextChoices):
    """What happened, as subject:verb."""

    CONTACT_CREATED = "contact:created", "Created the contact"
    CONTACT_EDITED = "contact:edited", "Edited the contact"
    CONTACT_DELETED = "contact:deleted", "Deleted the contact"
    STOP_REQUESTED = "stop:requested", "Stopped texts"
    STOP_CONFIRMED = "stop:confirmed", "Stop confirmed"
    STOP_REFUSED = "stop:refused", "Stop refused"
    STOP_UNDONE = "stop:undone", "Undid the stop"
    STOP_UNSENT = "stop:unsent", "Unsent the stop"
    STOP_DETAILED = "stop:detailed", "Recorded how they asked"
    STOP_TOLD_BACK = "stop:told-back", "Vendor reported a stop, ours or the person's"
    STOPS_READ = "stop:read", "Read stops at a vendor"
    STOP_DISCOUNTED = "stop:discounted", "Decided the stop was not from the person"
    NUMBER_REASSIGNED = "number:reassigned", "Number passed to another person"
    MESSAGE_DISMISSED = "message:dismissed", "Decided the message was not a request"
    MESSAGE_REOPENED = "message:reopened", "Reopened a message"
    TEXT_AFTER_STOP = "text:after-stop", "Text sent after a stop"
    TEXT_CLOSED = "text:closed", "Closed a text after a stop"
    EVENT_MATCHED = "event:matched", "Matched an event to a number"
    EVENT_CLOSED = "event:closed", "Closed an event"
    STOP_RETRIED = "stop:retried", "Retried the stop"
    STOP_SETTLED = "stop:settled", "Resolved the stop by hand"
    CONSENT_REQUESTED = "consent:requested", "Changed consent"
    CONSENT_CONFIRMED = "consent:confirmed", "Consent change confirmed"
    CONSENT_REFUSED = "consent:refused", "Consent change refused"
    CONSENT_EXPIRED = "consent:expired", "Consent change expired"
    CONSENT_RETRIED = "consent:retried", "Retried the consent change"
    CONSENT_SETTLED = "consent:settled", "Resolved the consent change by hand"
    LIFT_ASKED = "lift:asked", "Asked to lift the stop"
    LIFT_APPROVED = "lift:approved", "Approved the lift"
    LIFT_DECLINED = "lift:declined", "Declined the lift"
    LIFT_WITHDRAWN = "lift:withdrawn", "Withdrew the request"
    LIFT_EXPIRED = "lift:expired", "Lift request expired"
    OPT_OUT_REVIEWED = "opt-out:reviewed", "Reviewed the opt-out"
    OPT_OUTS_EXPORTED = "opt-outs:exported", "Exported opt-outs"
    CONTACTS_EXPORTED = "contacts:exported", "Exported contacts"
    CONTACTS_EXPORT_ENDED = "contacts:export-ended", "Export of contacts ended"
    JOB_CREATED = "job:created", "Prepared a job"
    JOB_STARTED = "job:started", "Started a job"
    JOB_PAUSED = "job:paused", "Paused a job"
    JOB_RESUMED = "job:resumed", "Resumed a job"
    JOB_CANCELLED = "job:cancelled", "Canceled a job"
    JOB_FINISHED = "job:finished", "Finished a job"
    JOB_EXPORTED = "job:exported", "Exported a job's rows"
    DISAGREEMENT_FOUND = "disagreement:found", "Vendors disagree"
    DISAGREEMENT_REPAIRED = "disagreement:repaired", "Repaired: stopped at both vendors"
    LEDGER_PRUNED = "ledger:pruned", "Removed old entries"
    ACCOUNT_INVITED = "account:invited", "Invited a colleague"
    ACCOUNT_LINK_MADE = "account:link-made", "Made a link to set a password"
    ACCOUNT_ROLE_CHANGED = "account:role-changed", "Changed a role"
    ACCOUNT_DEACTIVATED = "account:deactivated", "Deactivated an account"
    ACCOUNT_REACTIVATED = "account:reactivated", "Reactivated an account"
    ACCOUNT_FACTORS_RESET = "account:factors-reset", "Reset a second factor"
    PERSON_FORGOTTEN = "person:forgotten", "Forgot a person"


class AppendOnly(Exception):
    """An audit log entry must not be changed or removed."""


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    """Read entries; refuse what would change one."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Ledger entries are never changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Ledger entries are never removed.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Ledger entries are never changed.")

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Only services.audit_log.record writes ledger entries.")


class LedgerEntry(models.Model):
    """One thing that happened to one person. It outlives the contact and the account."""

    at = models.DateTimeField(help_text="When we recorded it")
    asked_at = models.DateTimeField(null=True, help_text="When the person asked")
    action = models.CharField(max_length=40, choices=Action)
    # The name is kept as it was: accounts are renamed and removed, entries are not.
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False
    )
    staff_name = models.CharField(max_length=150, help_text="Empty: the dashboard itself")
    number = models.CharField(max_length=40, db_index=True)
    contact_id = models.BigIntegerField(null=True, db_index=True)
    vendor = models.CharField(max_length=20, blank=True)
    channel = models.CharField(max_length=20, choices=Channel, blank=True)
    reason = models.TextField(blank=True, help_text="In words, as it was typed")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    answer = models.JSONField(default=dict, help_text="What the vendor answered")
    request_id = models.CharField(max_length=64, blank=True, help_text="As in the logs")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "ledger entries"
        default_permissions = ()
        # For the audit page, which shows the newest first.
        indexes = [
            models.Index(fields=["at"], name="ledger_at"),
            models.Index(fields=["staff_name", "id"], name="ledger_staff"),
            models.Index(fields=["action", "id"], name="ledger_action"),
            models.Index(fields=["channel", "id"], name="ledger_channel"),
            models.Index(fields=["request_id"], name="ledger_request"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new entry; raise AppendOnly for one that exists."""
        if not self._state.adding:
            raise AppendOnly("Ledger entries are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Ledger entries are never removed.")


class LedgerHead(models.Model):
    """The end of the chain: one row, locked while an entry is added, so that writers queue up."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        default_permissions = ()


class PrunedEntry(models.Model):
    """What is left of an entry that pruning removed: its place in the chain, and nothing about a person."""

    id = models.BigIntegerField(primary_key=True, help_text="The entry's own id")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    # The entry of the pruning, with a digest of all that it removed: a forged row does not match it.
    prune = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "pruned entries"
        default_permissions = ()

    @property
    def line(self) -> bytes:
        """Return the line that the digest of its pruning covers."""
        return f"{self.pk} {self.previous_hash} {self.hash}\n".encode()
