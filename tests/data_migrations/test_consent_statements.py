"""Migration 0018 turns what was known before the consent record into statements, and makes no one *May text*."""

import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from contacts_ui.integrations.types import Contact
from contacts_ui.migrations._consent_statements import Conversion
from contacts_ui.models import (
    ConsentSetup,
    ConsentState,
    DesiredState,
    IndexedContact,
    IndexSync,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Statement,
    Vendor,
    WebhookEvent,
)
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.request_id import request_id
from contacts_ui.services import audit_log, index, verification
from contacts_ui.services.consent import desired_state, record, slicktext_readings
from contacts_ui.services.consent.rules import Verdict, judge
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.vendors import connected

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NUMBER = "+16155550123"
OURS = "Our own stop, told back to us."
OLDER = "Older than the consent that they gave since."
NO_CONTACT = "It names no contact."


DATA = ("contacts_ui", "0018_consent_statements")
# The last one before the models that it reads were renamed: the migrations between only add columns.
LAST = ("contacts_ui", "0022_people_and_sign_in")


def migrate() -> None:
    """Run the data migration with the models of its time, over the tables of today."""
    Conversion(MigrationExecutor(connection).loader.project_state(LAST).apps).run()
    MigrationRecorder(connection).record_applied(*DATA)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """A database that has the tables of the record and nothing in them; as every other test has it afterwards."""
    MigrationRecorder(connection).record_unapplied(*DATA)
    ConsentSetup.objects.all().delete()
    yield
    ConsentSetup.load()
    MigrationRecorder(connection).record_unapplied(*DATA)
    MigrationRecorder(connection).record_applied(*DATA)


@pytest.fixture
def old(manager: User) -> "Old":
    return Old(manager)


class Old:
    """Rows as the old code wrote them."""

    def __init__(self, staff: User) -> None:
        self.staff = staff

    def entry(
        self, action: Action, at: datetime, number: str = NUMBER, *, job: str = "", **about: Any
    ) -> LedgerEntry:
        about.setdefault("staff", self.staff)
        with time_machine.travel(at, tick=False), request_id(job):
            return audit_log.record(action=action, number=number, **about)

    def stop(
        self,
        at: datetime = NOON,
        number: str = NUMBER,
        *,
        seen: str | None = "subscribed",
        told: bool = True,
        **about: Any,
    ) -> LedgerEntry:
        about.setdefault("channel", Channel.UNRECORDED)
        before = {"label": "", "status": seen, **about.pop("before", {})}
        after = {"do_not_text": True}
        entry = self.entry(Action.STOP_REQUESTED, at, number, before=before, after=after, **about)
        return self._told(entry, do_not_text=True) if told else entry

    def undo(self, stop: LedgerEntry, at: datetime) -> LedgerEntry:
        before = {"do_not_text": True, "stop": stop.pk}
        after = {"do_not_text": False, "opt_in_status": "subscribed"}
        entry = self.entry(Action.STOP_UNDONE, at, stop.number, before=before, after=after)
        return self._told(entry, do_not_text=False)

    def consent(self, at: datetime, given: datetime, number: str = NUMBER) -> LedgerEntry:
        after = {"do_not_text": False, "opt_in_status": "subscribed", "consented": "Ann"}
        entry = self.entry(
            Action.CONSENT_REQUESTED,
            at,
            number,
            channel=Channel.PHONE,
            reason="Yes, text me",
            asked_at=given,
            before={"label": "", "status": "unsubscribed"},
            after=after,
        )
        return self._told(entry, do_not_text=False)

    def _told(self, entry: LedgerEntry, *, do_not_text: bool) -> LedgerEntry:
        """Both vendors have confirmed it a second later."""
        for vendor in Vendor:
            status = "unsubscribed" if do_not_text else "subscribed"
            status = status if vendor == Vendor.SLICKTEXT else ""
            DesiredState.objects.update_or_create(
                number=entry.number,
                vendor=vendor,
                defaults={
                    "do_not_text": do_not_text,
                    "opt_in_status": status,
                    "version": 1,
                    "settled_version": 1,
                    "requested_at": entry.at,
                    "ledger_entry": entry,
                    "state": DeliveryState.CONFIRMED,
                    "confirmed_do_not_text": do_not_text,
                    "confirmed_opt_in_status": status,
                    "confirmed_at": entry.at + SECOND,
                },
            )
            action = Action.STOP_CONFIRMED if do_not_text else Action.CONSENT_CONFIRMED
            self.entry(action, entry.at + SECOND, entry.number, staff=None, vendor=vendor)
        return entry

    def mark(
        self,
        at: datetime,
        outcome: str,
        number: str = NUMBER,
        *,
        heard: datetime | None = None,
        key: str = "",
    ) -> WebhookEvent:
        """CloudContactAI's event, worked off by the old rules."""
        data = {"ContactData": {"phone": number}, "UnsubscribedAt": at.isoformat()}
        heard = heard or at + SECOND
        return self.event(
            Vendor.CLOUDCONTACTAI, "contact.unsubscribed", {"data": data}, outcome, heard, key
        )

    def hint(self, data: Any, outcome: str = NO_CONTACT, at: datetime = NOON) -> WebhookEvent:
        body = {"name": "contact_updated", "date": f"{at:%Y-%m-%d %H:%M:%S}", "data": data}
        return self.event(Vendor.SLICKTEXT, "contact_updated", body, outcome, at + SECOND)

    def event(
        self,
        vendor: Vendor,
        event: str,
        body: dict[str, Any],
        outcome: str,
        at: datetime,
        key: str = "",
    ) -> WebhookEvent:
        return WebhookEvent.objects.create(
            vendor=vendor,
            key=key or f"key-{WebhookEvent.objects.count()}",
            event=event,
            body=body,
            received_at=at,
            done_at=at,
            outcome=outcome,
        )

    def row(
        self,
        status: str,
        read_at: datetime,
        number: str = NUMBER,
        *,
        changed: datetime | None = None,
        contact_id: int = 7778,
    ) -> None:
        """What the index knows."""
        contact = Contact(
            contact_id=contact_id,
            mobile_number=number,
            opt_in_status=status,
            last_opt_in_status_change=changed,
        )
        index.store([contact], read_at)


