"""The table for a spreadsheet: everything that is shown, and nothing that runs."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from contacts_ui.models import LedgerEntry, Vendor
from contacts_ui.models.ledger import Action
from contacts_ui.services.exports.opt_outs import HEADINGS
from tests.opt_outs import NUMBERS, answer, ask
from tests.pages import Page
from tests.views.test_contact_export import workbook_table

pytestmark = pytest.mark.django_db


def export(client: Client, query: str = "") -> bytes:
    response = client.post(f"/opt-outs/export/{query}", {"format": "csv"})
    assert response.status_code == 200
    assert response.streaming
    return b"".join(response.streaming_content)


def table(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_it_works(max_: Client, agent: User) -> None:
    asked_at = timezone.now().replace(2026, 3, 2, 15, 4, 5, 0)
    ask(agent, label="Marty McFly", asked_at=asked_at, reason="Please, “stop”", contact_id=7778)
    answer()
    body = export(max_)
    assert body.startswith(b'\xef\xbb\xbf"Person",')
    assert body.count(b"\r\n") == 2
    assert body.count(b"\n") == 2
    heads, row = table(body)
    cells = dict(zip(HEADINGS, row, strict=True))
    assert heads[HEADINGS.index("Asked at")] == "Asked at (America/New_York)"
    assert cells["Person"] == "Marty McFly"
    assert cells["Number"] == "(615) 555-0123"
    assert cells["Contact id"] == "7778"
    assert cells["Asked at"] == "2026-03-02 10:04:05"
    assert cells["Due at"] == "2026-03-16 10:04:05"
    assert cells["Channel"] == "Phone call"
    assert cells["Recorded by"] == "Ada Agent"
    assert cells["Their words"] == "Please, “stop”"
    assert (cells["State"], cells["In time"]) == ("Completed", "no")
    assert cells["SlickText confirmed at"]
    assert cells["CloudContactAI confirmed at"]


def test_the_answer_is_a_file(max_: Client) -> None:
    response = max_.post("/opt-outs/export/")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    today = timezone.localdate()
    assert response["Content-Disposition"] == f'attachment; filename="opt-outs-{today}.csv"'
    assert "no-store" in response["Cache-Control"]


def test_a_workbook_has_the_very_texts(max_: Client, agent: User) -> None:
    ask(agent, label="Marty McFly", reason="=please stop")
    response = max_.post("/opt-outs/export/?staff=Ada+Agent", {"format": "xlsx"})
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    assert response["Content-Disposition"].endswith('.xlsx"')
    (row,) = workbook_table(response)
    assert row["Number"] == "(615) 555-0123"
    assert row["Their words"] == "=please stop"
    entry = LedgerEntry.objects.get(action=Action.OPT_OUTS_EXPORTED)
    assert (entry.after["format"], entry.after["count"]) == ("xlsx", 1)


def test_the_list_offers_both_and_says_which_to_open(max_: Client, agent: User) -> None:
    ask(agent)
    page = Page(max_.get("/opt-outs/?staff=Ada+Agent"))
    pressed = {each.text: page.press(each) for each in page.all("button", name="format")}
    address = "/opt-outs/export/?staff=Ada+Agent"
    assert pressed == {
        "Export to Excel (.xlsx)": (address, {"format": "xlsx"}),
        "Export as CSV": (address, {"format": "csv"}),
    }
    assert "Open the .xlsx in a spreadsheet. CSV is for other programs." in page.text


def test_more_than_a_workbook_holds_is_said(
    max_: Client, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(agent)
    monkeypatch.setattr("contacts_ui.services.exports.opt_outs.MAX_ROWS", 0)
    response = max_.post("/opt-outs/export/", {"format": "xlsx"}, follow=True)
    assert "A workbook holds 1,048,575 rows at most. Choose CSV" in response.text
    assert not LedgerEntry.objects.filter(action=Action.OPT_OUTS_EXPORTED).exists()


def test_it_is_the_filtered_view_in_its_order(max_: Client, agent: User) -> None:
    now = timezone.now()
    for index, (label, age) in enumerate({"new": 0, "old": 20, "late": 60, "other": 1}.items()):
        ask(agent, NUMBERS[index], label=label, asked_at=now - timedelta(days=age))
    answer(NUMBERS[1])
    names = [row[0] for row in table(export(max_, "?staff=Ada+Agent"))[1:]]
    assert names == ["late", "new", "other", "old"]
    assert [row[0] for row in table(export(max_, "?q=old&size=25&offset=50"))[1:]] == ["old"]


def test_more_rows_than_one_chunk(
    max_: Client, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts_ui.services.exports.opt_outs.BLOCK_ROWS", 4)
    for number in NUMBERS[:11]:
        ask(agent, number, label=number)
    names = {row[0] for row in table(export(max_))[1:]}
    assert names == {f"'{number}" for number in NUMBERS[:11]}


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(first: str, max_: Client, agent: User) -> None:
    evil = f'{first}HYPERLINK("http://evil.example";"x")'
    ask(agent, label=evil, reason=evil)
    cells = dict(zip(HEADINGS, table(export(max_))[1], strict=True))
    assert cells["Person"] == cells["Their words"] == f"'{evil}"


def test_words_of_several_lines_stay_in_their_cell(max_: Client, agent: User) -> None:
    ask(agent, reason='First line\r\nSecond, "quoted"\nThird')
    (row,) = table(export(max_))[1:]
    assert row[HEADINGS.index("Their words")] == 'First line\r\nSecond, "quoted"\nThird'


def test_an_empty_export_has_its_head(max_: Client) -> None:
    assert len(table(export(max_))) == 1


def test_the_ledger_keeps_who_took_what(max_: Client, agent: User) -> None:
    ask(agent, NUMBERS[0])
    ask(agent, NUMBERS[1])
    answer(NUMBERS[0], Vendor.SLICKTEXT)
    export(max_, "?state=waiting&q=615-555-1000&from=2026-01-01&reviewed=no&staff=Ada+Agent")
    entry = LedgerEntry.objects.get(action=Action.OPT_OUTS_EXPORTED)
    assert entry.staff_name == "Max Manager"
    assert entry.after == {
        "count": 1,
        "filters": {
            "person": "615-555-1000",
            "staff": "Ada Agent",
            "state": "waiting",
            "reviewed": False,
            "since": "2026-01-01T00:00:00-05:00",
        },
        "format": "csv",
    }


def test_the_times_are_the_dashboards(max_: Client, agent: User, settings: Any) -> None:
    ask(agent, asked_at=timezone.now().replace(2026, 3, 1, 20, 0, 0, 0))
    settings.TIME_ZONE = "Pacific/Auckland"
    heads, row = table(export(max_))
    place = HEADINGS.index("Asked at")
    assert (heads[place], row[place]) == ("Asked at (Pacific/Auckland)", "2026-03-02 09:00:00")


def test_looking_is_not_exporting(max_: Client) -> None:
    """Refuse what a link on any site, or a link checker, can send."""
    assert max_.get("/opt-outs/export/?format=csv").status_code == 405
    assert max_.head("/opt-outs/export/").status_code == 405
    assert not LedgerEntry.objects.exists()
