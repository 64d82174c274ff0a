"""The list from the index, saved views and jobs, with something in them."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from contacts_ui.models import Job, SavedView
from contacts_ui.models.job import JobState
from tests.browser.test_looks import SCREENS, Open, look
from tests.views.index_people import index_people

LONG = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren und"
LIFTS = (
    "Number,Who,How,When,Words\n"
    "615-555-3338,Marty McFly,Phone call,11/03/2026 3:05 PM,Please text me again\n"
    f"6155550778,{LONG},Smoke signal,{LONG},{LONG}\n"
)


@pytest.fixture
def known(transactional_db: None) -> None:
    index_people(30)


@pytest.mark.parametrize("viewport", SCREENS)
def test_the_list_from_the_index(open_as: Open, manager: User, known: None, viewport: Any) -> None:
    for number in range(30):
        SavedView.objects.create(owner=manager, name=f"{number} {LONG}"[:60], query=f"q={number}")
        SavedView.objects.create(owner=manager, name=f"View {number}", query="", shared=True)
    page = open_as(manager, "/contacts/?q=matry", viewport=viewport)
    for address in (
        "?q=hair:red+marty",
        "?q=6155559999",
        "?live=1",
        "?offset=9000",
        "?sort=-name&size=25",
    ):
        look(page)
        page.goto(f"/contacts/{address}")
    page.locator("#views [aria-current], #views .number").first.wait_for()
    page.get_by_role("button", name="Search help").click()
    page.get_by_text("Use a colon").wait_for()
    look(page)
    page.keyboard.press("Escape")
    page.locator(".selection summary").click()
    look(page)
    page.goto("/contacts/views/")
    page.locator(".view-list summary").first.click()
    look(page)


def prepared(page: Page, kind: str) -> None:
    page.goto("/contacts/?q=marty")
    page.locator(".selection summary").click()
    page.get_by_label("Everyone who matches this view").check()
    page.get_by_role("button", name=kind).click()
    page.wait_for_url("**/jobs/*/")


@pytest.mark.parametrize("viewport", SCREENS)
def test_jobs(open_as: Open, manager: User, known: None, viewport: Any) -> None:
    page = open_as(manager, "/jobs/new/", viewport=viewport)
    page.get_by_label("Numbers").fill(f"(615) 555-3338\n615-555-3338\n{LONG}\n12")
    page.get_by_role("button", name="Show what will happen").click()
    look(page)
    page.goto("/jobs/new/?kind=export")
    page.get_by_label("Numbers").fill(f"(615) 555-3338\n615-555-3338\n{LONG}\n12")
    page.get_by_role("button", name="Show what will happen").click()
    page.locator("summary", has_text="2").click()
    look(page)
    page.goto("/jobs/new/?kind=ask_lift")
    page.get_by_label("Request lifts").check()
    file: Any = {"name": "lifts.csv", "mimeType": "text/csv", "buffer": LIFTS.encode()}
    page.get_by_label("Or a file").set_input_files(file)
    page.get_by_role("button", name="Show what will happen").click()
    page.wait_for_url("**/jobs/*/")
    look(page)
    for kind in ("Edit a field", "Stop texts"):
        prepared(page, kind)
        look(page)
    page.get_by_role("button", name="Stop texts for").click()
    expect(page.locator("#job-panel")).to_contain_text("Running")
    look(page)
    job = Job.objects.latest("pk")
    for state in (JobState.PAUSED, JobState.CANCELLED, JobState.DONE):
        Job.objects.filter(pk=job.pk).update(state=state, finished_at=job.created_at)
        page.goto(f"/jobs/{job.pk}/")
        look(page)
    page.goto("/jobs/")
    look(page)
