"""What we may claim about people, as the database has it now. Looking changes nothing (rule 12)."""

from collections.abc import Sequence

from contacts_ui.models import Wish
from contacts_ui.services.consent import record
from contacts_ui.services.consent.record import is_stopped
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.consent.verdicts import Judgement, judge
from contacts_ui.services.vendors import connected


def judge_one(seen: Seen) -> Judgement:
    """Return what we may claim about one person now."""
    return judge_many([seen])[0]


def judge_many(people: Sequence[Seen]) -> list[Judgement]:
    """Return what we may claim about many people, in their order, with two queries."""
    numbers = {person.number for person in people if person.number}
    wishes = record.grouped(Wish.objects.filter(number__in=numbers))
    states = record.states_of(numbers)
    there = connected()
    return [
        judge(
            person.status,
            person.read_at,
            wishes[person.number],
            there,
            number=person.number,
            state=states.get(person.number),
            contact_id=person.contact_id,
        )
        for person in people
    ]


__all__ = ["is_stopped", "judge_many", "judge_one"]