def state(number: str = NUMBER) -> ConsentState:
    return ConsentState.objects.get(number=number)


def only() -> Statement:
    return Statement.objects.get()


def said() -> list[tuple[str, str]]:
    return list(Statement.objects.order_by("pk").values_list("kind", "source"))


# Stops and consents of the ledger.


@pytest.mark.parametrize(
    ("about", "source", "latest"),
    [
        ({}, Source.STAFF, NOON),
        ({"channel": Channel.PHONE}, Source.PERSON, NOON),
        ({"reason": "Never text me"}, Source.PERSON, NOON),
        ({"asked_at": NOON - HOUR}, Source.PERSON, NOON - HOUR + MINUTE),
        ({"asked_at": NOON - HOUR + SECOND}, Source.PERSON, NOON - HOUR + SECOND),
        ({"job": "job-00000007"}, Source.CARRIED_OVER, NOON),
        ({"job": "job-00000007", "reason": "By letter"}, Source.CARRIED_OVER, NOON),
        ({"reason": "Repair: only SlickText held their stop."}, Source.CARRIED_OVER, NOON),
        (
            {"reason": "The stop of the old number follows the person to the new one."},
            Source.CARRIED_OVER,
            NOON,
        ),
        (
            {
                "staff": None,
                "channel": "",
                "reason": "Asked for at their former number, in entry 3.",
            },
            Source.CARRIED_OVER,
            NOON,
        ),
        (
            {
                "staff": None,
                "channel": Channel.VENDOR,
                "asked_at": NOON - HOUR,
                "reason": "CloudContactAI told us that they unsubscribed (contact.unsubscribed, event abc).",
            },
            Source.VENDOR_MARK,
            NOON - HOUR + 2 * MINUTE,
        ),
        (
            {
                "staff": None,
                "channel": Channel.VENDOR,
                "asked_at": NOON - SECOND,
                "reason": "SlickText says “unsubscribed”, which nobody here asked for.",
            },
            Source.STATUS,
            NOON,
        ),
    ],
)
def test_a_stop_of_the_ledger_is_a_statement(
    about: dict[str, Any], source: Source, latest: datetime, old: Old
) -> None:
    entry = old.stop(**about)
    migrate()
    stop = only()
    assert (stop.kind, stop.source, stop.latest) == (StatementKind.STOP, source, latest)
    assert (stop.ledger_entry_id, stop.words, stop.heard_at) == (entry.pk, entry.reason, entry.at)
    kept = state()
    assert (kept.stopped, kept.stop_id, kept.verdict, kept.version) == (
        True,
        stop.pk,
        "do_not_text",
        1,
    )
    assert not kept.untold


