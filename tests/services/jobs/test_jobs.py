"""Bulk work: prepared, started, and each row done exactly once, whatever is killed in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from django.utils import timezone

from contacts_ui.integrations.errors import NoAnswer
from contacts_ui.integrations.types import Contact
from contacts_ui.models import (
    DesiredState,
    Job,
    JobRow,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Statement,
    Vendor,
)
from contacts_ui.models.job import JobKind, JobState, RowState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import NotAllowed
from contacts_ui.services import audit_log, jobs
from contacts_ui.services.consent import lift_requests, record, slicktext_readings
from contacts_ui.services.consent import stops as stopping
from contacts_ui.services.consent.record import is_stopped
from contacts_ui.services.consent.rules import EvidenceRefused
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.contacts.reading import read
from contacts_ui.services.jobs import outcomes, progress, row_handlers, running, sources
from contacts_ui.services.vendors import leases
from contacts_ui.services.vendors.rate_limit import slicktext_budget
from contacts_ui.worker import schedule
from tests import consent
from tests.jobs import NUMBERS, deliver_all, fill_index, prepare, started, states, work_off
from tests.people import MARTY, MARTY_NUMBER, Vendors, at_once

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """As kill -9: our code can't catch it."""


def stops() -> list[str]:
    entries = LedgerEntry.objects.filter(action=Action.STOP_REQUESTED)
    return sorted(entries.values_list("number", flat=True))


def forget_lease() -> None:
    """The lease of the worker that was killed has run out."""
    Job.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


def lift(staff: User, number: str) -> None:
    evidence = consent.Evidence("Ann", Channel.PHONE, timezone.now(), "Yes", exact=True)
    consent.change_opt_in_status(
        staff=staff, seen=Seen(number), status="subscribed", evidence=evidence
    )


