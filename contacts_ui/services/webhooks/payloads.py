"""Reading what the vendors send: bodies that every database can hold, their parts, and whether they speak of a stop.

Pure; no network and no database.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

# Real events are four deep.
MAX_DEPTH: Final = 50
# As many digits as a double can have: SQLite reads larger numbers as infinite.
MAX_DIGITS: Final = 300
NO_NUMBER_FOR_DATABASES: Final = "a number that no database holds"
NO_TEXT_FOR_DATABASES: Final = "a character that no database holds"
SAYS_STOP: Final = re.compile(
    r"unsubscri|block(?:ed|list)|black[\W_]?list|\bstop|_stop|revok"
    r"|opt(?:ed|ing|s)?[\W_]?out|do[\W_]?not[\W_]?(?:text|contact|message|sms)",
    re.IGNORECASE,
)
# Our own address is in there, and means nothing.
NOT_READ: Final = ("url", "eventhash")
# What is around the data of an event.
FRAME: Final = ("id", "name", "eventtype", "attempts")


HIDDEN: Final = "[hidden]"
# Where SlickText sends its webhooks, with our secret at the end. Each body has this address.
OUR_ADDRESS: Final = re.compile(r"(?i)(/webhooks/slicktext/)(?!\[hidden\])[^/\s\"'?#]+")
# A shorter secret is part of many words.
SECRET_LETTERS_MIN: Final = 8


class NotAnEvent(Exception):
    """The body is nothing that we could store and act on. Its text is for the sender."""


class NotYet(Exception):
    """It cannot be decided now; try again later."""


class NeedsDecision(Exception):
    """It mentions a stop and can't be matched: a person decides (rule 11). Its text says why."""


def parse(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, if every database can hold it. Raises NotAnEvent."""
    try:
        body = json.loads(
            raw, parse_int=lambda each: int(each) if len(each) <= MAX_DIGITS else math.inf
        )
    except RecursionError as problem:
        raise NotAnEvent("nested too deeply") from problem
    except ValueError as problem:
        raise NotAnEvent("not JSON") from problem
    if not isinstance(body, dict):
        raise NotAnEvent("not a JSON object")
    _check(body)
    return body


def _check(body: object) -> None:
    """Raise NotAnEvent for what a database would refuse, or lose without a word."""
    waiting: list[tuple[object, int]] = [(body, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise NotAnEvent("nested too deeply")
        if isinstance(value, dict):
            waiting += [(each, depth + 1) for pair in value.items() for each in pair]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]
        elif isinstance(value, float) and not math.isfinite(value):
            raise NotAnEvent(NO_NUMBER_FOR_DATABASES)
        elif isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
            raise NotAnEvent(NO_TEXT_FOR_DATABASES)


def without_secrets(value: Any, secrets: Iterable[str]) -> Any:
    """Return the value without these secrets, and without the secret of our own address, in keys and texts."""
    spelled = [
        spelling
        for secret in secrets
        if len(secret) >= SECRET_LETTERS_MIN
        for spelling in {secret, quote(secret, safe="")}
    ]
    return _hidden(value, spelled)


def _hidden(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, dict):
        return {_hidden(key, secrets): _hidden(each, secrets) for key, each in value.items()}
    if isinstance(value, list):
        return [_hidden(each, secrets) for each in value]
    if not isinstance(value, str):
        return value
    for secret in secrets:
        value = value.replace(secret, HIDDEN)
    return OUR_ADDRESS.sub(rf"\1{HIDDEN}", value)


def part(value: object, *names: str) -> Any:
    """Return the first member of a JSON object by its name, in any capitals; None if there is none."""
    if not isinstance(value, dict):
        return None
    held = {key.lower(): each for key, each in value.items()}
    return next((held[name] for name in names if held.get(name) not in (None, "")), None)


def text(value: object, *, longest: int = 100) -> str:
    """Return a short text of a string or a number; empty for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()[:longest] if isinstance(value, str | int) else ""


def speaks_of_a_stop(value: object) -> bool:
    """Return True where a text says so anywhere, or the name of something that is not empty, as `opt_out: true`."""
    if isinstance(value, str):
        return bool(SAYS_STOP.search(value))
    if isinstance(value, list):
        return any(speaks_of_a_stop(each) for each in value)
    if not isinstance(value, dict):
        return False
    said = ((key, each) for key, each in value.items() if key.lower() not in NOT_READ)
    nothing: tuple[object, ...] = (None, "", 0, "null", "false", "False", "0", [], {})
    return any(
        speaks_of_a_stop(each) or (each not in nothing and speaks_of_a_stop(key))
        for key, each in said
    )


def facts(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what an event says, in the vendor's words: names and values, without the frame around them."""
    said = [(name, each) for name, each in body.items() if name.lower() not in (*NOT_READ, *FRAME)]
    return [
        (key, str(value))
        for name, each in said
        for key, value in _leaves(each, name)
        if value not in (None, "")
    ]


def _leaves(value: object, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, name)
    else:
        yield name, value
