from datetime import UTC, date, datetime
from typing import Any

import pytest

from contacts_ui.integrations import coerce


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("null", None),
        ("Null", "Null"),
        (" Marty ", "Marty"),
        (95420, "95420"),
        (95420.0, "95420"),
        (0, "0"),
        (True, "true"),
        ("a\0b", "ab"),
        ("half \ud83d emoji", "half ? emoji"),
    ],
)
def test_text(raw: Any, expected: str | None) -> None:
    assert coerce.text(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("subscribed", "subscribed"), (" subscribed", " subscribed"), ("null", None), (3, "3")],
)
def test_verbatim_text_keeps_its_blanks(raw: Any, expected: str | None) -> None:
    assert coerce.verbatim(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (7778, 7778),
        ("7778", 7778),
        (" 7778 ", 7778),
        (7778.0, 7778),
        ("7778.0", 7778),
        ("9007199254740993", 9007199254740993),
        (None, None),
        ("null", None),
    ],
)
def test_whole_numbers(raw: Any, expected: int | None) -> None:
    assert coerce.integer(raw) == expected


@pytest.mark.parametrize("raw", ["b26136", "7.5", 7.5, True, [7], {"id": 7}, "inf", "nan", "²"])
def test_what_is_no_whole_number(raw: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        coerce.integer(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (True, True),
        ("true", True),
        ("True", True),
        (1, True),
        ("1", True),
        (False, False),
        ("false", False),
        (0, False),
        (None, None),
        ("", None),
        ("maybe", None),
        ([], None),
    ],
)
def test_truth(raw: Any, expected: bool | None) -> None:
    assert coerce.truth(raw) is expected


@pytest.mark.parametrize(
    "raw",
    [
        "2015-10-15 07:28:00",
        "2015-10-15T07:28:00",
        "2015-10-15T07:28:00Z",
        "2015-10-15T07:28:00.000Z",
        "2015-10-15T09:28:00+02:00",
    ],
)
def test_times_are_utc(raw: str) -> None:
    assert coerce.moment(raw) == datetime(2015, 10, 15, 7, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw", ["0000-00-00 00:00:00", "yesterday", "15/10/2015", [], "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_time(raw: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        coerce.moment(raw)


@pytest.mark.parametrize("raw", ["1968-06-12", "1968-06-12 00:00:00", "1968-06-12T00:00:00Z"])
def test_days(raw: str) -> None:
    assert coerce.day(raw) == date(1968, 6, 12)


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        (95420, "US", "95420"),
        (2139, "US", "02139"),
        (2139, None, "02139"),
        (2139.0, "USA", "02139"),
        (2139, "DE", "2139"),
        ("2139", "US", "2139"),
        ("02139", "US", "02139"),
        ("K1A 0B1", "CA", "K1A 0B1"),
        (None, "US", None),
        ("null", "US", None),
    ],
)
def test_postcodes_are_text(raw: Any, country: str | None, expected: str | None) -> None:
    assert coerce.postcode(raw, country) == expected


@pytest.mark.parametrize("value", [1795896000000, "1795896000000", 1795896000, 1795896000000.0])
def test_epochs_count_in_seconds_or_milliseconds(value: Any) -> None:
    assert coerce.epoch_or_moment(value) == datetime(2026, 11, 28, 20, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "", "null", 0, "0"])
def test_zero_is_never(value: Any) -> None:
    assert coerce.epoch_or_moment(value) is None


@pytest.mark.parametrize("value", [True, -1, 1e300, float("nan"), "soon", 123456, [1795896000]])
def test_what_is_no_epoch_and_no_time_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        coerce.epoch_or_moment(value)
