"""Texts after a stop on the screen: the banner, Needs attention, the auditor's page, sheet and number page."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import (
    DesiredState,
    LedgerEntry,
    SentText,
    Vendor,
    VendorAbility,
    WorkerHeartbeat,
)
from contacts_ui.models.abilities import AbilityState, FactKind
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log
from contacts_ui.services.consent import phone_numbers, record
from contacts_ui.services.consent.rules import exactly
from contacts_ui.services.messages import sent_texts, slicktext_sync
from contacts_ui.services.messages.number_facts import note_fact
from contacts_ui.services.messages.sent_texts import Text, keep
from contacts_ui.services.operations import abilities, alerts
from tests.hooks import tell_ccai, work
from tests.pages import Page
from tests.people import FREE_NUMBER, MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db
PAGE, ATTENTION = "/texts-after-stop/", "/attention/"
CCAI, SLICKTEXT = Vendor.CLOUDCONTACTAI, Vendor.SLICKTEXT


def ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def stopped(number: str = MARTY_NUMBER, *, said: float = 300, held: float | None = 240) -> None:
    """They asked on the phone, and both vendors held it an hour later."""
    with transaction.atomic():
        entry = audit_log.record(
            action=Action.STOP_REQUESTED, staff=None, number=number, channel="phone"
        )
        record.add(entry, kind=StatementKind.STOP, source=Source.PERSON, said=exactly(ago(said)))
    for vendor in Vendor if held is not None else ():
        DesiredState.objects.create(
            number=number,
            vendor=vendor,
            do_not_text=True,
            ledger_entry=entry,
            requested_at=ago(said),
            held_since=ago(held or 0),
            confirmed_do_not_text=True,
            confirmed_at=ago(held or 0),
            state="confirmed",
        )


def text(minutes: float | None = 60, key: str = "1", **facts: Any) -> SentText:
    facts = {
        "vendor": CCAI,
        "number": MARTY_NUMBER,
        "heard_at": ago(minutes or 0),
        "source": "Campaign Fall sale",
        "words": "Our fall sale starts today.",
        **facts,
    }
    keep([Text(key=key, sent_at=None if minutes is None else ago(minutes), **facts)])
    return SentText.objects.get(key=key)


# --- The banner ---------------------------------------------------------------------------------------


@pytest.fixture
def _worker(db: None) -> None:
    cache.clear()
    now = timezone.now()
    WorkerHeartbeat.objects.create(worker="here:1", started_at=now, beat_at=now)


def told(staff: User) -> list[str]:
    cache.clear()
    return [f"{each.title}. {each.text}" for each in alerts.alerts_for(staff) if each.severe]


@pytest.mark.usefixtures("_worker")
def test_managers_are_told_about_a_text_after_a_stop(
    manager: User, agent: User, viewer: User
) -> None:
    assert told(manager) == []
    stopped()
    text(key="0", by_person=True)
    assert told(manager) == [], "it raised no alarm"
    row = text()
    assert told(manager) == [
        "1 text was sent to a number after its stop. Find out why, and close it with a note."
    ]
    assert told(agent) == told(viewer) == []
    text(key="2")
    assert told(manager)[0].startswith("2 texts were sent to numbers after their stop.")
    sent_texts.close(staff=manager, pk=row.pk, note="Done.")
    assert told(manager)[0].startswith("1 text was sent")


def test_the_banner_leads_to_needs_attention(max_: Client) -> None:
    stopped()
    text()
    cache.clear()
    page = Page(max_.get("/audit/"))
    assert "1 text was sent to a number after its stop" in page.html
    assert any(each["href"] == ATTENTION and each.text == "Review it" for each in page.all("a"))


def test_a_text_without_its_stop_is_not_counted(max_: Client) -> None:
    stopped()
    row = text()
    SentText.objects.filter(pk=row.pk).update(stop=None)
    page = Page(max_.get(PAGE))
    assert "No texts after a stop" in page.text
    assert "The list ends before this page" not in page.text
    SentText.objects.filter(pk=row.pk).update(stop=row.stop)
    assert "The list ends before this page" in Page(max_.get(f"{PAGE}?offset=50")).text


# --- Needs attention ----------------------------------------------------------------------------------


def test_needs_attention_says_who_was_texted_when_and_with_what(max_: Client) -> None:
    stopped()
    text()
    page = Page(max_.get(ATTENTION))
    assert "Needs attention (1)" in page.text
    assert "CloudContactAI texted them 4 hours after their stop" in page.text
    assert (
        "After the vendor held the stop (3 hours after it held the stop). Campaign Fall sale."
        in page.text
    )
    assert "“Our fall sale starts today.”" in page.text
    links = {each["href"] for each in page.all("a")}
    assert reverse("number-detail", args=[MARTY_NUMBER]) in links
    assert PAGE in links


def test_a_vendor_that_does_not_say_when_is_not_given_a_time(max_: Client) -> None:
    stopped()
    text(None, heard_at=ago(30))
    assert "CloudContactAI doesn't say when. We learned of it" in Page(max_.get(ATTENTION)).text


def close(browser: Client, row: SentText, **data: str) -> Any:
    address = reverse("attention-text-close", args=[row.pk])
    return browser.post(address, data, follow=True)


def test_closing_with_a_note(max_: Client) -> None:
    stopped()
    row = text()
    page = Page(close(max_, row, note="A workflow sent it. It is off now."))
    assert "(615) 555-3338: closed. Your note is in the audit log." in page.text
    assert "Nothing needs attention" in page.text
    row.refresh_from_db()
    assert (row.closed_by_name, row.note) == ("Max Manager", "A workflow sent it. It is off now.")


def test_closing_asks_for_a_note(max_: Client) -> None:
    stopped()
    row = text()
    answer = close(max_, row)
    assert answer.status_code == 422
    assert "Say what was done" in Page(answer).text
    row.refresh_from_db()
    assert row.closed_at is None


def test_closing_what_another_person_closed(max_: Client, manager: User) -> None:
    stopped()
    row = text()
    sent_texts.close(staff=manager, pk=row.pk, note="Done.")
    assert "No changes. Max Manager already closed it." in Page(close(max_, row, note="Mine.")).text


def test_a_reassigned_number_can_be_stopped_without_javascript(
    max_: Client, deliver_in_this_thread: None
) -> None:
    phone_numbers.reassign(number=FREE_NUMBER, at=ago(60), words="CloudContactAI says so.")
    page = Page(max_.get(ATTENTION))
    assert "Needs attention (1)" in page.text
    assert "This number passed to another person" in page.text
    assert "CloudContactAI says so." in page.text
    assert reverse("number-opt-in", args=[FREE_NUMBER]) in {each["href"] for each in page.all("a")}
    address, form = page.press(page.one("button", aria_label="Stop texts to (615) 555-0199"))
    assert max_.post(address, form).status_code == 302
    assert record.is_stopped(FREE_NUMBER)
    assert "Nothing needs attention" in Page(max_.get(ATTENTION)).text


# --- The auditor's page -------------------------------------------------------------------------------


def answer(browser: Client, query: str = "") -> str:
    return Page(browser.get(PAGE + query)).one("div", id="answer").text


@pytest.fixture
def _both_watched(settings: Any, vendors: Vendors) -> None:
    VendorAbility.objects.create(
        vendor=SLICKTEXT,
        name=abilities.MESSAGES,
        state=AbilityState.OFFERED,
        account=abilities.fingerprint(SLICKTEXT),
    )


@pytest.mark.usefixtures("_both_watched")
def test_the_answer_is_yes_with_how_many(max_: Client) -> None:
    stopped()
    stopped(FREE_NUMBER)
    for number, key in ((MARTY_NUMBER, "1"), (MARTY_NUMBER, "2"), (FREE_NUMBER, "3")):
        text(key=key, number=number)
    text(270, "4")
    said = answer(max_)
    assert said.startswith("Yes. 4 texts were sent to 2 people after they asked, since ")
    assert "3 after the vendor held the stop, 1 before the vendor held the stop." in said
    assert "3 alarms not closed yet" in said


@pytest.mark.usefixtures("_both_watched")
def test_the_answer_tells_kinds_apart(max_: Client) -> None:
    stopped()
    text(270, "before")
    text(60, "person", by_person=True)
    said = answer(max_)
    assert said.startswith("Yes. 2 texts were sent to 1 person after they asked")
    assert "1 before the vendor held the stop, 1 written by a person in the vendor's inbox." in said


@pytest.mark.usefixtures("_both_watched")
def test_the_answer_is_no_where_all_is_watched(max_: Client) -> None:
    text(number=FREE_NUMBER)
    said = answer(max_)
    assert said.startswith("Not that we know of. No vendor told us of a text after a stop, since ")
    assert "not watched" not in said


def test_the_answer_says_what_is_not_watched(max_: Client) -> None:
    text(number=FREE_NUMBER)
    said = answer(max_)
    assert "Not that we know of" in said
    assert "Texts sent by SlickText are not watched." in said


def test_nothing_is_claimed_where_nothing_is_watched(max_: Client, settings: Any) -> None:
    settings.CCAI_WEBHOOK_SECRET = ""
    said = answer(max_)
    assert said.startswith("We can't tell.")
    assert "Not that we know of" not in said
    assert "Texts sent by CloudContactAI are not watched." in said


def test_what_is_watched_is_told_in_words(max_: Client, settings: Any) -> None:
    VendorAbility.objects.create(
        vendor=SLICKTEXT,
        name=abilities.MESSAGES,
        state=AbilityState.NOT_OFFERED,
        account=abilities.fingerprint(SLICKTEXT),
    )
    page = Page(max_.get(PAGE))
    assert (
        "This account offers no list of messages. Texts sent by SlickText are not watched."
        in page.text
    )
    assert "We have not received an event about a text yet." in page.text
    settings.CCAI_WEBHOOK_SECRET = ""
    assert "The webhooks of CloudContactAI are off." in Page(max_.get(PAGE)).text


def test_how_far_slicktext_was_read(max_: Client, vendors: Vendors) -> None:
    for minutes in (5, 50):
        text = {"body": "Hi", "created": ago(minutes), "incoming": False, "status": "delivered"}
        vendors.server.sandbox.messages.add(
            vendor="slicktext", number=MARTY_NUMBER, source="Campaign", **text
        )
    abilities.probe()
    VendorAbility.objects.update(next_at=timezone.now())
    slicktext_sync.run_due()
    assert (
        "Texts sent by SlickText are watched. All texts were read as of"
        in Page(max_.get(PAGE)).text
    )


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", {"1", "2", "3"}),
        ("?kind=after_held", {"1", "3"}),
        ("?vendor=slicktext", {"3"}),
        ("?q=(615)+555-0199", {"2"}),
        ("?from={yesterday}&to={yesterday}", set()),
    ],
)
def test_filters(query: str, keys: set[str], max_: Client) -> None:
    stopped()
    stopped(FREE_NUMBER, held=None)
    text(60, "1", words="one")
    text(60, "2", words="two", number=FREE_NUMBER)
    text(60, "3", words="three", vendor=SLICKTEXT)
    yesterday = (timezone.localdate() - timedelta(days=2)).isoformat()
    page = Page(max_.get(PAGE + query.format(yesterday=yesterday)))
    words = {"1": "“one”", "2": "“two”", "3": "“three”"}
    assert {key for key, said in words.items() if said in page.text} == keys


def test_a_filter_that_cannot_be_read_shows_nothing(max_: Client) -> None:
    page = Page(max_.get(PAGE + "?q=12"))
    assert "This is not a phone number." in page.text
    assert not page.all("div", id="answer")


def test_pages(max_: Client) -> None:
    stopped()
    keep(
        Text(CCAI, f"k{index}", MARTY_NUMBER, ago(60 + index), timezone.now(), words=f"w{index}.")
        for index in range(30)
    )
    first = Page(max_.get(PAGE + "?size=25"))
    assert "1–25 of 30" in first.text
    second = Page(max_.get(PAGE + "?size=25&offset=25"))
    assert "“w29.”" in second.text
    assert "“w24.”" not in second.text


def test_who_closed_an_alarm_is_on_the_page(max_: Client, manager: User) -> None:
    stopped()
    sent_texts.close(staff=manager, pk=text().pk, note="A workflow. Off now.")
    said = Page(max_.get(PAGE)).text
    assert "Closed by Max Manager" in said
    assert "“A workflow. Off now.”" in said


def queries_of(browser: Client, address: str) -> int:
    browser.get(address)
    with CaptureQueriesContext(connection) as made:
        assert browser.get(address).status_code == 200
    return len(made)


@pytest.mark.parametrize("address", [PAGE, ATTENTION])
def test_a_page_of_many_costs_as_many_queries_as_one(address: str, max_: Client) -> None:
    stopped()
    text()
    one = queries_of(max_, address)
    assert one <= 24
    for index in range(20):
        number = f"+1615555{2000 + index}"
        stopped(number)
        text(60, number, number=number)
    assert queries_of(max_, address) <= one


# --- Sheet and number page ----------------------------------------------------------------------------


def sheet(browser: Client, number: str = MARTY_NUMBER) -> str:
    return Page(browser.get(reverse("evidence", args=[number]))).text


def test_the_sheet_lists_the_texts_after_the_stop(max_: Client, manager: User) -> None:
    stopped()
    sent_texts.close(staff=manager, pk=text().pk, note="A workflow. Off now.")
    said = sheet(max_)
    assert "1 text was sent to this number after a stop" in said
    assert "After the vendor held the stop. Sent" in said
    assert "Closed by Max Manager" in said
    entry = LedgerEntry.objects.get(action=Action.TEXT_AFTER_STOP)
    assert f"Entry {entry.pk}." in said
    assert "Texts sent by SlickText are not watched yet." in said


def test_the_sheet_of_a_stop_without_such_texts_says_so(max_: Client) -> None:
    stopped()
    assert "We know of no texts to this number after a stop." in sheet(max_)


def number_page(browser: Client, number: str = MARTY_NUMBER) -> str:
    return Page(browser.get(reverse("number-detail", args=[number]))).text


def test_the_number_page_shows_the_last_text_and_its_words_to_managers_alone(
    max_: Client, vera: Client
) -> None:
    assert "What vendors report" not in number_page(vera)
    text()
    for browser in (max_, vera):
        assert "Last text sent" in number_page(browser)
        assert "CloudContactAI, Campaign Fall sale. Sent" in number_page(browser)
    assert "Our fall sale starts today." in number_page(max_)
    assert "Our fall sale" not in number_page(vera)


def test_the_number_page_shows_facts_that_are_no_stops(vera: Client) -> None:
    note_fact(MARTY_NUMBER, CCAI, FactKind.LANDLINE, "Not a mobile number (code 21614)", ago(60))
    said = number_page(vera)
    assert "Landline Not a mobile number (code 21614). CloudContactAI, " in said
    assert "This is not a stop." in said


def test_the_number_page_says_that_it_passed_to_another_person(vera: Client) -> None:
    phone_numbers.reassign(number=FREE_NUMBER, at=ago(60), words="")
    assert "This number passed to another person" in number_page(vera, FREE_NUMBER)


# --- From an event to the banner ----------------------------------------------------------------------


@pytest.mark.usefixtures("_worker")
def test_an_event_of_a_campaign_after_the_stop_becomes_a_banner(manager: User) -> None:
    stopped()
    data = {
        "SmsSid": 17,
        "MessageStatus": "DELIVERED",
        "To": MARTY_NUMBER,
        "Message": "Our fall sale starts today.",
        "CampaignTitle": "Fall sale",
    }
    for event_hash in ("a", "b"):
        tell_ccai({"eventType": "message.sent", "data": data, "eventHash": event_hash})
    assert work()[0] == "A text after their stop: it is listed."
    assert told(manager) == [
        "1 text was sent to a number after its stop. Find out why, and close it with a note."
    ]


# --- What vendors report ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code", "source"),
    [
        ("message.error.cloudcontact", "2001", "an error code from CloudContactAI"),
        ("message.error.carrier", "21610", "an error code from the carrier"),
    ],
)
def test_a_code_stands_in_words_on_every_page(
    kind: str, code: str, source: str, max_: Client
) -> None:
    data = {"To": MARTY_NUMBER, "ErrorCode": code, "ErrorMessage": "No", "ErrorType": kind}
    tell_ccai({"eventType": kind, "data": data, "eventHash": code})
    work()
    assert source in number_page(max_)
    said = sheet(max_)
    assert source[1:] in said
    assert f"(code {code})" in said
    text(-0.1)
    assert source in Page(max_.get(PAGE)).text


@pytest.mark.usefixtures("_both_watched")
def test_a_no_reaches_no_further_back_than_each_vendor_is_watched(max_: Client) -> None:
    day = 24 * 60
    text(40 * day, "old", number=FREE_NUMBER)
    text(3 * day, "new", number=FREE_NUMBER, vendor=SLICKTEXT)
    begun = f"{timezone.localtime(ago(3 * day)):%b} {timezone.localtime(ago(3 * day)).day}, "
    assert f"of a text after a stop, since {begun}" in answer(max_)
