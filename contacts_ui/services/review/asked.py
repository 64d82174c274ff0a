"""Messages that may ask for texts to stop: who wrote each, and what may be claimed about them now."""

from collections.abc import Sequence
from dataclasses import dataclass

from contacts_ui.models import IncomingMessage
from contacts_ui.services.consent import own_words
from contacts_ui.services.consent.looking import judge_many
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.consent.verdicts import Judgement
from contacts_ui.services.review.number_page import seen_of_many

# The decisions of the last days that the page shows.
MAX_DECIDED = 50


@dataclass(frozen=True)
class Shown:
    """A message, the person who wrote it as far as the index knows them, and the verdict now."""

    message: IncomingMessage
    seen: Seen
    judgement: Judgement


@dataclass(frozen=True)
class Found:
    """Some of the messages that wait, how many wait in all, and those decided lately."""

    waiting: Sequence[Shown]
    total: int
    decided: Sequence[Shown]


def find(*, limit: int, offset: int) -> Found:
    """Return the messages that wait, the first due first, and those decided lately, the newest decision first."""
    rows = own_words.waiting()
    waiting = list(rows[offset : offset + limit])
    shown = show([*waiting, *own_words.decided()[:MAX_DECIDED]])
    return Found(shown[: len(waiting)], rows.count(), shown[len(waiting) :])


def show(messages: Sequence[IncomingMessage]) -> list[Shown]:
    """Return these messages with their people and verdicts, in the same order."""
    people = seen_of_many({message.number for message in messages})
    seen = [people[message.number] for message in messages]
    return [Shown(*each) for each in zip(messages, seen, judge_many(seen), strict=True)]