def test_a_blocked_person_stays_blocked(old: Old) -> None:
    old.stop(seen="blocked")
    migrate()
    assert only().status == "blocked"


def test_consent_later_than_every_stop_answers_them(old: Old) -> None:
    old.stop()
    old.stop(NOON + HOUR, channel=Channel.PHONE, reason="I said stop")
    entry = old.consent(NOON + 3 * HOUR, NOON + 2 * HOUR)
    old.row("subscribed", NOON + 4 * HOUR)
    migrate()
    kept = state()
    assert [kind for kind, _ in said()] == ["stop", "stop", "consent"]
    assert (kept.stopped, kept.verdict, kept.untold) == (False, "may_text", False)
    assert (kept.consent.ledger_entry_id, kept.consent.earliest) == (entry.pk, NOON + 2 * HOUR)


@pytest.mark.parametrize("given", [NOON - 2000 * 24 * HOUR, NOON, NOON + 30 * SECOND])
def test_consent_that_is_not_later_answers_nothing(given: datetime, old: Old) -> None:
    """The minute of the stop itself counts as not later: equal times mean stopped."""
    old.stop(NOON + 30 * SECOND)
    old.consent(NOON + HOUR, given)
    old.row("subscribed", NOON + 2 * HOUR)
    migrate()
    assert (state().stopped, state().untold) == (True, True)
    assert state().verdict == Verdict.DO_NOT_TEXT.key


def test_a_stop_before_a_deletion_is_kept(old: Old) -> None:
    """SlickText alone held it, and its number may be created again."""
    old.entry(Action.CONTACT_DELETED, NOON, before={"opt_in_status": "unsubscribed"})
    old.entry(Action.CONTACT_DELETED, NOON, "+16155550124", before={"opt_in_status": "subscribed"})
    old.row("subscribed", NOON + HOUR, contact_id=2)
    migrate()
    assert said() == [("stop", "carried_over")]
    assert state().stopped
    assert not ConsentState.objects.filter(number="+16155550124").exists()


def test_a_stop_whose_entry_was_pruned_is_kept(old: Old) -> None:
    entry = old.entry(Action.STOP_SETTLED, NOON)
    old._told(entry, do_not_text=True)
    migrate()
    assert (only().source, only().latest, state().stopped) == ("carried_over", NOON, True)


# Undone stops.


def test_an_undone_press_was_taken_back(old: Old) -> None:
    old.undo(old.stop(), NOON + MINUTE)
    old.row("subscribed", NOON + HOUR)
    migrate()
    assert not Statement.objects.exists()
    assert (state().stopped, state().verdict) == (False, "may_text")


def test_an_undone_press_is_known_by_its_opt_out_too(old: Old) -> None:
    stop = old.stop()
    OptOut.objects.create(
        ledger_entry=stop,
        number=NUMBER,
        channel="unrecorded",
        staff_name="Max",
        asked_at=NOON,
        recorded_at=NOON,
        due_at=NOON,
        state="undone",
    )
    old._told(old.entry(Action.CONSENT_CONFIRMED, NOON + HOUR), do_not_text=False)
    migrate()
    assert not Statement.objects.exists()


@pytest.mark.parametrize(
    ("said_at", "outcome", "told_back"),
    [
        (NOON + SECOND, OURS, True),
        (NOON + SECOND, OLDER, True),
        (NOON + 10 * MINUTE, OLDER, False),
        (NOON - HOUR, OLDER, False),
    ],
)
def test_an_event_keeps_whose_stop_was_undone_as_stopped(
    said_at: datetime, outcome: str, told_back: bool, old: Old
) -> None:
    old.undo(old.stop(), NOON + MINUTE)
    old.row("subscribed", NOON + HOUR)
    old.mark(said_at, outcome, key="abc", heard=NOON + HOUR)
    migrate()
    mark = only()
    assert (mark.source, mark.told_back, mark.key) == ("vendor_mark", told_back, "ccai:abc")
    assert (state().stopped, state().untold, state().verdict) == (True, True, "do_not_text")


