"""A person's page: back to the results, a history to unfold, and forms that ask before they lose what was typed."""

import re

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Dialog, Page, expect

from contacts_ui.models.ledger import Channel
from tests import consent
from tests.browser.test_looks import Open
from tests.people import MARTY, MARTY_NUMBER, PASSWORD, Vendors


def test_back_to_the_results_also_through_the_form_without_javascript(
    open_as: Open, editor: User
) -> None:
    page = open_as(editor, "/contacts/?q=marty", java_script_enabled=False)
    page.get_by_role("link", name="Marty McFly").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("City").fill("Pine Valley")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("link", name="Back to results").click()
    expect(page.get_by_label("Search contacts")).to_have_value("marty")


def test_a_stop_unfolds_to_its_confirmations(open_as: Open, agent: User, vendors: Vendors) -> None:
    seen = consent.Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())
    consent.stop_texts(staff=agent, seen=seen)
    page = open_as(agent, f"/contacts/{MARTY}/")
    expect(page.locator("#history > .history > li")).to_have_count(1)
    confirmed = page.get_by_text("Stop confirmed by SlickText")
    expect(confirmed).to_be_hidden()
    page.get_by_text("2 events").click()
    expect(confirmed).to_be_visible()


def test_leaving_a_changed_form_asks_first(open_as: Open, editor: User, vendors: Vendors) -> None:
    page = open_as(editor, f"/contacts/{MARTY}/edit/")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", name="Marty McFly", exact=True)).to_be_visible()
    assert asked == []
    page.go_back()
    page.get_by_label("City").fill("Pine Valley")
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Cancel").click(no_wait_after=True)
    expect(page.get_by_label("City")).to_have_value("Pine Valley")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert asked == ["beforeunload"]


def test_what_was_typed_is_back_after_signing_in_again(
    open_as: Open, editor: User, vendors: Vendors
) -> None:
    page = open_as(editor, f"/contacts/{MARTY}/edit/")
    page.get_by_label("City").fill("Pine Valley")
    Session.objects.all().delete()
    vendors.edit(MARTY, first_name="Martin")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_label("Username or email").fill(editor.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("What you typed is back.")).to_be_visible()
    expect(page.get_by_label("City")).to_have_value("Pine Valley")
    expect(page.get_by_label("First name")).to_have_value("Martin")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto(f"/contacts/{MARTY}/edit/")
    expect(page.get_by_text("What you typed is back.")).to_have_count(0)


def test_so_does_the_dialog_around_it(
    open_as: Open, manager: User, agent: User, vendors: Vendors
) -> None:
    seen = consent.Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())
    consent.stop_texts(staff=agent, seen=seen)
    page = open_as(manager, f"/contacts/{MARTY}/")
    page.get_by_role("switch", name="Do not text").click()
    words = page.get_by_role("dialog").get_by_label("Their words")
    words.fill("You may text me again")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.keyboard.press("Escape")
    expect(words).to_have_value("You may text me again")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_an_export_says_where_to_look(open_as: Open, manager: User, vendors: Vendors) -> None:
    page = open_as(manager, "/contacts/export/")
    started = page.get_by_text("Look in your downloads.")
    expect(started).to_be_hidden()
    page.get_by_label("What do you need them for?").fill("The yearly review")
    with page.expect_download():
        page.get_by_role("button", name="Export").click()
    expect(started).to_be_visible()
    expect(page.get_by_role("link", name="Back to the table").last).to_be_visible()


def test_on_paper_a_card_is_one_page_and_three_requests_are_two(
    open_as: Open, manager: User, agent: User, vendors: Vendors
) -> None:
    seen = consent.Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())
    words = consent.Request(Channel.PHONE, timezone.now(), "Please stop texting me")
    consent.stop_texts(staff=agent, seen=seen, request=words)
    evidence = consent.Evidence("Marty McFly", Channel.PHONE, timezone.now(), "Text me again")
    version = consent.judge_one(seen).version
    consent.change_opt_in_status(
        staff=manager, seen=seen, status="subscribed", evidence=evidence, version=version
    )
    words = consent.Request(Channel.EMAIL, timezone.now(), "No more texts")
    consent.stop_texts(staff=agent, seen=seen, request=words)
    page = open_as(manager, f"/contacts/{MARTY}/")
    assert pages(page) == 1
    page.get_by_role("link", name="Evidence sheet").click()
    expect(page.get_by_role("heading", name="3. Request to stop texts")).to_be_visible()
    assert pages(page) == 2


def pages(page: Page) -> int:
    """How many sheets of Letter paper this page prints."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="Letter")))