@contextmanager
def killed(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, when: str, turn: int = 1
) -> Iterator[None]:
    """Kill the worker before or after it calls this, at so many calls; no_one releases its lease."""
    really, calls = getattr(where, name), 0

    def kill(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != turn:
            return really(*args, **kwargs)
        if when == "after":
            really(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(leases, "release", lambda job: None)
        patch.setattr(where, name, kill)
        yield


def edit_job(staff: User, value: str = "Tulsa", field: str = "city") -> Job:
    fill_index(read(MARTY).contact)
    job = prepare(staff, [MARTY_NUMBER], JobKind.EDIT)
    return jobs.start(staff=staff, pk=job.pk, params={"field": field, "value": value})


# Preparing.


def test_nothing_happens_before_the_second_press(manager: User, vendors: Vendors) -> None:
    job = prepare(manager, [MARTY_NUMBER, NUMBERS[0]])
    assert (job.state, job.total, job.counts) == (JobState.PREVIEW, 2, {"unknown": 2})
    assert schedule.run_jobs() == 0
    assert stops() == []
    assert vendors.asked() == []


def test_the_preview_sorts_everyone(manager: User, vendors: Vendors) -> None:
    fill_index(read(MARTY).contact)
    consent.record_stop(staff=manager, seen=Seen(NUMBERS[1]), request=Request())
    job = prepare(
        manager, ["615-555-3338", NUMBERS[0], NUMBERS[1], "(615) 555 3338", "1.61556E+10", "?"]
    )
    assert job.counts == {"known": 1, "unknown": 1, "stopped": 1, "duplicate": 1, "invalid": 2}
    assert job.total == 3
    rows = list(job.rows.order_by("position"))
    assert [row.state for row in rows] == ["waiting"] * 3 + ["skipped"] * 3
    assert rows[0].label == "Marty McFly"
    assert rows[3].outcome == "The same as line 1."
    assert "last digits are lost" in rows[4].outcome
    work_off(jobs.start(staff=manager, pk=job.pk))
    assert stops() == sorted([MARTY_NUMBER, NUMBERS[0], *[NUMBERS[1]] * 2])


def test_who_stopped_at_slicktext_alone_is_told_to_the_other_vendor(
    manager: User, vendors: Vendors
) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    fill_index(read(MARTY).contact)
    job = prepare(manager, [MARTY_NUMBER])
    assert job.counts == {"known": 1}


def test_an_empty_job_is_none(manager: User) -> None:
    with pytest.raises(jobs.CannotCreate):
        prepare(manager, [])
    assert not Job.objects.exists()


def test_too_many_rows_are_refused(manager: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contacts_ui.services.jobs.creation.FILE_MAX_ROWS", 3)
    monkeypatch.setattr("contacts_ui.services.jobs.creation.BATCH_ROWS", 2)
    with pytest.raises(jobs.CannotCreate, match="too many"):
        prepare(manager, NUMBERS[:4])
    assert not JobRow.objects.exists()


@pytest.mark.parametrize("name", ["viewer", "editor", "agent", "newcomer"])
def test_only_managers(name: str, request: pytest.FixtureRequest, manager: User) -> None:
    staff, job = request.getfixturevalue(name), prepare(manager, NUMBERS[:1])
    with pytest.raises(NotAllowed):
        prepare(staff, NUMBERS[:1])
    for move in (jobs.start, jobs.pause, jobs.resume, jobs.cancel):
        with pytest.raises(NotAllowed):
            move(staff=staff, pk=job.pk)


# Stopping.


def test_a_job_stops_everyone_once(manager: User, vendors: Vendors) -> None:
    job = work_off(started(manager, [MARTY_NUMBER, *NUMBERS[:5], MARTY_NUMBER, "no_one"]))
    assert job.state == JobState.DONE
    assert states(job) == {"done": 6, "skipped": 2}
    assert vendors.status() == "unsubscribed"
    assert all(vendors.stopped(number) for number in [MARTY_NUMBER, *NUMBERS[:5]])
    entries = LedgerEntry.objects.filter(action=Action.STOP_REQUESTED)
    assert entries.count() == OptOut.objects.count() == 6
    assert {entry.staff_name for entry in entries} == {"Max Manager"}
    assert {entry.request_id for entry in entries} == {job.reference}


def test_how_they_asked_is_in_every_entry(manager: User, vendors: Vendors) -> None:
    at = timezone.now() - timedelta(days=2)
    job = prepare(manager, NUMBERS[:2])
    jobs.start(staff=manager, pk=job.pk, request=Request(Channel.LETTER, at, "Their lawyer wrote"))
    schedule.run_jobs()
    for entry in LedgerEntry.objects.filter(action=Action.STOP_REQUESTED):
        assert (entry.channel, entry.asked_at, entry.reason) == (
            Channel.LETTER,
            at,
            "Their lawyer wrote",
        )


def test_the_ledger_tells_the_life_of_a_job(manager: User, vendors: Vendors) -> None:
    job = started(manager, NUMBERS[:1])
    jobs.pause(staff=manager, pk=job.pk)
    jobs.resume(staff=manager, pk=job.pk)
    work_off(job)
    told = LedgerEntry.objects.filter(action__startswith="job:").order_by("pk")
    assert [entry.action for entry in told] == [
        Action.JOB_CREATED,
        Action.JOB_STARTED,
        Action.JOB_PAUSED,
        Action.JOB_RESUMED,
        Action.JOB_FINISHED,
    ]
    assert all(entry.after["job"] == job.pk for entry in told)


def test_no_more_than_so_many_are_on_their_way(
    manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_ROWS_ON_THEIR_WAY", 3)
    job = started(manager, NUMBERS[:8])
    for _ in range(3):
        schedule.run_jobs()
    assert DesiredState.objects.count() == 6
    assert states(job) == {"working": 3, "waiting": 5}
    deliver_all()
    schedule.run_jobs()
    assert states(job) == {"done": 3, "working": 3, "waiting": 2}


def test_what_a_vendor_refuses_is_said(manager: User, vendors: Vendors) -> None:
    job = started(manager, NUMBERS[:1])
    schedule.run_jobs()
    DesiredState.objects.filter(vendor=Vendor.SLICKTEXT).update(
        state="refused", answer="No such brand", due_at=None
    )
    work_off(job)
    row = job.rows.get()
    assert (row.state, row.outcome) == ("failed", "SlickText refused it: No such brand")


def test_a_person_who_is_stopped_in_between_is_not_stopped_again(
    manager: User, vendors: Vendors
) -> None:
    job = started(manager, NUMBERS[:2])
    consent.record_stop(staff=manager, seen=Seen(NUMBERS[0]), request=Request())
    work_off(job)
    assert stops() == NUMBERS[:2]
    assert states(job) == {"skipped": 1, "done": 1}


@pytest.mark.parametrize("waits", [False, True])
def test_a_later_stop_of_a_stopped_person_is_on_record(
    waits: bool, manager: User, agent: User, vendors: Vendors
) -> None:
    """It opens no opt-out, and no vendor is told again; but no older consent answers it (rules 1 and 2)."""
    number, now = NUMBERS[0], timezone.now()
    job = prepare(manager, [number])
    asked = Request(Channel.PHONE, now - timedelta(days=60), "Stop")
    consent.stop(staff=manager, seen=Seen(number), request=asked)
    before = len(vendors.calls())
    older = consent.Evidence("Ann", Channel.PHONE, now - timedelta(days=30), "Yes", exact=True)
    if waits:
        lift_requests.ask(staff=agent, seen=Seen(number), status="subscribed", evidence=older)
    asked = Request(Channel.PHONE, now - timedelta(days=10), "Again at the fair")
    work_off(jobs.start(staff=manager, pk=job.pk, request=asked))
    assert Statement.objects.filter(number=number, kind="stop").count() == 2
    assert OptOut.objects.filter(number=number).count() == 1 + waits
    assert waits or len(vendors.calls()) == before
    assert not LiftRequest.objects.filter(state="waiting").exists()
    with pytest.raises(EvidenceRefused):
        consent.change_opt_in_status(
            staff=manager, seen=Seen(number), status="subscribed", evidence=older
        )


def test_a_lift_in_between_is_not_claimed_as_ours(manager: User, vendors: Vendors) -> None:
    job = started(manager, NUMBERS[:1])
    schedule.run_jobs()
    lift(manager, NUMBERS[0])
    work_off(job)
    assert "newer change" in job.rows.get().outcome


# Killed in the middle.


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (audit_log, "take_turn"),
        (stopping, "is_told"),
        (row_handlers, "record_stop"),
        (outcomes.Outcome, "write"),
        (leases, "release"),
        (running._Turn, "finish"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_kill_at_any_point_loses_and_doubles_nothing(
    where: Any,
    name: str,
    when: str,
    turn: int,
    manager: User,
    vendors: Vendors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = started(manager, NUMBERS[:3])
    with killed(monkeypatch, where, name, when, turn):
        for _ in range(4):
            try:
                schedule.run_jobs()
            except Killed:
                break
            forget_lease()
            deliver_all()
    forget_lease()
    work_off(job)
    assert stops() == NUMBERS[:3]
    assert states(job) == {"done": 3}
    assert LedgerEntry.objects.filter(action=Action.JOB_FINISHED).count() == 1


def test_a_leased_job_is_left_to_its_worker(manager: User, vendors: Vendors) -> None:
    job = started(manager, NUMBERS[:2])
    Job.objects.update(lease="other", leased_until=timezone.now() + timedelta(minutes=1))
    assert schedule.run_jobs() == 0
    forget_lease()
    work_off(job)
    assert states(job) == {"done": 2}


def test_many_workers_at_once(manager: User, vendors: Vendors) -> None:
    job = started(manager, NUMBERS[:12])

    def worker() -> None:
        try:
            for _ in range(6):
                # As if every lease ran out at once: the rows alone keep the workers apart.
                forget_lease()
                schedule.run_jobs()
        finally:
            connections.close_all()

    at_once(*[worker] * 3)
    forget_lease()
    work_off(job)
    assert stops() == NUMBERS[:12]
    assert states(job) == {"done": 12}


# Pausing and cancelling.


def test_a_paused_job_begins_no_one_and_settles_the_rest(
    manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_ROWS_ON_THEIR_WAY", 2)
    job = started(manager, NUMBERS[:5])
    schedule.run_jobs()
    jobs.pause(staff=manager, pk=job.pk)
    deliver_all()
    schedule.run_jobs()
    assert states(job) == {"done": 2, "waiting": 3}
    assert schedule.run_jobs() == 0
    jobs.resume(staff=manager, pk=job.pk)
    work_off(job)
    assert states(job) == {"done": 5}


def test_a_cancelled_job_keeps_what_is_recorded(
    manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_ROWS_ON_THEIR_WAY", 2)
    job = started(manager, NUMBERS[:5])
    schedule.run_jobs()
    jobs.cancel(staff=manager, pk=job.pk)
    assert states(job) == {"working": 2, "skipped": 3}
    deliver_all()
    schedule.run_jobs()
    assert states(job) == {"done": 2, "skipped": 3}
    assert vendors.stopped(NUMBERS[0]) is True
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert progress.progress_of(job).settled == 5


def test_the_second_of_two_managers_is_told(manager: User, vendors: Vendors) -> None:
    job = started(manager, NUMBERS[:1])
    for move in (jobs.start, jobs.resume):
        with pytest.raises(jobs.NotNow):
            move(staff=manager, pk=job.pk)
    assert LedgerEntry.objects.filter(action=Action.JOB_STARTED).count() == 1
    jobs.cancel(staff=manager, pk=job.pk)
    with pytest.raises(jobs.NotNow):
        jobs.cancel(staff=manager, pk=job.pk)


def test_a_preview_can_be_put_away(manager: User) -> None:
    job = jobs.cancel(staff=manager, pk=prepare(manager, NUMBERS[:2]).pk)
    assert (job.state, states(job)) == (JobState.CANCELLED, {"skipped": 2})


def test_a_job_of_a_person_who_left_stands_and_says_so(manager: User, vendors: Vendors) -> None:
    job = started(manager, NUMBERS[:2])
    manager.groups.set(Group.objects.filter(name="Viewers"))
    schedule.run_jobs()
    job.refresh_from_db()
    assert job.state == JobState.PAUSED
    assert "Max Manager is no longer allowed to do this" in job.note
    assert stops() == []


def test_another_person_continues_in_their_own_name(manager: User, vendors: Vendors) -> None:
    job = started(manager, NUMBERS[:2])
    manager.groups.clear()
    schedule.run_jobs()
    other = User.objects.create_user("mia", first_name="Mia", last_name="Manager")
    other.groups.add(Group.objects.get(name="Managers"))
    jobs.resume(staff=other, pk=job.pk)
    assert work_off(job).state == JobState.DONE
    entries = LedgerEntry.objects.filter(action=Action.STOP_REQUESTED)
    assert [entry.staff_name for entry in entries] == ["Mia Manager"] * 2


def test_who_resumes_does_not_take_over_from_someone_who_may(
    manager: User, vendors: Vendors
) -> None:
    job = started(manager, NUMBERS[:1])
    jobs.pause(staff=manager, pk=job.pk)
    other = User.objects.create_user("mia", first_name="Mia", last_name="Manager")
    other.groups.add(Group.objects.get(name="Managers"))
    assert jobs.resume(staff=other, pk=job.pk).staff_name == "Max Manager"


def test_two_people_with_one_number_are_two_to_edit(manager: User, vendors: Vendors) -> None:
    marty = read(MARTY).contact
    fill_index(marty, replace(marty, contact_id=MARTY + 1))
    for kind, expected in ((JobKind.EDIT, 2), (JobKind.STOP, 1)):
        candidates = sources.from_ids([MARTY, MARTY + 1])
        job = jobs.create(
            staff=manager, kind=kind, source=sources.Source("2 ticked rows", candidates)
        )
        assert job.total == expected


# Asking for lifts.


def lifts(staff: User, *lines: str) -> Job:
    """A job that asks for lifts, of a file with these lines; started."""
    content = "\n".join(["Number;Who;How;When;Words", *lines]).encode()
    source = sources.lifts_from_file("lifts.csv", content)
    job = jobs.create(staff=staff, kind=JobKind.ASK_LIFT, source=source)
    return jobs.start(staff=staff, pk=job.pk, params={"status": "subscribed"})


def minute(hours: float) -> str:
    """So many hours from now, as a manager writes it."""
    return f"{timezone.localtime() + timedelta(hours=hours):%m/%d/%Y %I:%M %p}"


def test_lifts_are_asked_for_with_evidence_of_their_own(
    manager: User, vendors: Vendors, settings: Any
) -> None:
    settings.FOUR_EYES = True
    day = Request(Channel.PHONE, timezone.now() - timedelta(days=1), "Stop")
    for number in NUMBERS[:3]:
        consent.record_stop(staff=manager, seen=Seen(number), request=day)
    lines = [
        f"{NUMBERS[0]};Ann Lee;Phone call;{minute(-2)};Yes, text me again",
        f"{NUMBERS[1]};Bob Ray;web;{timezone.localtime():%Y-%m-%d %H:%M};I signed up",
        f"{NUMBERS[2]};Cleo Fox;text;{minute(-48)};Sure",
        f"{NUMBERS[5]};Dan Poe;text;{minute(-2)};Sure",
    ]
    job = lifts(manager, *lines)
    assert (job.total, job.counts) == (3, {"stopped": 3, "unknown": 1})
    work_off(job)
    asked = LiftRequest.objects.order_by("number")
    assert [(each.number, each.consent_who, each.consent_words) for each in asked] == [
        (NUMBERS[0], "Ann Lee", "Yes, text me again"),
        (NUMBERS[1], "Bob Ray", "I signed up"),
    ]
    assert [each.consent_channel for each in asked] == ["phone", "web"]
    # Two days ago they had not stopped yet.
    assert "not later than their newest stop" in job.rows.get(number=NUMBERS[2]).outcome
    assert states(job) == {"done": 2, "skipped": 2}
    assert is_stopped(NUMBERS[0])
    again = work_off(lifts(manager, lines[0]))
    assert again.rows.get().outcome == "A request for this number is already waiting."


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("\u200b;phone;{now};Yes", "Write the person's name."),
        ("Ann;phone;{now};.", "Write what they said, in their words."),
        ("Ann;by mail;{now};Yes please", "How: “by mail” is not one of Email"),
        ("Ann;vendor;{now};Yes please", "How: “vendor” is not one of"),
        ("Ann;phone;11/28/2020;Yes please", "is not a date and time"),
        ("Ann;phone;{tomorrow};Yes please", "this time has not come yet"),
        ("Ann;phone", "is not a date and time"),
    ],
)
def test_a_row_without_evidence_asks_for_nothing(
    cells: str, problem: str, manager: User, vendors: Vendors
) -> None:
    consent.record_stop(staff=manager, seen=Seen(NUMBERS[0]), request=Request())
    cells = cells.format(now=minute(0), tomorrow=minute(24))
    content = f"Number;Who;How;When;Words\n{NUMBERS[0]};{cells}".encode()
    source = sources.lifts_from_file("lifts.csv", content)
    job = jobs.create(staff=manager, kind=JobKind.ASK_LIFT, source=source)
    assert (job.total, job.counts) == (0, {"invalid": 1})
    assert problem in job.rows.get().outcome


def test_a_file_without_evidence_is_refused() -> None:
    with pytest.raises(sources.CannotCreate, match="Who, How, When and Words"):
        sources.lifts_from_file("x.csv", f"Number;Who\n{NUMBERS[0]};Ann".encode())


def test_a_job_with_one_evidence_for_many_asks_for_nothing(manager: User, vendors: Vendors) -> None:
    """As it was prepared before an update."""
    consent.record_stop(staff=manager, seen=Seen(NUMBERS[0]), request=Request())
    job = work_off(started(manager, NUMBERS[:1], JobKind.ASK_LIFT))
    assert "needs a file" in job.rows.get().outcome
    assert not LiftRequest.objects.exists()


# Telling vendors of stops on record.


def read_as_stopped(vendors: Vendors, *numbers: str) -> None:
    """SlickText shows them as unsubscribed, and the first sync recorded that."""
    people = [
        Contact(contact_id=at, mobile_number=number, opt_in_status="unsubscribed")
        for at, number in enumerate(numbers, start=500)
    ]
    slicktext_readings.hear(people, timezone.now())


def tell(staff: User) -> Job:
    job = jobs.create(staff=staff, kind=JobKind.TELL, source=sources.from_untold())
    return jobs.start(staff=staff, pk=job.pk)


def test_vendors_are_told_about_stops_that_were_read(manager: User, vendors: Vendors) -> None:
    read_as_stopped(vendors, *NUMBERS[:3])
    vendors.forget_calls()
    job = tell(manager)
    assert (job.total, vendors.asked(), sources.untold_count()) == (3, [], 3)
    statements = list(Statement.objects.values())
    work_off(job)
    assert states(job) == {"done": 3}
    assert all(vendors.stopped(number) for number in NUMBERS[:3])
    entries = LedgerEntry.objects.filter(action=Action.STOP_RETRIED)
    assert {entry.reason for entry in entries} == {row_handlers.UNTOLD}
    assert {entry.request_id for entry in entries} == {job.reference}
    # Telling again is not saying again.
    assert list(Statement.objects.values()) == statements
    assert not OptOut.objects.exists()
    assert sources.untold_count() == 0
    assert set(DesiredState.objects.values_list("batch", flat=True)) == {True}
    with pytest.raises(jobs.CannotCreate):
        tell(manager)


def test_a_vendor_that_was_told_is_not_told_again(manager: User, vendors: Vendors) -> None:
    consent.record_stop(staff=manager, seen=Seen(NUMBERS[0]), request=Request())
    deliver_all()
    # As an old lift, with evidence that the record does not take.
    DesiredState.objects.filter(vendor=Vendor.CLOUDCONTACTAI).update(do_not_text=False)
    record.refresh([NUMBERS[0]])
    version = DesiredState.objects.get(vendor=Vendor.SLICKTEXT).version
    job = work_off(tell(manager))
    assert states(job) == {"done": 1}
    assert job.rows.get().outcome == "Confirmed by CloudContactAI."
    assert vendors.stopped(NUMBERS[0])
    assert DesiredState.objects.get(vendor=Vendor.SLICKTEXT).version == version


def test_who_was_lifted_before_their_turn_is_left_alone(manager: User, vendors: Vendors) -> None:
    read_as_stopped(vendors, *NUMBERS[:2])
    job = tell(manager)
    lift(manager, NUMBERS[0])
    work_off(job)
    assert states(job) == {"skipped": 1, "done": 1}
    assert "No stop is on record" in job.rows.get(number=NUMBERS[0]).outcome
    assert not vendors.stopped(NUMBERS[0])


def test_a_lift_can_be_requested_for_a_stop_on_record(manager: User, vendors: Vendors) -> None:
    """The record alone holds it: SlickText and the desired state do not show it."""
    read_as_stopped(vendors, NUMBERS[0])
    line = f"{NUMBERS[0]};Ann Lee;phone;{minute(0)};Yes"
    assert lifts(manager, line).counts == {"stopped": 1}


# Editing.


def test_a_field_is_edited(manager: User, vendors: Vendors) -> None:
    job = work_off(edit_job(manager))
    held = vendors.contact()
    assert held["city"] == "Tulsa"
    entry = LedgerEntry.objects.get(action=Action.CONTACT_EDITED)
    assert entry.after == {"city": "Tulsa"}
    assert entry.request_id == job.reference
    assert job.rows.get().ledger_entry_id == entry.pk


def test_what_is_so_already_is_not_sent(manager: User, vendors: Vendors) -> None:
    vendors.edit(MARTY, city="Tulsa")
    job = edit_job(manager)
    vendors.forget_calls()
    work_off(job)
    assert vendors.asked() == ["slicktext GET"]
    assert states(job) == {"skipped": 1}


def test_numbers_of_no_one_are_not_edited(manager: User, vendors: Vendors) -> None:
    job = prepare(manager, NUMBERS[:1], JobKind.EDIT)
    assert (job.total, job.counts) == (0, {"unknown": 1})
    with pytest.raises(jobs.NotNow):
        jobs.start(staff=manager, pk=job.pk)


@pytest.mark.parametrize(
    "name", ["slicktext.get_contact", "slicktext.edit_contact", "_record_update"]
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_editing_loses_and_doubles_nothing(
    name: str, when: str, manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = edit_job(manager)
    where: Any = row_handlers.slicktext if "." in name else row_handlers
    name = name.split(".")[-1]
    with killed(monkeypatch, where, name, when), pytest.raises(Killed):
        schedule.run_jobs()
    forget_lease()
    work_off(job)
    assert states(job) == {"done": 1}
    assert LedgerEntry.objects.filter(action=Action.CONTACT_EDITED).count() == 1


def test_a_lost_answer_is_looked_up(
    manager: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = edit_job(manager)
    really = row_handlers.slicktext.edit_contact

    def lost(*args: Any, **kwargs: Any) -> Any:
        really(*args, **kwargs)
        raise NoAnswer("slicktext", outcome_unknown=True)

    with monkeypatch.context() as patch:
        patch.setattr(row_handlers.slicktext, "edit_contact", lost)
        schedule.run_jobs()
    job.refresh_from_db()
    assert states(job) == {"working": 1}
    assert job.note
    Job.objects.update(not_before=None)
    work_off(job)
    assert LedgerEntry.objects.get(action=Action.CONTACT_EDITED).answer["settled"] == "by look-up"


def test_a_vendor_that_is_down_is_waited_for(manager: User, vendors: Vendors) -> None:
    job = edit_job(manager)
    vendors.fault("slicktext", "down")
    schedule.run_jobs()
    job.refresh_from_db()
    assert (job.state, states(job)) == (JobState.RUNNING, {"working": 1})
    assert job.not_before is not None
    assert "SlickText" in job.note
    assert schedule.run_jobs() == 0
    vendors.clear_faults()
    Job.objects.update(not_before=None)
    assert work_off(job).note == ""


def test_who_is_gone_is_refused(manager: User, vendors: Vendors) -> None:
    job = edit_job(manager)
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    work_off(job)
    assert states(job) == {"failed": 1}


# How long it takes.


def test_the_time_left_is_the_budgets(manager: User, vendors: Vendors) -> None:
    fill_index(read(MARTY).contact)
    job = prepare(manager, [MARTY_NUMBER])
    jobs.start(staff=manager, pk=job.pk)
    Job.objects.update(total=9200, counts={"known": 9200})
    job.refresh_from_db()
    JobRow.objects.bulk_create(
        JobRow(job=job, position=line, category="known") for line in range(2, 9201)
    )
    seconds = progress.progress_of(job).seconds_left
    assert seconds is not None
    assert seconds == pytest.approx(9200 / slicktext_budget().even_pace, rel=0.01)
    Job.objects.update(active_seconds=1000)
    JobRow.objects.filter(position__lte=4600).update(state=RowState.DONE)
    job.refresh_from_db()
    measured = progress.progress_of(job).seconds_left
    assert measured == pytest.approx(1000)


def test_settling_takes_one_question_for_all(
    manager: User, vendors: Vendors, django_assert_max_num_queries: Any
) -> None:
    job = started(manager, NUMBERS[:20])
    schedule.run_jobs()
    with django_assert_max_num_queries(2):
        assert outcomes.complete_delivered(job) == 0
