"""What waits for a decision of a person, by kind and by urgency."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from contacts_ui.models import OptOut
from contacts_ui.permissions import Staff, may
from contacts_ui.services.consent import disagreements, inbound_texts, lift_requests
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.messages import sent_texts
from contacts_ui.services.operations.system_state import (
    SystemState,
    refresh_system_state,
    system_state,
)
from contacts_ui.services.review import attention, possible_opt_outs, texts_after_stop
from contacts_ui.services.review import disagreements as disagreed
from contacts_ui.services.review.numbers import seen_of_many
from contacts_ui.services.review.opt_outs import DUE_SOON, PAST_DUE, Filters, in_order

# Of each kind; its own page has the rest.
ITEMS_MAX: Final = 3

logger = logging.getLogger(__name__)


class Kind(StrEnum):
    """What a person is to decide, the most urgent first. Each is a field of the system state."""

    TEXTED = "texted"
    DISAGREE = "disagree"
    REFUSED = "refused"
    UNPLACED = "unplaced"
    REASSIGNED = "reassigned"
    ASKED = "asked"
    LIFTS = "lifts"
    PAST_DUE = "past_due"
    DUE_SOON = "due_soon"
    UNREVIEWED = "unreviewed"


# Together on one page, *Needs attention*.
ATTENTION = (Kind.TEXTED, Kind.REFUSED, Kind.UNPLACED, Kind.REASSIGNED)
# The permission to decide, where it is not to review opt-outs.
DECIDED_WITH: Final = {Kind.ASKED: "stop_texts", Kind.LIFTS: "lift_stops"}


def counts(*, fresh: bool = False) -> Mapping[Kind, int]:
    """Return how many of each kind wait, as of some seconds ago; without a query if that is known and not `fresh`."""
    return _counts(_state(fresh=fresh))


def counts_for(staff: Staff, *, fresh: bool = False) -> dict[str, int]:
    """Return `counts`, and as `decided` how many decisions about `staff`'s own requests they have not seen."""
    state = _state(fresh=fresh)
    waiting = {str(kind): many for kind, many in _counts(state).items()}
    return {**waiting, "decided": state.decided.get(str(staff.pk), 0)}


def _counts(state: SystemState) -> dict[Kind, int]:
    return {kind: getattr(state, kind) for kind in Kind}


def _state(*, fresh: bool) -> SystemState:
    """Return the system state. Every page shows what waits, so an error must not break it: then nothing waits."""
    try:
        return refresh_system_state() if fresh else system_state()
    except Exception:
        logger.exception("what waits for a decision could not be read")
        return SystemState()


def how_many(*kinds: Kind) -> int:
    """Return how many of these kinds wait in all, as of some seconds ago."""
    known = counts()
    return sum(known[kind] for kind in kinds)


@dataclass(frozen=True)
class Inbox:
    """How many of each kind wait, the first of each, and the people of those that come with a number alone.

    The kinds that the reader may decide, the most urgent first.
    """

    counts: Mapping[Kind, int]
    items: Mapping[Kind, Sequence[Any]]
    people: Mapping[str, Seen]


def look(staff: Staff) -> Inbox:
    """Return what waits for this person now."""
    waiting = counts(fresh=True)
    kinds = {
        kind: waiting[kind]
        for kind in Kind
        if may(staff, DECIDED_WITH.get(kind, "review_opt_outs"))
    }
    items = {kind: _FIRST[kind]() for kind, count in kinds.items() if count}
    numbers = {each.text.number for each in items.get(Kind.TEXTED, ())}
    for kind in (Kind.UNPLACED, Kind.REASSIGNED):
        numbers.update(each.number for each in items.get(kind, ()))
    return Inbox(kinds, items, seen_of_many(numbers - {""}))


def _first_opt_outs(filters: Filters) -> list[OptOut]:
    """Return the first in the order of the list of opt-outs."""
    rows: list[OptOut] = []
    for part in in_order(filters):
        rows += part[: ITEMS_MAX - len(rows)]
    return rows


_FIRST: Final[Mapping[Kind, Callable[[], Sequence[Any]]]] = {
    Kind.TEXTED: lambda: texts_after_stop.of_texts(sent_texts.alarms(ITEMS_MAX)),
    Kind.DISAGREE: lambda: disagreed.show(disagreements.present()[:ITEMS_MAX]),
    Kind.REFUSED: lambda: attention.refusals(ITEMS_MAX),
    Kind.UNPLACED: lambda: attention.unplaced(ITEMS_MAX),
    Kind.REASSIGNED: lambda: attention.reassigned(ITEMS_MAX),
    Kind.ASKED: lambda: possible_opt_outs.show(list(inbound_texts.waiting()[:ITEMS_MAX])),
    Kind.LIFTS: lambda: list(lift_requests.waiting(lift_requests.Wanted())[:ITEMS_MAX]),
    Kind.PAST_DUE: lambda: _first_opt_outs(Filters(state=PAST_DUE)),
    Kind.DUE_SOON: lambda: _first_opt_outs(Filters(state=DUE_SOON)),
    Kind.UNREVIEWED: lambda: _first_opt_outs(Filters(reviewed=False, by_person=True)),
}
