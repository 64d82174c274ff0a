"""Make believable people from a seed. Person number i is the same at any scale, on any machine."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b
from math import gcd
from random import Random
from typing import Any
from unicodedata import normalize

from sandbox import names
from sandbox.places import Place, area_codes

Row = tuple[Any, ...]

COLUMNS = (
    "contact_id", "first_name", "last_name", "mobile_number", "mobile_number_carrier", "email", "birthdate",
    "address", "city", "state", "zip", "country", "source", "_source_id", "sub_source", "_sub_source_id",
    "custom_fields", "timezone", "language", "opt_in_status", "last_opt_in_status_change", "created", "last_updated",
)  # fmt: skip
FIRST_ID = 7778
MARTY_NUMBER = "+16155553338"
# The very contact of the vendor's samples.
MARTY: Row = (
    FIRST_ID, "Marty", "McFly", MARTY_NUMBER, None, "marty@slicktext.com", "1968-06-12", "9303 Lyon Drive",
    "Hill Valley", "CA", "95420", "US", "api", None, "api", "api",
    '{"member":1,"member_number":12345,"membership_date":"1985-10-26"}', "America/Los_Angeles", "en", "subscribed",
    None, "1955-11-12 06:38:00", "2015-10-15 07:28:00",
)  # fmt: skip

AREA_CODES = area_codes()
LINES = 10_000
SLOTS = len(AREA_CODES) * LINES
STATUSES = (
    ["subscribed"] * 70
    + ["unsubscribed"] * 14
    + ["not subscribed"] * 12
    + ["blocked"] * 3
    + ["pending"]
)
SOURCES = ["api"] * 20 + ["import"] * 30 + ["keyword"] * 30 + ["web form"] * 15 + ["manual"] * 5
LANGUAGES = ["en"] * 82 + ["es"] * 14 + ["fr"] * 2 + [None] * 2
STORES = ("Downtown", "Airport", "Harbor Mall", "Eastside", "Online", "Old Town")
TIERS = ("bronze", "silver", "gold", "platinum")
KEYWORDS = ("SAVE", "JOIN", "VIP", "DEALS", "PIZZA", "HELLO")
DRAWS = struct.Struct("<32H")
FIRST_DAY = date(2016, 1, 1)
LAST_DAY = date(2026, 6, 30)
DAYS = [str(FIRST_DAY + timedelta(n)) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
BIRTHDAYS = [str(date(1935, 1, 1) + timedelta(n)) for n in range(26_000)]


def people(count: int, seed: int) -> Iterator[Row]:
    """Yield the first `count` people of this seed, in the order of their ids."""
    if count > SLOTS:
        raise ValueError(f"no more than {SLOTS} people have a number of their own")
    if count > 0:
        yield MARTY
    for index in range(1, count):
        yield person(index, seed)


def person(index: int, seed: int) -> Row:
    key = seed.to_bytes(16, "big", signed=True)
    hashed = blake2b(index.to_bytes(8, "big"), key=key, digest_size=64).digest()
    draw = DRAWS.unpack(hashed)
    slot = slot_of(index, seed)
    area, places = AREA_CODES[slot // LINES]
    place = places[draw[0] % len(places)]
    first, last = name(draw)
    status = STATUSES[draw[4] % 100]
    source, source_id, sub_source = origin(draw)
    created, changed, updated = times(draw, status)
    return (
        FIRST_ID + index,
        first,
        last,
        f"+1{area}555{line_order(seed)[slot % LINES]}",
        None,
        email(first, last, draw),
        BIRTHDAYS[draw[7] % 26_000] if draw[8] % 5 else None,
        address(draw),
        place.city,
        place.state,
        zip_code(place, draw[11]),
        place.country,
        source,
        source_id,
        sub_source,
        source_id,
        custom_fields(draw),
        place.timezone if draw[12] % 20 else None,
        "fr" if place.state == "QC" else LANGUAGES[draw[13] % 100],
        status,
        changed,
        created,
        updated,
    )


@lru_cache
def line_order(seed: int) -> list[str]:
    """Return the last four digits, mixed, so that neighbors in the list have different numbers."""
    lines = [f"{line:04d}" for line in range(LINES)]
    Random(seed).shuffle(lines)
    return lines


@lru_cache
def shuffle(seed: int) -> tuple[int, int, int]:
    """Return the step and start that reach each possible number once, and Marty's place."""
    digest = blake2b(b"numbers", key=seed.to_bytes(16, "big", signed=True), digest_size=16).digest()
    step = int.from_bytes(digest[:8], "big") % SLOTS
    while gcd(step, SLOTS) != 1:
        step += 1
    marty = [code for code, _ in AREA_CODES].index(MARTY_NUMBER[2:5]) * LINES
    marty += line_order(seed).index(MARTY_NUMBER[-4:])
    return step, int.from_bytes(digest[8:], "big") % SLOTS, marty


