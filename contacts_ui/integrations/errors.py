"""Every way a call to a vendor can fail, as one tree.

VendorError
 |- NotConnected        no keys for this vendor
 |- Unreachable         no connection: certainly not carried out
 |- NoAnswer            sent, but no whole answer came: may have been carried out
 |- Unreadable          an answer that makes no sense: a write may have been carried out
 |- ServerError       5xx: a write may have been carried out
 |- RateLimited         429: certainly not carried out
 |   '- BudgetSpent     our own call budget has no room: nothing was sent
 '- Refused             any other 4xx: certainly not carried out
     |- BadCredentials  401, 403
     |- NotFound        404, unless it is a web page: that is Unreadable
     |- NumberExists    409, or words that the number is taken
     '- Invalid         400, 422: what is wrong, by field name
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from contacts_ui.integrations.redact import redact, redact_all

VENDOR_NAMES = {"slicktext": "SlickText", "cloudcontactai": "CloudContactAI"}


class VendorError(Exception):
    """A call to a vendor did not end well.

    Attributes:
        vendor: "slicktext" or "cloudcontactai".
        retryable: repeating the same request later may help.
        outcome_unknown: the request may have been carried out.
        quotes: the sentence for people ends with the vendor's own words.
        person: one calm sentence for the screen.
        log: what to write to a log; holds no key and no full number.
        status: the HTTP status, None when there was no answer.
        words: what the vendor said, in one line and redacted, "" if nothing.
        retry_after: seconds to wait before repeating, None when the vendor did not say.
    """

    retryable: ClassVar[bool] = False
    quotes: ClassVar[bool] = False
    sentence: ClassVar[str] = "Something went wrong with {vendor}."

    def __init__(
        self,
        vendor: str,
        *,
        outcome_unknown: bool = False,
        status: int | None = None,
        words: str = "",
        retry_after: float | None = None,
        log: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(vendor)
        self.vendor = vendor
        self.outcome_unknown = outcome_unknown
        self.status = status
        self.words = redact(words)
        self.retry_after = retry_after
        self.log: dict[str, Any] = {
            "vendor": vendor,
            "error": type(self).__name__,
            "status": status,
            "outcome_unknown": outcome_unknown,
            **redact_all(dict(log or {})),
        }

    @property
    def person(self) -> str:
        """Return a sentence for the screen, or two."""
        parts = [self.sentence.format(vendor=VENDOR_NAMES.get(self.vendor, self.vendor))]
        if self.outcome_unknown:
            parts.append("We do not know yet whether the change went through.")
        if self.quotes and self.words:
            parts.append(f"It said: {self.words}")
        return " ".join(parts)

    def __str__(self) -> str:
        facts = " ".join(f"{key}={value}" for key, value in self.log.items() if key != "error")
        return f"{facts} words={self.words!r}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class NotConnected(VendorError):
    sentence = "{vendor} is not connected to this dashboard."


class Unreachable(VendorError):
    retryable = True
    sentence = "{vendor} cannot be reached right now."


class NoAnswer(VendorError):
    retryable = True
    sentence = "{vendor} did not answer in time."


class Unreadable(VendorError):
    retryable = True
    sentence = "{vendor} sent an answer that we could not read."


class ServerError(VendorError):
    retryable = True
    sentence = "{vendor} has a problem on its side right now."


class RateLimited(VendorError):
    retryable = True
    sentence = "{vendor} asks us to slow down. Try again in a moment."


class BudgetSpent(RateLimited):
    sentence = "{vendor} is very busy with our requests. Try again in a moment."


class Refused(VendorError):
    quotes = True
    sentence = "{vendor} did not accept this."

    @property
    def said_by_a_proxy(self) -> bool:
        """Return True if the refusal is a web page: it came from a proxy, not from the vendor's API."""
        return "html" in str(self.log.get("content_type") or "")


class BadCredentials(Refused):
    retryable = True
    quotes = False
    sentence = "{vendor} does not accept our key. Tell an administrator."


class NotFound(Refused):
    quotes = False
    sentence = "{vendor} does not know this contact."


class NumberExists(Refused):
    quotes = False
    sentence = "{vendor} already has a contact with this number."


class Invalid(Refused):
    """400 or 422. ``fields`` says what is wrong by field name; "" for no field."""

    def __init__(
        self, vendor: str, *, fields: Mapping[str, Sequence[str]] | None = None, **facts: Any
    ) -> None:
        super().__init__(vendor, **facts)
        self.fields: dict[str, list[str]] = {
            name: [redact(line) for line in lines] for name, lines in (fields or {}).items()
        }
