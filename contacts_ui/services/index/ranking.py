"""Rank matches: whole names before beginnings of names before anything inside."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from contacts_ui.services.index.text import NAME

_NAME, _BEGINS, _SLIP, _WORD, _WORD_BEGINS, _INSIDE = 6.0, 4.0, 3.0, 2.0, 1.5, 1.0
# The whole number ranks before all names.
_NUMBER: Final = 20.0
_WHOLE_NAME: Final = 1.0

# How well a search text matches a word; the contact's id comes first.
Score = Callable[[int, str], float]


def ranked(
    rows: Iterable[tuple[int, str]],
    words: Sequence[str],
    corrected: Mapping[str, Sequence[str]] | None,
) -> list[int]:
    """Return the ids of these rows (id, search text), best first; equals by id."""
    corrected = corrected or {}
    scores = [_score_of(word.removeprefix(NAME), corrected.get(word, ())) for word in words]
    whole = _NAME * len(words)
    found = []
    for key, text in rows:
        points = 0.0
        for score in scores:
            points += score(key, text)
        if points >= whole and text.count(NAME) == len(words):
            points += _WHOLE_NAME
        found.append((-points, key))
    return [key for _, key in sorted(found)]


def taken(text: str, word: str, others: Sequence[str]) -> str:
    """Return which of the other words this text has in place of the typed one; "" if it has the word itself."""
    if word in text:
        return ""
    return next((each for each in others if f"{NAME}{each} " in text or f" {each} " in text), "")


def _score_of(word: str, others: Iterable[str]) -> Score:
    """Return how texts are scored by a word. Its spellings are made once, since there may be a thousand texts."""
    whole, number = f" {word} ", (f" {word} ", f" 1{word} ")
    if word.isdigit():

        def of_digits(key: int, text: str) -> float:
            if text.startswith(number) or word == str(key):
                return _NUMBER
            return _WORD if whole in text else _INSIDE

        return of_digits
    name, begins, word_begins = f"{NAME}{word} ", f"{NAME}{word}", f" {word}"
    slips = [f"{NAME}{each} " for each in others]

    def of_word(key: int, text: str) -> float:
        if word not in text:
            return _SLIP if any(each in text for each in slips) else 0.0
        if begins in text:
            return _NAME if name in text else _BEGINS
        if word_begins in text:
            return _WORD if whole in text else _WORD_BEGINS
        return _INSIDE

    return of_word
