"""Contacts for a spreadsheet: first the reason, then everything that matches, and nothing that runs."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexSync, LedgerEntry, Vendor
from contacts_ui.models.ledger import Action
from contacts_ui.services import index
from contacts_ui.services.consent import slicktext_readings
from contacts_ui.services.exports import contacts as contact_export
from contacts_ui.services.people.preferences import choose_look
from contacts_ui.views.columns import COLUMNS
from tests.consent import Seen, press_stop, unsend
from tests.pages import Page
from tests.people import MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db
READ_AT = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)


def person(contact_id: int, **facts: Any) -> Contact:
    facts.setdefault("mobile_number", f"+1615555{contact_id:04}")
    facts.setdefault("opt_in_status", "subscribed")
    return Contact(contact_id=contact_id, **facts)


def indexed(*people: Contact) -> None:
    index.store(people, READ_AT)
    IndexSync.objects.create(pk=1, next_at=READ_AT, finished_at=READ_AT)


def table(response: Any) -> list[dict[str, str]]:
    body = b"".join(response.streaming_content)
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def workbook_table(response: Any) -> list[dict[str, str]]:
    body = b"".join(response.streaming_content)
    rows = openpyxl.load_workbook(io.BytesIO(body)).active.values
    headings = next(rows)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def export(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.post(f"/contacts/export/{query}", {"why": "For the yearly letter"})
    assert response.status_code == 200
    return table(response)


def test_every_column_of_the_table_can_be_exported() -> None:
    assert list(contact_export.CHOICES) == list(COLUMNS)
    assert [column.label for column in COLUMNS.values()] == list(contact_export.CHOICES.values())


def test_the_day_of_the_stop_is_exported(max_: Client, manager: User) -> None:
    stopped = {"opt_in_status": "unsubscribed", "last_opt_in_status_change": READ_AT}
    indexed(person(1), person(2, **stopped))
    choose_look(manager, ["stopped"])
    assert [row["Texts stopped"] for row in export(max_)] == ["", "2026-03-02T15:04:05Z"]


def test_it_asks_for_the_reason_first(max_: Client) -> None:
    indexed(person(1), person(2))
    response = max_.get("/contacts/export/?state=TN")
    assert response.status_code == 200
    assert "State: TN" in response.text
    assert "0 contacts" in response.text
    assert "First name, Last name, Mobile number, Email" in response.text
    response = max_.post("/contacts/export/", {"why": "  "})
    assert response.status_code == 422
    assert "Say what it is for" in response.text
    assert not LedgerEntry.objects.exists()


def test_an_address_never_exports_nor_says_why(max_: Client) -> None:
    """A link on any site can hold both."""
    indexed(person(1))
    response = max_.get("/contacts/export/?state=TN&why=For+the+press&format=csv")
    assert response.status_code == 200
    page = Page(response)
    assert page.one("input", name="why")["value"] is None
    assert "For the press" not in page.html
    assert not LedgerEntry.objects.exists()


def test_a_press_on_another_site_exports_nothing(manager: User, vendors: Vendors) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(manager)
    for address in ("/contacts/export/", "/opt-outs/export/"):
        assert browser.post(address, {"why": "Audit", "format": "csv"}).status_code == 403
    assert not LedgerEntry.objects.exists()


def test_the_rows_say_what_is_known(
    max_: Client, manager: User, set_desired_state: SetDesiredState
) -> None:
    choose_look(manager, list(COLUMNS))
    indexed(
        person(
            1,
            first_name="Ann",
            last_name="Lee",
            email="ann@example.com",
            custom_fields={"member": 12, "note": "=1+1"},
            created=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
        ),
        person(2, opt_in_status="unsubscribed"),
        person(3, opt_in_status="not subscribed"),
        person(4, opt_in_status="pending"),
        person(5, mobile_number="unreadable"),
        person(6, mobile_number=MARTY_NUMBER),
        person(7, mobile_number="+442079460958"),
    )
    set_desired_state(Vendor.CLOUDCONTACTAI)
    rows = export(max_)
    assert [row["Do not text"] for row in rows] == [
        "no stop on record", "yes", "not subscribed", "not known", "not known", "yes", "no stop on record",
    ]  # fmt: skip
    assert [row["Mobile number"] for row in rows[4:]] == [
        "unreadable", "(615) 555-3338", "(+44) 20 7946 0958",
    ]  # fmt: skip
    ann = rows[0]
    assert (ann["First name"], ann["Last name"], ann["Id"]) == ("Ann", "Lee", "1")
    assert ann["Mobile number"] == "(615) 555-0001"
    assert ann["Opt-in status"] == "Subscribed"
    assert ann["Custom fields"] == "member: 12; note: =1+1"
    assert ann["Created"] == "2025-01-02T03:04:05Z"
    assert ann["Last updated"] == ""
    assert ann["Read from SlickText at"] == "2026-03-02T15:04:05Z"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\tx", "\rx", "\nx", "＝1"])
def test_nothing_in_it_is_a_formula(text: str, max_: Client) -> None:
    indexed(person(1, first_name=text, email=text, city='a "quoted", one\n=2'))
    (row,) = export(max_)
    assert row["First name"] == row["Email"] == f"'{text}"
    assert row["City"] == 'a "quoted", one\n\'=2'


def test_a_workbook_has_the_very_texts(max_: Client, manager: User) -> None:
    choose_look(manager, ["zip", "city"])
    indexed(
        person(1, first_name="=1+1", last_name="<Lee>", zip="02134", city="a;=b"),
        person(2, mobile_number="+442079460958"),
    )
    response = max_.post("/contacts/export/", {"why": "For the letter", "format": "xlsx"})
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    assert response["Content-Disposition"].endswith('.xlsx"')
    first, second = workbook_table(response)
    assert [first[name] for name in ("First name", "Last name", "Zip", "City")] == [
        "=1+1", "<Lee>", "02134", "a;=b",
    ]  # fmt: skip
    assert first["Mobile number"] == "(615) 555-0001"
    assert second["Mobile number"] == "+44 20 7946 0958"
    begun, ended = LedgerEntry.objects.order_by("pk")
    assert begun.after["format"] == "xlsx"
    assert ended.after == {"export": begun.pk, "count": 2}


def test_the_page_says_which_file_to_open(max_: Client) -> None:
    indexed(person(1))
    page = Page(max_.get("/contacts/export/"))
    workbook, plain = page.all("input", name="format")
    assert (workbook["value"], "checked" in workbook.attributes) == ("xlsx", True)
    assert (plain["value"], "checked" in plain.attributes) == ("csv", False)
    assert "Excel workbook (.xlsx), to open in a spreadsheet" in page.text
    assert "CSV, to load into another program" in page.text
    assert max_.post("/contacts/export/", {"why": "x", "format": "pdf"}).status_code == 422


def test_more_than_a_workbook_holds_is_said_before_anything_goes_out(
    max_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed(person(1), person(2))
    monkeypatch.setattr(contact_export, "MAX_ROWS", 1)
    asked = Page(max_.get("/contacts/export/"))
    assert "checked" in asked.one("input", value="csv").attributes
    response = max_.post("/contacts/export/", {"why": "x", "format": "xlsx"})
    assert response.status_code == 422
    assert "A workbook holds 1,048,575 rows at most. Choose CSV" in response.text
    assert not LedgerEntry.objects.exists()
    assert len(table(max_.post("/contacts/export/", {"why": "x", "format": "csv"}))) == 2


def test_a_stop_that_only_the_record_holds_is_exported(
    max_: Client, agent: User, settings: Any
) -> None:
    """Read at SlickText, which shows them as subscribed by now; and a press that can still be unsent."""
    settings.UNDO_SECONDS = 600
    read, pressed, unsent = person(1), person(2), person(3)
    slicktext_readings.learn([replace(read, opt_in_status="unsubscribed")], READ_AT, now=True)
    later = timezone.now()
    slicktext_readings.learn([read, pressed, unsent], later, now=True)
    for each in (pressed, unsent):
        press_stop(staff=agent, seen=Seen(each.number or "", each.contact_id))
    unsend(staff=agent, seen=Seen(unsent.number or "", unsent.contact_id))
    IndexSync.objects.create(pk=1, next_at=READ_AT, finished_at=READ_AT)
    rows = {row["Mobile number"][-1]: row["Do not text"] for row in export(max_)}
    assert rows == {"1": "yes", "2": "yes", "3": "no stop on record"}


def test_filters_search_and_order_are_those_of_the_view(max_: Client) -> None:
    indexed(
        person(1, first_name="Ann", state="TN", custom_fields={"member": "1"}),
        person(2, first_name="Bob", state="TN"),
        person(3, first_name="Annie", state="AK"),
    )
    assert [row["First name"] for row in export(max_, "?state=TN&sort=-contact_id")] == [
        "Bob",
        "Ann",
    ]
    assert [row["First name"] for row in export(max_, "?q=ann&state=AK")] == ["Annie"]
    assert [row["First name"] for row in export(max_, "?custom.member=1")] == ["Ann"]


def test_ticked_rows_alone(max_: Client) -> None:
    indexed(person(1), person(2), person(3))
    chosen = {"scope": "ticked", "ids": [1, 3, "x"], "kind": "export", "view": "state=TN"}
    address = max_.post("/jobs/new/", chosen)["Location"]
    assert address == "/contacts/export/?ids=1%2C3"
    page = max_.get(address).text
    assert "2 contacts" in page
    assert "Selected rows: 2" in page
    assert "Your export of 2 contacts started." in page
    rows = table(max_.post(address, {"why": "For the yearly letter"}))
    assert [row["Mobile number"] for row in rows] == ["(615) 555-0001", "(615) 555-0003"]
    everyone = max_.post("/jobs/new/", {"scope": "all", "kind": "export", "view": "state=TN"})
    assert everyone["Location"] == "/contacts/export/?state=TN"


def test_ticked_rows_are_never_looked_for_at_slicktext(max_: Client, vendors: Vendors) -> None:
    """It would not know such a filter, and might send everyone."""
    assert max_.get("/contacts/export/?ids=1,2")["Location"].startswith("/contacts/?")
    chosen = {"scope": "ticked", "ids": [1], "kind": "export", "view": ""}
    assert max_.post("/jobs/new/", chosen)["Location"] == "/contacts/"
    assert vendors.asked() == []


def test_the_ledger_knows_who_and_why_before_the_first_byte(max_: Client) -> None:
    indexed(person(1), person(2))
    response = max_.post("/contacts/export/?state=TN", {"why": "Audit"})
    (entry,) = LedgerEntry.objects.all()
    assert (entry.action, entry.staff_name, entry.reason) == (
        Action.CONTACTS_EXPORTED,
        "Max Manager",
        "Audit",
    )
    assert entry.after["filters"] == {"state": "TN"}
    assert "Do not text" in entry.after["columns"]
    assert entry.after["format"] == "csv"
    assert table(response) == []
    ended = LedgerEntry.objects.latest("pk")
    assert ended.action == Action.CONTACTS_EXPORT_ENDED
    assert ended.after == {"export": entry.pk, "count": 0}
    assert ended.answer == {"outcome": "complete"}
    assert ended.request_id == entry.request_id


def test_who_hangs_up_has_taken_what_was_sent(manager: User) -> None:
    indexed(person(1))
    made = contact_export.export(
        staff=manager, question=index.IndexQuery(), columns=[], why="Audit"
    )
    next(made.chunks)
    made.chunks.close()  # type: ignore[attr-defined]
    ended = LedgerEntry.objects.latest("pk")
    assert ended.answer == {"outcome": "broken off"}


def test_the_answer_is_a_stream_that_no_one_collects(max_: Client) -> None:
    indexed(person(1))
    response = max_.post("/contacts/export/", {"why": "Audit"}, headers={"Accept-Encoding": "gzip"})
    assert response.streaming
    assert response["Content-Encoding"] == "identity"
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="contacts-20')
    assert "no-store" in response["Cache-Control"]
    assert len(table(response)) == 1


def test_without_the_index_slicktext_is_read_page_by_page(
    max_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_export, "LIVE_PAGE", 25)
    assert "At most the first 10,000 contacts" in max_.get("/contacts/export/").text
    rows = export(max_)
    assert len(rows) == 60
    assert len({row["Mobile number"] for row in rows}) == 60
    (marty,) = export(max_, "?q=6155553338")
    assert marty["First name"] == "Marty"
    assert [row["First name"] for row in export(max_, "?first_name=Marty")] == ["Marty"]
    monkeypatch.setattr(contact_export, "LIVE_LIMIT", 30)
    *rows, last = export(max_)
    assert len(rows) == 30
    assert last["First name"].startswith("Only the first 30 contacts")


def test_a_vendor_that_is_down_is_a_page_and_no_torn_file(max_: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    response = max_.post("/contacts/export/", {"why": "For the yearly letter"})
    assert response.status_code == 503
    assert "For the yearly letter" in response.text
    assert not LedgerEntry.objects.exists()