def test_words_are_no_slip(old: Old) -> None:
    old.undo(old.stop(channel=Channel.PHONE, reason="Stop it"), NOON + MINUTE)
    old.row("subscribed", NOON + HOUR)
    migrate()
    assert (only().source, state().stopped) == ("person", True)


@pytest.mark.parametrize(
    ("read_at", "changed", "stopped"),
    [
        # Before the press: theirs. While our own stop stood: ours. After the undo: theirs.
        (NOON - HOUR, None, True),
        (NOON + 2 * SECOND, NOON - HOUR, True),
        (NOON + 30 * SECOND, None, False),
        (NOON + HOUR, None, True),
        (NOON + HOUR, NOON + HOUR, True),
    ],
)
def test_a_reading_keeps_whose_stop_was_undone_as_stopped(
    read_at: datetime, changed: datetime | None, stopped: bool, old: Old
) -> None:
    old.row("unsubscribed", read_at, changed=changed)
    old.undo(old.stop(), NOON + MINUTE)
    migrate()
    assert state().stopped is stopped


# Events that are read again.


def test_what_was_older_than_the_consent_is_a_stop_at_its_time(old: Old) -> None:
    old.stop()
    old.consent(NOON + 3 * HOUR, NOON + 2 * HOUR)
    old.row("subscribed", NOON + 4 * HOUR)
    old.mark(NOON + HOUR, OLDER)
    old.mark(NOON + 2 * HOUR - MINUTE, OLDER, heard=NOON + 3 * HOUR)
    migrate()
    assert Statement.objects.filter(source="vendor_mark").count() == 2
    # The second, give or take the clocks, is not surely before the consent.
    assert state().stopped
    assert not WebhookEvent.objects.filter(needs_decision=True).exists()


def test_an_event_whose_stop_is_in_the_ledger_is_not_recorded_again(old: Old) -> None:
    reason = "CloudContactAI told us that they unsubscribed (contact.unsubscribed, event abc)."
    old.stop(staff=None, channel=Channel.VENDOR, asked_at=NOON, reason=reason)
    old.mark(NOON, "Stopped at every connected vendor.", key="abc")
    old.mark(NOON + HOUR, "Already stopped, by themselves, at every connected vendor.", key="def")
    migrate()
    assert sorted(Statement.objects.values_list("key", flat=True)) == ["ccai:abc", "ccai:def"]


@pytest.mark.parametrize(
    "data",
    [
        {"mobile_number": "(615) 555-0123", "opt_in_status": "unsubscribed"},
        {"contact": {"mobile_number": NUMBER, "opt_in_status": "blocked"}},
        [{"mobile_number": NUMBER, "opt_in_status": "unsubscribed"}],
        {"data": [{"contact": {"mobile_number": NUMBER, "opt_in_status": "unsubscribed"}}]},
    ],
)
def test_a_hint_that_named_no_contact_is_a_stop(data: Any, old: Old) -> None:
    old.hint(data)
    migrate()
    assert (only().source, only().latest, state().stopped) == ("status", NOON + SECOND, True)
    assert state().untold


def test_a_hint_with_an_id_alone_is_found_by_the_index(old: Old) -> None:
    old.hint({"contact_id": "5", "opt_in_status": "unsubscribed"}, "Do not text.")
    old.row("subscribed", NOON + HOUR, contact_id=5)
    migrate()
    assert state().stopped


def test_a_hint_of_our_own_confirmed_stop_adds_nothing(old: Old) -> None:
    old.stop()
    old.hint({"mobile_number": NUMBER, "opt_in_status": "unsubscribed"}, "Do not text.")
    migrate()
    assert said() == [("stop", "staff")]


