"""The pages of bulk work: a selection or a list, its preview, the second press, and how it stands."""

import csv
import io
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone

from contacts_ui.forms.finder import index_question
from contacts_ui.integrations.types import Contact
from contacts_ui.models import Job, JobRow, LedgerEntry, LiftRequest, WorkerHeartbeat
from contacts_ui.models.job import JobKind, JobState
from contacts_ui.models.ledger import Action
from contacts_ui.phone import pretty
from contacts_ui.services import jobs
from contacts_ui.services.consent import slicktext_readings
from contacts_ui.services.contacts.reading import read
from contacts_ui.views.job_panel import about
from contacts_ui.worker import schedule
from tests import consent
from tests.jobs import NUMBERS, deliver_all, fill_index, prepare, started, work_off
from tests.pages import Page
from tests.people import MARTY, MARTY_NUMBER, Vendors, logged_in

pytestmark = pytest.mark.django_db(transaction=True)


def text_of(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


def new(client: Client, **data: Any) -> HttpResponse:
    return client.post("/jobs/new/", {"kind": "stop", **data})


def fragment(client: Client, job: Job) -> HttpResponse:
    headers = {"HX-Request": "true", "HX-Target": "job-panel"}
    return client.get(f"/jobs/{job.pk}/", headers=headers)


def test_a_pasted_list_becomes_a_preview(max_: Client) -> None:
    response = new(max_, numbers="(615) 555-3338\n615.555.3338\n1.61556E+10")
    job = Job.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}/"
    page = Page(max_.get(response["Location"]))
    said = page.one("div", class_="notice notice-success", role="status")
    assert said.text == "The list is ready. Nothing changes until you start it."
    assert "What will happen" in page.text
    assert page.one("button", class_="button button-danger").text == "Stop texts for 1 person"
    assert "The same as line 1." in page.text
    assert "its last digits are lost" in page.text
    assert not LedgerEntry.objects.filter(action=Action.STOP_REQUESTED).exists()


def test_a_line_says_name_and_number_once(max_: Client, vendors: Vendors) -> None:
    """As given is for what the name and the number beside it don't say."""
    fill_index(read(MARTY, now=True).contact)
    new(max_, numbers="Marty McFly – (615) 555-3338")
    page = Page(max_.get(f"/jobs/{Job.objects.get().pk}/"))
    line = next(each for each in page.all("tr") if "McFly" in each.text)
    assert line.text.count("McFly") == line.text.count("555-3338") == 1
    assert "As given" not in page.text


def test_an_uploaded_file_becomes_a_preview(max_: Client) -> None:
    lines = "\r\n".join(["name;mobile", *(f"N;{number}" for number in NUMBERS[:30])])
    new(max_, file=SimpleUploadedFile("people.csv", b"\xef\xbb\xbf" + lines.encode()))
    job = Job.objects.get()
    assert (job.source, job.total) == ("The file people.csv", 30)
    page = max_.get(f"/jobs/{job.pk}/?size=25&offset=25&show=unknown")
    assert "26–30 of 30" in page.text
    assert "Stop texts for 30 people" in page.text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Paste numbers"),
        ({"numbers": "6155553338", "kind": "delete"}, "not one of the available choices"),
        ({"numbers": "6155553338", "file": b"6155550123"}, "not both"),
        ({"file": b"PK\x03\x04"}, "This workbook cannot be read"),
        ({"file": b""}, "This file is empty"),
        ({"file": b"a,b\nc,d\n"}, "No column of this file"),
    ],
)
def test_what_cannot_be_prepared_keeps_what_was_typed(
    data: dict[str, Any], words: str, max_: Client
) -> None:
    if "file" in data:
        data = {**data, "file": SimpleUploadedFile("x.csv", data["file"])}
    response = new(max_, **data)
    assert response.status_code == 422
    assert words in response.text
    assert data.get("numbers", "") in response.text
    assert not Job.objects.exists()


