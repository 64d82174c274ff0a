"""Importing: upload, columns, questions, a look at everything, and a job that does exactly that."""

import csv
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import DesiredState, Job, JobRow, LedgerEntry, OptOut, Statement, Upload
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.job import JobState, RowState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.upload import UPLOAD_LIFETIME
from contacts_ui.services import retention
from contacts_ui.services.consent import doors
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.consent.held_presses import CannotUnsend
from contacts_ui.services.consent.record import is_stopped
from contacts_ui.services.consent.rules import EvidenceRefused
from contacts_ui.services.consent.types import Evidence, Request, Seen
from contacts_ui.services.imports import rows as import_rows
from contacts_ui.services.imports import uploads
from contacts_ui.services.imports.checking import LEFT, SAME, STOPS
from contacts_ui.services.imports.rows import RECORDED
from contacts_ui.views.contact_import import TOP
from contacts_ui.worker import schedule
from tests import consent
from tests.files.builders import xlsx_of
from tests.pages import Page
from tests.people import (
    CONTACTS,
    DOC_NUMBER,
    FREE_NUMBER,
    MARTY_NUMBER,
    Vendors,
    logged_in,
    make_staff,
)

pytestmark = pytest.mark.django_db(transaction=True)
UPDATE = "update"


def upload(client: Client, content: str | bytes, name: str = "people.csv") -> Any:
    content = content.encode() if isinstance(content, str) else content
    return client.post("/contacts/import/", {"file": SimpleUploadedFile(name, content)})


def matched(
    client: Client, content: str | bytes, choice: str = "create", targets: list[str] | None = None
) -> Upload:
    """Uploaded, with the columns as guessed or as given."""
    assert upload(client, content).status_code == 302
    found = Upload.objects.latest("pk")
    form = {f"column_{at}": target for at, target in enumerate(targets or found.mapping)}
    response = client.post(f"/contacts/import/{found.pk}/columns/", {**form, "choice": choice})
    assert response["Location"] == check_url(found)
    found.refresh_from_db()
    return found


def check_url(found: Upload) -> str:
    return reverse("import-check", args=[found.pk])


def looked(client: Client, found: Upload) -> Any:
    """The check page."""
    return client.get(check_url(found))


def asked(response: Any) -> list[str]:
    """What must be decided, as the page asks it."""
    return [field.label for field in response.context_data["form"].open]


def decided(client: Client, found: Upload, *answers: str) -> Any:
    """Answer the open questions, in the order of the page; the page that follows."""
    fields = looked(client, found).context_data["form"].open
    named = {field.name: answer for field, answer in zip(fields, answers, strict=True)}
    response = client.post(check_url(found), {**named, "decide": "1"})
    assert response["Location"] == check_url(found) + TOP
    return looked(client, found)


def pressed(client: Client, found: Upload) -> Any:
    return client.post(
        check_url(found), {"expected": looked(client, found).context_data["expected"]}
    )


def run(client: Client, text: str, choice: str = "create") -> list[JobRow]:
    """From the file to the last row."""
    return ran(client, matched(client, text, choice))


def ran(client: Client, found: Upload) -> list[JobRow]:
    assert pressed(client, found).status_code == 302
    job = Job.objects.latest("pk")
    worked(job)
    return list(job.rows.order_by("position"))


def worked(job: Job) -> None:
    for _ in range(30):
        schedule.run_jobs()
        job.refresh_from_db()
        if job.state == JobState.DONE:
            return
    raise AssertionError(list(job.rows.values_list("state", "outcome")))