@pytest.mark.parametrize(
    "data", [{"opt_in_status": "unsubscribed"}, {"x": ["blocked"]}, ["blocked"]]
)
def test_a_hint_without_a_number_waits_for_a_person(data: Any, old: Old) -> None:
    event = old.hint(data)
    other = old.hint({"opt_in_status": "subscribed"})
    migrate()
    event.refresh_from_db()
    other.refresh_from_db()
    assert (event.needs_decision, other.needs_decision) == (True, False)


def test_a_mark_without_a_number_waits_for_a_person(old: Old) -> None:
    event = old.mark(NOON, "It names no phone number that can be read.", "12")
    migrate()
    event.refresh_from_db()
    assert event.needs_decision


# Statuses of the index.


def test_stopped_statuses_are_recorded_quietly(old: Old) -> None:
    old.row("unsubscribed", NOON, changed=NOON - HOUR)
    old.row("blocked", NOON, "+16155550124", contact_id=2)
    old.row("subscribed", NOON, "+16155550125", contact_id=3)
    migrate()
    first, second = Statement.objects.order_by("number")
    assert (first.latest, second.latest) == (NOON - HOUR + 2 * MINUTE, NOON)
    assert {each.source for each in (first, second)} == {"status"}
    entry = LedgerEntry.objects.get()
    assert (entry.action, entry.after["statements"]) == (Action.STOPS_READ, 2)
    assert entry.after["digest"] == slicktext_readings.digest_of(
        (each.number, each.key, each.latest) for each in (first, second)
    )
    assert not OptOut.objects.exists()
    assert not DesiredState.objects.exists()
    assert set(desired_state.untold().values_list("number", flat=True)) == {NUMBER, "+16155550124"}


@pytest.mark.parametrize("changed", [None, NOON - HOUR])
def test_a_later_walk_records_nothing_twice(changed: datetime | None, old: Old) -> None:
    old.row("unsubscribed", NOON, changed=changed)
    migrate()
    reading = Seen(NUMBER, 7778, "", "unsubscribed", NOON + HOUR, changed_at=changed)
    assert slicktext_readings.find_stops([reading]) == []


def test_a_walk_finds_a_hint_of_the_ledger_recorded(old: Old) -> None:
    old.stop(
        staff=None,
        channel=Channel.VENDOR,
        contact_id=7778,
        asked_at=NOON - HOUR,
        seen="unsubscribed",
        before={"read_at": NOON.isoformat()},
        reason="SlickText says “unsubscribed”, which nobody here asked for.",
        told=False,
    )
    old.row("unsubscribed", NOON + HOUR, changed=NOON - HOUR)
    migrate()
    assert only().source == "status"


def test_our_own_confirmed_stop_explains_a_status(old: Old) -> None:
    old.stop()
    old.row("unsubscribed", NOON + HOUR, changed=NOON + SECOND)
    migrate()
    assert said() == [("stop", "staff")]


def test_a_status_that_changed_after_our_stop_is_theirs(old: Old) -> None:
    old.stop()
    old.row("unsubscribed", NOON + 2 * HOUR, changed=NOON + HOUR)
    migrate()
    assert said() == [("stop", "staff"), ("stop", "status")]


# All of it.


def test_the_setup(old: Old) -> None:
    IndexSync.objects.create(pk=1, next_at=NOON, finished_at=NOON)
    for waits in (True, False):
        LiftRequest.objects.create(
            number=NUMBER,
            opt_in_status="subscribed",
            consent_who="Ann",
            consent_channel="phone",
            consent_at=NOON + 2 * HOUR,
            consent_words="Yes",
            asked_by_name="Ada",
            asked_at=NOON + 3 * HOUR,
            state="waiting" if waits else "declined",
            decided_at=None if waits else NOON,
        )
    old.stop()
    migrate()
    setup = ConsentSetup.objects.get()
    assert (len(bytes(setup.number_key)), setup.first_sync_ended_at) == (64, NOON)
    assert LiftRequest.objects.get(state="waiting").stop == only()
    assert LiftRequest.objects.get(state="declined").seen_at == NOON


def test_the_chain_holds(old: Old) -> None:
    old.stop()
    old.row("unsubscribed", NOON, "+16155550124")
    old.mark(NOON, OURS)
    migrate()
    assert list(verification.broken_links()) == []
    audit_log.record(action=Action.STOP_RETRIED, staff=None, number=NUMBER)
    assert list(verification.broken_links()) == []


