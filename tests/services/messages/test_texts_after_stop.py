"""Texts that were sent after a stop: of which kind, which raise an alarm, and what that costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.models import DesiredState, LedgerEntry, OptOut, SentText, Statement, Vendor
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.models.messages import TextKind
from contacts_ui.permissions import NotAllowed
from contacts_ui.services import audit_log
from contacts_ui.services.consent import delivery, desired_state, record
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.consent.rules import by_vendor, exactly
from contacts_ui.services.messages import sent_texts
from contacts_ui.services.messages.sent_texts import Text, keep
from contacts_ui.worker import schedule
from tests import hooks
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
CCAI, SLICKTEXT = Vendor.CLOUDCONTACTAI, Vendor.SLICKTEXT
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=timezone.get_fixed_timezone(-360))


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Tuesday, so that ten business days are the same on any day of the year."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def stop(
    minutes: float,
    *,
    source: Source = Source.PERSON,
    channel: str = "phone",
    number: str = MARTY_NUMBER,
    key: str = "",
) -> Statement:
    """A person asked so many minutes ago; both vendors should hold it, and hold nothing yet."""
    said = exactly(ago(minutes))
    if source in (Source.VENDOR_MARK, Source.STATUS):
        said = by_vendor(ago(minutes), NOW)
    with transaction.atomic():
        entry = audit_log.record(
            action=Action.STOP_REQUESTED, staff=None, number=number, channel=channel
        )
        said_stop = record.add(entry, kind=StatementKind.STOP, source=source, said=said, key=key)
        for vendor in Vendor:
            desired_state.set_desired_state(
                number=number, vendor=vendor, do_not_text=True, opt_in_status="", entry=entry
            )
    assert said_stop
    return said_stop


def hold(minutes: float, vendor: Vendor = CCAI) -> None:
    """The vendor confirmed the stop so many minutes ago."""
    DesiredState.objects.filter(vendor=vendor).update(
        state=DeliveryState.CONFIRMED,
        confirmed_do_not_text=True,
        confirmed_at=ago(minutes),
        held_since=ago(minutes),
    )


def consent(minutes: float) -> None:
    with transaction.atomic():
        entry = audit_log.record(action=Action.CONSENT_REQUESTED, staff=None, number=MARTY_NUMBER)
        record.add(
            entry, kind=StatementKind.CONSENT, source=Source.PERSON, said=exactly(ago(minutes))
        )


def text(minutes: float | None, key: str = "1", **facts: Any) -> Text:
    facts = {"vendor": CCAI, "number": MARTY_NUMBER, "heard_at": NOW, "words": "Sale!", **facts}
    return Text(key=key, sent_at=None if minutes is None else ago(minutes), **facts)


def texted(minutes: float | None, key: str = "1", **facts: Any) -> SentText:
    """A vendor reports a text that it sent so many minutes ago."""
    keep([text(minutes, key, **facts)])
    return SentText.objects.get(key=key)


def entries() -> int:
    return LedgerEntry.objects.filter(action=Action.TEXT_AFTER_STOP).count()


# --- The kinds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "kind", "alarm"),
    [
        (150, "", False),
        (90, TextKind.BEFORE_HELD, False),
        (55, TextKind.ON_ITS_WAY, False),
        (30, TextKind.AFTER_HELD, True),
    ],
)
def test_a_text_is_listed_by_when_it_was_sent(minutes: float, kind: str, alarm: bool) -> None:
    said = stop(120)
    hold(60)
    row = texted(minutes)
    assert (row.kind, row.alarm_at is not None) == (kind, alarm)
    assert row.stop == (said if kind else None)
    assert entries() == bool(kind)


def test_a_text_that_a_person_wrote_in_the_inbox_is_marked_and_raises_no_alarm() -> None:
    stop(120)
    hold(60)
    row = texted(30, by_person=True)
    assert (row.kind, row.alarm_at) == (TextKind.BY_PERSON, None)


@pytest.mark.parametrize(
    ("source", "channel", "kind"),
    [
        (Source.VENDOR_MARK, "vendor", TextKind.CONFIRMATION),
        (Source.STATUS, "vendor", TextKind.CONFIRMATION),
        (Source.PERSON, "text", TextKind.CONFIRMATION),
        (Source.PERSON, "phone", TextKind.BEFORE_HELD),
        (Source.STAFF, "", TextKind.BEFORE_HELD),
        (Source.CARRIED_OVER, "", TextKind.BEFORE_HELD),
    ],
)
def test_only_a_stop_by_text_is_confirmed_by_a_text(
    source: Source, channel: str, kind: str
) -> None:
    stop(120, source=source, channel=channel)
    assert texted(117, vendor=SLICKTEXT if source != Source.STATUS else CCAI).kind == kind


def test_there_is_one_confirmation() -> None:
    stop(120, channel="text")
    assert texted(118, "first").kind == TextKind.CONFIRMATION
    assert texted(117, "second").kind == TextKind.BEFORE_HELD
    keep([text(118, "first")])
    assert SentText.objects.get(key="first").kind == TextKind.CONFIRMATION


@pytest.mark.parametrize(
    ("minutes", "source"), [(117, "Campaign Fall sale"), (114.9, ""), (115.1, "Campaign 7")]
)
def test_no_confirmation_is_from_a_campaign_or_later_than_five_minutes(
    minutes: float, source: str
) -> None:
    stop(120, channel="text")
    assert texted(minutes, source=source).kind == TextKind.BEFORE_HELD


def test_each_vendor_is_judged_by_when_it_held_the_stop_itself() -> None:
    stop(120)
    hold(60, CCAI)
    assert texted(30, "a", vendor=CCAI).kind == TextKind.AFTER_HELD
    assert texted(30, "b", vendor=SLICKTEXT).kind == TextKind.BEFORE_HELD


def test_a_vendor_that_told_us_of_the_stop_held_it_then() -> None:
    stop(120, source=Source.VENDOR_MARK, channel="vendor")
    row = texted(90)
    assert row.kind == TextKind.AFTER_HELD
    assert row.alarm_at


@pytest.mark.parametrize(
    ("grace", "seconds", "kind"),
    [
        (15, 15 * 60, TextKind.ON_ITS_WAY),
        (15, 15 * 60 + 1, TextKind.AFTER_HELD),
        (0, 0, TextKind.ON_ITS_WAY),
        (0, 1, TextKind.AFTER_HELD),
        (40, 39 * 60, TextKind.ON_ITS_WAY),
    ],
)
def test_the_grace_is_for_what_was_on_its_way(
    grace: float, seconds: float, kind: str, settings: Any
) -> None:
    settings.TEXT_GRACE_MINUTES = grace
    stop(120)
    hold(60)
    assert texted(60 - seconds / 60).kind == kind


def test_a_text_without_a_time_counts_from_when_it_arrived() -> None:
    stop(120)
    hold(60)
    row = texted(None, heard_at=ago(50))
    assert (row.kind, row.sent_at, row.dated) == (TextKind.ON_ITS_WAY, ago(50), False)


def test_a_time_in_the_future_is_none() -> None:
    row = texted(-60)
    assert (row.sent_at, row.dated) == (NOW, False)


# --- Doubled, late, out of order ----------------------------------------------------------------------


def test_a_text_that_is_told_twice_is_listed_once() -> None:
    stop(120)
    hold(60)
    first = texted(30)
    assert keep([text(30), text(30)]) == 0
    assert SentText.objects.get().alarm_at == first.alarm_at
    assert entries() == 1


def test_a_stop_that_arrives_after_the_text_lists_it() -> None:
    assert texted(60).kind == ""
    stop(120)
    assert sent_texts.check_new_statements() == 1
    assert SentText.objects.get().kind == TextKind.BEFORE_HELD
    assert sent_texts.check_new_statements() == 0
    assert entries() == 1


def test_a_stop_that_arrives_late_and_was_said_after_the_text_does_not() -> None:
    texted(60)
    stop(30)
    sent_texts.check_new_statements()
    assert SentText.objects.get().kind == ""


def test_a_text_that_arrives_after_the_lift_is_listed() -> None:
    stop(120)
    hold(90)
    consent(30)
    assert texted(60, "before").kind == TextKind.AFTER_HELD
    assert texted(20, "after").kind == ""


def test_consent_that_arrives_late_takes_it_off_the_list() -> None:
    stop(120)
    assert texted(60).kind == TextKind.BEFORE_HELD
    consent(90)
    sent_texts.check_new_statements()
    row = SentText.objects.get()
    assert (row.kind, row.stop) == ("", None)


def test_an_alarm_that_was_raised_stays() -> None:
    stop(120)
    hold(100)
    raised = texted(60)
    assert raised.alarm_at
    consent(70)
    sent_texts.check_new_statements()
    assert SentText.objects.get().kind == TextKind.AFTER_HELD


def test_a_vendor_that_arrives_late_makes_it_an_alarm() -> None:
    """SlickText held the stop long before we learned of it."""
    stop(120)
    assert texted(60, vendor=SLICKTEXT).kind == TextKind.BEFORE_HELD
    stop(100, source=Source.STATUS, channel="vendor", key="late")
    sent_texts.check_new_statements()
    row = SentText.objects.get()
    assert row.kind == TextKind.AFTER_HELD
    assert row.alarm_at
    assert entries() == 1


def test_a_new_owner_is_not_held_to_old_consent() -> None:
    stop(120)
    hold(110)
    consent(100)
    with transaction.atomic():
        audit_log.take_turn()
        record.reassign(MARTY_NUMBER, ago(80))
    assert texted(90, "before").kind == ""
    assert texted(60, "after").kind == TextKind.AFTER_HELD


def test_renewals_do_not_move_since_when_a_vendor_holds_it(
    set_desired_state: SetDesiredState, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    desired = set_desired_state(CCAI)
    delivery.deliver(desired.pk)
    for days in (7, 14):
        monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=days))  # noqa: B023
        with transaction.atomic():
            entry = DesiredState.objects.get().ledger_entry
            told = {"number": entry.number, "vendor": CCAI, "do_not_text": True}
            desired_state.set_desired_state(**told, entry=entry)
        delivery.deliver(desired.pk)
        desired.refresh_from_db()
        assert desired.confirmed_at == NOW + timedelta(days=days)
        assert desired.held_since == NOW
    later = NOW + timedelta(days=13)
    keep([text(None, heard_at=later)._replace(sent_at=later)])
    assert SentText.objects.get().kind == TextKind.AFTER_HELD


# --- Alarms for texts before the vendor held it -------------------------------------------------------


def refuse() -> None:
    DesiredState.objects.filter(vendor=CCAI).update(state=DeliveryState.REFUSED)


def alarm_after(days: float, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=days))
    sent_texts.raise_alarms()
    return SentText.objects.get().alarm_at is not None


def test_a_text_before_the_vendor_held_it_raises_an_alarm_once_the_stop_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop(120)
    texted(60)
    assert not alarm_after(0, monkeypatch)
    refuse()
    assert alarm_after(0, monkeypatch)


def test_or_once_the_stop_is_past_due(monkeypatch: pytest.MonkeyPatch) -> None:
    due_in = due_after(ago(120)) - NOW
    assert due_in > timedelta(days=10)
    stop(120)
    texted(60)
    assert not alarm_after(due_in.total_seconds() / 86400 - 0.01, monkeypatch)
    assert alarm_after(due_in.total_seconds() / 86400 + 0.01, monkeypatch)


def test_or_if_the_vendor_held_it_only_past_due(monkeypatch: pytest.MonkeyPatch) -> None:
    stop(120)
    texted(60)
    hold(-20 * 24 * 60)
    assert alarm_after(21, monkeypatch)


def test_and_never_if_the_vendor_held_it_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stop(120)
    texted(60)
    # Later than ten days, and within ten business days.
    hold(-11 * 24 * 60)
    assert not alarm_after(400, monkeypatch)
    DesiredState.objects.filter(vendor=CCAI).update(state=DeliveryState.REFUSED)
    assert not alarm_after(400, monkeypatch)


def test_texts_that_can_raise_no_alarm_are_not_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Most texts before a vendor held the stop stay without an alarm: they must not cost queries for ever."""
    for index in range(20):
        number = f"+1615555{2000 + index}"
        stop(120, number=number)
        texted(60, number, number=number)
    hold(10)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=100))
    with CaptureQueriesContext(connection) as made:
        assert sent_texts.raise_alarms() == 0
    assert len(made) == 1


