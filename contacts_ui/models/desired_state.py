"""What each vendor should hold for each number: desired state, not a queue of commands."""

from django.db import models
from django.db.models import F, Q


class Vendor(models.TextChoices):
    """The two vendors, by their names in code, database and audit log."""

    SLICKTEXT = "slicktext", "SlickText"
    CLOUDCONTACTAI = "cloudcontactai", "CloudContactAI"


class DeliveryState(models.TextChoices):
    """The state of the current version's delivery."""

    ON_ITS_WAY = "on_its_way", "On its way"
    CONFIRMED = "confirmed", "Confirmed"
    REFUSED = "refused", "Refused"
    EXPIRED = "expired", "Expired"
    SETTLED = "settled", "Resolved by hand"


class DesiredStateQuerySet(models.QuerySet["DesiredState"]):
    def unsettled(self) -> "DesiredStateQuerySet":
        """Return rows whose current version is not confirmed, refused, expired, or resolved by hand."""
        return self.exclude(settled_version=F("version"))


class DesiredState(models.Model):
    """One row for each number and vendor: what we want, and the version that the vendor last settled.

    Every change raises `version`. Delivery sends the current version, and settles it only if no newer one came in
    between. So crashes, repeats and races do no harm.
    """

    number = models.CharField(max_length=20, help_text="E.164")
    vendor = models.CharField(max_length=20, choices=Vendor)

    # What is desired.
    do_not_text = models.BooleanField()
    opt_in_status = models.CharField(
        max_length=40, blank=True, help_text="What SlickText should hold; empty for CloudContactAI"
    )
    version = models.PositiveIntegerField(default=0)
    requested_at = models.DateTimeField(db_column="wished_at")
    batch = models.BooleanField(
        default=False, help_text="From a bulk job; changes made by hand go first"
    )
    expires_at = models.DateTimeField(null=True, help_text="A stop never expires")
    ledger_entry = models.ForeignKey(
        "contacts_ui.LedgerEntry", on_delete=models.PROTECT, related_name="+"
    )

    # The state of its delivery.
    state = models.CharField(max_length=20, choices=DeliveryState, default=DeliveryState.ON_ITS_WAY)
    settled_version = models.PositiveIntegerField(default=0)
    answer = models.CharField(
        max_length=500, blank=True, help_text="The vendor's last answer, or why we are waiting"
    )
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, help_text="When to call the vendor next; null: never")
    leased_until = models.DateTimeField(null=True)
    lease = models.CharField(max_length=32, blank=True)
    # A call of this version ended without an answer: the vendor may still act on it, late.
    unanswered_version = models.PositiveIntegerField(default=0)
    unanswered_at = models.DateTimeField(null=True)

    # [start, end] of our last calls about a stop: an event from within may report our own (rule 10).
    calls = models.JSONField(default=list)

    # What the vendor confirmed last. A newer state does not change it until it is confirmed, too.
    confirmed_do_not_text = models.BooleanField(null=True)
    confirmed_opt_in_status = models.CharField(max_length=40, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    # Since when the vendor has held a stop without a break: repeats and renewals do not move it.
    held_since = models.DateTimeField(null=True)

    objects = DesiredStateQuerySet.as_manager()

    class Meta:
        # The old name of the table: a rename would lock it.
        db_table = "contacts_ui_wish"
        constraints = [
            models.UniqueConstraint(
                fields=["number", "vendor"], name="one_wish_per_number_and_vendor"
            ),
        ]
        indexes = [
            # In the order in which they are delivered.
            models.Index(
                F("vendor"),
                F("batch"),
                F("do_not_text").desc(),
                F("due_at"),
                condition=Q(due_at__isnull=False),
                name="wish_due_in_order",
            ),
            models.Index(
                fields=["vendor", "confirmed_at"],
                condition=Q(do_not_text=True),
                name="wish_stop_seen",
            ),
        ]

    @property
    def settled(self) -> bool:
        """Return True if the current version is confirmed, refused, expired, or resolved by hand."""
        return self.settled_version == self.version

    @property
    def confirms_stop(self) -> bool:
        """Return True if the vendor confirmed the stop, and has not shown since that it is gone."""
        return self.state == DeliveryState.CONFIRMED and self.confirmed_do_not_text is True

    @property
    def shows_none(self) -> bool:
        """Return True if CloudContactAI showed, after it had confirmed the stop, that it holds none."""
        lost = self.do_not_text and self.confirmed_do_not_text is False
        return (
            lost and self.vendor == Vendor.CLOUDCONTACTAI and self.state == DeliveryState.CONFIRMED
        )
