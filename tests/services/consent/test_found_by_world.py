"""What the generated world (`make world`) found, each as a test with a name."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from contacts_ui.models import DesiredState, IncomingMessage, Statement, Vendor
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log
from contacts_ui.services.consent import (
    delivery,
    desired_state,
    doors,
    inbound_texts,
    opt_in,
    phone_numbers,
    record,
    vendor_events,
)
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import Verdict, exactly
from contacts_ui.services.consent.stops import Stop, write_stop
from contacts_ui.services.consent.types import Request, Seen
from tests.people import MARTY, MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def reassigned_at() -> datetime:
    at = timezone.now() - timedelta(minutes=10)
    phone_numbers.reassign(number=MARTY_NUMBER, at=at, words="It passed on.")
    return at


def subscribed(changed_at: datetime | None) -> None:
    now = timezone.now()
    record.note_readings([Seen(MARTY_NUMBER, MARTY, "", "subscribed", now, changed_at=changed_at)])


def consent() -> None:
    with transaction.atomic():
        entry = audit_log.record(action=Action.CONSENT_REQUESTED, staff=None, number=MARTY_NUMBER)
        record.add(
            entry,
            kind=StatementKind.CONSENT,
            source=Source.PERSON,
            said=exactly(entry.at),
            status="subscribed",
        )


def verdict() -> Verdict:
    return judge_one(Seen(MARTY_NUMBER)).verdict


def test_a_change_within_the_tolerance_of_a_reassignment_may_be_of_the_person_before(
    vendors: Vendors,
) -> None:
    at = reassigned_at()
    subscribed(changed_at=at + 90 * SECOND)
    assert verdict() is Verdict.NOT_KNOWN
    subscribed(changed_at=at + 130 * SECOND)
    assert verdict() is Verdict.MAY_TEXT


def test_consent_after_a_reassignment_counts_where_slicktext_dates_no_changes(
    vendors: Vendors,
) -> None:
    reassigned_at()
    subscribed(changed_at=None)
    assert verdict() is Verdict.NOT_KNOWN
    consent()
    assert verdict() is Verdict.MAY_TEXT


def test_the_same_words_without_a_time_are_another_message(vendors: Vendors) -> None:
    """They may have consented between the two."""
    now = timezone.now()
    for key, heard_at in (("1", now - 100 * SECOND), ("2", now)):
        inbound_texts.heard(
            vendor=Vendor.CLOUDCONTACTAI,
            key=key,
            number=MARTY_NUMBER,
            words="please stop texting me",
            said_at=None,
            heard_at=heard_at,
        )
    assert IncomingMessage.objects.count() == 2


def test_the_wrong_person_cannot_be_told_at_a_number_that_passed_on(
    connect_only: Callable[[str], None],
    ada: Client,
    vendors: Vendors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What SlickText held before the press was of the person before, and must not be put back."""
    connect_only("slicktext")
    monkeypatch.setattr(doors, "deliver_now", lambda keys: None)
    reassigned_at()
    ada.post(f"/contacts/{MARTY}/do-not-text/")
    for key in desired_state.due_now():
        delivery.deliver(key)
    assert vendors.status() == "unsubscribed"
    assert not opt_in.can_tell_wrong_person(MARTY_NUMBER)


def test_a_code_before_cloudcontactai_has_our_stop_speaks_of_their_own(vendors: Vendors) -> None:
    """Consent that is older than the code must not answer what they said there."""
    held = DesiredState.objects.filter(number=MARTY_NUMBER, vendor=Vendor.CLOUDCONTACTAI)
    number_is_stopped()
    assert not held.get().confirmed_do_not_text
    code()
    assert Statement.objects.filter(source=Source.VENDOR_CODE).count() == 1
    for key in desired_state.due_now():
        delivery.deliver(key)
    assert held.get().confirmed_do_not_text
    assert code() == "CloudContactAI holds the stop."


def number_is_stopped() -> None:
    now = timezone.now()
    write_stop(Stop(Seen(MARTY_NUMBER), Source.PERSON, exactly(now), request=Request()))


def code() -> str:
    return vendor_events.code_reported(
        number=MARTY_NUMBER, code="2001", words="Asked.", carrier=False, heard_at=timezone.now()
    )


def test_a_subscribed_from_before_a_reassignment_is_void_also_after_new_consent() -> None:
    """Rule 1: SlickText's answer is of the person before until it answers again."""
    before = timezone.now() - timedelta(hours=1)
    consent()
    record.note_readings([Seen(MARTY_NUMBER, MARTY, "", "subscribed", before)])
    reassigned_at()
    consent()
    assert verdict() is Verdict.NOT_KNOWN
    subscribed(None)
    assert verdict() is Verdict.MAY_TEXT
