"""The time of a statement, as a reader types it: no minute is refused for a clock change."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts_ui.forms.consent import EvidenceFields, StopForm, StopNumberForm
from contacts_ui.forms.jobs import StopJobForm
from contacts_ui.models import Statement
from contacts_ui.services.consent.rules import MINUTE
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER

TWICE, NEVER, PLAIN = "2025-11-02T01:30", "2025-03-09T02:30", "2025-06-01T12:00"
EVIDENCE = {"consent_who": "Marty", "consent_channel": "phone", "consent_words": "Yes, do"}


@pytest.fixture(autouse=True)
def _in_new_york() -> Iterator[None]:
    with timezone.override(zoneinfo.ZoneInfo("America/New_York")):
        yield


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("form", [StopForm, StopNumberForm, StopJobForm])
@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        (TWICE, "2025-11-02T05:30", "2025-11-02T06:30"),
        (NEVER, "2025-03-09T06:30", "2025-03-09T07:30"),
        (PLAIN, "2025-06-01T16:00", "2025-06-01T16:00"),
    ],
)
def test_a_stop(typed: str, first: str, last: str, form: type[StopForm]) -> None:
    """Row 16: both readings of the hour that occurs twice, and the moments around the one that does not exist."""
    filled = form({"asked_at": typed, "number": "(615) 555-0123"})
    assert filled.is_valid(), filled.errors
    request = filled.request()
    assert (request.asked_at, request.asked_last) == (utc(first), utc(last))
    said = request.said(timezone.now())
    assert (said.earliest, said.latest) == (utc(first), utc(last) + MINUTE)


@pytest.mark.parametrize(
    ("typed", "first"), [(TWICE, "2025-11-02T05:30"), (NEVER, "2025-03-09T06:30")]
)
def test_evidence_counts_from_its_earliest_reading(typed: str, first: str) -> None:
    filled = EvidenceFields({**EVIDENCE, "consent_at": typed})
    assert filled.is_valid(), filled.errors
    assert filled.evidence().said.earliest == utc(first)


def test_evidence_without_a_time_is_of_now() -> None:
    filled = EvidenceFields(EVIDENCE)
    assert filled.is_valid()
    before = timezone.now()
    said = filled.evidence().said
    assert before <= said.latest <= timezone.now()
    assert said.earliest == said.latest


@pytest.mark.parametrize(
    "typed", ["1885-09-02T10:00", "9999-12-31T23:59", "2999-01-01T10:00", "soon"]
)
def test_what_is_no_past_minute(typed: str) -> None:
    assert "asked_at" in StopForm({"asked_at": typed}).errors


def test_a_time_with_its_zone_is_taken_as_it_is() -> None:
    filled = StopForm({"asked_at": "2025-11-02T01:30:00+00:00"})
    assert filled.is_valid()
    assert filled.request().asked_at == utc("2025-11-02T01:30")


@pytest.mark.parametrize(
    ("who", "words", "wrong"),
    [
        ("\u200b", "Yes, do", {"consent_who"}),
        ("\u3164\u3164", ".", {"consent_who", "consent_words"}),
        ("Marty", "…!", {"consent_words"}),
        ("Zoë", "OK", set()),
    ],
)
def test_evidence_names_a_person_and_says_something(who: str, words: str, wrong: set[str]) -> None:
    """Row 19."""
    filled = EvidenceFields({**EVIDENCE, "consent_who": who, "consent_words": words})
    assert set(filled.errors) == wrong


@pytest.mark.django_db
@pytest.mark.parametrize("typed", [TWICE, NEVER])
def test_the_hour_of_a_clock_change_stops_through_the_screens(typed: str, ada: Client) -> None:
    """Row 16, at *Stop a number* and on the card."""
    for url, number in (("/stop-a-number/", DOC_NUMBER), (f"/contacts/{MARTY}/do-not-text/", "")):
        form = {"number": number, "asked_at": typed, "channel": "phone"}
        assert ada.post(url, form).status_code == 302
    assert set(Statement.objects.values_list("number", flat=True)) == {DOC_NUMBER, MARTY_NUMBER}
    for said in Statement.objects.all():
        assert said.latest - (said.earliest or said.latest) == timedelta(hours=1) + MINUTE
