"""Run a case as a manager would, or check it only; say what is not as it must be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from contacts_ui.models import Job, Statement, Upload
from contacts_ui.models.consent import StatementKind
from contacts_ui.services.files import read
from contacts_ui.services.files.columns import NUMBER, guess
from contacts_ui.services.files.table import Options, Unreadable
from contacts_ui.services.imports.checking import Check, Choice, Fate, Weight, check
from contacts_ui.services.imports.questions import STOP, Question
from sandbox import truth
from tests.files.case import Case
from tests.jobs import deliver_all, work_off
from tests.people import Vendors

STOPPED = ("unsubscribed", "blocked")
# A question whose answer brings further questions: a column that is read after all.
MOST_ROUNDS = 5
Said = dict[str, tuple[datetime | None, datetime]]


@dataclass
class Outcome:
    """What a case ended as: numbers stopped at all, at both vendors, and created; fields; rows without a number."""

    stopped: set[str] = field(default_factory=set)
    stopped_at_both: set[str] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)
    people: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    out: int = 0
    lost: int = 0
    said: Said = field(default_factory=dict)
    refused: str = ""
    questions: list[Question] = field(default_factory=list)


def answers_to(questions: Iterable[Question], case: Case, answer: str) -> dict[str, str]:
    """Answer open questions as the case says, else with `answer`, STOP or NO_STOP, and what goes with it."""
    given = {}
    for question in questions:
        own = [given for start, given in case.answers.items() if question.key.startswith(start)]
        possible = [key for key, _ in question.choices]
        if own or question.is_open:
            # "Stop" and "read" stand first, "not a stop" and "leave out" behind.
            usual = possible[0] if answer == STOP else possible[-1]
            given[question.key] = own[0] if own else usual
    return given


# Checked only.


def checked(case: Case, answer: str) -> Outcome:
    """Return what the check says that the case will end as. Nothing happens at any vendor."""
    try:
        table = read(case.content, _options(case))
    except Unreadable as error:
        return Outcome(refused=error.sentence)
    mapping = _mapping(table.headings, guess(table), case)
    if NUMBER not in mapping:
        return Outcome(refused="no column of numbers")
    answers: dict[str, str] = {}
    for _ in range(MOST_ROUNDS):
        found = check(table, mapping, Choice(case.choice), answers)
        more = answers_to(found.questions, case, answer)
        if answers == answers | more:
            break
        answers |= more
    return _predicted(found)


def _predicted(found: Check) -> Outcome:
    stopped = {line.number for line in found.lines if line.stop}
    there = [
        line
        for line in found.lines
        if line.fate in (Fate.CREATE, Fate.UPDATE, Fate.SKIP, Fate.STOP)
    ]
    return Outcome(
        stopped=stopped,
        stopped_at_both=stopped,
        contacts={line.number for line in there},
        people={line.number: line.values for line in there},
        out=found.counts[Fate.INVALID],
        lost=found.weights[Weight.LOST_STOP],
        said={line.number: line.said for line in found.lines if line.stop and line.said},
        questions=found.questions,
    )


def _options(case: Case) -> Options:
    headings = case.reading.get("headings")
    return Options(
        sheet=case.reading.get("sheet", ""),
        encoding=case.reading.get("encoding", ""),
        headings=None if headings is None else headings == "yes",
    )


def _mapping(headings: list[str], guessed: list[str], case: Case) -> list[str]:
    return [
        case.columns.get(heading, target) for heading, target in zip(headings, guessed, strict=True)
    ]


# To the end.


def run(case: Case, client: Client, vendors: Vendors, answer: str) -> Outcome:
    """Upload the file, choose and answer, confirm, work the job off, and read what both vendors hold."""
    before, _ = _held(vendors)
    file = SimpleUploadedFile(case.file_name, case.content)
    response = client.post("/contacts/import/", {"file": file})
    if response.status_code != 302:
        return Outcome(refused=str(response.context_data["form"].errors))
    upload = Upload.objects.latest("pk")
    refused = _choose(case, client, upload, straight=response["Location"].endswith("/check/"))
    if refused:
        return Outcome(refused=refused)
    page = f"/contacts/import/{upload.pk}/check/"
    shown = client.get(page)
    for _ in range(MOST_ROUNDS):
        given = answers_to(shown.context_data["check"].questions, case, answer)
        upload.refresh_from_db()
        if upload.answers == upload.answers | given:
            break
        client.post(page, {"decide": "1", **given})
        shown = client.get(page)
    outcome = _predicted(shown.context_data["check"])
    if shown.context_data["check"].acts:
        pressed = client.post(page, {"expected": shown.context_data["expected"]})
        if pressed.status_code != 302:
            return Outcome(refused=f"the press: {pressed.status_code}")
        work_off(Job.objects.latest("pk"))
        while deliver_all():
            pass
    after, people = _held(vendors)
    new = {
        number: each
        for number, each in people.items()
        if number in outcome.contacts | after["contacts"] - before["contacts"]
    }
    return Outcome(
        stopped=after["stopped"] - before["stopped"],
        stopped_at_both=after["both"],
        contacts=after["contacts"] - before["contacts"] | outcome.contacts & after["contacts"],
        people=new,
        out=outcome.out,
        lost=outcome.lost,
        said=_said(),
        questions=outcome.questions,
    )


def _choose(case: Case, client: Client, upload: Upload, *, straight: bool) -> str:
    page = f"/contacts/import/{upload.pk}/columns/"
    if case.reading:
        reading = client.get(page).context_data["reading"]
        data = {name: reading[name].initial for name in reading.fields} | dict(case.reading)
        response = client.post(page, {"read_again": "1", **data})
        if response.status_code != 302:
            return str(response.context_data["reading"].errors)
        upload.refresh_from_db()
    elif straight and not case.columns and case.choice == "create":
        return ""
    form = client.get(page).context_data["form"]
    mapping = _mapping(list(form._headings), upload.mapping, case)
    targets = {f"column_{at}": target for at, target in enumerate(mapping)}
    response = client.post(page, {**targets, "choice": case.choice})
    return "" if response.status_code == 302 else str(response.context_data["form"].errors)


def _held(vendors: Vendors) -> tuple[dict[str, set[str]], dict[str, dict[str, Any]]]:
    """Return the numbers that are stopped at any vendor, at both, and those of contacts; and the contacts."""
    rows = truth.all_numbers(vendors.server.sandbox.store, "", 0, 100_000)["data"]
    contacts = {row["number"]: row["slicktext"] for row in rows if row["slicktext"]}
    here = {number for number, contact in contacts.items() if contact["opt_in_status"] in STOPPED}
    there = {row["number"] for row in rows if (row["cloudcontactai"] or {}).get("do_not_text")}
    return {"stopped": here | there, "both": here & there, "contacts": set(contacts)}, contacts


def _said() -> Said:
    stops = Statement.objects.filter(kind=StatementKind.STOP).order_by("pk")
    return {each.number: (each.earliest, each.latest) for each in stops}


# What is wrong.


def wrong(case: Case, found: Outcome, answer: str) -> list[str]:
    """Return a sentence for each thing that is not as the case says."""
    if bool(found.refused) != case.refused:
        return [f"refused: {found.refused}" if found.refused else "it should have been refused"]
    if case.refused:
        return []
    stops = answer == STOP
    must, may = expected_stops(case, answer)
    lines = [
        _named("stops lost", must - found.stopped_at_both),
        _named("strangers stopped", found.stopped - may),
        _named("not imported", case.contacts - found.contacts if stops else ()),
        _named("strangers imported", found.contacts - case.contacts - case.may_be),
    ]
    if stops:
        lines += [
            *_wrong_counts(case, found),
            *_wrong_people(case, found),
            *_wrong_days(case, found),
        ]
    return [line for line in lines if line]


def expected_stops(case: Case, answer: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the numbers that must be stopped, and all that may be, where open questions are answered so."""
    must = case.stops | (case.doubtful | case.asked if answer == STOP else frozenset())
    return must, must | case.doubtful | case.either


