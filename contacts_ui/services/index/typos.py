"""Correct a typo: find the index's words under themselves and under each spelling with one letter left out."""

# ruff: noqa: S608 - the only names in the SQL are our own; every value is a parameter

import re
from collections.abc import Iterable
from typing import Any, Final

from rapidfuzz.distance import OSA

from contacts_ui.services.index.database import database, fetch

TABLE: Final = "contacts_ui_indexslip"
_WORD: Final = re.compile(r"[^\W\d_]{3,40}")
# Words that a typed one may mean.
ALTERNATIVES_MAX: Final = 24


def store_words(cursor: Any, texts: Iterable[str]) -> None:
    """Store the new words of these normalized texts."""
    words = {word for text in set(texts) for word in text.split() if _WORD.fullmatch(word)}
    if not words:
        return
    ours = database()
    cursor.execute(
        f"SELECT word FROM {TABLE} WHERE slip = word AND slip {ours.among('text')}",
        [ours.many(sorted(words))],
    )
    new = words - {word for (word,) in cursor.fetchall()}
    pairs = [(slip, word) for word in sorted(new) for slip in sorted(slips(word))]
    cursor.executemany(
        f"INSERT INTO {TABLE}(slip, word) VALUES (%s, %s) ON CONFLICT DO NOTHING", pairs
    )


def alternatives(typed: str) -> tuple[bool, tuple[str, ...]]:
    """Return whether `typed` is a known word, and those with one letter more, fewer, or another, or two swapped."""
    if not _WORD.fullmatch(typed):
        return False, ()
    ours = database()
    words = fetch(
        f"SELECT DISTINCT word FROM {TABLE} WHERE slip {ours.among('text')}",
        [ours.many(sorted(slips(typed)))],
    )
    near = {word for (word,) in words if OSA.distance(typed, word, score_cutoff=1) <= 1}
    # People seldom get the first letter wrong.
    others = sorted(near - {typed}, key=lambda word: (word[0] != typed[0], word))
    return typed in near, tuple(others[:ALTERNATIVES_MAX])


def slips(word: str) -> set[str]:
    """Return the word, and the word with each one letter left out."""
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}