@pytest.mark.parametrize(("indexed", "calls"), [(True, []), (False, ["slicktext GET"])])
def test_ticked_rows(
    indexed: bool, calls: list[str], max_: Client, vendors: Vendors, settings: Any
) -> None:
    """The page that they were ticked on was learned by the index; without one they are read."""
    settings.CONTACT_INDEX = indexed
    max_.get("/contacts/")
    vendors.forget_calls()
    data = {"scope": "ticked", "ids": [MARTY, "x"], "kind": "edit", "view": ""}
    max_.post("/jobs/new/", data)
    job = Job.objects.get()
    assert (job.source, job.kind, job.total) == ("1 selected row", JobKind.EDIT, 1)
    assert vendors.asked() == calls


def test_nothing_ticked_goes_back_to_the_view(max_: Client) -> None:
    data = {"scope": "ticked", "kind": "stop", "view": "q=marty&status=subscribed"}
    response = max_.post("/jobs/new/", data)
    assert response["Location"] == "/contacts/?q=marty&status=subscribed"
    assert not Job.objects.exists()


def test_all_that_match_the_view(max_: Client) -> None:
    fill_index(
        Contact(contact_id=1, mobile_number=NUMBERS[0], city="Waco"),
        Contact(contact_id=2, mobile_number=NUMBERS[1], city="Waco"),
        Contact(contact_id=3, mobile_number=NUMBERS[2], city="Austin"),
    )
    data = {"scope": "all", "kind": "stop", "view": "city=Waco&size=25&offset=25"}
    max_.post("/jobs/new/", data)
    job = Job.objects.get()
    assert job.source == "All contacts that match city “Waco”"
    assert set(job.rows.values_list("contact_id", flat=True)) == {1, 2}


@pytest.mark.parametrize(("on", "words"), [(True, "is not complete yet"), (False, "is turned off")])
def test_all_that_match_needs_the_index(on: bool, words: str, max_: Client, settings: Any) -> None:
    settings.CONTACT_INDEX = on
    data = {"scope": "all", "kind": "stop", "view": "city=Waco"}
    assert words in max_.post("/jobs/new/", data, follow=True).text
    assert not Job.objects.exists()


def test_a_filter_without_sense_matches_no_one(max_: Client) -> None:
    fill_index()
    data = {"scope": "all", "kind": "stop", "view": "number=abc"}
    assert "A filter of this view is not valid" in max_.post("/jobs/new/", data, follow=True).text
    assert index_question({"number": "abc"}) is None


@pytest.mark.parametrize("typed", ["number:abc", "id:abc", 'status:""', "a b c d e f g h i"])
def test_what_was_not_understood_stops_no_one(typed: str, max_: Client) -> None:
    """The table shows more than was asked for, with a remark; a job would act on all of it."""
    fill_index(Contact(contact_id=1, mobile_number=NUMBERS[0], first_name="A B C D E F G H"))
    data = {"scope": "all", "kind": "stop", "view": urlencode({"q": typed})}
    assert "Fix the search first" in max_.post("/jobs/new/", data, follow=True).text
    assert not Job.objects.exists()


def test_the_selection_carries_the_view(manager: User) -> None:
    request = RequestFactory().get("/contacts/?q=marty&state=TX")
    request.user = manager
    response = HttpResponse(render_to_string("contacts/_selection.html", request=request))
    page = Page(response)
    assert page.one("form", id="selection")["action"] == "/jobs/new/"
    assert page.one("input", name="view")["value"] == "q=marty&state=TX"
    assert [each["value"] for each in page.all("button", name="kind")] == ["stop", "edit", "export"]


def test_the_second_press_starts_it(max_: Client, manager: User) -> None:
    job = prepare(manager, NUMBERS[:3])
    data = {"channel": "letter", "reason": "Their lawyer wrote", "asked_at": "2026-01-02T10:00"}
    assert max_.post(f"/jobs/{job.pk}/start/", data)["Location"] == f"/jobs/{job.pk}/"
    work_off(job)
    entry = LedgerEntry.objects.filter(action=Action.STOP_REQUESTED).first()
    assert (entry.channel, entry.reason) == ("letter", "Their lawyer wrote")
    assert Page(max_.get(f"/audit/?request={job.reference}")).text.count("Stopped texts") >= 3