def test_of_one_that_was_lifted_its_opt_out_tells_that_it_was_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = stop(120)
    texted(60)
    OptOut.objects.create(
        ledger_entry=said.ledger_entry,
        number=MARTY_NUMBER,
        asked_at=ago(120),
        recorded_at=ago(120),
        due_at=due_after(ago(120)),
        cloudcontactai_confirmed_at=ago(30),
        completed_at=ago(30),
    )
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=100))
    with CaptureQueriesContext(connection) as made:
        assert sent_texts.raise_alarms() == 0
    assert len(made) == 1


# --- What it costs ------------------------------------------------------------------------------------


@contextmanager
def queries() -> Iterator[list[str]]:
    made: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield made
    made += [each["sql"] for each in captured.captured_queries]


def numbers_of(many: int) -> list[str]:
    return [f"+1615555{1000 + index}" for index in range(many)]


def test_texts_to_people_who_never_stopped_take_no_turn_in_the_ledger() -> None:
    stop(120, number=DOC_NUMBER)
    consent(120)
    with queries() as made:
        assert keep([text(10), *(text(10, each, number=each) for each in numbers_of(499))]) == 0
    assert not any("ledgerhead" in sql.lower() for sql in made)
    # SQLite takes a row's many columns in several statements.
    assert len(made) <= 15, made
    assert SentText.objects.count() == 500


