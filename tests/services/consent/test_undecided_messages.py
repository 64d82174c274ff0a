"""Messages that wait become stops, also where one of them fails."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts_ui.models import Statement, Vendor
from contacts_ui.services.consent import inbound_texts
from tests.people import MARTY_NUMBER

pytestmark = pytest.mark.django_db


def test_one_message_that_fails_does_not_keep_the_others_from_becoming_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard_at = timezone.now() - timedelta(days=10)
    for number in (MARTY_NUMBER, "+16155550199"):
        inbound_texts.heard(
            vendor=Vendor.SLICKTEXT,
            key=number,
            number=number,
            words="please take me off your list",
            said_at=None,
            heard_at=heard_at,
        )
    person = inbound_texts._person

    def fails_for_marty(number: str) -> object:
        if number == MARTY_NUMBER:
            raise RuntimeError
        return person(number)

    monkeypatch.setattr(inbound_texts, "_person", fails_for_marty)
    with pytest.raises(RuntimeError):
        inbound_texts.stop_undecided()
    assert [each.number for each in Statement.objects.all()] == ["+16155550199"]
    assert [each.number for each in inbound_texts.waiting()] == [MARTY_NUMBER]