def test_a_bad_option_starts_nothing(max_: Client, manager: User) -> None:
    job = prepare(manager, NUMBERS[:1])
    data = {"reason": "Kept as typed", "asked_at": "2090-01-01T10:00"}
    response = max_.post(f"/jobs/{job.pk}/start/", data)
    assert response.status_code == 422
    assert "This time has not come yet." in response.text
    assert "Kept as typed" in response.text
    job.refresh_from_db()
    assert job.state == JobState.PREVIEW


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "This field is required"),
        ({"field": "mobile_number", "value": "6155550123"}, "not one of the available choices"),
        ({"field": "opt_in_status", "value": "subscribed"}, "not one of the available choices"),
        ({"field": "state", "value": "Narnia"}, "not a state or province"),
        ({"field": "email", "value": "nobody"}, "not an email address"),
    ],
)
def test_a_field_is_checked_as_for_one(
    data: dict[str, str], words: str, max_: Client, manager: User
) -> None:
    fill_index(read(MARTY).contact)
    job = prepare(manager, [MARTY_NUMBER], JobKind.EDIT)
    response = max_.post(f"/jobs/{job.pk}/start/", data)
    assert response.status_code == 422
    assert words in response.text


def test_a_field_of_many_is_edited(max_: Client, manager: User, vendors: Vendors) -> None:
    fill_index(read(MARTY).contact)
    job = prepare(manager, [MARTY_NUMBER], JobKind.EDIT)
    max_.post(f"/jobs/{job.pk}/start/", {"field": "state", "value": "Texas"})
    work_off(job)
    held = vendors.contact()
    assert held["state"] == "TX"
    assert "State or province: “TX”" in Page(max_.get(f"/jobs/{job.pk}/")).text


def test_lifts_need_evidence(max_: Client) -> None:
    response = new(max_, kind="ask_lift", numbers=NUMBERS[0])
    assert response.status_code == 422
    assert "needs a file with the columns Number, Who, How, When and Words" in response.text
    data = {"scope": "ticked", "ids": [MARTY], "kind": "ask_lift", "view": ""}
    assert "Choose what to do" in max_.post("/jobs/new/", data, follow=True).text
    assert not Job.objects.exists()


def test_lifts_are_asked_for_from_a_file(max_: Client, manager: User) -> None:
    day = timezone.now() - timedelta(days=1)
    seen = consent.Seen(NUMBERS[0])
    consent.record_stop(staff=manager, seen=seen, request=consent.Request(asked_at=day))
    now = f"{timezone.localtime():%m/%d/%Y %I:%M %p}"
    lines = f"Number,Who,How,When,Words\n{NUMBERS[0]},Ann Lee,Phone call,{now},Yes"
    new(max_, kind="ask_lift", file=SimpleUploadedFile("lifts.csv", lines.encode()))
    job = Job.objects.get()
    page = Page(max_.get(f"/jobs/{job.pk}/"))
    assert "Ask for 1 lift" in page.text
    assert page.all("textarea") == []
    assert max_.post(f"/jobs/{job.pk}/start/").status_code == 422
    max_.post(f"/jobs/{job.pk}/start/", {"status": "subscribed"})
    work_off(job)
    assert "Requested. A manager decides." in max_.get(f"/jobs/{job.pk}/").text
    assert LiftRequest.objects.get().consent_who == "Ann Lee"