def test_many_texts_are_judged_in_few_queries_beside_their_entries() -> None:
    numbers = numbers_of(25)
    for number in numbers:
        stop(120, number=number)
    hold(60)
    with queries() as made:
        assert keep([text(30, number, number=number) for number in numbers]) == 25
    # Each is entered in the ledger and written.
    assert len(made) <= 16 + 7 * 25, len(made)
    with queries() as made:
        assert keep([text(30, number, number=number) for number in numbers]) == 0
    assert len(made) <= 8, made


def test_looking_back_continues_where_it_was() -> None:
    for number in numbers_of(3):
        stop(120, number=number)
    sent_texts.check_new_statements()
    with queries() as made:
        assert sent_texts.check_new_statements() == 0
    assert len(made) <= 2, made


# --- Closing ------------------------------------------------------------------------------------------


@pytest.fixture
def raised() -> SentText:
    stop(120)
    hold(60)
    return texted(30)


def test_closing_an_alarm_leaves_the_text_on_the_list(raised: SentText, manager: User) -> None:
    assert sent_texts.alarms() == [raised]
    sent_texts.close(staff=manager, pk=raised.pk, note="A workflow sent it. Switched off.")
    assert sent_texts.alarms() == []
    row = SentText.objects.get()
    assert (row.closed_by_name, row.note) == ("Max Manager", "A workflow sent it. Switched off.")
    assert sent_texts.texts_after_stop(MARTY_NUMBER) == [row]
    entry = LedgerEntry.objects.get(action=Action.TEXT_CLOSED)
    assert (entry.number, entry.reason) == (MARTY_NUMBER, row.note)


