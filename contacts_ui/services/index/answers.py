"""Keep the answer to *May we text?* beside each contact, so that people can be found, sorted, and counted by it.

The consent record's verdict about the number is the answer; for a number without a record, it follows from SlickText's
status. The record calls `keep_answers` in the transaction that changes a verdict.
"""

# ruff: noqa: S608 - the only names in the SQL are our own columns; every value is a parameter

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.conf import settings
from django.db import connection

from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import ConsentState, IndexedContact
from contacts_ui.models.index_tables import ANSWERS_NAME, COUNTS, WRITERS_LOCK
from contacts_ui.services.index.database import TABLE, Condition, database, fetch

# The word of a search and an address -> the answer: a key of the consent record's verdicts.
ANSWERS: Final = {
    "yes": "may_text",
    "no": "do_not_text",
    "not-subscribed": "not_subscribed",
    "unknown": "not_known",
    "disagree": "disagree",
}
_BY_STATUS: Final[Mapping[str | None, str]] = {
    OptInStatus.SUBSCRIBED: "may_text",
    OptInStatus.UNSUBSCRIBED: "do_not_text",
    OptInStatus.BLOCKED: "do_not_text",
    OptInStatus.NOT_SUBSCRIBED: "not_subscribed",
}


class Answer(NamedTuple):
    """The answer for a contact, and when the newest stop was made, if one counts."""

    answer: str
    stopped_at: datetime | None


# The id of a contact, the answer, and the search text.
Answered = tuple[int, str, str]
# The verdict about a contact, from the state of its number, its id, its status, and when that was read.
Judge = Callable[[ConsentState, int, str, datetime], str]
# The verdicts about contacts, each with the state of its number, as SlickText showed them at a time.
JudgeContacts = Callable[[Sequence[tuple[Contact, ConsentState]], datetime], Sequence[str]]
_judges: list[JudgeContacts] = []


def judge_by(judge: JudgeContacts) -> None:
    """Set how contacts are judged that are about to be written. The consent record does, at startup."""
    _judges[:] = [judge]


def keep_answers(states: Iterable[ConsentState], judge: Judge) -> None:
    """Keep the answers of all contacts with these numbers, in the transaction that changed the verdicts."""
    known = {state.number: state for state in states}
    if not known or not settings.CONTACT_INDEX:
        return
    _lock_writers()
    contacts = IndexedContact.objects.filter(number__in=list(known)).order_by("pk")
    changed = []
    for row in contacts.only("number", "status", "status_changed_at", "read_at", *Answer._fields):
        state = known[row.number]
        answer = judge(state, row.pk, row.status, row.read_at)
        now = Answer(answer, _stopped_at(answer, state, row.status, row.status_changed_at))
        if now != (row.answer, row.stopped_at):
            row.answer, row.stopped_at = now
            changed.append(row)
    # One statement for each row, so that only the columns that changed touch an index.
    for row in changed:
        row.save(update_fields=Answer._fields)


def answers_for(contacts: Sequence[Contact], read_at: datetime) -> list[Answer]:
    """Return the answers for contacts, read at `read_at`, that are about to be written; in their order.

    Call it within the transaction that writes them: from here on, no verdict changes without updating what was written.
    """
    _lock_writers()
    numbers = {each.number for each in contacts if each.number}
    states = ConsentState.objects.filter(number__in=numbers)
    known = {state.number: state for state in states.select_related("stop", "held", "asked")}
    recorded = [(each, known[each.number]) for each in contacts if each.number in known]
    verdicts: dict[int, str] = {}
    # What they show may be news that the record has yet to hear, so its own verdict is not theirs.
    for judge in _judges if recorded else ():
        ids = [each.contact_id for each, _ in recorded]
        verdicts = dict(zip(ids, judge(recorded, read_at), strict=True))
    return [
        _answer(each, known.get(each.number or ""), verdicts.get(each.contact_id))
        for each in contacts
    ]


def _lock_writers() -> None:
    """Wait for other writers of contacts and answers, until the end of the transaction. SQLite has only one."""
    if connection.vendor == "postgresql":
        fetch(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")


def _answer(contact: Contact, state: ConsentState | None, verdict: str | None) -> Answer:
    status = contact.opt_in_status
    answer = verdict or _BY_STATUS.get(status, "not_known")
    if not contact.number and answer == "may_text":
        # Our own stops cannot be looked up.
        answer = "not_known"
    return Answer(answer, _stopped_at(answer, state, status, contact.last_opt_in_status_change))


def _stopped_at(
    answer: str, state: ConsentState | None, status: str | None, changed_at: datetime | None
) -> datetime | None:
    """Return when the stop on record was said; without one, when SlickText began to hold its own."""
    if state and state.stopped and state.stop:
        return state.stop.moment
    return changed_at if answer == _BY_STATUS.get(status) == "do_not_text" else None


def answer_counts() -> dict[str, int]:
    """Return how many contacts have each answer; triggers keep that exact. "" counts all contacts."""
    rows = fetch(
        f"SELECT value, number FROM {COUNTS} WHERE name = %s OR name = '' AND value = ''",
        [ANSWERS_NAME],
    )
    return {value: int(number) for value, number in rows}


def answers_of(ids: Sequence[int], condition: Condition = ("1 = 1", [])) -> list[Answered]:
    """Return those of the ids that meet the condition with their answers and search texts."""
    ours = database()
    sql = f"SELECT contact_id, answer, folded FROM {TABLE} WHERE contact_id {ours.among('bigint')} AND {condition[0]}"
    return fetch(sql, [ours.many(ids), *condition[1]])


def stopped_between(start: datetime | None, end: datetime | None) -> Condition:
    """Return the condition that a stop was said from `start` until before `end`; None: no limit. `{0}`: the column."""
    parts, parameters = [], []
    for compared, moment in ((">=", start), ("<", end)):
        if moment:
            parts.append(f"{{0}} {compared} %s")
            parameters.append(connection.ops.adapt_datetimefield_value(moment))
    return " AND ".join(parts) or "{0} IS NOT NULL", parameters
