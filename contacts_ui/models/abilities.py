"""What this account's vendors offer beyond what every account has, and facts that they tell about a number."""

from typing import Final

from django.db import models

from contacts_ui.models.desired_state import Vendor

MESSAGES: Final = "messages"
COUNTS: Final = "counts"
READS: Final = "reads"


class AbilityState(models.TextChoices):
    """What the last probe found."""

    UNKNOWN = "unknown", "Not known yet"
    OFFERED = "offered", "Offered"
    NOT_OFFERED = "not_offered", "Not offered"


class VendorAbility(models.Model):
    """One ability of one vendor, probed weekly and after a new key. `mark` is how far its work has come."""

    vendor = models.CharField(max_length=20, choices=Vendor)
    name = models.CharField(max_length=20, help_text="messages, counts or reads")
    state = models.CharField(max_length=20, choices=AbilityState, default=AbilityState.UNKNOWN)
    words = models.CharField(max_length=300, blank=True, help_text="What the probe found")
    account = models.CharField(max_length=64, blank=True, help_text="A hash of key and address")
    probed_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True, help_text="When the work that uses it continues")
    mark = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "vendor abilities"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["vendor", "name"], name="one_row_per_ability")
        ]


class FactKind(models.TextChoices):
    """What a vendor reported about a number. Never a stop."""

    UNREACHABLE = "unreachable", "Not reachable"
    LANDLINE = "landline", "Landline"


class NumberFact(models.Model):
    """What a vendor last reported about a number, apart from consent."""

    number = models.CharField(max_length=20, help_text="E.164")
    vendor = models.CharField(max_length=20, choices=Vendor)
    kind = models.CharField(max_length=20, choices=FactKind)
    words = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["number", "vendor", "kind"], name="one_fact_of_a_kind_per_number"
            )
        ]
