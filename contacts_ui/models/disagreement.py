"""Where the vendors disagree: stopped at one and textable at the other, or stopped here and textable again."""

from django.db import models
from django.db.models import Q


class DisagreementKind(models.TextChoices):
    """How it happened, as far as we know."""

    REAPPEARED = "reappeared", "Subscribed again at SlickText"
    GONE = "gone", "CloudContactAI no longer holds the stop"
    ONLY_SLICKTEXT = "only_slicktext", "Stopped at SlickText, allowed at CloudContactAI"
    ONLY_CLOUDCONTACTAI = (
        "only_cloudcontactai",
        "Stopped at CloudContactAI, subscribed at SlickText",
    )


class Disagreement(models.Model):
    """One finding; at most one is open for each number."""

    number = models.CharField(max_length=20, db_index=True, help_text="E.164")
    contact_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=30, choices=DisagreementKind)
    before_status = models.CharField(
        max_length=40, blank=True, help_text="What SlickText held before"
    )
    status = models.CharField(max_length=40, blank=True, help_text="What SlickText holds now")
    source = models.CharField(
        max_length=80, blank=True, help_text="The source that SlickText gives"
    )
    changed_at = models.DateTimeField(null=True, help_text="When SlickText says it changed")
    found_at = models.DateTimeField(db_index=True)
    closed_at = models.DateTimeField(null=True, db_index=True)
    closed_by = models.CharField(
        max_length=150, blank=True, help_text="Who repaired it, or how it ended"
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                condition=Q(closed_at__isnull=True),
                name="one_open_disagreement_per_number",
            )
        ]


class ReconcileProgress(models.Model):
    """How far the workers have reconciled the stopped numbers: one row, which they share."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    after = models.BigIntegerField(default=0, help_text="The last desired state checked")
    round_started_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField()

    class Meta:
        db_table = "contacts_ui_sweep"
        default_permissions = ()
