"""What may be logged or shown: keys, full phone numbers and email addresses taken out."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import quote

from contacts_ui.phone import mask

HIDDEN = "[hidden]"

_BEARER = re.compile(r"(?i)\bbearer(?:\s|%20|\+)+[^\s\"',;&]+")
# Tried only where a word begins: at every letter of a long one without "@" it would take minutes.
_EMAIL = re.compile(r"(?<![\w.+%-])([\w.+%-])[\w.+%-]*(@|%40)([\w-]+(?:\.[\w-]+)+)", re.IGNORECASE)
# Ten digits or more with anything that people, URLs and JSON put between them.
_BETWEEN = r"(?:[\s()+.,/_\u00ad\u2010-\u2015\u2212-]|%20|%28|%29|%2D|%2E|\\u00[aA]0)"
_DATE = r"(?:19|20)\d\d-(?:0\d|1[0-2])-[0-3]\d(?!\d)"
_NUMBER = re.compile(
    rf"(?!{_DATE})(?:\+|%2B|\\u002b)?\(?\d(?:{_BETWEEN}{{0,4}}\d){{9,}}", re.IGNORECASE
)
# What a list is filtered by holds names; a number is masked already, and pages are no secret.
_ASKED_FOR = re.compile(r"([?&](?!limit=|offset=)[\w.%\[\]-]+=)(?!\+1\*)[^&\s\"]+")
# A one-time link: Django logs the address of each request that it refuses.
_LINK = re.compile(r"(/(?:accounts/link|webhooks/slicktext)/)[^/\s\"'?]+")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}")


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return ``text`` without the given secrets, bearer tokens, full numbers and addresses."""
    for secret in filter(None, secrets):
        text = text.replace(secret, HIDDEN).replace(quote(secret, safe=""), HIDDEN)
    text = _BEARER.sub(f"Bearer {HIDDEN}", text)
    text = hide_in_path(text)
    text = _EMAIL.sub(r"\1***\2\3", text)
    return _NUMBER.sub(lambda found: mask(_ESCAPE.sub("", found.group())), text)


def hide_in_path(path: str) -> str:
    """Return a path, or a text that has some, without the secrets of one-time links and of SlickText's hook."""
    return _LINK.sub(rf"\1{HIDDEN}", path)


def redact_all(value: Any, secrets: tuple[str, ...] = ()) -> Any:
    """Return ``value`` with every text inside it redacted; lists and dicts are walked."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {redact_all(k, secrets): redact_all(v, secrets) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact_all(item, secrets) for item in value]
    return value


class RedactingFilter(logging.Filter):
    """Redact the finished message of a record, and what the addresses in it ask for."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; never drop it."""
        message = _ASKED_FOR.sub(rf"\1{HIDDEN}", redact(record.getMessage()))
        record.msg, record.args = message, ()
        return True


def quieten_urllib3() -> None:
    """Redact what urllib3 logs: its debug lines carry whole URLs, and ours carry numbers."""
    for name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
        logger = logging.getLogger(name)
        if not any(isinstance(item, RedactingFilter) for item in logger.filters):
            logger.addFilter(RedactingFilter())
