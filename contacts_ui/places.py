"""The states, provinces, and time zones that SlickText's contacts live in (US and Canada), by all their names."""

import re
import unicodedata
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

_STATES: Final = """
AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;
DC District of Columbia;FL Florida;GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;
KY Kentucky;LA Louisiana;ME Maine;MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;
MO Missouri;MT Montana;NE Nebraska;NV Nevada;NH New Hampshire;NJ New Jersey;NM New Mexico;NY New York;
NC North Carolina;ND North Dakota;OH Ohio;OK Oklahoma;OR Oregon;PA Pennsylvania;RI Rhode Island;
SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;UT Utah;VT Vermont;VA Virginia;WA Washington;
WV West Virginia;WI Wisconsin;WY Wyoming;AS American Samoa;GU Guam;MP Northern Mariana Islands;PR Puerto Rico;
VI US Virgin Islands;AB Alberta;BC British Columbia;MB Manitoba;NB New Brunswick;NL Newfoundland and Labrador;
NS Nova Scotia;NT Northwest Territories;NU Nunavut;ON Ontario;PE Prince Edward Island;QC Quebec;
SK Saskatchewan;YT Yukon
"""
# As they are shortened, and in Spanish and French; letters alone, in lower case.
_OTHER_NAMES: Final = """
AL ala;AZ ariz;AR ark;CA cal calif;CO colo;CT conn;DC washingtondc washdc districtofcolumbiadc;DE del;FL fla;
IL ill ills;IN ind;KS kan kans;KY kent;LA luisiana;MA mass;MI mich;MN minn;MS miss;MT mont;
NE neb nebr;NV nev;NJ nuevajersey;NM nmex newmex nuevomexico;NY nuevayork;NC ncar ncarolina carolinadelnorte;
ND ndak ndakota dakotadelnorte;OK okla;OR ore oreg;PA penn penna pensilvania;SC scar scarolina carolinadelsur;
SD sdak sdakota dakotadelsur;TN tenn;TX tex tejas;WA wash;WV wva wvirginia virginiaoccidental;WI wis wisc;
WY wyo;MP cnmi;PR portorico;VI virginislands usvi;AB alta;BC colombiebritannique;MB man;
NB nouveaubrunswick;NL nfld nf newfoundland labrador newfoundlandlabrador
terreneuveetlabrador terreneuve;NS nouvelleecosse;NT nwt;ON ont;
PE pei ileduprinceedouard;QC que pq;SK sask;YT yukonterritory
"""
# How people and programs write the country in which a number without +1 is at home.
_HOME: Final = frozenset(
    """us usa unitedstates unitedstatesofamerica theunitedstates theunitedstatesofamerica america eeuu eua eeuua
    estadosunidos losestadosunidos estadosunidosdeamerica etatsunis etatsunisdamerique vereinigtestaaten
    puertorico pr guam usvirginislands virginislands vi""".split()  # noqa: SIM905
)
_COUNTRIES: Final = frozenset(["us", "usa", "unitedstates", "unitedstatesofamerica", "canada"])
# The states whose zip codes begin with a zero, with the armed forces in Europe.
ZERO_STATES: Final = frozenset(["CT", "MA", "ME", "NH", "NJ", "RI", "VT", "PR", "VI", "AE"])
# The four that SlickText's API is seen to use.
TIME_ZONES: Final = {
    "America/New_York": "Eastern",
    "America/Chicago": "Central",
    "America/Denver": "Mountain",
    "America/Los_Angeles": "Pacific",
}
_ZONE_WORDS: Final = {
    word: zone
    for zone, label in TIME_ZONES.items()
    for letter in [label[0].lower()]
    for word in (label.lower(), f"{letter}t", f"{letter}st", f"{letter}dt")
}
_BESIDE_ZONES: Final = frozenset(
    ["time", "standard", "daylight", "saving", "savings", "zone", "us", "u", "s"]
)
_ZONE_NAME: Final = re.compile(r"[A-Za-z_]+(?:/[A-Za-z_\-]+)+")
_US_AND_CANADA: Final = re.compile(r"\bU\.?S\.?A?\s*(?:&|and)\s*Canada\b", re.IGNORECASE)
# Arizona's, at Windows.
_NO_SUMMER_TIME: Final = "us mountain standard time"
_OFFSET: Final = re.compile(
    r"\(?(?:\b(?:gmt|utc))?\s*[+\-−]\s*\d{1,2}(?::?\d\d)?\b\)?", re.IGNORECASE
)


def letters(text: str) -> str:
    """Return the letters alone, in lower case and without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if letter.isalpha())


def _entries(table: str) -> list[tuple[str, str]]:
    parted = (entry.strip().partition(" ") for entry in table.split(";"))
    return [(code, names) for code, _, names in parted]


STATES: Final[dict[str, str]] = dict(_entries(_STATES))
_CODES: Final = {
    **{code.lower(): code for code in STATES},
    **{letters(name): code for code, name in STATES.items()},
    **{name: code for code, names in _entries(_OTHER_NAMES) for name in names.split()},
}


@lru_cache(maxsize=4096)
def state_code(typed: str) -> str | None:
    """Return the two-letter code of a state or province, from any of its names; None for none or for two of them."""
    if re.search(r"\d", typed):
        return None
    if code := _CODES.get(letters(typed)):
        return code
    if found := re.fullmatch(r"\s*(?:US|CA)\s?-\s?([A-Za-z]{2})\s*", typed, re.IGNORECASE):
        return _CODES.get(found[1].lower())
    # "MA - Massachusetts", "Tennessee (TN)", "Washington State", "Texas, USA".
    words = re.sub(r"\bstate(?:\s+of)?\b", " ", typed, flags=re.IGNORECASE)
    parts = [part for each in re.split(r"[-–—,/()]", words) if (part := letters(each))]
    codes = {_CODES.get(part) for part in parts if part not in _COUNTRIES}
    return codes.pop() if len(codes) == 1 else None


@lru_cache(maxsize=4096)
def time_zone(typed: str) -> str | None:
    """Return the one of TIME_ZONES that is meant, by name, abbreviation, or a place of the same time; None for none.

    A distance to Greenwich alone is none: several zones have it.
    """
    for name in (typed.strip().replace(" ", "_"), *_ZONE_NAME.findall(typed)):
        if "/" in name and (zone := _zones().get(name.casefold())):
            return _same_time(zone)
    bare = _US_AND_CANADA.sub(" ", _OFFSET.sub(" ", typed)).casefold().strip()
    words = set(re.findall(r"[^\W\d_]+", bare)) - _BESIDE_ZONES
    meant = {_ZONE_WORDS.get(word) for word in words}
    if len(meant) == 1 and None not in meant and bare != _NO_SUMMER_TIME:
        return meant.pop()
    zone = _zones().get(bare)
    return _same_time(zone) if zone else None


def is_offset(typed: str) -> bool:
    """Return True for a distance to Greenwich and nothing else: GMT-6, UTC-05:00."""
    return _OFFSET.fullmatch(typed.strip()) is not None


def is_home(country: str) -> bool:
    """Return True for the US by any name, and for its territories that have US zip codes."""
    return letters(country) in _HOME


def _same_time(zone: str) -> str | None:
    """Return the one of TIME_ZONES whose clocks show the same all year."""
    year = datetime.now(UTC).year

    def clocks(name: str) -> list[object]:
        place = ZoneInfo(name)
        return [datetime(year, month, 15, tzinfo=place).utcoffset() for month in range(1, 13)]

    return next((usual for usual in TIME_ZONES if clocks(usual) == clocks(zone)), None)


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}
