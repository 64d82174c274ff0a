"""Read days and times as programs and people write them, without guessing what is not written."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.timezone import get_current_timezone, localdate


class Order(StrEnum):
    """Which comes first in 3/8/2024. A whole column has one order."""

    MONTH_FIRST = "month_first"
    DAY_FIRST = "day_first"


# Short and long, in English, Spanish, French, and German, without accents.
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        """jan january ene enero janv janvier januar janner
        feb february febrero fev fevr fevrier februar
        mar march marzo mars marz maerz mrz
        apr april abr abril avr avril
        may mayo mai
        jun june junio juin juni
        jul july julio juil juillet juli
        aug august ago agosto aout
        sep sept september septiembre setiembre septembre
        oct october octubre octobre okt oktober
        nov november noviembre novembre
        dec december dic diciembre decembre dez dezember""".splitlines(),
        start=1,
    )
    for name in names.split()
}
# Words around a day that do not change it.
_AROUND: Final = """at on of the de del a las le el den der um a st nd rd th er
    mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday
    lun mie jue vie sab dom lunes martes miercoles jueves viernes sabado domingo
    mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche
    mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag"""
_SET_ASIDE: Final = frozenset(_AROUND.split())
# Each with its hours west of Greenwich in winter.
_US_ZONES: Final = {
    "atlantic": ("America/Puerto_Rico", 4),
    "eastern": ("America/New_York", 5),
    "central": ("America/Chicago", 6),
    "mountain": ("America/Denver", 7),
    "pacific": ("America/Los_Angeles", 8),
    "alaska": ("America/Anchorage", 9),
    "hawaii": ("Pacific/Honolulu", 10),
}


def _us_zones() -> dict[str, tuple[tzinfo, ...]]:
    """Return what Eastern, ET, EST, and EDT may mean: people write EST in summer, too."""
    zones: dict[str, tuple[tzinfo, ...]] = {}
    for label, (name, hours) in _US_ZONES.items():
        place, short = ZoneInfo(name), "ak" if label == "alaska" else label[0]
        zones[label] = zones[f"{label} time"] = zones[f"{short}t"] = (place,)
        for word, fixed in (("standard", hours), ("daylight", hours - 1)):
            either = (place, timezone(-timedelta(hours=fixed)))
            zones[f"{short}{word[0]}t"] = zones[f"{label} {word} time"] = either
    # The word between a day and its time.
    del zones["at"]
    return zones


_ZONES: Final = {"z": (UTC,), "utc": (UTC,), "gmt": (UTC,), "ut": (UTC,), **_us_zones()}
_ZONE_NAME: Final = "|".join(map(re.escape, sorted(_ZONES, key=len, reverse=True)))
_NUMERIC: Final = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
    r"|(?P<one>\d{1,2})\s?(?P<mark>[-/.])\s?(?P<two>\d{1,2})\s?(?P=mark)\s?(?P<year>\d{4}|\d\d)",
    re.ASCII,
)
_UNBROKEN: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:[t ]?(\d\d)(\d\d)(\d\d)?(?=$|z|[.+\-\s]))?(?!\d)", re.ASCII
)
_CLOCK: Final = re.compile(
    rf"""(?<![\d.:])(?P<hour>\d{{1,2}})
    (?:(?::|\s?h\s?|\.(?=\d\d\s?uhr\b))(?P<minute>\d\d)(?::(?P<second>\d\d)(?P<fraction>[.,]\d{{1,9}})?)?
       (?:\s?uhr\b)?(?:\s?(?P<half>[ap])\.?\s?m\b\.?)?
      |\s?(?P<alone>[ap])\.?\s?m\b\.?)
    (?:\s?\(?(?P<zone>(?:utc|gmt)?\s?(?P<sign>[+-])(?P<h>\d{{1,2}}):?(?P<min>\d\d)?(?!\d)|(?:{_ZONE_NAME})\b)\)?
       (?:\s?(?:utc|z|[a-z]{{1,2}}[sd]t)\b)?(?:\s?[(\[][\w/\s+-]+[)\]])?)?""",
    re.ASCII | re.VERBOSE,
)
_EPOCH: Final = re.compile(r"(\d{10})(\d{3})?(?:\.\d+)?", re.ASCII)
_T_BETWEEN: Final = re.compile(r"(?<=\d)t(?=\d)", re.ASCII)
_TOKENS: Final = re.compile(r"[^\W\d_]+|\d+")
_NO_YEAR: Final = re.compile(
    r"--\d\d-?\d\d|(?:0000|1604)-?\d\d-?\d\d|\d{1,2}[-/.]\d{1,2}[-/.]?(?:0000|1604)?", re.ASCII
)
# Excel shows a zero as one of the last three.
_ZERO: Final = re.compile(
    r"(?:0{1,4}([-/.])0{1,2}\1(?:0000|0{1,2})|(?:0?1/0{1,2}|0{1,2}/0?1)/(?:19)?00"
    r"|0{1,2}-jan-(?:19)?00|(?:[a-z]+, )?january 0{1,2}, 1900)(?![\d/.\-])",
    re.ASCII,
)
# What programs write for no day; 4501 is Outlook's.
_PLACEHOLDERS: Final = (
    "0001-01-01 1753-01-01 1899-12-30 1899-12-31 1900-01-01 4501-01-01 9999-12-31"
)
_NO_DAYS: Final = frozenset(map(date.fromisoformat, _PLACEHOLDERS.split()))
_MAX_CHARACTERS: Final = 80
_FIRST_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
# Before text messages there were no opt-outs.
_FIRST_YEAR: Final = 1990


class _Read(NamedTuple):
    day: date
    clock: time | None
    # How long the moment may be that the clock names.
    length: timedelta
    # Empty without a zone.
    zones: tuple[tzinfo, ...]


def orders_of(texts: Iterable[str]) -> frozenset[Order]:
    """Return the orders that single values prove: 25/12/1990 proves DAY_FIRST, 3/8/1985 nothing.

    Dots (4.11.1988) count as DAY_FIRST where nothing else decides. Both orders in the answer: the column mixes them.
    """
    proved, dotted = set(), False
    for text in texts:
        found = _NUMERIC.search(_folded(text))
        if not found or not found["one"]:
            continue
        readings = [order for order in Order if day_of(text, order)]
        if len(readings) == 1:
            proved.add(readings[0])
        dotted = dotted or (found["mark"] == "." and bool(readings))
    return frozenset(proved or ({Order.DAY_FIRST} if dotted else ()))


def day_of(text: str, order: Order = Order.MONTH_FIRST) -> date | None:
    """Return the day that is written, also where a time follows; None for none, and without a year.

    A year of two digits is the last one that is not in the future. An epoch or a spreadsheet's day number is no day.
    """
    return read.day if (read := _read(_folded(text), order)) else None


def moment_of(
    text: str, order: Order = Order.MONTH_FIRST, tz: tzinfo | None = None
) -> tuple[datetime, datetime] | None:
    """Return the earliest and the latest moment, in UTC, that the text can mean; None for none.

    A time without a zone is one in `tz`, by default Django's current; a day alone is the whole day there. Nothing is
    later than now: what begins more than a day from now is no moment, and neither is what is older than text messages.
    """
    folded, now = _folded(text), datetime.now(UTC)
    if found := _EPOCH.fullmatch(folded):
        at = datetime.fromtimestamp(int(found[1]), UTC)
        if not _FIRST_EPOCH <= at <= now:
            return None
        exact = at + timedelta(milliseconds=int(found[2] or 0))
        return exact, exact + timedelta(milliseconds=1 if found[2] else 1000, microseconds=-1)
    read = _read(folded, order)
    if not read or not _FIRST_YEAR <= read.day.year <= now.year + 1:
        return None
    start = datetime.combine(read.day, read.clock or time.min)
    zones = read.zones or (tz or get_current_timezone(),)
    earliest, latest = (
        [
            at.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            for zone in zones
            # In the hour of a clock change a time has two readings.
            for fold in (0, 1)
        ]
        for at in (start, start + read.length - timedelta(microseconds=1))
    )
    if min(earliest) > now + timedelta(days=1):
        return None
    return min(now, *earliest), min(now, max(latest))


def is_no_day(text: str) -> bool:
    """Return True for what programs write where there is no day: 0/0/00, 0000-00-00, 1/0/1900, 1/1/4501."""
    folded = _folded(text)
    return bool(_ZERO.match(folded)) or day_of(folded) in _NO_DAYS


def lacks_year(text: str) -> bool:
    """Return True for a day without its year: --06-12, 6/12, June 12, and Apple's 1604-06-12."""
    folded = _folded(text)
    if _NO_YEAR.fullmatch(folded):
        return True
    tokens = sorted(_words(folded), key=str.isalpha)
    return [_kind(token) for token in tokens] == ["n", "m"] and int(tokens[0]) <= 31


