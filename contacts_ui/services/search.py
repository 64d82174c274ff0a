"""What was typed into *Search contacts*, and how the vendor can be asked for it.

SlickText matches exactly and minds capitals (its contacts page). So a name is tried as people usually write it, in the
likely order, and the screen says which spelling was found.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from contacts_ui.phone import pretty, to_e164

MOST_TRIES = 8
_PARTICLES = {"da", "de", "del", "den", "der", "di", "du", "la", "le", "van", "von", "y"}


class Kind(Enum):
    """What a search turned out to be."""

    NUMBER = "number"
    EMAIL = "email"
    ID = "id"
    NAME = "name"


@dataclass(frozen=True)
class Reading:
    """One way to ask the vendor: exact filters, or one contact id. `words` says it to a person."""

    words: str
    filters: tuple[tuple[str, str], ...] = ()
    contact_id: int | None = None


@dataclass(frozen=True)
class Understanding:
    """What was typed, understood.

    The readings of one round are asked together; the next round is tried only when a round found nobody.
    """

    kind: Kind
    rounds: tuple[tuple[Reading, ...], ...]
    number: str | None = None

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every reading in the order in which it is tried; an index into it stays valid for the same typed text."""
        return tuple(reading for readings in self.rounds for reading in readings)


def understand(typed: str) -> Understanding | None:
    """Understand what was typed; None when there is nothing to search for."""
    text = " ".join(typed.split())
    if not text:
        return None
    if "@" in text:
        return Understanding(Kind.EMAIL, tuple((reading,) for reading in _emails(text)))
    # As phones and letterheads write numbers.
    text = re.sub(r"^tel:\s*|[\s,;]*(?:ext\.?|x)\s*\d{1,6}$", "", text, flags=re.IGNORECASE)
    digits = re.sub(r"\D", "", text)
    if digits and not re.search(r"[^\W\d_]", text):
        return _digits(text, digits)
    words = text.split()
    if len(words) == 1:
        return Understanding(Kind.NAME, _affordable(_one_name(words[0])))
    return Understanding(Kind.NAME, _affordable(_several_names(words)))


def _affordable(rounds: Iterable[tuple[Reading, ...]]) -> tuple[tuple[Reading, ...], ...]:
    """The first rounds, each reading once, within the number of calls that one search may cost."""
    kept: list[tuple[Reading, ...]] = []
    seen: set[Reading] = set()
    for readings in rounds:
        new = tuple(reading for reading in readings if reading not in seen)
        if new and len(seen) + len(new) <= MOST_TRIES:
            kept.append(new)
            seen.update(new)
    return tuple(kept)


def _digits(text: str, digits: str) -> Understanding:
    number = to_e164(text) if len(digits) >= 10 else None
    if number:
        reading = Reading(f"the number {pretty(number)}", (("mobile_number", number),))
        return Understanding(Kind.NUMBER, ((reading,),), number)
    # SQLite and PostgreSQL both end at 19 digits, and so does every id we have seen.
    readings = (Reading(f"the id {digits}", contact_id=int(digits)),) if len(digits) < 19 else ()
    return Understanding(Kind.ID, (readings,))


def _emails(text: str) -> Iterator[Reading]:
    for spelling in dict.fromkeys((text, text.lower())):
        yield Reading(f"the email {spelling}", (("email", spelling),))


def _one_name(name: str) -> Iterator[tuple[Reading, ...]]:
    for spelling in spellings(name):
        yield (
            Reading(f"the first name {spelling}", (("first_name", spelling),)),
            Reading(f"the last name {spelling}", (("last_name", spelling),)),
        )


def _several_names(words: list[str]) -> Iterator[tuple[Reading, ...]]:
    """First and last name in their likely spellings, all of it as one of the two, other splits, as it was typed."""
    cuts = (1, *range(len(words) - 1, 1, -1))
    splits = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in cuts]
    swapped = (splits[0][1], splits[0][0].rstrip(","))
    if words[0].endswith(","):
        splits.insert(0, swapped)
    else:
        splits.append(swapped)
    yield from _spelled(splits[0], (0, 0), (0, 1))
    whole = list(_one_name(" ".join(words)))[:2]
    yield from whole[:1]
    yield from _spelled(splits[-1], (0, 0))
    yield from whole[1:]
    for split in splits[1:-1]:
        yield from _spelled(split, (0, 0))
    for split in splits:
        yield from _spelled(split, (-1, -1), (0, 1), (0, 2))


def _spelled(split: tuple[str, str], *ranks: tuple[int, int]) -> Iterator[tuple[Reading, ...]]:
    """The split in the spellings of these ranks; -1 is the least likely, which is as it was typed."""
    firsts, lasts = spellings(split[0]), spellings(split[1])
    for of_first, of_last in ranks:
        if of_first < len(firsts) and of_last < len(lasts):
            first, last = firsts[of_first], lasts[of_last]
            yield (Reading(f"{first} {last}", (("first_name", first), ("last_name", last))),)


def spellings(name: str) -> list[str]:
    """The likely capital letters of one name, the likeliest first: "mcfly" is McFly, Mcfly, mcfly."""
    words = name.split()
    usual = " ".join(_capitals(word) for word in words)
    plain = " ".join(word.capitalize() for word in words)
    particles = " ".join(
        word.lower() if word.lower() in _PARTICLES else _capitals(word) for word in words
    )
    mixed = name if any(map(str.isupper, name[1:])) and not name.isupper() else usual
    scottish = re.sub(r"\bMac([a-z])", lambda match: "Mac" + match[1].upper(), usual)
    return list(dict.fromkeys((mixed, usual, particles, plain, scottish, name)))


def _capitals(word: str) -> str:
    """Capitals at the start, after a hyphen or an apostrophe, and after Mc."""
    parts = re.split(r"([-'’])", word.lower())
    joined = "".join(part[:1].upper() + part[1:] for part in parts)
    return re.sub(r"^Mc(\w)", lambda match: "Mc" + match[1].upper(), joined)