def test_three_steps_and_nothing_before_the_last(max_: Client, vendors: Vendors) -> None:
    page = Page(max_.get("/contacts/import/"))
    assert "Importing never opts anyone in" in page.text
    types = {*str(page.one("input", type="file")["accept"]).split(",")}
    assert {".csv", ".txt", ".tsv", ".xlsx", ".xls", ".ods"} <= types
    found = matched(max_, "First,Cell,Nick name\nEmmett,(615) 555-0123,Doc\nX,12,\n")
    page = max_.get(f"/contacts/import/{found.pk}/check/")
    assert "Import 1 contact" in page.text
    assert "Nothing changes until you import." in page.text
    assert "1 row cannot be imported" in page.text
    assert not Job.objects.exists()
    assert not LedgerEntry.objects.exists()
    response = pressed(max_, found)
    job = Job.objects.get()
    assert response["Location"] == reverse("job-detail", args=[job.pk])
    assert (job.state, job.total) == (JobState.RUNNING, 1)
    assert not Upload.objects.exists()
    worked(job)
    assert vendors.status(DOC_NUMBER) == "not subscribed"
    assert max_.get(response["Location"]).status_code == 200


def test_each_step_says_what_happened_and_what_is_next(max_: Client) -> None:
    """The page focuses it (`_messages.html`)."""

    def said(response: Any) -> str:
        page = Page(max_.get(response["Location"]))
        return page.one("div", class_="notice notice-success", role="status").text

    response = upload(max_, "Mobile phone\n6155550123\n")
    assert said(response) == "people.csv is uploaded. Check what will happen."
    response = upload(max_, "Something\n6155550123\n")
    assert said(response) == "people.csv is uploaded. Say which column is which."
    columns = response["Location"]
    response = max_.post(columns, {"read_again": "1", "headings": "yes"})
    assert said(response) == "The file was read again. Check the columns below."
    response = max_.post(columns, {"column_0": "mobile_number", "choice": "create"})
    assert said(response) == "Columns saved. Check what will happen."
    response = pressed(max_, Upload.objects.latest("pk"))
    assert said(response) == "Import started. You can leave this page: the job continues."


def test_pressing_twice_imports_once(max_: Client) -> None:
    found = matched(max_, f"First,Cell\nEmmett,{DOC_NUMBER}\n")
    assert pressed(max_, found).status_code == 302
    again = max_.post(check_url(found), {"expected": "7"})
    assert again.status_code == 404
    assert "This upload is gone" in again.text
    assert "Go to Jobs" in again.text
    assert Job.objects.count() == 1


def test_the_press_does_what_was_shown_or_nothing(max_: Client) -> None:
    found = matched(max_, f"First,Cell,Status\nEmmett,{DOC_NUMBER},\n")
    response = max_.post(f"/contacts/import/{found.pk}/check/", {"expected": "7"})
    assert response.status_code == 409
    assert "Not started." in response.text
    assert not Job.objects.exists()


def test_columns_may_be_chosen_otherwise(max_: Client) -> None:
    upload(max_, "First,Cell\nEmmett,6155550123\n")
    found = Upload.objects.get()
    url = f"/contacts/import/{found.pk}/columns/"
    assert "Emmett" in max_.get(url).text
    none = max_.post(url, {"column_0": "last_name", "column_1": "", "choice": UPDATE})
    assert none.status_code == 422
    assert "Choose the column with the mobile number." in none.text
    twice = max_.post(url, {"column_0": "last_name", "column_1": "last_name", "choice": UPDATE})
    assert "Another column is already “Last name”." in twice.text
    assert [field.value() for field in twice.context_data["form"].columns] == ["last_name"] * 2
    max_.post(url, {"column_0": "last_name", "column_1": "mobile_number", "choice": UPDATE})
    found.refresh_from_db()
    assert (found.mapping, found.choice) == (["last_name", "mobile_number"], UPDATE)


def test_a_bad_file_is_a_sentence_at_the_field(max_: Client) -> None:
    response = upload(max_, "Name,Cell\n")
    assert response.status_code == 422
    assert "no rows below them" in response.text
    assert max_.post("/contacts/import/", {}).status_code == 422
    assert not Upload.objects.exists()


