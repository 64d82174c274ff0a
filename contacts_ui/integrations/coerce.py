"""Turn the vendors' JSON into values: whole numbers, text, times, rows. None means "nothing there"."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

NOTHING: tuple[Any, ...] = (None, "", "null")
_EPOCH = re.compile(r"0|[0-9]{9,13}(\.[0-9]+)?")

T = TypeVar("T")


class BadShape(ValueError):
    """JSON that is not what the vendor's page shows. Its message never carries a value."""


def unwrap(raw: Any, key: str) -> Any:
    """Take the envelope off ``{"data": ...}`` unless the object itself has ``key``."""
    while isinstance(raw, dict) and key not in raw and "data" in raw:
        raw = raw["data"]
    return raw


def mapping(raw: Any) -> Mapping[str, Any]:
    """Return an object, also from a list of one. Raises BadShape."""
    if isinstance(raw, list) and len(raw) == 1:
        raw = raw[0]
    if not isinstance(raw, dict):
        raise BadShape(f"an object expected, not {kind(raw)}")
    return raw


def rows(raw: Any, *keys: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the rows of a list, of an envelope, or of an envelope within one, and the envelopes' other values.

    ``keys`` are the names that rows may stand under. Raises BadShape when there is no list.
    """
    envelope: dict[str, Any] = {}
    while isinstance(raw, dict) and (key := next((k for k in keys if k in raw), None)):
        envelope |= {name: value for name, value in raw.items() if value not in (None, {})}
        raw = raw[key] if raw[key] is not None else []
    if not isinstance(raw, list):
        raise BadShape(f"a list of rows expected, not {kind(raw)}")
    return raw, envelope


def text_of(row: Mapping[str, Any], key: str) -> str | None:
    """Return the text under ``key``. Raises BadShape for a list or an object."""
    try:
        return text(row.get(key))
    except ValueError as error:
        raise BadShape(f"{key}: {error}") from None


def optional(read: Callable[[Any], T | None], value: Any) -> T | None:
    """Return ``read(value)``, or None if it cannot be read."""
    try:
        return read(value)
    except ValueError:
        return None


def row_id(value: Any) -> int | None:
    """Return a whole number from 1 on, None for anything else."""
    number = optional(integer, value)
    return number if number is not None and number > 0 else None


def text(value: Any) -> str | None:
    """Return text without outer blanks. Raises ValueError for a list or an object."""
    if not isinstance(value, str):
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

    Raises ValueError for any other text, and for the calendar's edges: some systems say "never" by them,
    and they cannot be shown in every zone.
    """
    words = text(value)
    if words is None:
        return None
    try:
        parsed = datetime.fromisoformat(words)
        if not 1900 <= parsed.year <= 2200:
            raise ValueError("a time at the edge of the calendar")
        return parsed.replace(tzinfo=UTC) if not parsed.tzinfo else parsed.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time outside the calendar") from error


def epoch_or_moment(value: Any) -> datetime | None:
    """Return an aware UTC time from epoch milliseconds or seconds (0 is never), or as `moment`. Raises ValueError."""
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
        bare = value.replace("\0", "")
        return bare if bare.isascii() else bare.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    return value


def kind(value: Any) -> str:
    """Name the JSON kind of a value, for a message that must not carry the value itself."""
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean"}
    return names.get(type(value), "nothing" if value is None else "a number")
