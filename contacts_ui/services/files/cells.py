"""One cell of a file: undo what a spreadsheet did to it, tell empty cells, and guard against formulas on the way out.

Pure functions; `unguard(guard(text)) == text` for every text.
"""

import re
from collections.abc import Sequence
from typing import Final

from contacts_ui import phone
from contacts_ui.phone import NumberRead

# In any language: #REF!, #¿NOMBRE?, #WERT!, Err:502, and the marks of a column that is too narrow.
_ERROR: Final = re.compile(
    r"#N/A|#[¡¿]?[A-ZÀ-Ý][A-ZÀ-Ý\d/_]*[!?]|#GETTING_DATA|Err:\d{3}|#{3,}", re.IGNORECASE
)
_EMAIL: Final = re.compile(r"[^@\s\"<>(),;:]+@[^@\s\"<>(),;:]+\.[^@\s\"<>(),;:.]{2,}")
_UNSEEN: Final = re.compile(
    r"[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)

_PLACEHOLDER_MAX_CHARACTERS: Final = 40
# Empty cells as programs write them, letter for letter: Null, Na, and Nan are names of people.
_AS_PROGRAMS_WRITE: Final = frozenset(
    ["NULL", "null", "NA", "nan", "NaN", "nil", "\\N", "#N/A", "#N/A N/A", "#NV", "#N/D"]
)
# And as people write them, in any case; with or without brackets and dashes around them.
_EMPTY: Final = frozenset(
    ["n/a", "n/d", "n.a.", "n.a", "none", "none given", "unknown", "not known", "unset", "undefined",
     "tbd", "tba", "no value", "no data",
     "not available", "not applicable", "not provided", "not set", "not specified", "not given", "not entered",
     "desconocido", "no disponible", "inconnu", "unbekannt"]
)  # fmt: skip
_EMPTY_IN_BRACKETS: Final = _EMPTY | {"null", "na", "nan", "nil", "blank", "empty", "missing"}
_BRACKETS: Final = " ()[]<>{}-–—*"
_DASHES: Final = re.compile(r"[\s\-–—―−_.?…·/\\]*")

# How a formula begins; the last four are how other keyboards type it.
_FORMULA: Final = "=+-@＝＋－＠"
# Whatever separates cells for some spreadsheet: one that splits at ";" does so inside our quotes, too.
_SEPARATORS: Final = ",;\t\r\n"
# What a spreadsheet may set aside before it looks: blanks, quotes, and our own apostrophe.
_AROUND: Final = r"[ \xa0\"']*"
_START_OF_CELL: Final = rf"{_AROUND}[{re.escape(_FORMULA)}\t\r\n]"
_START_OF_PART: Final = rf"{_AROUND}[{re.escape(_FORMULA)}]"
_AFTER_SEPARATOR: Final = rf"(?<=[{_SEPARATORS}])"
_UNGUARDED: Final = re.compile(
    # An apostrophe that is the person's own gets another where an import would take it for a guard.
    rf"\A(?={_START_OF_CELL}|'+[\d(])|{_AFTER_SEPARATOR}(?={_START_OF_PART})"
)
_GUARDED: Final = re.compile(
    rf"\A'(?={_START_OF_CELL}|'*[\d(])|{_AFTER_SEPARATOR}'(?={_START_OF_PART})"
)
# How other programs do it: ="02134".
_AS_FORMULA: Final = re.compile(r'=(?:"([^"]*)"|(\+?\d+))')
# The same for many cells at once, each with a NUL before it. These may find too much, never too little.
_ANY_CELL: Final = re.compile(rf"\0(?:{_START_OF_CELL}|')")
_ANY_PART: Final = re.compile(rf"[\0{_SEPARATORS}](?:{_START_OF_CELL}|')")
_ANY_READ_OTHERWISE: Final = re.compile(rf"[\0{_SEPARATORS}]'|\0=")


def tidy(text: str) -> str:
    """Return a cell without invisible characters, and without the marks that make a spreadsheet take it for text."""
    plain = _UNSEEN.sub("", text).replace("\xa0", " ").strip()
    return unguard(plain).strip()


def no_value(text: str) -> str:
    """Return a sentence that says why there is no value in a cell; "" where there is one."""
    if _ERROR.fullmatch(text):
        return "The spreadsheet shows an error here instead of a value."
    if text.startswith("="):
        return (
            "This is a formula without its result. Save the file with values instead of formulas."
        )
    return ""


def read_number(text: str) -> NumberRead:
    """Read the phone number of a cell, as `phone.read_number`; a spreadsheet's error or formula holds none."""
    problem = no_value(text)
    return NumberRead("", problem) if problem else phone.read_number(text)


def looks_like_email(text: str) -> bool:
    """Return True for a cell that looks like an email address."""
    return _EMAIL.fullmatch(text) is not None


def is_placeholder(text: str, *, may_be_name: bool = True) -> bool:
    """Return True for the marks of an empty cell: NULL, N/A, -, nan, #N/A, [not provided]; also for "".

    Where no name can stand (`may_be_name` False), Null and Na are placeholders, too.
    """
    if text in _AS_PROGRAMS_WRITE or _DASHES.fullmatch(text):
        return True
    if len(text) > _PLACEHOLDER_MAX_CHARACTERS:
        return False
    folded = text.casefold()
    bare = folded.strip(_BRACKETS)
    if bare == folded and may_be_name:
        return folded in _EMPTY
    return folded in _EMPTY or bare in _EMPTY_IN_BRACKETS


def guard(text: str) -> str:
    """Return the text with an apostrophe before each part that a spreadsheet could take for a formula."""
    return _UNGUARDED.sub("'", text)


def unguard(text: str) -> str:
    """Return the text as it was before `guard`, or before another program kept its zero: '02134 or ="02134"."""
    if found := _AS_FORMULA.fullmatch(text):
        return found[1] or found[2] or ""
    return _GUARDED.sub("", text) if "'" in text else text


def guard_cells(cells: Sequence[str]) -> Sequence[str]:
    """Guard the cells of a CSV file, by one look at all of them: hardly any needs it."""
    joined = "\0" + "\0".join(cells)
    if not _holds(joined, _FORMULA + _SEPARATORS + "'"):
        return cells
    needs = _ANY_PART if _holds(joined, _SEPARATORS) else _ANY_CELL
    return [guard(cell) for cell in cells] if needs.search(joined) else cells


def guard_text_cells(cells: Sequence[str]) -> Sequence[str]:
    """Guard the few cells that an import would not read as they are, where a spreadsheet takes all for text."""
    joined = "\0" + "\0".join(cells)
    if _holds(joined, "'=") and _ANY_READ_OTHERWISE.search(joined):
        return [cell if unguard(cell) == cell else guard(cell) for cell in cells]
    return cells


def _holds(text: str, characters: str) -> bool:
    """Look for each, which takes a twentieth of the time of a regular expression."""
    return any(map(text.__contains__, characters))