def test_an_upload_is_its_owners_for_a_day(max_: Client) -> None:
    upload(max_, f"First,Cell\nEmmett,{DOC_NUMBER}\n")
    found = Upload.objects.get()
    other = make_staff("ada")
    other.groups.set(User.objects.get(username="max").groups.all())
    assert logged_in(other).get(f"/contacts/import/{found.pk}/columns/").status_code == 404
    Upload.objects.update(uploaded_at=timezone.now() - UPLOAD_LIFETIME - timedelta(minutes=1))
    late = max_.get(f"/contacts/import/{found.pk}/columns/")
    assert late.status_code == 404
    assert "A file is kept for 24 hours" in late.text
    retention.run()
    assert not Upload.objects.exists()


def test_the_problems_can_be_taken_along(max_: Client) -> None:
    found = matched(max_, "First,Cell,Email\nA,12,\nB,6155550777,=cmd\n")
    response = max_.post(f"/contacts/import/{found.pk}/problems/")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    lines = text.splitlines()
    assert lines[0].replace('"', "") == "Row,Column,As typed,Kept out,What it is"
    cells = [next(csv.reader([line])) for line in lines[1:]]
    assert cells[0][:4] == ["2", "Cell", "12", "yes"]
    assert cells[1][:4] == ["3", "Email", "'=cmd", "no"]


def test_created_as_typed_and_not_subscribed(max_: Client, vendors: Vendors) -> None:
    (row,) = run(
        max_, f"First,Cell,ZIP,Custom field: Member,Status\nEmmett,{DOC_NUMBER},2116,7,subscribed\n"
    )
    assert (row.state, row.outcome) == (RowState.DONE, "Created.")
    assert row.data == {}
    held = vendors.contact(row.contact_id or 0)
    assert (held["first_name"], held["zip"], held["opt_in_status"]) == (
        "Emmett",
        "02116",
        "not subscribed",
    )
    entry = LedgerEntry.objects.get(action=Action.CONTACT_CREATED)
    assert (row.ledger_entry_id, entry.request_id) == (entry.pk, row.job.reference)


def test_who_exists_is_left_or_updated_as_chosen(max_: Client, vendors: Vendors) -> None:
    file = f"First,Cell,City,Email\nMartin,{MARTY_NUMBER},,new@example.com\n"
    (left,) = run(max_, file)
    assert (left.state, left.outcome) == (RowState.SKIPPED, LEFT)
    before = vendors.contact()
    assert before is not None
    (updated,) = run(max_, file, UPDATE)
    assert updated.state == RowState.DONE
    after = vendors.contact()
    assert (after["first_name"], after["email"]) == ("Martin", "new@example.com")
    # What the file leaves empty stays, and so does the consent.
    assert (after["city"], after["opt_in_status"]) == (before["city"], before["opt_in_status"])
    entry = LedgerEntry.objects.get(action=Action.CONTACT_EDITED)
    assert entry.after == {"first_name": "Martin", "email": "new@example.com"}
    (again,) = run(max_, file, "only_update")
    assert (again.state, again.outcome) == (RowState.SKIPPED, SAME)


def test_unsubscribed_in_the_file_is_a_stop_and_then_the_person(
    max_: Client, vendors: Vendors
) -> None:
    rows = run(
        max_, f"First,Cell,Status\nDoc,{DOC_NUMBER},unsubscribed\nMarty,{MARTY_NUMBER},STOP\n"
    )
    assert [row.state for row in rows] == [RowState.DONE] * 2
    assert vendors.status(DOC_NUMBER) == "unsubscribed"
    for number in (DOC_NUMBER, MARTY_NUMBER):
        # Those of people go first.
        states = DesiredState.objects.filter(number=number, do_not_text=True, batch=True)
        assert states.count() == 2
    assert LedgerEntry.objects.filter(action=Action.STOP_REQUESTED).count() == 2


