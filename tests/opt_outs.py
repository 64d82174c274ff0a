"""Opt-outs as a stop writes them, and what vendors say about them, without any vendor."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from contacts_ui.models import OptOut, Vendor, Wish
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.wish import WishState
from contacts_ui.services import ledger
from contacts_ui.services.consent import opt_outs

from .people import DOC_NUMBER

NUMBERS = [f"+1615555{last:04}" for last in range(1000, 1100)]


def ask(
    staff: User | None,
    number: str = DOC_NUMBER,
    *,
    label: str = "",
    asked_at: datetime | None = None,
    **about: Any,
) -> OptOut:
    """Somebody asks for no texts."""
    with transaction.atomic():
        entry = ledger.record(
            action=Action.STOP_REQUESTED,
            staff=staff,
            number=number,
            asked_at=asked_at,
            **{"channel": Channel.PHONE, **about},
        )
        return opt_outs.opened(entry, label=label)


def answer(
    number: str = DOC_NUMBER,
    *vendors: Vendor,
    state: WishState = WishState.CONFIRMED,
) -> None:
    """Vendors (both, unless said) settle the stop of a number."""
    for vendor in vendors or tuple(Vendor):
        with transaction.atomic():
            opt_outs.outcome(Wish(number=number, vendor=vendor, do_not_text=True, state=state))


def fresh(row: OptOut) -> OptOut:
    return OptOut.objects.get(pk=row.pk)