def test_vendors_are_told_from_the_banner(max_: Client, vendors: Vendors) -> None:
    address = "/jobs/new/?kind=tell"
    assert "has every stop on record" in max_.get(address).text
    unsubscribed = Contact(contact_id=5, mobile_number=NUMBERS[0], opt_in_status="unsubscribed")
    slicktext_readings.hear([unsubscribed], timezone.now())
    cache.clear()
    banner = Page(max_.get("/jobs/")).one("a", href=address)
    assert banner.text == "Review and tell vendors"
    assert "1 person is stopped here, but not every vendor was told." in max_.get(address).text
    assert not Job.objects.exists()
    where = max_.post("/jobs/new/", {"kind": "tell"})["Location"]
    page = Page(max_.get(where))
    assert page.one("button", class_="button button-primary").text == "Tell vendors about 1 person"
    assert vendors.stopped(NUMBERS[0]) is None
    job = Job.objects.get()
    max_.post(f"/jobs/{job.pk}/start/")
    work_off(job)
    assert vendors.stopped(NUMBERS[0]) is True
    cache.clear()
    assert Page(max_.get("/jobs/")).all("a", href=address) == []
    assert max_.post("/jobs/new/", {"kind": "tell"})["Location"] == "/jobs/"


def test_a_second_start_is_told(max_: Client, manager: User) -> None:
    job = started(manager, NUMBERS[:1])
    page = max_.post(f"/jobs/{job.pk}/start/", follow=True).text
    assert "No changes were made. This job is running." in page


def test_the_panel_asks_again_until_it_is_done(max_: Client, manager: User) -> None:
    job = started(manager, NUMBERS[:2])
    schedule.run_jobs()
    panel = Page(fragment(max_, job))
    assert panel.one("section", id="job-panel")["hx-get"] == f"/jobs/{job.pk}/"
    assert "<html" not in panel.html
    assert "0 of 2" in panel.text
    assert "HX-Refresh" not in fragment(max_, job)
    deliver_all()
    schedule.run_jobs()
    panel = Page(fragment(max_, job))
    assert panel.one("section", id="job-panel")["hx-get"] is None
    assert "Finished" in panel.text
    assert fragment(max_, job)["HX-Refresh"] == "true", "the lines below are shown again"
    assert "Finished. The lines below say what happened" in max_.get(f"/jobs/{job.pk}/").text
    assert panel.one("progress")["value"] == "2"


def test_the_lines_ask_again_until_it_is_done(max_: Client, manager: User) -> None:
    job = started(manager, NUMBERS[:2])
    schedule.run_jobs()
    address = f"/jobs/{job.pk}/?show=working"
    assert Page(max_.get(address)).one("section", id="rows")["hx-get"] == address
    htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "rows"}
    lines = Page(max_.get(address, **htmx))
    assert "<html" not in lines.html
    assert len(lines.all("th", scope="row")) == 2
    assert lines.one("section", id="rows")["hx-get"] == address
    deliver_all()
    schedule.run_jobs()
    lines = Page(max_.get(f"/jobs/{job.pk}/", **htmx))
    assert lines.one("section", id="rows")["hx-get"] is None
    assert "2 Confirmed" in lines.text


def test_the_panel_says_that_no_worker_runs(max_: Client, manager: User) -> None:
    job = started(manager, NUMBERS[:2])
    assert "No worker is running" in Page(fragment(max_, job)).text
    now = timezone.now()
    WorkerHeartbeat.objects.create(worker="here:1", started_at=now, beat_at=now)

    cache.clear()
    assert "No worker is running" not in Page(fragment(max_, job)).text


def test_pause_resume_and_cancel(max_: Client, manager: User) -> None:
    job = started(manager, NUMBERS[:2])
    page = max_.post(f"/jobs/{job.pk}/pause/", follow=True).text
    assert "The job is paused until a manager resumes it." in page
    assert "Resumed." in max_.post(f"/jobs/{job.pk}/resume/", follow=True).text
    schedule.run_jobs()
    page = max_.post(f"/jobs/{job.pk}/cancel/", follow=True).text
    assert "Recorded changes stay, and is still delivered" in page
    assert "canceled" in max_.post(f"/jobs/{job.pk}/pause/", follow=True).text
    listed = max_.get("/jobs/").text
    assert "Canceled" in listed


