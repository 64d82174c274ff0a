"""Make odd requests from a seed: the same seed gives the same requests, apart from what pages had in them."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

from django import forms
from django.urls import URLPattern, get_resolver
from django.utils.regex_helper import normalize

from tests.fuzz import values

# Those who may do most are sent most.
ROLES = ("anonymous", "nora", "vera", "edgar", "ada", "ada", *("max",) * 6, "administrator")
_READ = re.compile(r'(?:GET|POST|FILES)(?:\.get|\.getlist|\.pop)?[\[(]\s*"([\w.\-]+)"')
_FIXED = ("csrfmiddlewaretoken",)


@dataclass
class Made:
    """One request. Texts hold one character for each byte (latin-1), so that all of it fits into JSON."""

    role: str
    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    body: str = ""
    type: str = ""
    # False: without the token that the role's browser has.
    token: bool = True
    pattern: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return what differs from the plainest request."""
        facts = asdict(self) | {"pattern": ""}
        return {name: value for name, value in facts.items() if value not in ("", {}, True)}


@dataclass(frozen=True)
class Address:
    """A pattern of the URL map: its path with `%(name)s` in it, the kinds of its parts, and the names it may read."""

    path: str
    parts: dict[str, str]
    names: tuple[str, ...]
    options: dict[str, list[str]]


