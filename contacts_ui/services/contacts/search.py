"""What was typed into *Search contacts*, and how the vendor can be asked for it.

SlickText matches exactly, with capitals (its contacts page). So a name is tried as people usually write it, in the
likely order, and the screen says which spelling was found.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from contacts_ui.phone import only_number, pretty

SEARCH_MAX_CALLS = 8
_PARTICLES = {"da", "de", "del", "den", "der", "di", "du", "la", "le", "van", "von", "y"}


class Kind(Enum):
    """What a search turned out to be."""

    NUMBER = "number"
    EMAIL = "email"
    ID = "id"
    NAME = "name"


@dataclass(frozen=True)
class Interpretation:
    """One way to read a search and ask SlickText: exact filters, or one contact id. `words` says it to a person."""

    words: str
    filters: tuple[tuple[str, str], ...] = ()
    contact_id: int | None = None


@dataclass(frozen=True)
class Understanding:
    """What was typed, understood: readings to ask together, round after round until one finds a contact."""

    kind: Kind
    rounds: tuple[tuple[Interpretation, ...], ...]
    number: str | None = None

    @property
    def readings(self) -> tuple[Interpretation, ...]:
        """Return every reading in the order of trying; an index into it stays valid for the same typed text."""
        return tuple(reading for readings in self.rounds for reading in readings)


def understand(typed: str) -> Understanding | None:
    """Return the searches to try for what was typed; None if there is nothing to search for."""
    text = " ".join(typed.split())
    if not text:
        return None
    if "@" in text:
        spelled = dict.fromkeys((text, text.lower()))
        rounds = ((Interpretation(f"the email {each}", (("email", each),)),) for each in spelled)
        return Understanding(Kind.EMAIL, tuple(rounds))
    if number := only_number(text):
        reading = Interpretation(f"the number {pretty(number)}", (("mobile_number", number),))
        return Understanding(Kind.NUMBER, ((reading,),), number)
    digits = re.sub(r"\D", "", text)
    if digits and not re.search(r"[^\W\d_]", text):
        # SQLite and PostgreSQL both end at 19 digits, and so does every id we have seen.
        possible = [int(digits)] if len(digits) < 19 else []
        readings = (Interpretation(f"the id {digits}", contact_id=each) for each in possible)
        return Understanding(Kind.ID, (tuple(readings),))
    words = text.split()
    if len(words) == 1:
        return Understanding(Kind.NAME, _affordable(_one_name(words[0])))
    return Understanding(Kind.NAME, _affordable(_several_names(words)))


def _affordable(
    rounds: Iterable[tuple[Interpretation, ...]],
) -> tuple[tuple[Interpretation, ...], ...]:
    """Return the first rounds, each reading once, within SEARCH_MAX_CALLS."""
    kept: list[tuple[Interpretation, ...]] = []
    seen: set[Interpretation] = set()
    for readings in rounds:
        new = tuple(reading for reading in readings if reading not in seen)
        if new and len(seen) + len(new) <= SEARCH_MAX_CALLS:
            kept.append(new)
            seen.update(new)
    return tuple(kept)


def _one_name(name: str) -> Iterator[tuple[Interpretation, ...]]:
    for spelling in spellings(name):
        yield (
            Interpretation(f"the first name {spelling}", (("first_name", spelling),)),
            Interpretation(f"the last name {spelling}", (("last_name", spelling),)),
        )


def _several_names(words: list[str]) -> Iterator[tuple[Interpretation, ...]]:
    """Yield first and last name in their likely spellings, then all as one name, then other splits, then as typed."""
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


def _spelled(
    split: tuple[str, str], *ranks: tuple[int, int]
) -> Iterator[tuple[Interpretation, ...]]:
    """Yield the split in the spellings of these ranks; -1 is the least likely one: as typed."""
    firsts, lasts = spellings(split[0]), spellings(split[1])
    for of_first, of_last in ranks:
        if of_first < len(firsts) and of_last < len(lasts):
            first, last = firsts[of_first], lasts[of_last]
            yield (Interpretation(f"{first} {last}", (("first_name", first), ("last_name", last))),)


def spellings(name: str) -> list[str]:
    """Return a name with its likely capital letters, the likeliest first: "mcfly" is McFly, Mcfly, mcfly."""
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
    """Return a word with capitals at the start, after a hyphen or an apostrophe, and after Mc."""
    parts = re.split(r"([-'’])", word.lower())
    joined = "".join(part[:1].upper() + part[1:] for part in parts)
    return re.sub(r"^Mc(\w)", lambda match: "Mc" + match[1].upper(), joined)
