"""The stored verdict of a number follows from its statements, states, and readings, and can be rebuilt."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from contacts_ui.models import (
    ConsentState,
    DesiredState,
    IndexedContact,
    LedgerEntry,
    Statement,
    Vendor,
)
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log
from contacts_ui.services.consent import desired_state, record
from contacts_ui.services.consent.rules import Said, exactly, judge, standing
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.vendors import connected
from tests.people import DOC_NUMBER, FREE_NUMBER
from tests.services.index.people import person, store

pytestmark = pytest.mark.django_db
NUMBERS = (DOC_NUMBER, FREE_NUMBER)
STATUSES = ("subscribed", "unsubscribed", "not subscribed", "blocked", "pending")


def entry(number: str = DOC_NUMBER, action: Action = Action.STOP_REQUESTED) -> LedgerEntry:
    return audit_log.record(action=action, staff=None, number=number)


def say(kind: StatementKind, said: Said, number: str = DOC_NUMBER, **more: Any) -> Statement | None:
    with transaction.atomic():
        source = Source.PERSON
        return record.add(entry(number), kind=kind, source=source, said=said, **more)


CHANGED_AT = LONG_AGO = timezone.now() - timedelta(days=9)
CHANGED: dict[str, Any] = {
    "opt_in_status": "unsubscribed",
    "last_opt_in_status_change": CHANGED_AT,
}


class Something:
    """One thing after the other happens to the record of a number."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311

    def happens(self) -> None:
        number = self.chance.choice(NUMBERS)
        what = self.chance.choice([self.said, self.said, self.asked_for, self.read, self.decided])
        with transaction.atomic():
            audit_log.take_turn()
            what(number)

    def said(self, number: str) -> None:
        kind = self.chance.choice(list(StatementKind))
        latest = timezone.now() + timedelta(seconds=self.chance.randint(-90, 90))
        wide = timedelta(seconds=self.chance.choice([0, 60]))
        earliest = self.chance.choice([latest - wide, latest - wide, None])
        about: dict[str, Any] = {"source": Source.PERSON, "status": "subscribed"}
        record.add(entry(number), kind=kind, said=Said(earliest, latest), **about)

    def asked_for(self, number: str) -> None:
        vendor = self.chance.choice(list(Vendor))
        stop = self.chance.random() < 0.5
        status = "unsubscribed" if stop else "subscribed"
        about = {"number": number, "vendor": vendor, "do_not_text": stop, "opt_in_status": status}
        desired = desired_state.set_desired_state(**about, entry=entry(number))
        desired.state = self.chance.choice(DeliveryState.values)
        desired.confirmed_do_not_text = self.chance.choice([None, stop])
        if desired.confirmed_do_not_text is not None:
            desired.confirmed_at, desired.confirmed_opt_in_status = timezone.now(), status
        desired.unanswered_at = self.chance.choice([None, timezone.now()])
        desired.save()
        record.refresh([number])

    def read(self, number: str) -> None:
        at = timezone.now() - timedelta(seconds=self.chance.randint(0, 100))
        record.note_readings([Seen(number, 7, "", self.chance.choice(STATUSES), at)])

    def decided(self, number: str) -> None:
        if self.chance.random() < 0.3:
            record.reassign(number, timezone.now())
        else:
            stops = list(record.statements_of(number).values_list("pk", flat=True))
            record.discount(entry(number), self.chance.sample(stops, min(1, len(stops))))