def slot_of(index: int, seed: int) -> int:
    step, start, marty = shuffle(seed)
    slot = (start + step * index) % SLOTS
    # Marty is index 0 and leaves his place to the person who got his number.
    return start if slot == marty else slot


def name(draw: tuple[int, ...]) -> tuple[str | None, str | None]:
    first = names.FIRST[draw[1] % len(names.FIRST)]
    last = names.LAST[draw[2] % len(names.LAST)]
    kind = draw[3] % 200
    if kind < 6:
        return None, None
    if kind < 14:
        return first, None
    if kind < 16:
        return None, last
    if kind < 24:
        return first, names.TWO_SURNAMES[draw[2] % len(names.TWO_SURNAMES)]
    if kind == 24:
        return names.LONG[draw[2] % len(names.LONG)]
    return first, last


def email(first: str | None, last: str | None, draw: tuple[int, ...]) -> str | None:
    if draw[5] % 8 == 0:
        return None
    local = plain(f"{first or 'hello'}.{last}" if last else first or "hello")
    return f"{local}{draw[5] % 997}@{names.MAIL_HOSTS[draw[6] % len(names.MAIL_HOSTS)]}"


@lru_cache(maxsize=100_000)
def plain(text: str) -> str:
    """Return only letters that every mail host takes: é becomes e, others are dropped."""
    letters = normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "".join(c for c in letters if c.isalnum() or c == ".")[:40]


def address(draw: tuple[int, ...]) -> str | None:
    if draw[9] % 6 == 0:
        return None
    street = names.STREETS[draw[10] % len(names.STREETS)]
    kind = names.KINDS[draw[10] // 64 % len(names.KINDS)]
    unit = f", Apt {draw[14] % 40 + 1}" if draw[14] % 7 == 0 else ""
    return f"{draw[9] % 9800 + 100} {street} {kind}{unit}"


def zip_code(place: Place, number: int) -> str:
    if place.country == "CA":
        letter = "ABCEGHJKLMNPRSTVWXYZ"[number // 100 % 20]
        return f"{place.zip_start} {number % 9 + 1}{letter}{number // 9 % 9 + 1}"
    return f"{place.zip_start}{number % 99 + 1:02d}"


def origin(draw: tuple[int, ...]) -> tuple[str, str | None, str | None]:
    source = SOURCES[draw[15] % 100]
    if source == "api":
        return source, None, "api"
    if source == "keyword":
        return source, str(draw[16] % 400 + 1), KEYWORDS[draw[16] % len(KEYWORDS)]
    return source, str(draw[16] % 90 + 1), None


def times(draw: tuple[int, ...], status: str) -> tuple[str, str | None, str | None]:
    """Return when a person was created, changed status, and was edited last; the last two are often None."""
    born = draw[17] % (len(DAYS) - 2)
    left = len(DAYS) - 1 - born
    change = born + 1 + draw[18] % left
    edit = born + 1 + draw[19] % left
    created = stamp(born, draw[20], draw[23])
    has_changed = status in ("unsubscribed", "blocked") or draw[25] % 5 == 0
    changed = stamp(change, draw[21], draw[24]) if has_changed else None
    if draw[26] % 100 < 35:
        return created, changed, changed
    edited = stamp(edit, draw[22], draw[27])
    return created, changed, max(changed, edited) if changed else edited


def stamp(day: int, minutes: int, seconds: int) -> str:
    minutes %= 1440
    return f"{DAYS[day]} {minutes // 60:02d}:{minutes % 60:02d}:{seconds % 60:02d}"


def custom_fields(draw: tuple[int, ...]) -> str | None:
    if draw[28] % 5 == 0:
        return None
    fields: dict[str, object] = {"member": draw[28] % 2}
    if fields["member"]:
        fields["member_number"] = 10_000 + draw[29] * 16 + draw[30] % 16
        fields["membership_date"] = DAYS[draw[17] % (len(DAYS) - 2)]
        fields["loyalty_tier"] = TIERS[draw[30] // 16 % 4]
    if draw[31] % 3 == 0:
        fields["favorite_store"] = STORES[draw[31] // 3 % len(STORES)]
    elif draw[31] % 3 == 1:
        fields["favorite_store"] = None
    return json.dumps(fields, separators=(",", ":"))
