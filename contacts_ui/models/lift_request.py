"""Requests of agents to lift a stop, with the evidence; managers decide."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from contacts_ui.models.ledger import Channel

# Who asked, where no staff did: a START that they sent to this vendor.
OWN_TEXT: Final = "Their text to "


class LiftRequestState(models.TextChoices):
    """The state of a request."""

    WAITING = "waiting", "Waiting"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class LiftRequestKind(models.TextChoices):
    """What is asked for. Each opts a person in, so each may need a second person (rule 7)."""

    LIFT = "lift", "Lift the stop"
    OPT_IN = "opt_in", "Opt in"
    WRONG_PERSON = "wrong_person", "We stopped the wrong person"


class LiftRequest(models.Model):
    """One request; at most one waits for each number."""

    kind = models.CharField(max_length=20, choices=LiftRequestKind, default=LiftRequestKind.LIFT)
    number = models.CharField(max_length=20, db_index=True, help_text="E.164")
    contact_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=200, blank=True)
    opt_in_status = models.CharField(max_length=40, help_text="What SlickText should hold")
    # The evidence of consent, as it goes into the audit log.
    consent_who = models.CharField(max_length=200)
    consent_channel = models.CharField(max_length=20, choices=Channel)
    consent_at = models.DateTimeField()
    consent_until = models.DateTimeField(null=True, help_text="The end of a typed minute")
    consent_words = models.TextField()
    undated = models.BooleanField(
        default=False, help_text="The vendor gave no time, so it can't lift a stop"
    )

    # The stop that it answers, and the record's version when it was asked.
    stop = models.ForeignKey(
        "contacts_ui.Statement", null=True, on_delete=models.PROTECT, related_name="+"
    )
    own_stops = models.JSONField(
        default=list, help_text="Ids of reported stops that the requester says were ours"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_by_name = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    state = models.CharField(
        max_length=20, choices=LiftRequestState, default=LiftRequestState.WAITING, db_index=True
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_by_name = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    # When the person who asked saw the decision.
    seen_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, help_text="Why it was declined")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                condition=Q(state=LiftRequestState.WAITING),
                name="one_waiting_lift_request_per_number",
            )
        ]

    @property
    def texted_to(self) -> str:
        """Return the vendor to which they texted START themselves; "" for a request of staff."""
        by_text = self.asked_by_id is None and self.asked_by_name.startswith(OWN_TEXT)
        return self.asked_by_name.removeprefix(OWN_TEXT) if by_text else ""
