"""States, time zones, and countries by the names that people and programs give them."""

import pytest

from contacts_ui.places import STATES, is_home, is_offset, state_code, time_zone

NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Mass.", "MA"),
        ("US-MA", "MA"),
        ("Massachusetts ", "MA"),
        ("MA - Massachusetts", "MA"),
        ("Massachusetts (MA)", "MA"),
        ("Calif.", "CA"),
        ("W. Va.", "WV"),
        ("N. Carolina", "NC"),
        ("Nuevo México", "NM"),
        ("Washington State", "WA"),
        ("State of Texas", "TX"),
        ("Texas, USA", "TX"),
        ("CA, US", "CA"),
        ("Puerto Rico", "PR"),
        ("Puerto Rico, US", "PR"),
        ("D.C.", "DC"),
        ("Washington, D.C.", "DC"),
        ("Québec", "QC"),
        ("QUEBEC", "QC"),
        ("Qué.", "QC"),
        ("P.Q.", "QC"),
        ("Quebec (QC)", "QC"),
        ("CA-ON", "ON"),
        ("Ontario, Canada", "ON"),
        ("PEI", "PE"),
        ("tn", "TN"),
    ],
)
def test_states_and_provinces(typed: str, code: str) -> None:
    assert state_code(typed) == code


@pytest.mark.parametrize("typed", ["Jalisco", "ZZ", "TN - Texas", "US", "NA", "", "-", "ID 4711"])
def test_what_is_no_state_or_two_of_them(typed: str) -> None:
    assert state_code(typed) is None


def test_every_state_by_its_code_and_its_name() -> None:
    for code, name in STATES.items():
        assert (state_code(code), state_code(name)) == (code, code)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("CST", CHICAGO),
        ("EST", NEW_YORK),
        ("CST/CDT", CHICAGO),
        ("PT", "America/Los_Angeles"),
        ("MDT", "America/Denver"),
        ("Central", CHICAGO),
        ("Eastern Daylight Time", NEW_YORK),
        ("Eastern Time (US & Canada)", NEW_YORK),
        ("(UTC-06:00) Central Time (US & Canada)", CHICAGO),
        ("(GMT-06:00) Central Time (America/Chicago)", CHICAGO),
        ("(GMT-05:00) Eastern Daylight Time (America/New_York)", NEW_YORK),
        ("EST (GMT-5)", NEW_YORK),
        ("US Eastern Standard Time", NEW_YORK),
        ("america/chicago", CHICAGO),
        ("America/New York", NEW_YORK),
        ("US/Eastern", NEW_YORK),
        ("EST5EDT", NEW_YORK),
        ("America/Detroit", NEW_YORK),
        ("America/Indiana/Indianapolis", NEW_YORK),
        ("America/Winnipeg", CHICAGO),
    ],
)
def test_time_zones(typed: str, zone: str) -> None:
    assert time_zone(typed) == zone


@pytest.mark.parametrize(
    "typed",
    [
        *["America/Phoenix", "US Mountain Standard Time", "Canada Central Standard Time"],
        "Central America Standard Time",
        "(GMT-06:00) Central Standard Time (America/Mexico_City)",
        *["Central Europe Standard Time", "Europe/Berlin", "Hawaii", "Eastern/Central", "UTC"],
        *["GMT-6", "", "noon"],
    ],
)
def test_zones_that_slicktext_is_not_seen_to_take(typed: str) -> None:
    assert time_zone(typed) is None


@pytest.mark.parametrize("typed", ["GMT-6", "UTC-05:00", "(GMT+02:00)", "-6", "+0530"])
def test_a_distance_to_greenwich(typed: str) -> None:
    assert is_offset(typed)


@pytest.mark.parametrize("typed", ["UTC", "CST", "-", "EST (GMT-5)", "6"])
def test_what_is_more_or_less_than_a_distance(typed: str) -> None:
    assert not is_offset(typed)


@pytest.mark.parametrize(
    ("country", "home"),
    [
        ("United States of America", True),
        ("USA", True),
        ("U.S.A.", True),
        ("us", True),
        ("Estados Unidos", True),
        ("Puerto Rico", True),
        ("Mexico", False),
        ("Canada", False),
        ("", False),
    ],
)
def test_home(country: str, home: bool) -> None:
    assert is_home(country) is home
