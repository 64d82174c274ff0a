"""An import in a browser: a value that is not understood, its answer, the press, and the job."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Dialog, Page, expect

from contacts_ui.models import Job
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_looks import SCREENS, look, nothing_sticks_out
from tests.views.index_people import index_people

OpenAs = Callable[..., Page]
LONG = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren"
MARKS = ["✓", "✔", "☑", "*", "sí", "WAHR", "oui", "1.0", "●"]
FILE = "First name,Mobile number,Do not text\n" + "".join(
    f"P{at},615-555-71{at:02},{mark}\n" for at, mark in enumerate([*MARKS, "hmm", "perhaps", "hmm"])
)
MUCH = (
    f"First name,Mobile number,Do not text,Birthday,Email,Remark of {LONG}\n"
    "Ada,615-555-0101,hmm,3/8/1985,ada@example,unsubscribed\n"
    f"{LONG},615-555-0102,{LONG},3/9/1985,{LONG},friend\n"
    "Cleo,12,yes,3/9/1985,,\n"
    "Dan,867-5309 fax,,0/0/00,,\n"
    "Eve,615-555-0103,✓,,,\n"
    + "".join(f"Fay,615-555-02{at:02},maybe {at},,bad,\n" for at in range(12))
)
HOSTILE = (
    "Given name;Phone;Email;Status;<b>Notes</b> that no one ever needed, at length\n"
    '"=HYPERLINK(""http://evil.example"")";6155550777;zoe@example.org;subscribed;<script>1</script>\n'
    f"{LONG};+1 615 555 0778;;stop;\n"
    "Bob;6.15556E+09;bob(at)example;;\n"
)


def uploaded(page: Page, text: str, name: str = "people.csv") -> None:
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload").click()


def test_leaving_what_was_typed_asks_first_and_sending_it_does_not(
    open_as: OpenAs, manager: User
) -> None:
    """The columns of a file, and a list of numbers for a job."""
    page = open_as(manager, "/contacts/import/")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    uploaded(page, "Something,Else\n615-555-0101,Ada\n")
    page.wait_for_url("**/columns/")
    page.get_by_label("Something").select_option("mobile_number")
    page.get_by_label("Else").select_option("last_name")
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Another file").click(no_wait_after=True)
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Check every row").click()
    page.wait_for_url("**/check/")
    page.goto("/jobs/new/")
    page.get_by_label("Numbers").fill("615-555-0101")
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Cancel").click(no_wait_after=True)
    assert asked == ["beforeunload"] * 2
    page.get_by_role("button", name="Show what will happen").click()
    expect(page.get_by_text("The list is ready.").locator("..")).to_be_focused()
    assert asked == ["beforeunload"] * 2


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_from_the_file_to_the_job(open_as: OpenAs, manager: User, script: bool) -> None:
    """With the keyboard alone, and without JavaScript, too."""
    page = open_as(manager, "/contacts/import/", java_script_enabled=script)
    uploaded(page, FILE)
    page.wait_for_url("**/check/")
    expect(page.get_by_role("heading", level=2).first).to_have_text(
        "3 rows are not understood. Decide before importing."
    )
    assert page.get_by_role("button", name="Import 1").count() == 0
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all notes as CSV").click()
    assert download.value.suggested_filename.endswith("-problems.csv")
    hmm = page.get_by_role("group", name="“hmm”")
    hmm.get_by_label("Not a stop").focus()
    page.keyboard.press("Space")
    shared = page.get_by_role("group", name="One answer for all 2 in “Do not text”")
    shared.get_by_label("Stop texts").check()
    page.get_by_role("button", name="Use these answers").press("Enter")
    page.wait_for_url("**/check/#import-state")
    expect(page.locator("#import-state")).to_contain_text("Everything is decided.")
    expect(page.locator("#import-state")).to_be_focused()
    page.get_by_role("button", name="Import 12 contacts and stop 10 numbers").click()
    page.wait_for_url("**/jobs/*/")
    started = page.get_by_role("status").filter(has_text="Import started.")
    expect(started).to_be_visible()
    if script:
        expect(started).to_be_focused()
    assert Job.objects.get().total == 12
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename.startswith(f"job-{Job.objects.get().pk}-")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("This upload is gone")


@pytest.mark.parametrize("viewport", SCREENS)
def test_how_it_looks(open_as: OpenAs, manager: User, viewport: dict[str, int]) -> None:
    """Axe finds nothing, and nothing sticks out: many questions, answers, columns with an error, and no upload."""
    page = open_as(manager, "/contacts/import/", viewport=viewport)
    uploaded(page, MUCH, f"{LONG}.csv")
    page.wait_for_url("**/import/*/*/")
    check = page.url.replace("/columns/", "/check/")
    page.goto(check)
    look(page)
    for group in page.locator(".import-questions").get_by_role("group").all():
        group.get_by_role("radio").first.check()
    page.get_by_role("button", name="Use these answers").first.click()
    page.wait_for_url("**/check/#import-state")
    page.locator("details.unfold > summary").click()
    look(page)
    page.goto(check.replace("/check/", "/columns/"))
    look(page)
    page.get_by_label("Mobile number").select_option("")
    page.get_by_role("button", name="Check every row").click()
    expect(page.locator(".notice-error")).to_be_focused()
    look(page)
    page.goto("/contacts/import/999999/check/")
    look(page)


def test_a_phone_scrolls_only_its_tables(open_as: OpenAs, manager: User) -> None:
    page = open_as(manager, "/contacts/import/", viewport=PHONE, has_touch=True, is_mobile=True)
    uploaded(page, MUCH, f"{LONG}.csv")
    page.wait_for_url("**/import/*/*/")
    check = page.url.replace("/columns/", "/check/")
    for address in (check, check.replace("/check/", "/columns/")):
        page.goto(address)
        for width in (390, 320, 195):
            page.set_viewport_size({"width": width, "height": 600})
            nothing_sticks_out(page)
        page.set_viewport_size(DESKTOP)


def test_what_a_file_holds_is_shown_as_text(open_as: OpenAs, manager: User) -> None:
    index_people(130)
    page = open_as(manager, "/contacts/import/")
    page.get_by_role("button", name="Upload").click()
    look(page)
    uploaded(page, HOSTILE, "<i>people</i>.csv")
    page.wait_for_url("**/check/")
    for address in (page.url, page.url.replace("/check/", "/columns/")):
        page.goto(address)
        assert page.locator("main script, main b, main i").count() == 0
        look(page)