def test_a_list_that_is_put_away(max_: Client, manager: User) -> None:
    job = prepare(manager, NUMBERS[:1])
    page = max_.post(f"/jobs/{job.pk}/cancel/", follow=True).text
    assert "List discarded. No changes were made." in page
    assert "already recorded" not in page


def test_the_rows_can_be_filtered_and_taken_along(max_: Client, manager: User) -> None:
    job = prepare(manager, [*NUMBERS[:2], "=HYPERLINK(1)"])
    work_off(jobs.start(staff=manager, pk=job.pk))
    page = Page(max_.get(f"/jobs/{job.pk}/?show=skipped"))
    assert len(page.all("tr")) == 2
    assert "HYPERLINK" in page.text
    (download,) = [each for each in page.all("button") if each.text == "Download as CSV"]
    assert page.press(download)[1] == {"show": "skipped"}
    table = text_of(max_.post(f"/jobs/{job.pk}/results/"))
    lines = list(csv.reader(io.StringIO(table.removeprefix("\ufeff"))))
    assert [line[0] for line in lines] == ["Line", "1", "2", "3"]
    assert lines[3][1] == "'=HYPERLINK(1)"
    assert lines[1][3] == pretty(NUMBERS[0])
    done = max_.post(f"/jobs/{job.pk}/results/", {"show": "done"})
    assert len(text_of(done).splitlines()) == 3
    assert "-done-" in done["Content-Disposition"]
    # No word of the browser's reaches a header.
    odd = max_.post(f"/jobs/{job.pk}/results/", {"show": 'x"\r\nSet-Cookie: a=b'})
    assert odd["Content-Disposition"].count("-") == 4
    taken = LedgerEntry.objects.filter(action=Action.JOB_EXPORTED)
    assert [entry.after["count"] for entry in taken] == [3, 2, 3]


def test_the_list_of_jobs(max_: Client, manager: User) -> None:
    assert "No jobs yet" in max_.get("/jobs/").text
    work_off(started(manager, NUMBERS[:2]))
    prepare(manager, NUMBERS[5:8])
    page = max_.get("/jobs/").text
    assert "2 of 2" in page
    assert "3 people" in page
    assert "The list ends before this page" in max_.get("/jobs/?offset=50").text


def test_a_job_that_is_still_being_prepared_is_not_there_yet(max_: Client) -> None:
    job = Job.objects.create(kind="stop", source="x", created_at=timezone.now())
    assert max_.get(f"/jobs/{job.pk}/").status_code == 404
    assert "No jobs yet" in max_.get("/jobs/").text


def test_the_menu(max_: Client, agent: User) -> None:
    page = Page(max_.get("/jobs/"))
    assert page.one("a", href="/jobs/", aria_current="page").text == "Jobs"
    other = Page(logged_in(agent).get("/contacts/"))
    assert other.all("a", href="/jobs/") == []


def test_deep_pages_ask_no_more(
    max_: Client, manager: User, django_assert_max_num_queries: Any
) -> None:
    job = prepare(manager, NUMBERS[:1])
    JobRow.objects.bulk_create(
        JobRow(job=job, position=line, category="unknown") for line in range(2, 1001)
    )
    Job.objects.update(counts={"unknown": 1000}, total=1000)
    with django_assert_max_num_queries(12):
        page = max_.get(f"/jobs/{job.pk}/?show=unknown&offset=950").text
    assert "951–1,000 of 1,000" in page
    assert "Stop texts for 1,000 people" in page


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, "less than a minute"),
        (50, "about 1 minute"),
        (1250, "about 21 minutes"),
        (5400, "about 2 hours"),
        (400_000, "about 5 days"),
    ],
)
def test_the_time_left_is_as_exact_as_it_is_known(seconds: float | None, words: str) -> None:
    assert about(seconds) == words
