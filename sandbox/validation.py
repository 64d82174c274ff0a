"""Refuse what SlickText refuses in a written contact, by its create and edit pages."""

from __future__ import annotations

import re
from datetime import date

from sandbox.places import ZONES
from sandbox.schema import CUSTOM_FIELDS
from sandbox.store import Contact

TEXTS = (
    "first_name", "last_name", "email", "birthdate", "address", "city", "state", "zip", "country", "timezone",
    "language", "opt_in_status",
)  # fmt: skip
STATUSES = ("subscribed", "unsubscribed", "not subscribed", "blocked")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# +1 is also the Caribbean: these area codes are not in the US or Canada.
CARIBBEAN = "242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876"
ABROAD = set(CARIBBEAN.split())


class ValidationError(Exception):
    """A value that the vendor does not take; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def number(value: object) -> str:
    """Return a number as + and digits: at least ten, US and Canada only."""
    if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "":
        raise ValidationError("mobile_number", "mobile_number is required")
    digits = re.sub(r"\D", "", str(value))
    if len(digits) < 10:
        raise ValidationError("mobile_number", "mobile_number must be at least 10 digits")
    if len(digits) == 10 and not str(value).strip().startswith("+"):
        digits = "1" + digits
    if len(digits) != 11 or digits[0] != "1" or digits[1] in "01" or digits[1:4] in ABROAD:
        raise ValidationError("mobile_number", "mobile_number is not a valid US or Canadian number")
    return "+" + digits


def changes(body: Contact, custom: Contact | None, custom_mode: str) -> Contact:
    """Return the columns that a write sets. Unknown names are ignored, as the vendor does."""
    values: Contact = {}
    if "mobile_number" in body:
        values["mobile_number"] = number(body["mobile_number"])
    for name in TEXTS:
        if name in body:
            values[name] = _text(name, body[name])
    written = _custom(body, custom_mode)
    if written:
        merged = {name: v for name, v in ((custom or {}) | written).items() if v is not None}
        values["custom_fields"] = merged or None
    return values


def _text(name: str, value: object) -> str | None:
    if value is None or value == "":
        if name == "opt_in_status":
            raise ValidationError(name, f"opt_in_status must be one of: {', '.join(STATUSES)}")
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValidationError(name, f"{name} must be a string")
    text = str(value)
    if len(text) > 255:
        raise ValidationError(name, f"{name} must not be longer than 255 characters")
    if name == "opt_in_status" and text not in STATUSES:
        raise ValidationError(name, f"opt_in_status must be one of: {', '.join(STATUSES)}")
    if name == "email" and not EMAIL.fullmatch(text):
        raise ValidationError(name, "email must be a valid email address")
    if name == "birthdate" and not _is_day(text):
        raise ValidationError(name, "birthdate must be formatted as YYYY-MM-DD")
    if name == "timezone" and text not in ZONES.values():
        raise ValidationError(name, "timezone is not one that is supported")
    return text


def _is_day(text: str) -> bool:
    try:
        return bool(DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _custom(body: Contact, mode: str) -> Contact:
    """Return custom fields, nested under their own key or flat next to the others: clients send both."""
    nested = body.get("custom_fields")
    if nested is not None and not isinstance(nested, dict):
        raise ValidationError("custom_fields", "custom_fields must be an object")
    written: Contact = {}
    if mode in ("flat", "both"):
        written |= {name: body[name] for name in CUSTOM_FIELDS if name in body}
    if mode in ("nested", "both") and nested:
        written |= {name: nested[name] for name in CUSTOM_FIELDS if name in nested}
    return written
