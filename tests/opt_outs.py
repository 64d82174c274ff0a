"""Opt-outs as a stop writes them, and what vendors say about them, without any vendor."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from contacts_ui.models import DesiredState, OptOut, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services import audit_log
from contacts_ui.services.consent import stops

from .people import DOC_NUMBER

NUMBERS = [f"+1615555{last:04}" for last in range(1000, 1100)]


def ask(
    staff: User | None,
    number: str = DOC_NUMBER,
    *,
    label: str = "",
    asked_at: datetime | None = None,
    by_person: bool = True,
    **about: Any,
) -> OptOut:
    """Record that a person asks for no texts."""
    with transaction.atomic():
        entry = audit_log.record(
            action=Action.STOP_REQUESTED,
            staff=staff,
            number=number,
            asked_at=asked_at,
            **{"channel": Channel.PHONE, **about},
        )
        return stops.open_opt_out(entry, label=label, by_person=by_person)


def answer(
    number: str = DOC_NUMBER, *vendors: Vendor, state: DeliveryState = DeliveryState.CONFIRMED
) -> None:
    """Vendors (both, unless said) settle the stop of a number."""
    for vendor in vendors or tuple(Vendor):
        with transaction.atomic():
            stops.note_outcome(
                DesiredState(number=number, vendor=vendor, do_not_text=True, state=state)
            )


def fresh(row: OptOut) -> OptOut:
    return OptOut.objects.get(pk=row.pk)
