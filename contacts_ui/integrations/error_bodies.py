"""Read what a vendor says in an error body, whatever its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_WORDS = ("message", "error", "detail", "errors", "msg", "error_description", "title")
_NOT_FIELDS = {*_WORDS, "code", "status", "statusCode", "success", "type", "request_id"}
_FIELD_NAMES = ("field", "loc", "property", "param", "path")
_NUMBER_FIELDS = {"", "mobile_number", "mobile", "number", "phone", "phone_number", "contact"}
_LONGEST = 300

_TAKEN = re.compile(
    r"already (?:exists?|in use|been taken|been used|taken|registered|belongs)|duplicate"
    r"|must be unique|\bexists\b",
    re.IGNORECASE,
)
_OTHER_SUBJECT = re.compile(r"e-?mail|not exist|n't exist|no longer exist", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What a vendor said: lines by field name ("" for no field), and a code if it gave one."""

    fields: dict[str, list[str]]
    code: str | None = None

    @property
    def words(self) -> str:
        """Everything said, in one line of at most 300 characters."""
        said = dict.fromkeys(
            line if _spaced(name) in _spaced(line) else f"{name}: {line}"
            for name, lines in self.fields.items()
            for line in lines
        )
        return "; ".join(said)[:_LONGEST]

    @property
    def number_is_taken(self) -> bool:
        """Return True if the vendor says that the number already belongs to a contact."""
        return any(
            _TAKEN.search(line) and not _OTHER_SUBJECT.search(line)
            for name in self.fields.keys() & _NUMBER_FIELDS
            for line in self.fields[name]
        )


def read_error_body(data: Any) -> ErrorBody:
    """Read a decoded error body: text, a list, or an object under any of the usual keys."""
    fields: dict[str, list[str]] = {}
    for name, line in _walk(data, ""):
        words = " ".join(line.split())[:_LONGEST]
        if words and words not in fields.setdefault(name, []):
            fields[name].append(words)
    return ErrorBody({name: lines for name, lines in fields.items() if lines}, _code(data))


def error_parts(data: Any) -> dict[str, Any]:
    """Return the parts of a 2xx answer that may say what is wrong. All else may be people's data."""
    if not isinstance(data, dict):
        return {}
    return {key: data[key] for key in _WORDS if data.get(key)}


def _walk(data: Any, field: str) -> Iterator[tuple[str, str]]:
    """Yield (field, words) pairs, top-level words first."""
    if isinstance(data, str):
        # An HTML page, or a part of one, says nothing to a person.
        if "<html" not in data.lower() and "<!doctype" not in data.lower():
            yield field, data
    elif isinstance(data, list):
        for item in data:
            yield from _walk(item, field)
    elif isinstance(data, dict):
        named = _named_field(data) or field
        for key in _WORDS:
            yield from _walk(data.get(key), named)
        if any(isinstance(data.get(key), str | list) for key in _WORDS):
            return
        for key, value in data.items():
            if key not in _NOT_FIELDS and isinstance(value, str | list):
                yield from _walk(value, key)


def _named_field(data: dict[str, Any]) -> str:
    """Return the field of ``{"field": "email", "message": "..."}``."""
    for key in _FIELD_NAMES:
        place = data.get(key)
        if isinstance(place, list) and place:
            place = place[-1]
        if isinstance(place, str) and any(word in data for word in _WORDS):
            return place
    return ""


def _code(data: Any) -> str | None:
    if not isinstance(data, dict):
        return None
    code = data.get("code")
    if isinstance(code, str | int):
        return str(code)[:50]
    return _code(data.get("error"))


def _spaced(text: str) -> str:
    return text.replace("_", " ").lower()
