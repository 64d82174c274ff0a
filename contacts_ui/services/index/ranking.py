"""Rank matches: whole names before beginnings of names before anything inside."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from contacts_ui.services.index.text import NAME

_NAME, _BEGINS, _SLIP, _WORD, _WORD_BEGINS, _INSIDE = 6.0, 4.0, 3.0, 2.0, 1.5, 1.0
# The whole number ranks before all names.
_NUMBER: Final = 20.0
_WHOLE_NAME: Final = 1.0


def ranked(
    rows: Iterable[tuple[int, str]],
    words: Sequence[str],
    corrected: Mapping[str, Sequence[str]] | None,
) -> list[int]:
    """Return the ids of these rows (id, search text), best first; equals by id."""
    corrected = corrected or {}
    scores = [(-score(key, text, words, corrected), key) for key, text in rows]
    return [key for _, key in sorted(scores)]


def score(
    contact_id: int, text: str, words: Sequence[str], corrected: Mapping[str, Sequence[str]]
) -> float:
    """Return how well this search text matches the words."""
    points = sum(_score(contact_id, text, word, corrected.get(word, ())) for word in words)
    if text.count(NAME) == len(words) and points >= _NAME * len(words):
        points += _WHOLE_NAME
    return points


def taken(text: str, word: str, others: Sequence[str]) -> str:
    """Return which of the other words this text has in place of the typed one; "" if it has the word itself."""
    if word in text:
        return ""
    return next((each for each in others if f"{NAME}{each} " in text or f" {each} " in text), "")


def _score(contact_id: int, text: str, word: str, others: Sequence[str]) -> float:
    word = word.removeprefix(NAME)
    if word.isdigit():
        if text.startswith((f" {word} ", f" 1{word} ")) or word == str(contact_id):
            return _NUMBER
        return _WORD if f" {word} " in text else _INSIDE
    if f"{NAME}{word} " in text:
        return _NAME
    if f"{NAME}{word}" in text:
        return _BEGINS
    if f" {word} " in text:
        return _WORD
    if f" {word}" in text:
        return _WORD_BEGINS
    if word in text:
        return _INSIDE
    return _SLIP if any(f"{NAME}{each} " in text for each in others) else 0.0
