"""Messages that may be opt-outs: who wrote each, and the verdict about them now."""

from collections.abc import Sequence
from dataclasses import dataclass

from contacts_ui.models import IncomingMessage
from contacts_ui.services.consent import inbound_texts
from contacts_ui.services.consent.record import judge_many
from contacts_ui.services.consent.rules import Judgment
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.review.numbers import seen_of_many

DECIDED_MAX = 50


@dataclass(frozen=True)
class Shown:
    """A message, the person who wrote it by the index, and the verdict now."""

    message: IncomingMessage
    seen: Seen
    judgment: Judgment


@dataclass(frozen=True)
class Found:
    """One page of the messages that wait, how many wait in all, and those decided lately."""

    waiting: Sequence[Shown]
    total: int
    decided: Sequence[Shown]


def find(*, limit: int, offset: int) -> Found:
    """Return the messages that wait, by due date, and those decided lately, the newest first."""
    rows = inbound_texts.waiting()
    waiting = list(rows[offset : offset + limit])
    shown = show([*waiting, *inbound_texts.decided()[:DECIDED_MAX]])
    return Found(shown[: len(waiting)], rows.count(), shown[len(waiting) :])


def show(messages: Sequence[IncomingMessage]) -> list[Shown]:
    """Return these messages with their people and verdicts, in the same order."""
    people = seen_of_many({message.number for message in messages})
    seen = [people[message.number] for message in messages]
    return [Shown(*each) for each in zip(messages, seen, judge_many(seen), strict=True)]