def _folded(text: str) -> str:
    """Return the text in lower case, without accents and with plain spaces; "" if it is too long to be a day."""
    if len(text) > _MAX_CHARACTERS:
        return ""
    folded = text.casefold().replace("’", "").replace("'", "")
    if not folded.isascii():
        parts = unicodedata.normalize("NFKD", folded)
        folded = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return " ".join(folded.split())


def _read(text: str, order: Order) -> _Read | None:
    """Read a folded text; None if it is not a day with or without a time, and nothing else."""
    try:
        if found := _NUMERIC.fullmatch(text):
            return _Read(_numeric(found, order), None, timedelta(days=1), ())
        if found := _UNBROKEN.match(text):
            year, month, at, *parts = found.groups()
            hours = ":".join(filter(None, parts))
            text = f"{year}-{month}-{at} {hours}".rstrip() + text[found.end() :]
        text = _T_BETWEEN.sub(" ", text)
        if not (clock := _CLOCK.search(text)):
            return _Read(_day(text, order), None, timedelta(days=1), ())
        moment, length = _clock(clock)
        rest = f"{text[: clock.start()]} {text[clock.end() :]}"
        return _Read(_day(rest, order), moment, length, _zones(clock))
    except ValueError:
        return None


def _day(text: str, order: Order) -> date:
    """Return the day that a text without its time is. Raises ValueError."""
    bare = text.strip(" ,;|@-")
    if found := _NUMERIC.fullmatch(bare):
        return _numeric(found, order)
    tokens = _words(bare)
    kinds = "".join(_kind(token) for token in tokens)
    # "mar., 4 juin 2024": a Tuesday.
    if len(tokens) == 4 and tokens[0] == "mar" and "m" in kinds[1:]:
        tokens, kinds = tokens[1:], kinds[1:]
    match kinds:
        case "mny" | "mnn":
            month, day, year = tokens
        case "nmy" | "nmn":
            day, month, year = tokens
        case "ymn":
            year, month, day = tokens
        # "Monday, 6/3/2024".
        case "nny" | "ynn" | "nnn" if found := _NUMERIC.search(bare):
            return _numeric(found, order)
        case _:
            raise ValueError(bare)
    return _in_year(year, _MONTHS[month], int(day))