def test_a_killed_worker_does_no_line_twice(max_: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is as it was before the answer was written down; the vendor has the person already."""
    pressed(max_, matched(max_, f"First,Cell,Status\nEmmett,{DOC_NUMBER},stop\n"))
    job = Job.objects.get()
    real = import_rows._end
    monkeypatch.setattr(
        import_rows, "_end", lambda row, outcome: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        schedule.run_jobs()
    monkeypatch.setattr(import_rows, "_end", real)
    worked(job)
    row = job.rows.get()
    assert row.state == RowState.DONE
    assert "Created" in row.outcome
    assert LedgerEntry.objects.filter(action=Action.CONTACT_CREATED).count() == 1
    assert LedgerEntry.objects.filter(action=Action.STOP_REQUESTED).count() == 1
    entry = LedgerEntry.objects.get(action=Action.CONTACT_CREATED)
    assert row.ledger_entry_id == entry.pk


def test_what_the_vendor_refuses_is_said_at_the_row(max_: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "error", status=422, methods=["POST"])
    (row,) = run(max_, f"First,Cell,Status\nEmmett,{DOC_NUMBER},stop\n")
    assert row.state == RowState.FAILED
    assert row.outcome.startswith("The stop is recorded")
    assert row.data == {}


def test_a_lost_answer_is_settled_by_looking_the_number_up(max_: Client, vendors: Vendors) -> None:
    vendors.fault(
        "slicktext", [{"kind": "drop_after", "methods": ["POST"], "path": CONTACTS, "times": 1}]
    )
    (row,) = run(max_, f"First,Cell\nEmmett,{DOC_NUMBER}\n")
    assert row.state == RowState.DONE
    assert len(vendors.server.truth(DOC_NUMBER)["slicktext"]) > 0


def test_what_a_file_holds_is_shown_as_text(max_: Client) -> None:
    response = upload(max_, "<b>Number</b>,Note\n6155550777,<script>1</script>\n")
    content = max_.get(response["Location"].replace("check", "columns")).content.decode()
    assert "&lt;script&gt;1" in content
    assert "<script>1" not in content
    assert "<b>Number" not in content


def test_a_file_says_no_consent_and_its_stop_is_carried_over(
    max_: Client, agent: User, vendors: Vendors
) -> None:
    """A bare press before it keeps its own opt-out: a file is no details of that press."""
    doors.press_stop(staff=agent, seen=Seen(MARTY_NUMBER, 7778, "Marty", "subscribed"))
    # As if no vendor had been told yet.
    DesiredState.objects.all().delete()
    run(
        max_, f"First,Cell,Status\nMarty,{MARTY_NUMBER},STOP\nDoc,{DOC_NUMBER},subscribed\n", UPDATE
    )
    said = Statement.objects.order_by("pk")
    assert [each.source for each in said] == [Source.STAFF, Source.CARRIED_OVER]
    assert {each.kind for each in said} == {StatementKind.STOP}
    assert not LedgerEntry.objects.filter(action=Action.STOP_DETAILED).exists()
    assert vendors.status(DOC_NUMBER) == "not subscribed"


def test_a_press_that_is_held_does_not_swallow_the_stop_of_a_file(
    max_: Client, agent: User, settings: Any
) -> None:
    found = matched(max_, f"First,Cell,Status\nMarty,{MARTY_NUMBER},STOP\n")
    settings.UNDO_SECONDS = 120
    doors.press_stop(staff=agent, seen=Seen(MARTY_NUMBER, 7778, "Marty", "subscribed"))
    pressed(max_, found)
    worked(Job.objects.get())
    with pytest.raises(CannotUnsend):
        doors.unsend(staff=agent, seen=Seen(MARTY_NUMBER))
    assert is_stopped(MARTY_NUMBER)
    assert Statement.objects.filter(source=Source.CARRIED_OVER).count() == 1


def test_created_over_a_stopped_number(max_: Client, agent: User, vendors: Vendors) -> None:
    doors.press_stop(staff=agent, seen=Seen(DOC_NUMBER))
    (row,) = run(max_, f"First,Cell,Status\nDoc,{DOC_NUMBER},subscribed\n")
    assert "the number is stopped here" in row.outcome
    assert vendors.status(DOC_NUMBER) == "unsubscribed"
    assert is_stopped(DOC_NUMBER)


def test_known_headings_go_straight_to_the_check(max_: Client) -> None:
    straight = upload(max_, f"First name,Mobile number\nEmmett,{DOC_NUMBER}\n")
    page = max_.get(straight["Location"])
    assert straight["Location"].endswith("/check/")
    assert page.context_data["reading"]["fields"] == [
        ("First name", "First name"),
        ("Mobile number", "Mobile number"),
    ]
    assert page.context_data["button"] == "Import 1 contact"
    doubtful = upload(max_, f"Emmett,{DOC_NUMBER}\nAda,{FREE_NUMBER}\n")
    assert doubtful["Location"].endswith("/columns/")


def test_an_upload_that_has_no_number_column_goes_to_the_columns(max_: Client) -> None:
    found = matched(max_, f"First,Cell\nEmmett,{DOC_NUMBER}\n")
    Upload.objects.update(mapping=["first_name", ""])
    assert looked(max_, found)["Location"].endswith("/columns/")


def test_another_sheet_is_read(max_: Client) -> None:
    people = [["First name", "Mobile number"], ["Emmett", DOC_NUMBER]]
    old = {"Old": [["Mobile number"], [FREE_NUMBER]]}
    found = matched(max_, xlsx_of(*people, name="People", others=old))
    page = looked(max_, found)
    assert page.context_data["reading"]["sheet"] == "People"
    assert "There are others: “Old”." in page.text
    url = f"/contacts/import/{found.pk}/columns/"
    again = max_.post(url, {"sheet": "Old", "headings": "yes", "read_again": "1"})
    assert again["Location"] == url
    assert "+16155550199" in max_.get(url).text
    assert looked(max_, found).context_data["check"].lines[0].number == FREE_NUMBER


def test_another_encoding_is_read_and_shown(max_: Client) -> None:
    found = matched(
        max_, f"First name,Mobile number\nRené,{DOC_NUMBER}\n".encode("mac_roman"), UPDATE
    )
    url = f"/contacts/import/{found.pk}/columns/"
    reading = max_.get(url).context_data["reading"]
    encodings = dict(reading.fields["encoding"].choices)
    shown = set()
    for key in list(encodings)[1:]:
        max_.post(url, {"encoding": key, "headings": "yes", "read_again": "1"})
        page = max_.get(url)
        assert page.context_data["reading"]["encoding"].value() == key
        shown.add(page.context_data["form"].columns[0].help_text)
    assert "René" in shown
    assert len(shown) > 1
    found.refresh_from_db()
    assert found.choice == UPDATE


def test_a_first_row_may_be_a_person(max_: Client) -> None:
    found = matched(max_, f"Emmett,{DOC_NUMBER}\nAda,{FREE_NUMBER}\n")
    url = f"/contacts/import/{found.pk}/columns/"
    max_.post(url, {"headings": "yes", "read_again": "1"})
    assert len(max_.get(url).context_data["upload"].mapping) == 2
    assert Upload.objects.get().rows == 1
    max_.post(url, {"headings": "no", "read_again": "1"})
    assert Upload.objects.get().rows == 2


def test_what_cannot_be_read_again_is_said_and_nothing_is_lost(max_: Client) -> None:
    found = matched(max_, f"First name,Mobile number\nEmmett,{DOC_NUMBER}\n")
    url = f"/contacts/import/{found.pk}/columns/"
    Upload.objects.update(content=zlib.compress(b"Mobile number"))
    bad = max_.post(url, {"headings": "yes", "read_again": "1"})
    assert bad.status_code == 422
    assert "Not read again." in bad.text
    assert looked(max_, found).context_data["button"] == "Import 1 contact"


def test_an_upload_from_before_this_version_is_read_as_it_was(max_: Client) -> None:
    found = matched(max_, f"First name,Mobile number\nEmmett,{DOC_NUMBER}\n")
    url = f"/contacts/import/{found.pk}/columns/"
    assert "Read it again" in max_.get(url).text
    Upload.objects.update(content=None)
    assert "Read it again" not in max_.get(url).text
    max_.post(url, {"headings": "no", "read_again": "1"})
    assert looked(max_, found).context_data["button"] == "Import 1 contact"


# What must be decided.

MAYBE = f"First,Cell,Do not text\nEmmett,{DOC_NUMBER},Maybe\nAda,{FREE_NUMBER},no\n"


def test_no_press_while_something_is_open(max_: Client) -> None:
    found = matched(max_, MAYBE)
    page = looked(max_, found)
    assert "1 row is not understood. Decide before importing." in page.text
    assert "Row 2" in page.text
    assert page.context_data["waiting"] == 1
    assert page.context_data["button"] == "Import 2 contacts"
    assert "Import 2 contacts" not in page.text
    response = max_.post(check_url(found), {"expected": page.context_data["expected"]})
    assert response.status_code == 409
    assert "Some rows must be decided first." in response.text
    assert not Job.objects.exists()
    assert Upload.objects.exists()


@pytest.mark.parametrize(
    ("answer", "button", "status", "stopped"),
    [
        ("stop", "Import 2 contacts and stop 1 number", "unsubscribed", True),
        ("no_stop", "Import 2 contacts", "not subscribed", None),
    ],
)
def test_a_value_that_is_a_stop_is_told_to_both_vendors_and_another_to_none(
    answer: str, button: str, status: str, stopped: Any, max_: Client, vendors: Vendors
) -> None:
    found = matched(max_, MAYBE)
    page = decided(max_, found, answer)
    assert page.context_data["button"] == button
    assert "Everything is decided." in page.text
    assert Page(page).one("div", id="import-state")["tabindex"] == "-1"
    ran(max_, found)
    delivered()
    assert (vendors.status(DOC_NUMBER), vendors.stopped(DOC_NUMBER)) == (status, stopped)
    assert is_stopped(DOC_NUMBER) is bool(stopped)
    assert (vendors.status(FREE_NUMBER), vendors.stopped(FREE_NUMBER)) == ("not subscribed", None)


def delivered() -> None:
    """All that is on its way has come."""
    for desired in DesiredState.objects.all():
        deliver(desired.pk)


def test_an_answer_can_be_changed(max_: Client) -> None:
    found = matched(max_, MAYBE)
    answered = decided(max_, found, "stop").context_data["form"].answered
    max_.post(check_url(found), {answered[0].name: "no_stop", "decide": "1"})
    assert looked(max_, found).context_data["check"].stops == 0


def test_an_answer_that_is_none_is_refused(max_: Client) -> None:
    found = matched(max_, MAYBE)
    (field,) = looked(max_, found).context_data["form"].open
    response = max_.post(check_url(found), {field.name: "perhaps", "decide": "1"})
    assert response.status_code == 422
    assert "Answers not saved." in response.text
    assert asked(looked(max_, found)) == [field.label]


def test_some_answers_now_and_the_others_later(max_: Client) -> None:
    found = matched(max_, f"{MAYBE}Zoe,6155550777,later\nBob,6155550778,soon\n")
    page = looked(max_, found)
    assert asked(page)[0] == "One answer for all 3 in “Do not text”"
    assert "3 rows are not understood" in page.text
    assert len(asked(decided(max_, found, "", "stop", "", ""))) == 3
    page = decided(max_, found, "no_stop", "", "stop")
    assert (asked(page), page.context_data["check"].stops) == ([], 2)


def test_hidden_rows_are_imported_or_not(max_: Client) -> None:
    rows = ["First", "Cell", "Do not text"], ["A", DOC_NUMBER, "yes"], ["B", FREE_NUMBER, "yes"]
    found = matched(max_, xlsx_of(*rows, hidden=[3]))
    assert asked(looked(max_, found)) == [
        "1 row is hidden in the spreadsheet, by a filter or by hand."
    ]
    page = decided(max_, found, "leave")
    assert page.context_data["button"] == "Import 1 contact and stop 1 number"
    assert page.context_data["summary"][-1]["note"] == "1 hidden in the spreadsheet."
    (hidden,) = page.context_data["form"].answered
    max_.post(check_url(found), {hidden.name: "read", "decide": "1"})
    assert looked(max_, found).context_data["button"] == "Import 2 contacts and stop 2 numbers"


def test_the_order_of_day_and_month_can_be_changed(max_: Client) -> None:
    found = matched(max_, f"First,Cell,Birthday\nEmmett,{DOC_NUMBER},3/8/1985\n")
    page = looked(max_, found)
    (order,) = page.context_data["form"].answered
    assert "Month first" in page.context_data["reading"]["orders"][0]
    assert page.context_data["check"].lines[0].values["birthdate"] == "1985-03-08"
    max_.post(check_url(found), {order.name: "day_first", "decide": "1"})
    page = looked(max_, found)
    assert page.context_data["check"].lines[0].values["birthdate"] == "1985-08-03"
    assert "Aug 3, 1985" in page.text


def test_what_another_tab_changed_in_between_asks_for_another_look(max_: Client) -> None:
    found = matched(max_, "Cell,Birthday\n615-555-0150,3/8/1985\n")
    page = looked(max_, found)
    expected, (order,) = page.context_data["expected"], page.context_data["form"].answered
    max_.post(check_url(found), {order.name: "day_first", "decide": "1"})
    response = max_.post(check_url(found), {"expected": expected})
    assert "1985-08-03" in str(response.context_data["check"].lines[0].values)
    assert not Job.objects.exists()


def test_a_column_that_was_left_out_is_asked_about_first_and_read(max_: Client) -> None:
    text = f"First,Cell,Remark,Do not text\nEmmett,{DOC_NUMBER},unsubscribed,maybe\n"
    targets = ["first_name", "mobile_number", "", "do_not_text"]
    found = matched(max_, text, targets=targets)
    page = looked(max_, found)
    assert "“Remark” is left out, and looks like opt-outs" in asked(page)[0]
    assert page.context_data["reading"]["left_out"] == ["Remark"]
    page = decided(max_, found, "read", "no_stop")
    assert (page.context_data["check"].stops, page.context_data["reading"]["left_out"]) == (1, [])
    assert ("Remark", "Only its stops") in page.context_data["reading"]["fields"]


def test_a_stop_that_cannot_be_recorded_stands_on_top(max_: Client) -> None:
    found = matched(max_, f"First,Cell,Do not text\nA,12,yes\nB,{DOC_NUMBER},no\nC,13,no\nD,,yes\n")
    page = looked(max_, found)
    assert "2 stops cannot be recorded." in page.text
    assert "there is no number that can be stopped (2 rows: 2, 5)" in Page(page).text
    left_out = page.context_data["summary"][-1]
    assert (left_out["many"], left_out["note"]) == (3, "3 without a number that can be used.")
    assert [section.title for section in page.context_data["sections"]][:2] == [
        "2 stops cannot be recorded",
        "1 row cannot be imported",
    ]


def test_no_sentence_promises_a_stop_beside_a_row_that_is_kept_out(max_: Client) -> None:
    found = matched(max_, "First,Cell,Status\nA,12,unsubscribed\nB,,STOP\nC,+442079460958,stop\n")
    page = looked(max_, found)
    assert STOPS not in page.text
    assert "There is nothing in this file to import." in page.text
    response = max_.post(check_url(found), {"expected": page.context_data["expected"]})
    assert response.status_code == 409
    assert not Job.objects.exists()


def test_a_stop_pressed_in_between_asks_for_another_look(max_: Client, agent: User) -> None:
    found = matched(max_, f"First,Cell,Status\nEmmett,{DOC_NUMBER},stop\n")
    expected = looked(max_, found).context_data["expected"]
    doors.press_stop(staff=agent, seen=Seen(DOC_NUMBER))
    response = max_.post(check_url(found), {"expected": expected})
    assert response.status_code == 409
    assert "What would happen has changed since you looked" in response.text
    assert response.context_data["button"] == "Import 1 contact"
    assert not Job.objects.exists()


def test_the_second_of_two_presses_finds_the_upload_gone(
    max_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two presses at the same moment: both have looked, one has begun."""
    found = matched(max_, f"First,Cell\nEmmett,{DOC_NUMBER}\n")
    expected = looked(max_, found).context_data["expected"]
    real = uploads.confirm

    def slower(**options: Any) -> Any:
        Upload.objects.update(rows=0)
        return real(**options)

    monkeypatch.setattr(uploads, "confirm", slower)
    response = max_.post(check_url(found), {"expected": expected})
    assert response.status_code == 404
    assert "This upload is gone" in response.text
    assert not Job.objects.exists()


@pytest.mark.parametrize("data", [{"decide": "1"}, {"expected": "7"}], ids=["decide", "press"])
def test_only_managers_decide(ada: Client, max_: Client, data: dict[str, str]) -> None:
    found = matched(max_, MAYBE)
    assert ada.post(check_url(found), data).status_code == 403
    assert not Job.objects.exists()


def test_a_large_file_costs_a_few_queries(
    max_: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    rows = "".join(f"A,615555{at:04},{'yes' if at % 2 else 'maybe'}\n" for at in range(1000, 1300))
    found = matched(max_, f"First,Cell,Do not text\n{rows}")
    looked(max_, found)
    with django_assert_max_num_queries(12):
        looked(max_, found)


def test_a_finished_import_says_what_is_next(max_: Client) -> None:
    found = matched(max_, f"First,Cell\nEmmett,{DOC_NUMBER}\n")
    assert pressed(max_, found).status_code == 302
    job = Job.objects.latest("pk")
    address = reverse("job-detail", args=[job.pk])
    running = Page(max_.get(address))
    assert "You can leave this page. The job continues." in running.text
    assert running.one("title").text.startswith("Running: Import contacts")
    worked(job)
    page = Page(max_.get(address))
    assert page.one("title").text.startswith("Finished: Import contacts")
    assert "No line was refused. Finished" in page.text
    assert page.one("a", href="/contacts/import/", class_="button").text == "Import another file"


def test_a_later_stop_in_a_file_is_on_record_for_a_stopped_number_too(
    vendors: Vendors, manager: User, settings: Any
) -> None:
    """Consent from between the two stops answers neither (rules 1 and 2)."""
    settings.FOUR_EYES = False
    now, seen = timezone.now(), Seen(MARTY_NUMBER)
    asked = Request(Channel.PHONE, now - timedelta(days=60), "Stop")
    consent.stop(staff=manager, seen=seen, request=asked)
    day = timezone.localtime(now - timedelta(days=10)).strftime("%m/%d/%Y")
    text = f"Phone,Opt-out date\n{MARTY_NUMBER},{day}\n"
    [row] = run(logged_in(manager), text)
    assert row.outcome.startswith(RECORDED)
    stops = Statement.objects.filter(number=MARTY_NUMBER, kind="stop")
    assert (stops.count(), OptOut.objects.count()) == (2, 1)
    evidence = Evidence("Marty", Channel.PHONE, now - timedelta(days=30), "Yes", exact=True)
    with pytest.raises(EvidenceRefused):
        consent.change_opt_in_status(
            staff=manager, seen=seen, status="subscribed", evidence=evidence
        )
    run(logged_in(manager), text)
    assert stops.count() == 2, "the same file adds nothing"
