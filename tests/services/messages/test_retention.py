"""What people wrote and were sent expires; texts after a stop, and events that wait for a decision, do not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts_ui.models import Statement, Vendor, WebhookEvent
from contacts_ui.services.consent import own_words
from contacts_ui.services.messages import retention
from tests.people import MARTY_NUMBER

pytestmark = pytest.mark.django_db


def event(name: str, vendor: Vendor, *, key: str = "", waits: bool = False) -> None:
    at = timezone.now() - timedelta(days=retention.MESSAGES_DAYS, minutes=1)
    WebhookEvent.objects.create(
        vendor=vendor,
        key=key or name,
        event=name,
        body={},
        received_at=at,
        done_at=at,
        needs_decision=waits,
    )


def test_events_with_peoples_words_expire_at_both_vendors() -> None:
    event("message.incoming", Vendor.CLOUDCONTACTAI)
    event("inbox_message_received", Vendor.SLICKTEXT)
    event("contact.unsubscribed", Vendor.CLOUDCONTACTAI)
    event("inbox_message_received", Vendor.SLICKTEXT, key="waits", waits=True)
    assert retention.purge() == 2
    assert set(WebhookEvent.objects.values_list("key", flat=True)) == {
        "contact.unsubscribed",
        "waits",
    }


def test_one_message_that_fails_does_not_keep_the_others_from_becoming_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard_at = timezone.now() - timedelta(days=10)
    for number in (MARTY_NUMBER, "+16155550199"):
        own_words.heard(
            vendor=Vendor.SLICKTEXT,
            key=number,
            number=number,
            words="please take me off your list",
            said_at=None,
            heard_at=heard_at,
        )
    person = own_words._person

    def fails_for_marty(number: str) -> object:
        if number == MARTY_NUMBER:
            raise RuntimeError
        return person(number)

    monkeypatch.setattr(own_words, "_person", fails_for_marty)
    with pytest.raises(RuntimeError):
        own_words.stop_undecided()
    assert [each.number for each in Statement.objects.all()] == ["+16155550199"]
    assert [each.number for each in own_words.waiting()] == [MARTY_NUMBER]