def compare(number: str) -> None:
    """What is kept, with the pure rule over what is there."""
    row = record.state_of(number)
    if row is None:
        assert not Statement.objects.filter(number=number).exists()
        return
    said = list(Statement.objects.filter(number=number))
    stands = standing(said, row.reassigned_at)
    desired_states = list(DesiredState.objects.filter(number=number))
    fresh = ConsentState(
        number=number,
        stopped=stands.stopped,
        contact_id=row.contact_id,
        status=row.status,
        status_changed_at=row.status_changed_at,
        read_at=row.read_at,
        reassigned_at=row.reassigned_at,
    )
    judged = judge(None, None, desired_states, connected(), number=number, state=fresh)
    assert (row.stopped, row.stop, row.consent) == (stands.stopped, stands.stop, stands.consent)
    assert row.verdict == judged.verdict.key
    stopped_at = row.stop.moment if row.stop and row.stopped else None
    for beside in IndexedContact.objects.filter(number=number):
        seen = Seen(number, beside.pk, "", beside.status, beside.read_at)
        assert beside.answer == record.judge_one(seen).verdict.key
        # Both contacts with the number are unsubscribed at SlickText, since `CHANGED_AT`.
        held_there = CHANGED_AT if beside.answer == "do_not_text" else None
        assert beside.stopped_at == (stopped_at or held_there)


@pytest.mark.parametrize("seed", range(12))
def test_the_kept_verdict_is_that_of_the_rule(seed: int) -> None:
    something = Something(seed)
    store(
        *(person(key, "", DOC_NUMBER, **CHANGED) for key in (7, 8)),
        person(9, "", FREE_NUMBER, **CHANGED),
        at=LONG_AGO,
    )
    for _ in range(15):
        something.happens()
        for number in NUMBERS:
            compare(number)


def test_what_is_kept_can_be_rebuilt() -> None:
    something = Something(99)
    for _ in range(12):
        something.happens()
    fields = ("number", "verdict", "stopped", "stop_id", "consent_id", "version")
    before = list(ConsentState.objects.order_by("number").values(*fields))
    ConsentState.objects.update(verdict="may_text", stopped=False, stop=None, consent=None)
    assert record.rebuild() == len(before) > 0
    assert list(ConsentState.objects.order_by("number").values(*fields)) == before


def test_a_statement_with_a_key_is_recorded_once() -> None:
    said = exactly(timezone.now())
    assert say(StatementKind.STOP, said, key="slicktext:7:unsubscribed:")
    assert say(StatementKind.STOP, said, key="slicktext:7:unsubscribed:") is None
    assert Statement.objects.count() == 1


def test_the_version_grows_with_statements_alone() -> None:
    say(StatementKind.STOP, exactly(timezone.now()))
    version = record.state_of(DOC_NUMBER).version  # type: ignore[union-attr]
    record.refresh([DOC_NUMBER])
    record.note_readings([Seen(DOC_NUMBER, 7, "", "subscribed", timezone.now())])
    assert record.state_of(DOC_NUMBER).version == version  # type: ignore[union-attr]
    say(StatementKind.CONSENT, exactly(timezone.now()))
    assert record.state_of(DOC_NUMBER).version == version + 1  # type: ignore[union-attr]


def test_the_newest_reading_counts_in_whatever_order_they_arrive() -> None:
    say(StatementKind.STOP, exactly(timezone.now()))
    now = timezone.now()
    newer = Seen(DOC_NUMBER, 7, "", "unsubscribed", now)
    older = Seen(DOC_NUMBER, 7, "", "subscribed", now - timedelta(seconds=5))
    record.note_readings([newer])
    record.note_readings([older])
    assert record.state_of(DOC_NUMBER).status == "unsubscribed"  # type: ignore[union-attr]


def test_only_stops_can_be_discounted() -> None:
    consent = say(StatementKind.CONSENT, exactly(timezone.now()))
    assert consent
    with transaction.atomic():
        assert record.discount(entry(), [consent.pk]) == 0


def test_what_is_kept_follows_a_vendor_that_was_connected(settings: Any) -> None:
    """Verdicts depend on who is connected, so a worker works them out again once that changes."""
    both = settings.VENDORS
    say(StatementKind.STOP, exactly(timezone.now()))
    settings.VENDORS = replace(both, cloudcontactai=None, sandbox=False)
    record.rebuild_for_vendors()
    with transaction.atomic():
        audit_log.take_turn()
        desired_state.want_stop(LedgerEntry.objects.latest("pk"))
    assert not ConsentState.objects.get(number=DOC_NUMBER).untold
    settings.VENDORS = both
    record.rebuild_for_vendors()
    assert ConsentState.objects.get(number=DOC_NUMBER).untold