def test_an_alarm_is_closed_once(raised: SentText, manager: User) -> None:
    sent_texts.close(staff=manager, pk=raised.pk, note="Done.")
    with pytest.raises(sent_texts.AlreadyClosed) as late:
        sent_texts.close(staff=manager, pk=raised.pk, note="Mine.")
    assert late.value.text.closed_by_name == "Max Manager"
    assert SentText.objects.get().note == "Done."


def test_agents_do_not_close_alarms(raised: SentText, agent: User) -> None:
    with pytest.raises(NotAllowed):
        sent_texts.close(staff=agent, pk=raised.pk, note="Done.")


def test_a_closed_alarm_is_not_raised_again(raised: SentText, manager: User) -> None:
    sent_texts.close(staff=manager, pk=raised.pk, note="Done.")
    stop(110, key="again")
    keep([text(30)])
    sent_texts.check_new_statements()
    assert sent_texts.alarms() == []


def test_the_last_text_is_known_without_a_stop() -> None:
    texted(50, "a", number=FREE_NUMBER)
    texted(40, "b", number=FREE_NUMBER)
    last = sent_texts.last_text(FREE_NUMBER)
    assert last
    assert last.key == "b"
    assert sent_texts.last_text(DOC_NUMBER) is None


def test_the_worker_looks_back_and_raises_alarms_in_a_thread_of_its_own() -> None:
    tasks = schedule.SCHEDULE["sent texts"]
    assert [task.run for task in tasks] == [
        sent_texts.check_new_statements,
        sent_texts.raise_alarms,
    ]


def test_another_text_under_the_same_hash_is_not_lost(vendors: Vendors) -> None:
    stop(100)
    for number in (FREE_NUMBER, MARTY_NUMBER):
        data = {"SmsSid": 0, "To": number, "Message": "Sale", "MessageStatus": "sent"}
        hooks.tell_ccai({"eventType": "message.sent", "data": data, "eventHash": "same"})
    hooks.work()
    assert SentText.objects.filter(number=MARTY_NUMBER).exclude(kind="").count() == 1
