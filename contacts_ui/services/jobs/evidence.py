"""The evidence of consent in a file: each row has its own who, how, when and words (rule 7)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone

from contacts_ui.models import JobRow
from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent.rules import EvidenceRefused, check_evidence
from contacts_ui.services.consent.types import Evidence

WHO, HOW, WHEN, WORDS = "who", "how", "when", "words"
COLUMNS: Final = (WHO, HOW, WHEN, WORDS)
NEEDED: Final = (
    "Asking for many lifts needs a file with the columns Number, Who, How, When and Words, "
    "so that every person has their own evidence."
)
_CHANNELS: Final = {
    name.casefold(): channel
    for channel in Channel
    if channel not in (Channel.UNRECORDED, Channel.VENDOR)
    for name in (channel.value, channel.label)
}
_AS_AMERICANS_WRITE: Final = ("%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p")


def places(headings: Sequence[str]) -> dict[str, int]:
    """Return the column of each part of the evidence; missing parts are left out."""
    named = {heading.strip().casefold(): at for at, heading in enumerate(headings)}
    return {name: named[name] for name in COLUMNS if name in named}


def read(cells: Sequence[str], columns: dict[str, int]) -> tuple[dict[str, Any], str]:
    """Return the evidence of one row as a job keeps it, or what is wrong with it, in a sentence."""
    who, how, when, words = (
        cells[columns[name]].strip() if columns[name] < len(cells) else "" for name in COLUMNS
    )
    channel, minute = _CHANNELS.get(how.casefold()), _minute(when)
    if channel is None:
        known = sorted({each.value for each in _CHANNELS.values()})
        labels = ", ".join(Channel(each).label for each in known)
        return {}, f"How: “{how}” is not one of {labels}."
    if minute is None:
        return {}, f"When: “{when}” is not a date and time like 11/28/2026 3:05 PM."
    if minute[0] > timezone.now():
        return {}, "When: this time has not come yet."
    try:
        check_evidence(who, words)
    except EvidenceRefused as refused:
        return {}, refused.sentence
    first, last = (each.isoformat() for each in minute)
    return {WHO: who, HOW: channel.value, WHEN: first, "until": last, WORDS: words}, ""


def of(row: JobRow) -> Evidence:
    """Return the evidence that a row of a job brought. Raises EvidenceRefused where it brought none."""
    kept = row.data.get("evidence")
    if not kept:
        raise EvidenceRefused("file", NEEDED)
    return Evidence(
        kept[WHO],
        Channel(kept[HOW]),
        datetime.fromisoformat(kept[WHEN]),
        kept[WORDS],
        until=datetime.fromisoformat(kept["until"]),
    )


def _minute(text: str) -> tuple[datetime, datetime] | None:
    """Return both readings of a minute in our time zone: they differ in the hour of a clock change."""
    typed = None
    for style in _AS_AMERICANS_WRITE:
        try:
            typed = typed or datetime.strptime(text, style)  # noqa: DTZ007 - the zone is ours
        except ValueError:
            continue
    if typed is None and len(text) > len("2026-11-28"):
        try:
            typed = datetime.fromisoformat(text).replace(second=0, microsecond=0)
        except ValueError:
            return None
    if typed is None or not 1990 < typed.year < 9000:
        return None
    if typed.tzinfo:
        return typed, typed
    zone = timezone.get_default_timezone()
    both = [typed.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return min(both), max(both)
