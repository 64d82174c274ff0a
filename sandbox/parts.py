"""Pieces of the page for people: boxes with their labels, and tables. Cells come escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

TITLES = {"slicktext": "SlickText", "cloudcontactai": "CloudContactAI"}
SHOWN = 25


def select(key: str, name: str, label: str, options: list[tuple[str, str]], chosen: str) -> str:
    inner = "".join(
        f"<option value='{escape(value)}'{' selected' if value == chosen else ''}>"
        f"{escape(shown)}</option>"
        for value, shown in options
    )
    box = f"<select id='{key}' name='{name}'>{inner}</select>"
    return f"<p><label for='{key}'>{label}</label>{box}</p>"


def number(key: str, name: str, label: str, value: str = "") -> str:
    box = f"<input id='{key}' name='{name}' type='number' min='0' step='any' value='{value}'>"
    return f"<p><label for='{key}'>{label}</label>{box}</p>"


def text(key: str, name: str, label: str, value: str = "") -> str:
    box = f"<input id='{key}' name='{name}' value='{escape(value)}'>"
    return f"<p><label for='{key}'>{label}</label>{box}</p>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th scope='col'>{each}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