def test_the_next_run_does_what_was_left(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contacts_ui.migrations._consent_statements.NUMBERS_AT_ONCE", 2)
    numbers = [f"+1615555{last}" for last in range(2000, 2007)]
    for contact_id, number in enumerate(numbers):
        old.row("unsubscribed", NOON, number, contact_id=contact_id)
        old.stop(number=number, seen="unsubscribed", told=False)
    really, calls = Conversion.write, 0

    def killed(self: Conversion, some: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        really(self, some)

    with monkeypatch.context() as patch:
        patch.setattr(Conversion, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            migrate()
    assert ConsentState.objects.count() == 4
    migrate()
    assert ConsentState.objects.filter(stopped=True, version=2).count() == len(numbers)
    assert Statement.objects.count() == 2 * len(numbers)
    before = list(ConsentState.objects.order_by("pk").values())
    migrate()
    assert list(ConsentState.objects.order_by("pk").values()) == before
    assert list(verification.broken_links()) == []


def random_people(old: Old, seed: int) -> None:
    """Anything that the old code may have left, in any order, at times that overlap."""
    draw = random.Random(seed)  # noqa: S311 - people to test with, no secrets
    key = 0
    for person in range(40):
        number = f"+1615555{3000 + person}"
        at, stop = NOON, None
        for _ in range(draw.randrange(1, 7)):
            at += draw.choice((SECOND, 20 * SECOND, MINUTE, HOUR))
            key += 1
            match draw.randrange(7):
                case 0 | 1:
                    words = draw.choice(("", "", "Stop"))
                    stop = old.stop(at, number, reason=words, told=draw.random() < 0.8)
                case 2 if stop:
                    old.undo(stop, at)
                    stop = None
                case 3:
                    old.consent(at, at - draw.choice((SECOND, MINUTE, 2 * HOUR)), number)
                case 4:
                    when = at - draw.choice((SECOND, MINUTE, HOUR))
                    old.mark(when, draw.choice((OURS, OLDER)), number, heard=at, key=str(key))
                case 5:
                    hint = {"mobile_number": number, "opt_in_status": draw.choice(STATUSES)}
                    old.hint(hint, draw.choice((NO_CONTACT, "May text.", "Do not text.")), at)
                case _:
                    changed = draw.choice((None, at - HOUR))
                    status = draw.choice(STATUSES)
                    old.row(status, at, number, changed=changed, contact_id=person)


STATUSES = ("subscribed", "subscribed", "unsubscribed", "blocked", "not subscribed", "pending")


def verdict_without_record(number: str) -> str:
    """Return the verdict by the old rules, which knew no record."""
    row = IndexedContact.objects.filter(number=number).order_by("read_at").last()
    read = (row.status or None, row.read_at) if row else (None, None)
    rows = DesiredState.objects.filter(number=number)
    return judge(*read, rows, connected(), number=number).verdict.key


@pytest.mark.parametrize("seed", range(4))
def test_no_one_becomes_textable(seed: int, old: Old) -> None:
    random_people(old, seed)
    desired_states = list(DesiredState.objects.order_by("pk").values())
    migrate()
    assert list(DesiredState.objects.order_by("pk").values()) == desired_states
    kept = {each.number: each.verdict for each in ConsentState.objects.all()}
    before_it = {number: verdict_without_record(number) for number in kept}
    textable = {number for number, verdict in kept.items() if verdict == Verdict.MAY_TEXT.key}
    assert textable
    assert {before_it[number] for number in textable} == {Verdict.MAY_TEXT.key}
    assert kept != before_it
    # What the migration keeps is what the record works out.
    before = list(ConsentState.objects.order_by("pk").values())
    call_command("rebuild_verdicts", stdout=io.StringIO())
    assert list(ConsentState.objects.order_by("pk").values()) == before
    for each in ConsentState.objects.filter(stopped=False):
        assert not record.standing_of(each.number).stopped
        assert each.verdict != "may_text" or not DesiredState.objects.filter(
            number=each.number, do_not_text=True
        )
