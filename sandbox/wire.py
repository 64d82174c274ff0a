"""Give the vendors' code what it needs of HTTP: a request in, a reply out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# SQLite takes no larger number.
MOST = 2**53


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def segments(self) -> list[str]:
        """Return the path's segments, each decoded by itself, so that `%2B1...` and `%2F` stay inside."""
        return [unquote(part) for part in self.path.split("/") if part]

    @property
    def query(self) -> dict[str, str]:
        """Return the query. A bare `+` is a space, as everywhere: a number must be percent-encoded."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def any_json(self) -> Any:
        """Return the body as JSON. Raises ValueError if it is not JSON."""
        return json.loads(self.body or b"null")

    def json(self) -> dict[str, Any] | None:
        """Return the body as an object, or None if it is not one."""
        try:
            value = self.any_json()
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    # Not sent: True if a write changed nothing.
    changed_nothing: bool = False

    def with_headers(self, extra: dict[str, str]) -> Reply:
        return replace(self, headers=self.headers | extra)


def json_reply(value: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def html_reply(text: str, status: int = 200) -> Reply:
    return Reply(status, text.encode(), "text/html; charset=utf-8")


def whole_number(text: object, default: int, minimum: int = 0) -> int | None:
    """Return a number from a query or form; None if it is no number or out of range."""
    if text is None or text == "":
        return default
    try:
        value = int(str(text))
    except ValueError:
        return None
    return value if minimum <= value <= MOST else None
