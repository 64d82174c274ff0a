"""Importing: upload, columns, a look at everything, and a job that does exactly that."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import Job, JobRow, LedgerEntry, Statement, Upload, Wish
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.job import JobState, RowState
from contacts_ui.models.ledger import Action
from contacts_ui.services import imports, jobs
from contacts_ui.services.consent import doors
from contacts_ui.services.consent.held_presses import CannotUnsend
from contacts_ui.services.consent.looking import is_stopped
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.imports.working import LEFT, SAME
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


def upload(client: Client, text: str, name: str = "people.csv") -> Any:
    return client.post("/contacts/import/", {"file": SimpleUploadedFile(name, text.encode())})


def matched(client: Client, text: str, choice: str = "create") -> Upload:
    """Uploaded, with the columns as guessed."""
    assert upload(client, text).status_code == 302
    found = Upload.objects.latest("pk")
    form = {f"column_{at}": target for at, target in enumerate(found.mapping)}
    response = client.post(f"/contacts/import/{found.pk}/columns/", {**form, "choice": choice})
    assert response["Location"] == f"/contacts/import/{found.pk}/check/"
    return found


def pressed(client: Client, found: Upload) -> Any:
    page = client.get(f"/contacts/import/{found.pk}/check/")
    return client.post(
        f"/contacts/import/{found.pk}/check/", {"expected": page.context["expected"]}
    )


def run(client: Client, text: str, choice: str = "create") -> list[JobRow]:
    """From the file to the last row."""
    assert pressed(client, matched(client, text, choice)).status_code == 302
    job = Job.objects.latest("pk")
    worked(job)
    return list(job.rows.order_by("position"))


def worked(job: Job) -> None:
    for _ in range(30):
        jobs.go_on()
        job.refresh_from_db()
        if job.state == JobState.DONE:
            return
    raise AssertionError(list(job.rows.values_list("state", "outcome")))


def test_three_steps_and_nothing_before_the_last(max_: Client, vendors: Vendors) -> None:
    assert "Importing never opts anyone in" in max_.get("/contacts/import/").text
    found = matched(max_, "First,Cell,Nick name\nEmmett,(615) 555-0123,Doc\nX,12,\n")
    page = max_.get(f"/contacts/import/{found.pk}/check/")
    assert "Create 1 contact" in page.text
    assert "1 problem" in page.text
    assert "This is not a phone number" in page.text
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


def test_pressing_twice_imports_once(max_: Client) -> None:
    found = matched(max_, f"First,Cell\nEmmett,{DOC_NUMBER}\n")
    assert pressed(max_, found).status_code == 302
    again = max_.post(f"/contacts/import/{found.pk}/check/", {"expected": "1-0-0-0-0-0-0"})
    assert again.status_code == 404
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
    assert "Say which column holds the mobile number." in none.text
    twice = max_.post(
        url, {"column_0": "mobile_number", "column_1": "mobile_number", "choice": UPDATE}
    )
    assert "Another column is the mobile number already." in twice.text
    max_.post(url, {"column_0": "last_name", "column_1": "mobile_number", "choice": UPDATE})
    found.refresh_from_db()
    assert (found.mapping, found.choice) == (["last_name", "mobile_number"], UPDATE)


def test_a_bad_file_is_a_sentence_at_the_field(max_: Client) -> None:
    response = upload(max_, "Name,Cell\n")
    assert response.status_code == 422
    assert "nothing below them" in response.text
    assert max_.post("/contacts/import/", {}).status_code == 422
    assert not Upload.objects.exists()


def test_an_upload_is_its_owners_for_a_day(max_: Client) -> None:
    upload(max_, f"First,Cell\nEmmett,{DOC_NUMBER}\n")
    found = Upload.objects.get()
    other = make_staff("ada")
    other.groups.set(User.objects.get(username="max").groups.all())
    assert logged_in(other).get(f"/contacts/import/{found.pk}/columns/").status_code == 404
    Upload.objects.update(uploaded_at=timezone.now() - imports.KEPT - timedelta(minutes=1))
    assert max_.get(f"/contacts/import/{found.pk}/columns/").status_code == 404
    imports.purge()
    assert not Upload.objects.exists()


def test_the_problems_can_be_taken_along(max_: Client) -> None:
    found = matched(max_, "First,Cell\n=cmd,12\n")
    response = max_.get(f"/contacts/import/{found.pk}/problems/")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    lines = text.splitlines()
    assert lines[0] == "Row,Column,As typed,Kept out,What it is"
    assert lines[1].startswith("2,Cell,12,yes,")
    assert lines[2].startswith("2,First,'=cmd,yes,")


def test_created_as_typed_and_not_subscribed(max_: Client, vendors: Vendors) -> None:
    (row,) = run(
        max_, f"First,Cell,ZIP,Custom field: Member,Status\nEmmett,{DOC_NUMBER},2116,7,subscribed\n"
    )
    assert (row.state, row.outcome) == (RowState.DONE, "Created.")
    assert row.data == {}
    held = vendors.contact(row.contact_id or 0)
    assert held is not None
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
    assert after is not None
    assert (after["first_name"], after["email"]) == ("Martin", "new@example.com")
    # What the file leaves empty stays, and so does the consent.
    assert (after["city"], after["opt_in_status"]) == (before["city"], before["opt_in_status"])
    entry = LedgerEntry.objects.get(action=Action.CONTACT_EDITED)
    assert entry.after == {"first_name": "Martin", "email": "new@example.com"}
    (again,) = run(max_, file, "only_update")
    assert (again.state, again.outcome) == (RowState.SKIPPED, SAME)


def test_only_update_creates_nobody(max_: Client, vendors: Vendors) -> None:
    (row,) = run(max_, f"First,Cell\nNobody,{FREE_NUMBER}\n", "only_update")
    assert row.state == RowState.SKIPPED
    assert vendors.status(FREE_NUMBER) is None


def test_unsubscribed_in_the_file_is_a_stop_and_then_the_person(
    max_: Client, vendors: Vendors
) -> None:
    rows = run(
        max_, f"First,Cell,Status\nDoc,{DOC_NUMBER},unsubscribed\nMarty,{MARTY_NUMBER},STOP\n"
    )
    assert [row.state for row in rows] == [RowState.DONE] * 2
    assert vendors.status(DOC_NUMBER) == "unsubscribed"
    for number in (DOC_NUMBER, MARTY_NUMBER):
        assert Wish.objects.filter(number=number, do_not_text=True).count() == 2
    assert LedgerEntry.objects.filter(action=Action.STOP_REQUESTED).count() == 2


def test_stops_of_a_file_give_way_to_those_of_people(max_: Client, vendors: Vendors) -> None:
    run(max_, f"First,Cell,Status\nEmmett,{DOC_NUMBER},stop\n")
    wishes = Wish.objects.filter(number=DOC_NUMBER)
    assert list(wishes.values_list("batch", flat=True)) == [True, True]


def test_a_killed_worker_does_no_line_twice(
    max_: Client, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is as it was before the answer was written down; the vendor has the person already."""
    pressed(max_, matched(max_, f"First,Cell,Status\nEmmett,{DOC_NUMBER},stop\n"))
    job = Job.objects.get()
    real = imports.working._end
    monkeypatch.setattr(
        imports.working, "_end", lambda row, outcome: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        jobs.go_on()
    monkeypatch.setattr(imports.working, "_end", real)
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
    content = max_.get(response["Location"]).content.decode()
    assert "&lt;script&gt;1" in content
    assert "<script>1" not in content
    assert "<b>Number" not in content


# Consent.


def test_a_file_says_no_consent_and_its_stop_is_carried_over(
    max_: Client, agent: User, vendors: Vendors
) -> None:
    """A bare press before it keeps its own opt-out: a file is no details of that press."""
    doors.press_stop(staff=agent, seen=Seen(MARTY_NUMBER, 7778, "Marty", "subscribed"))
    # As if no vendor had been told of it yet.
    Wish.objects.all().delete()
    run(
        max_,
        f"First,Cell,Status\nMarty,{MARTY_NUMBER},STOP\nDoc,{DOC_NUMBER},subscribed\n",
        UPDATE,
    )
    said = Statement.objects.order_by("pk")
    assert [each.source for each in said] == [Source.STAFF, Source.CARRIED_OVER]
    assert {each.kind for each in said} == {StatementKind.STOP}
    assert not LedgerEntry.objects.filter(action=Action.STOP_DETAILED).exists()
    assert vendors.status(DOC_NUMBER) == "not subscribed"


def test_a_press_that_is_held_does_not_swallow_the_stop_of_a_file(
    max_: Client, agent: User, vendors: Vendors, settings: Any
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
