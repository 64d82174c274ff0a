"""Everything about one number, with or without a contact. From the index and the record: no vendor call (rule 12)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import Disagreement, LedgerEntry, Statement
from contacts_ui.permissions import Staff, may
from contacts_ui.phone import pretty
from contacts_ui.services import index
from contacts_ui.services.consent import disagreements, record, rules
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import STOPPED_STATUSES, Judgment, Verdict
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.contacts import last_known
from contacts_ui.services.contacts.reading import Contact
from contacts_ui.services.index import Indexed

# The audit log has the rest.
ENTRIES_MAX: Final = 200
# From stopped to subscribed; other statuses are 1.
STRICTNESS: Final[dict[str, int]] = dict.fromkeys(STOPPED_STATUSES, 0) | {
    OptInStatus.NOT_SUBSCRIBED: 2,
    OptInStatus.SUBSCRIBED: 3,
}


@dataclass(frozen=True)
class NumberFacts:
    """What is known about a number (E.164). `contacts` are those who have it; `all_known`: there are no others.

    `stopped_since` is the stop that began the present one, `stop` the newest that counts, `consent` what answers it.
    """

    number: str
    seen: Seen
    judgment: Judgment
    contacts: Sequence[Contact]
    all_known: bool
    stopped_since: Statement | None
    stop: Statement | None
    consent: Statement | None
    disagreement: Disagreement | None
    # The number passed to another person then: consent from before is void.
    reassigned_at: datetime | None = None

    @property
    def name(self) -> str:
        """Return the name of the one contact who has it, "" if there is none, or more than one."""
        return self.contacts[0].name if len(self.contacts) == 1 else ""

    @property
    def disagree_since(self) -> datetime | None:
        """Return since when the vendors are known to disagree; None while they agree."""
        if self.judgment.verdict is not Verdict.DISAGREE:
            return None
        return self.disagreement.found_at if self.disagreement else self.judgment.vendors[0].at


def facts_of(number: str) -> NumberFacts:
    """Return what is known about a number (E.164). Write nothing."""
    people = _people(number)
    seen = _seen(number, people)
    state = record.state_of(number)
    reassigned_at = state.reassigned_at if state else None
    contacts = [each.contact for each in people]
    if not contacts and state and state.contact_id:
        # For a dashboard without the index: the contact that SlickText showed with this number last.
        known = last_known.contact(state.contact_id)
        contacts = [known.value] if known and known.value.number == number else []
    statements = list(record.statements_of(number).select_related("ledger_entry"))
    stands = rules.standing(statements, reassigned_at)
    return NumberFacts(
        number=number,
        seen=seen,
        judgment=judge_one(seen),
        contacts=contacts,
        all_known=index.is_ready(),
        stopped_since=min(
            rules.unanswered(statements, reassigned_at),
            key=lambda each: each.latest,
            default=None,
        ),
        stop=stands.stop,
        consent=stands.consent,
        disagreement=disagreements.present().filter(number=number).first(),
        reassigned_at=reassigned_at,
    )


def seen_of(number: str) -> Seen:
    """Return the person with a number (E.164) by the index; of several, the one with the strictest status."""
    return _seen(number, _people(number))


def seen_of_many(numbers: Collection[str]) -> dict[str, Seen]:
    """Return the person with each of these numbers, by one read of the index."""
    known = index.by_numbers(numbers) if numbers and _index_counts() else {}
    return {number: _seen(number, known.get(number, [])) for number in numbers}


def entries_for(staff: Staff, number: str) -> list[LedgerEntry]:
    """Return the entries about a number that `staff` may read, the newest first.

    All for people who may view the audit log, their own for agents, none for others.
    """
    entries = LedgerEntry.objects.filter(number=number).order_by("-pk")
    if not may(staff, "view_audit"):
        if not may(staff, "stop_texts"):
            return []
        entries = entries.filter(staff_id=staff.pk)
    return list(entries[:ENTRIES_MAX])


def _people(number: str) -> list[Indexed]:
    """Return the contacts with a number, by the index."""
    return index.by_numbers([number]).get(number, []) if _index_counts() else []


def _index_counts() -> bool:
    """Return False if the index says nothing: it is of another account, or from before it was off."""
    standing = index.state()
    return standing.ready or standing.started_at is not None


def _seen(number: str, people: Sequence[Indexed]) -> Seen:
    if not people:
        return Seen(number, label=pretty(number))
    strictest = min(people, key=lambda each: STRICTNESS.get(each.contact.opt_in_status or "", 1))
    seen = Seen.of(strictest.contact, strictest.read_at)
    return seen if len(people) == 1 else replace(seen, label=pretty(number))