def bytes_text(text: str) -> str:
    """Return the bytes of a text, lone surrogates too, as one character each."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def addresses() -> list[Address]:
    """Return every address there is."""
    return [
        Address(path, parts, *_names_of(pattern.callback))
        for prefix, pattern in _patterns(get_resolver().url_patterns)
        for path, parts in [_path(prefix, pattern)]
    ]


def _patterns(patterns: Any, prefix: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for each in patterns:
        if isinstance(each, URLPattern):
            yield prefix, each
        else:
            yield from _patterns(each.url_patterns, (*prefix, each))


def _path(prefix: tuple[Any, ...], pattern: Any) -> tuple[str, dict[str, str]]:
    path, parts = "/", {}
    for each in (*prefix, pattern):
        (text, names), *_ = normalize(each.pattern.regex.pattern.replace(r"\Z", "").rstrip("$"))
        path += text
        converters = each.pattern.converters
        parts |= {
            name: type(converters[name]).__name__ if name in converters else "" for name in names
        }
    return path, parts


def _names_of(view: Any) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """Return the names of the parameters that a view may read, and what its forms offer for them."""
    view = inspect.unwrap(getattr(view, "view_class", view))
    module = inspect.getmodule(view)
    names, options = set(values.NAMES), {}
    for each in vars(module).values():
        if not (isinstance(each, type) and issubclass(each, forms.BaseForm)):
            continue
        for name, one in getattr(each, "base_fields", {}).items():
            names.add(name)
            offered = getattr(one, "choices", None) or getattr(one.widget, "choices", None) or ()
            options[name] = [str(value) for value, _ in offered]
    names |= set(_READ.findall(inspect.getsource(module))) if module else set()
    return tuple(sorted(names)), options


class Maker:
    """Makes requests. `known` has what fills the parts of addresses: ids, numbers and texts."""

    def __init__(self, seed: int, known: dict[str, list[str]]) -> None:
        self.chance = Random(seed)  # noqa: S311 - odd requests, not secrets
        self.known = known
        self.addresses = addresses()
        self.every_name = sorted({name for each in self.addresses for name in each.names})
        self.choices = values.choices()
        # What an address does not take is rarely sent again.
        self.refused: set[tuple[str, str]] = set()

    def make(self) -> Made:
        """Return an odd request."""
        chance, address = self.chance, self.chance.choice(self.addresses)
        method = chance.choice(values.METHODS)
        if (method, address.path) in self.refused and chance.random() < 0.9:
            method = "POST" if method == "GET" else "GET"
        made = Made(chance.choice(ROLES), method, self._filled(address), pattern=address.path)
        if chance.random() < 0.7:
            made.query = self._pairs(address)
        if made.method not in ("GET", "HEAD", "OPTIONS", "get"):
            self._give_body(made, address)
        self.spoil(made)
        made.token = chance.random() < 0.9
        return made

    def spoil(self, made: Made) -> None:
        """Add odd headers and cookies."""
        chance = self.chance
        for _ in range(chance.choice((0, 0, 0, 1, 1, 3))):
            name = chance.choice(list(values.HEADERS))
            text = chance.choice(values.HEADERS[name] or values.TEXTS)
            if chance.random() < 0.1:
                text = chance.choice(values.TEXTS)
            made.headers[name] = bytes_text(text)
        if chance.random() < 0.3:
            made.headers["HX-Request"] = "true"
        if chance.random() < 0.25:
            name = chance.choice(list(values.COOKIES))
            made.cookies[name] = bytes_text(chance.choice(values.COOKIES[name]))

    def change(self, data: dict[str, Any], address: str) -> dict[str, Any]:
        """Return a filled form with some of it odd."""
        names = [name for name in data if name not in _FIXED] or ["q"]
        for name in self.chance.sample(names, min(len(names), self.chance.choice((1, 1, 2, 3)))):
            data[name] = self._value(name, {})
        return data

    def encoded(self, pairs: list[tuple[str, str]]) -> str:
        """Return pairs as a query or a body."""
        separator = "&" if self.chance.random() < 0.97 else self.chance.choice((";", "&&", "&amp;"))
        return separator.join(
            f"{self._escaped(name)}={self._escaped(text)}" for name, text in pairs
        )

    def _escaped(self, text: str) -> str:
        if self.chance.random() < 0.03:
            # As it is: bytes above 127, broken percents.
            return bytes_text(text).replace("&", "")[:2000]
        return quote_from_bytes(text.encode("utf-8", "surrogatepass"))

    def _filled(self, address: Address) -> str:
        parts = {name: self._part(kind) for name, kind in address.parts.items()}
        path = address.path % parts
        if self.chance.random() < 0.02:
            path += bytes_text(self.chance.choice(values.TEXTS))[:3000]
        return path

    def _part(self, kind: str) -> str:
        odd = self.chance.random() < 0.1
        if kind in ("ContactIdConverter", "IntConverter"):
            return self.chance.choice(("0", "9" * 18, "9" * 400) if odd else self.known["id"])
        if kind == "NumberConverter" and not odd:
            return self.chance.choice(self.known["number"])
        if self.chance.random() < 0.5:
            return self.chance.choice(self.known["text"])
        return bytes_text(self.chance.choice(values.TEXTS) or "x")[:600].replace("/", "-")

    def _pairs(self, address: Address) -> str:
        many = self.chance.choice((0, 1, 1, 2, 3, 5, 12))
        if self.chance.random() < 0.002:
            return "&".join(f"a{each}=1" for each in range(1500))
        pairs = []
        for _ in range(many):
            names = address.names if self.chance.random() < 0.9 else self.every_name
            name = self.chance.choice(names)
            pairs.append((name, self._value(name, address.options)))
        return self.encoded(pairs)

    def _value(self, name: str, options: dict[str, list[str]]) -> str:
        chance = self.chance
        if options.get(name) and chance.random() < 0.6:
            return chance.choice(options[name])
        dated = name in ("from", "to") or name.endswith("_at")
        pools = (
            (values.MOMENTS,)
            if dated and chance.random() < 0.7
            else (values.TEXTS, values.TEXTS, values.MOMENTS, self.choices)
        )
        return chance.choice(chance.choice(pools))

    def _give_body(self, made: Made, address: Address) -> None:
        chance = self.chance
        made.type = (
            values.TYPES[0] if chance.random() < 0.6 else bytes_text(chance.choice(values.TYPES))
        )
        kind = chance.random()
        if "multipart" in made.type or kind < 0.05:
            made.body = self._multipart(address)
        elif "json" in made.type or kind < 0.1 or "webhook" in address.path:
            made.body = self._json()
        elif kind < 0.14:
            made.body = chance.randbytes(chance.choice((0, 1, 50, 3000))).decode("latin-1")
        else:
            made.body = self._pairs(address)

    def _multipart(self, address: Address) -> str:
        chance, lines = self.chance, []
        for _ in range(chance.choice((0, 1, 2, 4))):
            name = chance.choice(address.names)
            file, odd = chance.choice(values.FILE_NAMES), chance.choice(values.PART_HEADERS)
            text = self._value(name, address.options)
            if file and chance.random() < 0.7:
                text = chance.choice(values.FILE_CONTENTS)
            head = f'Content-Disposition: form-data; name="{bytes_text(name)}"{file}'
            lines.append(f"--B\r\n{head}\r\n{odd}\r\n{bytes_text(text)}\r\n")
        return "".join(lines) + chance.choice(("--B--\r\n", "--B--\r\n", "--B", ""))

    def _json(self) -> str:
        text = self.chance.choice(values.TEXTS)
        deep = self.chance.choice(values.DEEP)
        about = f'{{"ContactData": {deep}, "UnsubscribedAt": {deep}}}'
        bodies = (
            f'{{"eventType": {deep}, "data": {deep}, "eventHash": "h"}}',
            f'{{"eventType": "contact.unsubscribed", "data": {about}, "eventHash": "h"}}',
            f'{{"eventType": "contact.unsubscribed", "data": {about}, "eventHash": {deep}}}',
            f'{{"name": "contact_updated", "data": {{"contact_id": {deep}}}, "date": {deep}}}',
            f'{{"name": {deep}, "data": {deep}}}',
            deep,
            text,
        )
        return bytes_text(self.chance.choice(bodies))
