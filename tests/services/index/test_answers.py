"""The answer beside each contact: what the record says of their number, else SlickText's status; counted exactly."""

from collections import Counter
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from contacts_ui.models import IndexedContact, Vendor
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent import doors, held_presses, opt_in, record, slicktext_readings
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.consent.rules import Verdict, judge
from contacts_ui.services.consent.types import Evidence, Request, Seen
from contacts_ui.services.vendors import connected
from tests.people import MARTY, MARTY_NUMBER, Vendors

from .people import NOW, person, store

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


def answer(contact_id: int = MARTY) -> tuple[str, Any]:
    return IndexedContact.objects.values_list("answer", "stopped_at").get(pk=contact_id)


def counts_are_right() -> bool:
    counts = index.answer_counts()
    there = Counter(IndexedContact.objects.values_list("answer", flat=True))
    everyone = counts.pop("", 0)
    return everyone == there.total() and {key: n for key, n in counts.items() if n} == there


@pytest.fixture
def seen(vendors: Vendors, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Marty, in the index. A press is held, and no timer ends it."""
    settings.UNDO_SECONDS = 20.0
    monkeypatch.setattr(held_presses, "send_in_time", lambda press: None)
    for module in (doors, opt_in):
        monkeypatch.setattr(module, "deliver_now", lambda keys: [deliver(key) for key in keys])
    at = timezone.now() - timedelta(hours=1)
    about = {"number": MARTY_NUMBER, "opt_in_status": "subscribed"}
    store(person(MARTY, "Marty", **about), person(9), at=at)
    return Seen(MARTY_NUMBER, MARTY, "Marty", "subscribed", timezone.now())


def test_the_words_of_a_search_are_the_verdicts() -> None:
    assert sorted(index.ANSWERS.values()) == sorted(each.key for each in Verdict)


@pytest.mark.parametrize("number", ["", MARTY_NUMBER])
@pytest.mark.parametrize(
    "status", ["subscribed", "unsubscribed", "blocked", "not subscribed", "pending", "", None]
)
def test_without_a_record_it_is_what_the_table_says(
    number: str, status: str | None, vendors: Vendors
) -> None:
    store(person(5, number=number or "unreadable", opt_in_status=status))
    said = judge(status, NOW, [], connected(), number=number)
    assert answer(5) == (said.verdict.key, None)
    assert Vendor.SLICKTEXT in connected()


def test_slicktext_dates_its_own_stops() -> None:
    there = {"last_opt_in_status_change": NOW}
    store(
        person(5, opt_in_status="blocked", **there), person(6, opt_in_status="subscribed", **there)
    )
    assert [answer(5), answer(6)] == [("do_not_text", NOW), ("may_text", None)]


def test_it_follows_every_press(agent: User, manager: User, seen: Seen) -> None:
    assert answer() == ("may_text", None)
    doors.press_stop(staff=agent, seen=seen)
    assert answer() == ("do_not_text", None), "held, so nothing is on record yet"
    doors.unsend(staff=agent, seen=seen)
    assert answer() == ("may_text", None)
    asked_at = timezone.now() - timedelta(minutes=30)
    doors.stop(staff=agent, seen=seen, request=Request(Channel.PHONE, asked_at, "Stop it."))
    state = record.state_of(MARTY_NUMBER)
    assert state
    assert state.stop
    assert answer() == ("do_not_text", state.stop.moment)
    assert state.stop.moment.replace(second=0, microsecond=0) == asked_at.replace(
        second=0, microsecond=0
    )
    assert counts_are_right()
    evidence = Evidence("Marty", Channel.PHONE, timezone.now(), "Yes, text me.", exact=True)
    opt_in.change_opt_in_status(staff=manager, seen=seen, status="subscribed", evidence=evidence)
    assert answer() == (Verdict.MAY_TEXT.key, None)
    assert answer(9) == ("not_known", None)
    assert counts_are_right()


def test_it_follows_the_vendors_and_a_number_that_passed_on(agent: User, seen: Seen) -> None:
    doors.stop(staff=agent, seen=seen, request=Request(Channel.PHONE, None, "Stop it."))
    later = timezone.now() + timedelta(minutes=5)
    with transaction.atomic():
        audit_log.take_turn()
        record.note_readings([Seen(MARTY_NUMBER, MARTY, "Marty", "subscribed", later)])
    assert answer()[0] == "disagree"
    with transaction.atomic():
        audit_log.take_turn()
        record.note_readings(
            [Seen(MARTY_NUMBER, MARTY, "Marty", "unsubscribed", later + timedelta(minutes=1))]
        )
        record.reassign(MARTY_NUMBER, later)
    assert answer()[0] == record.state_of(MARTY_NUMBER).verdict  # type: ignore[union-attr]
    assert counts_are_right()


def test_a_later_reading_does_not_outvote_the_record(agent: User, seen: Seen) -> None:
    doors.stop(staff=agent, seen=seen, request=Request(Channel.PHONE, None, "Stop it."))
    said = answer()
    store(person(8, "Martin", MARTY_NUMBER, opt_in_status="subscribed"), at=LATER)
    store(person(10, "New", MARTY_NUMBER, opt_in_status="subscribed"), at=LATER)
    assert answer(8) == answer(10) == said
    store(person(8, "Martin", "+16155550199", opt_in_status="subscribed"), at=LATER)
    index.remove(10)
    store(person(8, "Martin", "+16155550199", opt_in_status="subscribed", city="Austin"), at=LATER)
    assert counts_are_right()


def test_news_that_no_worker_has_heard_yet_is_in_the_answer(manager: User, seen: Seen) -> None:
    """A page leaves what it read to a worker, and the record still says *May text*."""
    evidence = Evidence("Marty", Channel.PHONE, timezone.now(), "Yes, text me.", exact=True)
    with transaction.atomic():
        entry = audit_log.record(
            action=Action.CONSENT_REQUESTED, staff=manager, number=MARTY_NUMBER
        )
        record.add(entry, kind=StatementKind.CONSENT, source=Source.PERSON, said=evidence.said)
        record.note_readings([seen])
    assert answer() == ("may_text", None)
    at = timezone.now()
    for status, said in (("unsubscribed", "do_not_text"), ("not subscribed", "not_subscribed")):
        at += timedelta(minutes=1)
        read = person(MARTY, "Marty", number=MARTY_NUMBER, opt_in_status=status)
        slicktext_readings.learn([read], at)
        assert record.state_of(MARTY_NUMBER).verdict == "may_text"  # type: ignore[union-attr]
        assert answer()[0] == said == record.judge_one(Seen.of(read, at)).verdict.key
    # Another contact is stopped at the same number, so an older one's status counts no more.
    store(person(8, "Martin", MARTY_NUMBER, opt_in_status="subscribed"), at=at)
    store(person(7, "Biff", MARTY_NUMBER, opt_in_status="blocked"), at=at + timedelta(minutes=1))
    assert [answer(8)[0], answer(7)[0]] == ["not_known", "do_not_text"]
    assert counts_are_right()


def test_an_older_contact_with_a_stopped_number_is_not_known() -> None:
    store(person(5, number=MARTY_NUMBER, opt_in_status="subscribed"))
    store(person(6, number=MARTY_NUMBER, opt_in_status="unsubscribed"), at=LATER)
    assert [answer(5)[0], answer(6)[0]] == ["not_known", "do_not_text"]
    assert counts_are_right()


def test_counts_follow_a_purge() -> None:
    store(*(person(key, opt_in_status="subscribed") for key in range(1, 9)))
    assert index.answer_counts() == {"": 8, "may_text": 8}
    index.purge(sync_again_at=None)
    assert counts_are_right()


def test_without_the_index_a_stop_is_recorded_anyway(
    agent: User, seen: Seen, settings: Any
) -> None:
    settings.CONTACT_INDEX = False
    doors.stop(staff=agent, seen=seen, request=Request(Channel.PHONE, None, "Stop it."))
    assert record.is_stopped(MARTY_NUMBER)
    assert answer()[0] == "may_text", "nothing reads it"


def test_the_migration_fills_what_is_there(
    agent: User, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors.stop(staff=agent, seen=seen, request=Request(Channel.PHONE, None, "Stop it."))
    statuses = ["subscribed", "unsubscribed", "blocked", "not subscribed", "pending", ""]
    changed = {"last_opt_in_status_change": NOW}
    store(*(person(20 + n, opt_in_status=each, **changed) for n, each in enumerate(statuses)))
    store(person(40, number="unreadable", opt_in_status="subscribed"))
    rows = IndexedContact.objects.order_by("pk").values("pk", "answer", "stopped_at")
    before = list(rows)
    IndexedContact.objects.update(answer="not_known", stopped_at=None)
    migration = import_module("contacts_ui.migrations.0030_answers_in_the_index")
    monkeypatch.setattr(migration, "CONTACTS_AT_ONCE", 3)
    with connection.schema_editor() if connection.vendor != "sqlite" else _Editor() as editor:
        migration.fill(apps, editor)
    assert list(rows) == before
    assert len({row["answer"] for row in before}) == 4
    assert counts_are_right()


class _Editor:
    """As a schema editor, which SQLite does not give within a test's transaction."""

    connection = connection

    def __enter__(self) -> "_Editor":
        return self

    def __exit__(self, *error: object) -> None:
        """Close nothing."""
