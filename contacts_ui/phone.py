"""Phone numbers: one spelling for machines (E.164), one for people, one for logs.

Pure functions; no Django and no network.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

_NANP = re.compile(r"\+1[2-9][0-9]{9}")
# Numbers that share +1 and belong to the US; phonenumbers gives each a country code of its own.
_US_OR_CANADA = {"US", "CA", "PR", "VI", "GU", "AS", "MP"}


def to_e164(text: str | None, region: str = "US") -> str | None:
    """Return the number in E.164 ("+16155553338"), or None if it cannot be a phone number.

    Numbers without a country code are read as numbers of ``region``. North American numbers
    only need ten digits and an area code that does not start with 0 or 1, so that the
    fictional 555 numbers of demos and training work too.
    """
    if not text:
        return None
    if _NANP.fullmatch(text):
        return text
    number = _parse(_plain(text), region)
    if number is None:
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if number.country_code == 1:
        return e164 if _NANP.fullmatch(e164) else None
    return e164 if _possible(number) else None


def is_us_or_canada(e164: str) -> bool:
    """Return False only when the number is known to belong to another country."""
    number = _parse(e164, None)
    if number is None or number.country_code != 1:
        return False
    country = phonenumbers.region_code_for_number(number)
    return country is None or country in _US_OR_CANADA


def pretty(e164: str) -> str:
    """Return the number as people write it: "(615) 555-3338", "+44 20 7946 0958"."""
    if _NANP.fullmatch(e164):
        return f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    number = _parse(e164, None)
    if number is None:
        return e164
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def mask(text: str) -> str:
    """Return the number for logs: "+1*******338", whatever spelling it came in."""
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) < 7:
        return "*" * len(digits)
    country = ""
    if len(digits) == 11 and digits[0] == "1":
        country, digits = "+1", digits[1:]
    return f"{country}{'*' * (len(digits) - 3)}{digits[-3:]}"


def _plain(text: str) -> str:
    """Fold full-width digits and other look-alikes, and the European 00 prefix."""
    folded = unicodedata.normalize("NFKC", text).strip().removeprefix("tel:").strip()
    return re.sub(r"^00(?=[1-9])", "+", folded)


def _parse(text: str, region: str | None) -> PhoneNumber | None:
    # phonenumbers skips any text before the first digit: a sentence is not a number.
    if not text[:1].isdigit() and text[:1] not in {"+", "("}:
        return None
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _possible(number: PhoneNumber) -> bool:
    reason = phonenumbers.is_possible_number_with_reason(number)
    return bool(reason == ValidationResult.IS_POSSIBLE)
