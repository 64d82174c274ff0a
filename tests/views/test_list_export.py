"""A pasted or uploaded list for a spreadsheet: people we know, with the columns as chosen, and people we do not."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from contacts_ui.integrations.types import Contact
from contacts_ui.models import Job, LedgerEntry, Upload
from contacts_ui.models.ledger import Action
from contacts_ui.services.people.preferences import choose_look
from tests.jobs import fill_index
from tests.people import MARTY_NUMBER, SetDesiredState, logged_in
from tests.services.files.building import workbook
from tests.views.test_contact_export import table, workbook_table

pytestmark = pytest.mark.django_db
LIST = "(615) 555-3338\n615-555-0123\n16155553338\n=HYPERLINK(1)\n+16155550199"


def people() -> None:
    fill_index(
        Contact(contact_id=1, first_name="=Marty", mobile_number=MARTY_NUMBER, opt_in_status="subscribed", city="Reno"),
        Contact(contact_id=2, first_name="Doc", mobile_number="+16155550199", opt_in_status="unsubscribed"),
        Contact(contact_id=3, first_name="Jen", mobile_number="+16155550199", opt_in_status="subscribed"),
    )  # fmt: skip


def brought(client: Client, **data: Any) -> str:
    """The address of the second step."""
    response = client.post("/jobs/new/", {"kind": "export", **data})
    assert response.status_code == 302, response.text
    assert not Job.objects.exists()
    return str(response["Location"])


def test_each_line_says_who_it_is_or_that_no_one_is_known(max_: Client, manager: User) -> None:
    people()
    choose_look(manager, ["city"])
    url = brought(max_, numbers=LIST)
    page = max_.get(url)
    for words in (
        "A pasted list: 5 lines",
        "Not in SlickText",
        "615-555-0123",
        "The same as line 1.",
    ):
        assert words in page.text
    found = table(max_.post(url, {"why": "For the letter"}))
    assert list(found[0]) == [
        "As given", "Found", "First name", "Last name", "Mobile number", "City", "Do not text",
        "Read from SlickText at",
    ]  # fmt: skip
    assert [(row["Found"], row["First name"], row["Do not text"]) for row in found] == [
        ("Known", "'=Marty", "no stop on record"),
        ("Not in SlickText", "", "not known"),
        ("Duplicate: The same as line 1.", "", ""),
        (
            "Unreadable: This is a formula without its result. Save the file with values instead of formulas.",
            "",
            "",
        ),
        ("Known", "Doc", "yes"),
        ("Known", "Jen", "no stop on record"),
    ]
    assert found[0]["City"] == "Reno"
    assert found[1]["Mobile number"] == "(615) 555-0123"
    assert found[3]["As given"] == "'=HYPERLINK(1)"
    assert found[4]["As given"] == "(615) 555-0199"


def test_a_workbook_has_what_was_given_as_it_was_given(max_: Client) -> None:
    people()
    url = brought(max_, numbers=LIST)
    found = workbook_table(max_.post(url, {"why": "For the letter", "format": "xlsx"}))
    assert [row["As given"] for row in found] == [*LIST.split("\n"), "+16155550199"]
    assert found[0]["First name"] == "=Marty"
    assert LedgerEntry.objects.order_by("pk")[0].after["format"] == "xlsx"


def test_the_ledger_has_who_why_and_what_was_found(max_: Client) -> None:
    people()
    url = brought(max_, numbers=LIST)
    assert not LedgerEntry.objects.exists()
    assert max_.post(url, {"why": " "}).status_code == 422
    table(max_.post(url, {"why": "For the letter"}))
    begun, ended = LedgerEntry.objects.order_by("pk")
    assert (begun.action, begun.reason) == (Action.CONTACTS_EXPORTED, "For the letter")
    assert begun.after["filters"] == {
        "list": "A pasted list", "Known": 2, "Not in SlickText": 1, "Duplicate": 1, "Unreadable": 1,
    }  # fmt: skip
    assert ended.after == {"export": begun.pk, "count": 5}
    assert ended.answer == {"outcome": "complete"}


def test_an_uploaded_workbook_is_exported_by_its_own_rows(
    max_: Client, set_desired_state: SetDesiredState
) -> None:
    people()
    set_desired_state()
    content = workbook(("Name", "Cell"), ("M", 16155553338), ("N", 6155553338), ("O", None))
    url = brought(max_, file=SimpleUploadedFile("people.xlsx", content))
    assert "Numbers are read from the column “Cell”." in max_.get(url).text
    found = table(max_.post(url, {"why": "x"}))
    assert [(row["Found"], row["Do not text"]) for row in found] == [
        ("Known", "yes"),
        ("Duplicate: The same as line 2.", ""),
        ("Unreadable: This line has no number.", ""),
    ]


def test_a_list_is_its_owners_and_no_import(max_: Client) -> None:
    people()
    other = User.objects.create_user("otto")
    other.groups.add(Group.objects.get(name="Managers"))
    url = brought(max_, numbers=LIST)
    assert logged_in(other).get(url).status_code == 404
    pk = Upload.objects.get().pk
    assert max_.get(f"/contacts/import/{pk}/columns/").status_code == 404
    max_.post("/contacts/import/", {"file": SimpleUploadedFile("a.csv", b"Cell\n6155553338\n")})
    assert max_.get(f"/contacts/export/list/{Upload.objects.latest('pk').pk}/").status_code == 404


def test_a_person_who_may_not_export_is_not_asked_and_keeps_what_was_typed(max_: Client) -> None:
    people()
    Group.objects.get(name="Managers").permissions.remove(
        Permission.objects.get(codename="export_contacts")
    )
    assert 'value="export"' not in max_.get("/jobs/new/").text
    response = max_.post("/jobs/new/", {"kind": "export", "numbers": LIST})
    assert response.status_code == 422
    assert "615-555-0123" in response.text


def test_without_the_index_what_was_typed_stays(max_: Client) -> None:
    response = max_.post("/jobs/new/", {"kind": "export", "numbers": LIST})
    assert response.status_code == 422
    assert "local copy" in response.text
    assert "615-555-0123" in response.text


def test_many_lines_are_one_file(max_: Client) -> None:
    people()
    numbers = "\n".join(f"+1615444{at:04}" for at in range(4500))
    found = table(max_.post(brought(max_, numbers=f"{numbers}\n{MARTY_NUMBER}"), {"why": "x"}))
    assert len(found) == 4501
    assert found[-1]["Found"] == "Known"