def _numeric(found: re.Match[str], order: Order) -> date:
    if found["y"]:
        return date(int(found["y"]), int(found["m"]), int(found["d"]))
    month, day = int(found["one"]), int(found["two"])
    if order == Order.DAY_FIRST:
        month, day = day, month
    return _in_year(found["year"], month, day)


def _in_year(year: str, month: int, day: int) -> date:
    """Return the day; a year of two digits is the last one in which the day is not in the future."""
    if len(year) == 4:
        return date(int(year), month, day)
    if len(year) != 2:
        raise ValueError(year)
    recent = 2000 + int(year)
    is_past = (recent, month, day) <= localdate().timetuple()[:3]
    return date(recent if is_past else recent - 100, month, day)


def _words(text: str) -> list[str]:
    return [token for token in _TOKENS.findall(text) if token not in _SET_ASIDE]


def _kind(token: str) -> str:
    """Return "m" for a month's name, "y" for four digits, "n" for one or two, "?" for all else."""
    if token in _MONTHS:
        return "m"
    return {1: "n", 2: "n", 4: "y"}.get(len(token) if token.isdigit() else 0, "?")


def _clock(found: re.Match[str]) -> tuple[time, timedelta]:
    """Return a time, and for how long it may be meant: an hour, a minute, a second, or an instant."""
    hour, half = int(found["hour"]), found["half"] or found["alone"]
    if half and hour <= 12:
        hour = hour % 12 + 12 * (half == "p")
    elif half == "a":
        raise ValueError(found[0])
    fraction = (found["fraction"] or "").strip(".,")[:6]
    at = time(
        hour, int(found["minute"] or 0), int(found["second"] or 0), int(fraction.ljust(6, "0"))
    )
    if fraction:
        return at, timedelta(milliseconds=1)
    if found["second"]:
        return at, timedelta(seconds=1)
    return at, timedelta(minutes=1) if found["minute"] else timedelta(hours=1)


def _zones(found: re.Match[str]) -> tuple[tzinfo, ...]:
    if not found["zone"]:
        return ()
    if not found["sign"]:
        return _ZONES[found["zone"]]
    away = timedelta(hours=int(found["h"]), minutes=int(found["min"] or 0))
    if away > timedelta(hours=14):
        raise ValueError(found["zone"])
    return (timezone(-away if found["sign"] == "-" else away),)
