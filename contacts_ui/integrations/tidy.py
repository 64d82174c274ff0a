"""Single values as the vendors send them, made tidy. Each returns None for "nothing there"."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any

NOTHING: tuple[Any, ...] = (None, "", "null")
_EPOCH = re.compile(r"0|[0-9]{9,13}(\.[0-9]+)?")


def text(value: Any) -> str | None:
    """Return text without outer blanks. Raises ValueError for a list or an object."""
    if isinstance(value, dict | list):
        raise ValueError(f"text expected, not {kind(value)}")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool):
        value = str(value).lower()
    words = clean(str(value)).strip() if value is not None else ""
    return None if words in NOTHING else words


def verbatim(value: Any) -> str | None:
    """Return text exactly as it came, blanks and all. Raises ValueError for a list or object."""
    if isinstance(value, str):
        return None if value in NOTHING else str(clean(value))
    return text(value)


def integer(value: Any) -> int | None:
    """Return a whole number, also from "7778" and 7778.0. Raises ValueError for anything else."""
    if value in NOTHING:
        return None
    if isinstance(value, bool | dict | list):
        raise ValueError(f"a whole number expected, not {kind(value)}")
    number = float(value) if not isinstance(value, int) else value
    if not math.isfinite(number) or number != int(number):
        raise ValueError("a whole number expected, not a fraction")
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else int(number)


def truth(value: Any) -> bool | None:
    """Return a boolean, also from "true", "0" and 1; None for everything else."""
    word = str(value).strip().lower()
    if word in {"true", "1", "yes"}:
        return True
    return False if word in {"false", "0", "no"} else None


def moment(value: Any) -> datetime | None:
    """Return an aware UTC time from "2015-10-15 07:28:00", which carries no zone and is UTC.

    Raises ValueError for what is no time, or none that anybody meant: the calendar's edges, by
    which some systems say "never", cannot be shown in every zone.
    """
    words = text(value)
    if words is None:
        return None
    try:
        parsed = datetime.fromisoformat(words)
        if not 1900 <= parsed.year <= 2200:
            raise ValueError("a time that nobody meant")
        return parsed.replace(tzinfo=UTC) if not parsed.tzinfo else parsed.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time outside the calendar") from error


def epoch_or_moment(value: Any) -> datetime | None:
    """Return an aware UTC time from epoch milliseconds or seconds, or as `moment` does.

    0 means never. Raises ValueError.
    """
    words = text(value)
    if words is None or not _EPOCH.fullmatch(words):
        return moment(words)
    number = float(words)
    if number == 0:
        return None
    # As seconds, twelve digits are past the year 5000.
    seconds = number / 1000 if number >= 1e11 else number
    return datetime.fromtimestamp(seconds, UTC)


def day(value: Any) -> date | None:
    """Return a date from "1968-06-12", with or without a time after it. Raises ValueError."""
    words = text(value)
    return datetime.fromisoformat(words).date() if words else None


def postcode(value: Any, country: str | None) -> str | None:
    """Return a postcode as text; a US one that came as a number gets its zeros back."""
    words = text(value)
    as_number = isinstance(value, int | float) and not isinstance(value, bool)
    if words and as_number and (country or "US").upper() in {"US", "USA", "UNITED STATES"}:
        return words.zfill(5)
    return words


def clean(value: Any) -> Any:
    """Return ``value`` without what no database takes: NUL and half emoji. Walks containers."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    return value


def kind(value: Any) -> str:
    """Name the JSON kind of a value, for a message that must not carry the value itself."""
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean"}
    return names.get(type(value), "nothing" if value is None else "a number")
