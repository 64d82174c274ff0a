"""What the two vendors' code sees of HTTP: a request in, a reply out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# Beyond this SQLite would not take a number.
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
        """The path in parts; each is decoded alone, so that `%2B1...` and `%2F` stay in theirs."""
        return [unquote(part) for part in self.path.split("/") if part]

    @property
    def query(self) -> dict[str, str]:
        """A bare `+` is a space here, as everywhere: a number must come percent-encoded."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def any_json(self) -> Any:
        """ValueError where it is none."""
        return json.loads(self.body or b"null")

    def json(self) -> dict[str, Any] | None:
        """The body as an object, or None where it is not one."""
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
    # Never sent: whether a write left everything as it was.
    changed_nothing: bool = False

    def with_headers(self, extra: dict[str, str]) -> Reply:
        return replace(self, headers=self.headers | extra)


def json_reply(value: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def html_reply(text: str, status: int = 200) -> Reply:
    return Reply(status, text.encode(), "text/html; charset=utf-8")


def whole_number(text: object, default: int, minimum: int = 0) -> int | None:
    """A number from a query or form; None where it is not one or is out of range."""
    if text is None or text == "":
        return default
    try:
        value = int(str(text))
    except ValueError:
        return None
    return value if minimum <= value <= MOST else None