def _named(what: str, numbers: Iterable[str]) -> str:
    named = sorted(numbers)
    return f"{what}: {len(named)}: {', '.join(named[:30])}" if named else ""


def _wrong_counts(case: Case, found: Outcome) -> list[str]:
    lines = []
    if case.out is not None and found.out != case.out:
        lines.append(f"rows kept out: {found.out} instead of {case.out}")
    if case.lost is not None and found.lost != case.lost:
        lines.append(f"stops that cannot be recorded: {found.lost} named instead of {case.lost}")
    return lines


def _wrong_people(case: Case, found: Outcome) -> list[str]:
    lines = []
    for number, expected in case.people.items():
        held = found.people.get(number, {})
        lines += [
            f"{number} {name}: {held.get(name)!r} instead of {value!r}"
            for name, value in expected.items()
            if (held.get(name) or None) != value
        ]
    return lines


def _wrong_days(case: Case, found: Outcome) -> list[str]:
    """The file's day, give or take one for the zone that it does not tell."""
    lines = []
    for number, day in case.said.items():
        first = datetime.fromisoformat(day).replace(tzinfo=timezone.get_current_timezone())
        earliest, latest = found.said.get(number, (None, timezone.now()))
        if (
            earliest is None
            or earliest < first - timedelta(days=1)
            or latest > first + timedelta(days=2)
        ):
            lines.append(f"{number} said between {earliest} and {latest} instead of on {day}")
    return lines
