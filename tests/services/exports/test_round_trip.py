"""Our own export, imported again, changes nothing: in CSV as in a workbook."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from contacts_ui.integrations.types import Contact
from contacts_ui.models import ConsentState
from contacts_ui.services import files
from contacts_ui.services.consent import slicktext_readings
from contacts_ui.services.exports import contacts, lists
from contacts_ui.services.files import columns
from contacts_ui.services.files.writing import Download, Format, blocks_of, parts_of
from contacts_ui.services.imports.checking import Check, Choice, Fate, Weight, check
from contacts_ui.services.index import IndexQuery
from contacts_ui.services.jobs import sources
from contacts_ui.services.jobs.sources import Source
from tests.consent import Seen, press_stop
from tests.jobs import fill_index

EVERYONE = IndexQuery()
NASTY = [
    "=1+1", "+Ann", "-Ann", "@ann", "＝1", "=HYPERLINK(\"http://evil.example\";\"x\")", "a;=b", "a,=b", "a, -b",
    "a\n- b", "'tis", "'=1", "''", "'02134", "a;'=b", '="02134"', 'say "hi"', '"', "Siobhán", "山田", "O’Neill",
    "<b>&amp;</b>", "one\r\ntwo", "_x0041_", "a\tb", "ends in \\", "sep=;", "x" * 200,
]  # fmt: skip
LONG_NOTE = "Called; asked for\n- a letter\n- (615) 555-0100, her mother's\n" + "and so on " * 100


def person(contact_id: int, **facts: object) -> Contact:
    known = {
        "mobile_number": f"+1615555{contact_id % 10_000:04}",
        "opt_in_status": "subscribed",
        **facts,
    }
    return Contact(contact_id=contact_id, created=datetime(2025, 1, 2, tzinfo=UTC), **known)


ANN = person(101, first_name="Ann", zip="02134", city="Boston", state="MA", country="US")
PEOPLE = [
    *(person(at, first_name=text, last_name=text, city=text) for at, text in enumerate(NASTY, 1)),
    ANN,
    person(102, zip="00501-0001", state="NY", country="US", language="en", timezone="America/New_York"),
    person(103, email="ann@example.com", source="Text to join: STOP line", last_name="Null"),
    person(104, custom_fields={"note": LONG_NOTE, "sms_opt_out": "no", "=1": "=1;=2"}),
    person(105, opt_in_status="not subscribed", first_name="Bob"),
    person(106, opt_in_status="pending", first_name="Cy"),
    person(107, first_name="Abroad", mobile_number="+442079460958"),
    person(108, first_name="Unreadable", mobile_number="+1 call me"),
    person(6155550109, first_name="An id of ten digits"),
    person(113, state="Nowhere", country="Atlantis", language="??", timezone="noon", email="no email"),
    person(114, first_name="NULL", last_name="N/A", city="-", email="#N/A"),
    person(110),
]  # fmt: skip
# As others wrote it into the directory; the import would write it otherwise.
OTHERWISE = [
    person(111, first_name=" Spaces ", last_name="Mary\xa0Ann", city="Two  blanks", zip="2134", state="MA"),
    person(112, state="Tennessee", country="United States", language="English", timezone="central"),
]  # fmt: skip
STOPPED = [
    person(201, opt_in_status="unsubscribed", first_name="Read"),
    person(202, opt_in_status="blocked", first_name="Blocked"),
    person(203, first_name="Pressed"),
]


@pytest.fixture
def known(manager: User) -> None:
    """Everyone, and the stops of three as they come about: read at a vendor, and pressed here."""
    fill_index(*PEOPLE)
    slicktext_readings.learn(STOPPED, datetime(2026, 3, 2, tzinfo=UTC), now=True)
    pressed = STOPPED[-1]
    press_stop(staff=manager, seen=Seen(str(pressed.number), pressed.contact_id))


def exported(manager: User, kind: Format) -> bytes:
    return content_of(
        contacts.export(
            staff=manager, question=EVERYONE, columns=list(contacts.CHOICES), why="x", kind=kind
        )
    )


def content_of(made: Download) -> bytes:
    return b"".join(part.encode() if isinstance(part, str) else part for part in made.chunks)


def imported(content: bytes, choice: Choice) -> Check:
    table = files.read(content)
    return check(table, columns.guess(table), choice)


@pytest.mark.django_db
@pytest.mark.parametrize("choice", [Choice.UPDATE, Choice.CREATE])
@pytest.mark.parametrize("kind", Format)
def test_a_round_trip_changes_nothing(
    kind: Format, choice: Choice, manager: User, known: None
) -> None:
    checked = imported(exported(manager, kind), choice)
    assert len(checked.lines) == len(PEOPLE) + len(STOPPED)
    assert [line for line in checked.lines if line.acts] == []
    assert checked.stops == 0
    assert checked.questions == []
    kept_out = [line.typed for line in checked.lines if line.fate is Fate.INVALID]
    assert len(kept_out) == 2, "a number of another country, and one that no one can read"
    assert checked.weights[Weight.LOST_STOP] == 0


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Format)
def test_what_the_import_would_write_otherwise_is_no_change(kind: Format, manager: User) -> None:
    fill_index(*OTHERWISE)
    checked = imported(exported(manager, kind), Choice.UPDATE)
    assert [line.contact_id for line in checked.lines if line.acts] == []


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Format)
def test_a_change_in_the_file_is_one_update(kind: Format, manager: User, known: None) -> None:
    """The check itself: one other city in the directory is found."""
    content = exported(manager, kind)
    fill_index(replace(PEOPLE[-1], city="Reno"), replace(ANN, city="Reno"))
    checked = imported(content, Choice.UPDATE)
    assert [line.contact_id for line in checked.lines if line.acts] == [ANN.contact_id]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Format)
def test_exported_stops_are_stops_where_none_is_on_record(
    kind: Format, manager: User, known: None
) -> None:
    content = exported(manager, kind)
    ConsentState.objects.all().delete()
    checked = imported(content, Choice.UPDATE)
    assert {line.number for line in checked.lines if line.stop} == {each.number for each in STOPPED}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Format)
def test_a_stop_on_record_that_no_vendor_was_told_is_told(kind: Format, manager: User) -> None:
    """As SlickText showed it at the first sync: the import tells CloudContactAI too, and changes nothing else."""
    first = STOPPED[0]
    slicktext_readings.learn([first], datetime(2026, 3, 2, tzinfo=UTC), now=True)
    fill_index(first, ANN)
    checked = imported(exported(manager, kind), Choice.UPDATE)
    assert [(line.fate, line.number) for line in checked.lines if line.acts] == [
        (Fate.STOP, first.mobile_number)
    ]


TEXTS = st.text(st.sampled_from("=+-@,;\t\n'\"0(ab"), max_size=10).map(str.strip)


@given(st.lists(TEXTS, min_size=2, max_size=6))
def test_every_text_comes_back_from_csv(texts: list[str]) -> None:
    assert round_trip(Format.CSV, texts) == texts


def test_every_text_comes_back_from_a_workbook() -> None:
    assert round_trip(Format.XLSX, NASTY) == NASTY


def round_trip(kind: Format, texts: list[str]) -> list[str]:
    """A column of texts, written and read; the number next to each keeps the row."""
    rows = [(text, f"(615) 555-{at:04}") for at, text in enumerate(texts)]
    parts = parts_of(kind, ["First name", "Mobile number"], blocks_of(rows))
    content = b"".join(part.encode() if isinstance(part, str) else part for part, _ in parts)
    return [cells[0] for _, cells in files.read(content).lines]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Format)
def test_a_list_that_was_looked_up_changes_nothing_either(
    kind: Format, manager: User, known: None
) -> None:
    pasted = "\n".join(f"{each.mobile_number}" for each in [*PEOPLE[:5], *STOPPED, PEOPLE[0]])
    stored = lists.store(staff=manager, source=Source("A pasted list", sources.from_text(pasted)))
    listed = lists.look_up(staff=manager, pk=stored.pk)
    columns_ = list(contacts.CHOICES)
    made = lists.export(staff=manager, listed=listed, columns=columns_, why="x", kind=kind)
    checked = imported(content_of(made), Choice.UPDATE)
    assert len(checked.lines) == 9
    assert [line for line in checked.lines if line.acts] == []
    assert checked.questions == []
