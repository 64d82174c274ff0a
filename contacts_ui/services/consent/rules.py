"""Rule 1, pure: which stop stands, and which consent answers it. No network, no database.

*May text* is possible only where `Standing.stopped` is False; `verdicts` adds what the vendors hold.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from contacts_ui.models import Statement
from contacts_ui.models.consent import Source, StatementKind

# How far a vendor's clock and ours may be apart.
VENDOR_CLOCK_TOLERANCE: Final = timedelta(minutes=2)
MINUTE: Final = timedelta(minutes=1)


class Said(NamedTuple):
    """Between which moments something was said; `earliest` None: any time up to `latest`."""

    earliest: datetime | None
    latest: datetime


def exactly(at: datetime) -> Said:
    """Place what our own clock timed: a press, or *Now* in a form."""
    return Said(at, at)


def within_minute(first: datetime, heard_at: datetime, last: datetime | None = None) -> Said:
    """Place a typed minute: the whole of it, never later than heard, also where the typist's clock is ahead.

    `last` is its other reading, in the hour of a clock change.
    """
    earliest, last = sorted((first, last or first))
    return Said(min(earliest, heard_at), min(last + MINUTE, heard_at))


def usable(at: datetime | None, heard_at: datetime) -> datetime:
    """Return a vendor's time as one moment; if it gives none, or a future one, the moment it was heard."""
    return heard_at if at is None or at > heard_at + VENDOR_CLOCK_TOLERANCE else at


def by_vendor(at: datetime | None, heard_at: datetime) -> Said:
    """Place a vendor's time: give or take the tolerance, never later than heard. None or a future one: up to heard."""
    if at is None or at > heard_at + VENDOR_CLOCK_TOLERANCE:
        return Said(None, heard_at)
    return Said(at - VENDOR_CLOCK_TOLERANCE, min(at + VENDOR_CLOCK_TOLERANCE, heard_at))


def moment_of(said: Statement) -> datetime:
    """Return a statement's time as one moment: a vendor's without the tolerance, the latest where none is known."""
    if said.earliest is None:
        return said.latest
    of_vendor = said.source in _VENDORS_CLOCK or ":message:" in said.key
    return min(said.earliest + VENDOR_CLOCK_TOLERANCE, said.latest) if of_vendor else said.earliest


_VENDORS_CLOCK: Final = (
    Source.VENDOR_MARK, Source.VENDOR_CODE, Source.CARRIER, Source.STATUS,
)  # fmt: skip


class Standing(NamedTuple):
    """The newest stop that counts, and the consent that answers every stop; None where there is none."""

    stop: Statement | None
    consent: Statement | None

    @property
    def stopped(self) -> bool:
        """Return True if a stop stands unanswered."""
        return self.stop is not None and self.consent is None


def standing(statements: Iterable[Statement], reassigned_at: datetime | None = None) -> Standing:
    """Apply rule 1 (a): a consent answers every stop only if its earliest moment is later than each stop's latest.

    Equal, unknown or overlapping times mean stopped. Consent from before `reassigned_at` is void.
    """
    said = list(statements)
    newest = max(_stops(said), key=lambda each: each.latest, default=None)
    answers = [
        each
        for each in said
        if each.kind == StatementKind.CONSENT
        and is_later(each, reassigned_at)
        and is_later(each, newest.latest if newest else None)
    ]
    return Standing(newest, max(answers, key=lambda each: each.latest, default=None))


def unanswered(
    statements: Iterable[Statement], reassigned_at: datetime | None = None
) -> list[Statement]:
    """Return the stops that no consent answers: some, exactly where a stop stands."""
    said = list(statements)
    consents = [each for each in said if each.kind == StatementKind.CONSENT]
    return [
        stop
        for stop in _stops(said)
        if not any(is_later(c, reassigned_at) and is_later(c, stop.latest) for c in consents)
    ]


def is_later(said: Statement | Said, moment: datetime | None) -> bool:
    """Return True if it was certainly said after `moment`, None for no such moment; what has no time never was."""
    return said.earliest is not None and (moment is None or said.earliest > moment)


def _stops(said: Iterable[Statement]) -> list[Statement]:
    """Return the stops that count: not those that staff decided were not the person's (rules 6 and 10)."""
    return [each for each in said if each.kind == StatementKind.STOP and not each.discounted_by_id]


class EvidenceRefused(Exception):
    """Evidence of consent that answers nothing. `field` and `sentence` are for the form."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        self.sentence = sentence
        super().__init__(sentence)


# Letters that show nothing.
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0")


def check_evidence(who: str, words: str) -> None:
    """Raise EvidenceRefused unless the evidence names a person and says something (rule 7)."""
    check_who(who)
    check_words(words)


def check_who(who: str) -> None:
    """Raise EvidenceRefused unless `who` has letters that a reader sees."""
    if _visible(who, str.isalpha) < 2:
        raise EvidenceRefused("consent_who", "Write the person's name.")


def check_words(words: str) -> None:
    """Raise EvidenceRefused unless `words` say something."""
    if _visible(words, str.isalnum) < 2:
        raise EvidenceRefused("consent_words", "Write what they said, in their words.")


def _visible(text: str, counts_as: Callable[[str], bool]) -> int:
    return sum(counts_as(letter) and letter not in _BLANK_LETTERS for letter in text)


def check_newer(said: Said, stop: Statement | None, reassigned_at: datetime | None = None) -> None:
    """Raise EvidenceRefused unless consent was given later than the newest stop, and than a reassignment."""
    if stop and not is_later(said, stop.latest):
        raise EvidenceRefused(
            "consent_at",
            "This is not later than their newest stop. Ask them again, and record their answer.",
        )
    if reassigned_at and not is_later(said, reassigned_at):
        raise EvidenceRefused(
            "consent_at",
            "This number has passed to another person since. Ask them, and record their answer.",
        )
