"""Wishes as a click writes them, without the click."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from contacts_ui.models import Vendor, Wish
from contacts_ui.models.ledger import Action
from contacts_ui.services import ledger, wishes
from tests.people import MARTY, MARTY_NUMBER

MakeWish = Callable[..., Wish]


@pytest.fixture
def wish_for(agent: User) -> MakeWish:
    """Write a wish as `services.consent` does; stops unless told otherwise."""

    def make(
        vendor: Vendor = Vendor.CLOUDCONTACTAI,
        *,
        do_not_text: bool = True,
        status: str = "",
        number: str = MARTY_NUMBER,
    ) -> Wish:
        if vendor == Vendor.SLICKTEXT and not status:
            status = "unsubscribed" if do_not_text else "subscribed"
        action = Action.STOP_REQUESTED if do_not_text else Action.CONSENT_REQUESTED
        with transaction.atomic():
            about: dict[str, Any] = {"number": number, "contact_id": MARTY}
            entry = ledger.record(action=action, staff=agent, **about)
            return wishes.wish_for(
                number=number,
                vendor=vendor,
                do_not_text=do_not_text,
                opt_in_status=status,
                entry=entry,
            )

    return make
