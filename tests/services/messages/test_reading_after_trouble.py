"""SlickText's messages where their order changes, and where a text is listed for the second of the stop."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts_ui.models import IncomingMessage, SentText, VendorAbility
from contacts_ui.models.messages import TextKind
from contacts_ui.services.messages import sent
from contacts_ui.services.messages.reading import go_on
from contacts_ui.services.operations import abilities
from sandbox.messages import moment
from tests.people import MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db


def add(vendors: Vendors, body: str, ago: float, *, incoming: bool, source: str) -> None:
    """A text by SlickText, or to it; `ago` in seconds."""
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=ago)
    vendors.server.sandbox.messages.add(
        vendor="slicktext", number=MARTY_NUMBER, body=body, incoming=incoming, source=source,
        status="delivered", created=moment(at.isoformat()),
    )  # fmt: skip


def turn() -> None:
    VendorAbility.objects.update(next_at=timezone.now())
    go_on()


@pytest.fixture(autouse=True)
def _texts(vendors: Vendors, settings: Any) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 1000.0
    for ago in (900, 600, 300):
        add(vendors, f"Sale {ago}", ago, incoming=False, source="Campaign")


def test_where_only_the_order_changed_the_next_probe_goes_on(vendors: Vendors) -> None:
    abilities.probe()
    turn()
    vendors.switch(messages_order="oldest")
    add(vendors, "please leave me alone", 5, incoming=True, source="InboxThread")
    turn()
    abilities.probe()
    for _ in range(9):
        turn()
    assert IncomingMessage.objects.get().words == "please leave me alone"


def test_a_text_of_the_same_second_as_the_stop_is_the_confirmation(vendors: Vendors) -> None:
    """SlickText's times are whole seconds, and it answers a STOP at once."""
    abilities.probe()
    add(vendors, "STOP", 5, incoming=True, source="Keyword")
    add(vendors, "You are unsubscribed.", 5, incoming=False, source="Keyword")
    turn()
    turn()
    sent.look_back()
    assert SentText.objects.get(words="You are unsubscribed.").kind == TextKind.CONFIRMATION
