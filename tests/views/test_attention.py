"""Needs attention: what a vendor refused, and what a vendor said that could not be matched."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import DesiredState, LedgerEntry, OptOut, Statement, WebhookEvent
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.services.consent import delivery, desired_state, doors
from contacts_ui.services.consent.rules import Verdict
from contacts_ui.services.consent.types import Seen
from tests import consent
from tests.hooks import hint, tell_ccai, tell_slicktext, unsubscribed, work
from tests.pages import Page
from tests.people import DOC_NUMBER, FREE_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/attention/"
Refused = Callable[[], DesiredState]


@pytest.fixture
def refused(agent: User, vendors: Vendors) -> DesiredState:
    """A stop that CloudContactAI refused, and that SlickText has no contact for."""
    vendors.switch(unknown_phone="404")
    consent.stop_texts(staff=agent, seen=Seen(DOC_NUMBER, label="Dora Doc"))
    desired = DesiredState.objects.get(vendor="cloudcontactai")
    assert desired.state == DeliveryState.REFUSED
    return desired


def press(browser: Client, name: str, pk: int, **data: Any) -> Any:
    return browser.post(reverse(f"attention-{name}", args=[pk]), data, follow=True)


def settle(browser: Client, desired: DesiredState, **data: Any) -> Any:
    return press(browser, "resolve", desired.pk, version=desired.version, **data)


def retry(browser: Client, desired: DesiredState, **data: Any) -> Any:
    return press(browser, "retry", desired.pk, version=desired.version, **data)


def test_it_works(max_: Client, refused: DesiredState) -> None:
    page = Page(max_.get(LIST))
    assert "Needs attention (1)" in page.text
    for words in (
        *["Dora Doc", "Stop texts", "refused by CloudContactAI", "Contact not found", "Ada"],
    ):
        assert words in page.text


def test_nothing_needs_attention(max_: Client) -> None:
    assert "Nothing needs attention" in Page(max_.get(LIST)).text


def test_what_is_on_its_way_needs_none(max_: Client, set_desired_state: SetDesiredState) -> None:
    set_desired_state()
    assert "Nothing needs attention" in Page(max_.get(LIST)).text


def test_trying_again(max_: Client, refused: DesiredState, vendors: Vendors) -> None:
    vendors.switch(unknown_phone="create")
    page = Page(retry(max_, refused))
    assert "Dora Doc: CloudContactAI confirmed it." in page.text
    assert "Nothing needs attention" in page.text
    assert vendors.stopped(DOC_NUMBER) is True
    entry = LedgerEntry.objects.get(action=Action.STOP_RETRIED)
    assert (entry.staff_name, entry.vendor) == ("Max Manager", "cloudcontactai")
    assert entry.answer["request"] == refused.ledger_entry_id
    assert OptOut.objects.get().completed_at is not None


def test_trying_again_in_vain(max_: Client, refused: DesiredState) -> None:
    page = Page(retry(max_, refused))
    assert "refused it again: “Contact not found" in page.text
    assert "Needs attention (1)" in page.text


def test_settling_by_hand(max_: Client, refused: DesiredState, vendors: Vendors) -> None:
    vendors.forget_calls()
    page = Page(settle(max_, refused, note="Blocked on their own screen."))
    assert "resolved by hand for CloudContactAI. They stay stopped here." in page.text
    refused.refresh_from_db()
    assert (refused.state, refused.settled) == (DeliveryState.SETTLED, True)
    entry = LedgerEntry.objects.get(action=Action.STOP_SETTLED)
    assert (entry.reason, entry.staff_name) == ("Blocked on their own screen.", "Max Manager")
    assert OptOut.objects.get().state == "settled"
    assert desired_state.due_now() == []
    assert vendors.asked() == []
    judgment = consent.judge_one(Seen(DOC_NUMBER))
    assert judgment.verdict is Verdict.DO_NOT_TEXT
    assert "resolved by hand for CloudContactAI" in judgment.reason
    assert not judgment.needs_attention


def test_settling_needs_a_note(max_: Client, refused: DesiredState) -> None:
    response = settle(max_, refused, note="  ")
    assert response.status_code == 422
    assert "Say what was done" in Page(response).text
    refused.refresh_from_db()
    assert refused.state == DeliveryState.REFUSED


@pytest.mark.parametrize("act", [settle, retry])
def test_who_comes_too_late_changes_nothing(
    act: Callable[..., Any], max_: Client, refused: DesiredState, manager: User
) -> None:
    doors.resolve_refused(staff=manager, pk=refused.pk, version=refused.version, note="Done.")
    page = Page(act(max_, refused, note="Me too."))
    assert "no changes. It was already resolved by hand" in page.text
    assert not LedgerEntry.objects.filter(reason="Me too.").exists()
    assert not LedgerEntry.objects.filter(action=Action.STOP_RETRIED).exists()


def test_an_older_version_is_not_settled(max_: Client, refused: DesiredState) -> None:
    """It was retried and refused again since the page was opened."""
    retry(max_, refused)
    page = Page(settle(max_, refused, note="Done."))
    assert "Review it again" in page.text
    assert not LedgerEntry.objects.filter(action=Action.STOP_SETTLED).exists()


def test_a_refused_opt_in_is_tried_again_with_a_new_end(
    max_: Client, set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    vendors.edit(opt_in_status="unsubscribed")
    vendors.switch(refuse_resubscribe=True)
    desired = set_desired_state("slicktext", do_not_text=False, status="subscribed")
    delivery.deliver(desired.pk)
    desired.refresh_from_db()
    assert "Change to subscribed" in Page(max_.get(LIST)).text
    vendors.switch(refuse_resubscribe=False)
    retry(max_, desired)
    assert vendors.status() == "subscribed"
    assert LedgerEntry.objects.filter(action=Action.CONSENT_RETRIED).exists()


def test_an_unknown_desired_state_is_not_found(max_: Client) -> None:
    for name in ("attention-retry", "attention-resolve"):
        assert max_.post(reverse(name, args=[999_999])).status_code == 404


@pytest.fixture
def unplaced(vendors: Vendors) -> WebhookEvent:
    """CloudContactAI said an hour ago that a person unsubscribed, and not who."""
    at = timezone.now() - timedelta(hours=1)
    tell_ccai(unsubscribed("ask reception", at.isoformat(), firstName="Dora"))
    work()
    return WebhookEvent.objects.get(needs_decision=True)


def place(browser: Client, event: WebhookEvent, number: str) -> Any:
    return press(browser, "match", event.pk, number=number)


def close(browser: Client, event: WebhookEvent, reason: str) -> Any:
    return press(browser, "close", event.pk, reason=reason)


def test_an_event_without_a_number_is_listed_in_the_vendors_words(
    max_: Client, unplaced: WebhookEvent
) -> None:
    page = Page(max_.get(LIST))
    assert "Needs attention (1)" in page.text
    for words in (
        "CloudContactAI reported a stop",
        "It names no phone number that can be read.",
        "ask reception",
        "Dora",
        "contact.unsubscribed",
    ):
        assert words in page.text, words


def test_only_managers_are_told(max_: Client, ada: Client, unplaced: WebhookEvent) -> None:
    line = "1 message from a vendor may be a stop"
    cache.clear()
    assert line in max_.get("/contacts/").content.decode()
    assert line not in ada.get("/contacts/").content.decode()


def test_matching_an_event_stops_the_number_at_its_date(
    max_: Client, unplaced: WebhookEvent, vendors: Vendors
) -> None:
    page = Page(place(max_, unplaced, "(615) 555-0199"))
    assert "(615) 555-0199: Stopped at" in page.text
    assert "Nothing needs attention" in page.text
    assert consent.is_stopped(FREE_NUMBER)
    assert vendors.stopped(FREE_NUMBER) is True
    at = datetime.fromisoformat(unplaced.body["data"]["UnsubscribedAt"])
    statement = Statement.objects.get(number=FREE_NUMBER)
    assert statement.latest == at + timedelta(minutes=2)
    assert "ask reception" in statement.words
    entry = LedgerEntry.objects.get(action=Action.EVENT_MATCHED)
    assert (entry.staff_name, entry.number) == ("Max Manager", FREE_NUMBER)
    assert entry.answer["request"] == statement.ledger_entry_id
    assert OptOut.objects.get().asked_at == at
    unplaced.refresh_from_db()
    assert (unplaced.decided_by_name, bool(unplaced.decided_at)) == ("Max Manager", True)


def test_a_blocked_one_is_matched_as_blocked(max_: Client, vendors: Vendors) -> None:
    tell_slicktext({**hint(), "data": {"opt_in_status": "blocked", "phone": "x"}})
    work()
    place(max_, WebhookEvent.objects.get(needs_decision=True), "(615) 555-3338")
    assert (vendors.status(), vendors.stopped()) == ("blocked", True)


def test_the_number_that_an_event_names_is_filled_in(max_: Client) -> None:
    event = unsubscribed(FREE_NUMBER)
    tell_ccai(event)
    tell_ccai({**unsubscribed(DOC_NUMBER), "eventHash": event["eventHash"]})
    work()
    page = Page(max_.get(LIST))
    assert page.one("input", name="number")["value"] == "(615) 555-0123"


@pytest.mark.parametrize("number", ["", "call me"])
def test_matching_needs_a_number(number: str, max_: Client, unplaced: WebhookEvent) -> None:
    answer = place(max_, unplaced, number)
    assert answer.status_code == 422
    assert "number" in Page(answer).text
    unplaced.refresh_from_db()
    assert unplaced.needs_decision
    assert not Statement.objects.exists()


def test_closing_an_event_needs_a_reason_and_keeps_it(max_: Client, unplaced: WebhookEvent) -> None:
    assert close(max_, unplaced, " ").status_code == 422
    page = Page(close(max_, unplaced, "A test of their support."))
    assert "Nothing needs attention" in page.text
    entry = LedgerEntry.objects.get(action=Action.EVENT_CLOSED)
    assert (entry.reason, entry.staff_name) == ("A test of their support.", "Max Manager")
    unplaced.refresh_from_db()
    assert (unplaced.needs_decision, unplaced.decided_by_name) == (False, "Max Manager")
    assert not Statement.objects.exists()


@pytest.mark.parametrize("act", [place, close])
def test_who_decides_second_changes_nothing(
    act: Callable[..., Any], max_: Client, unplaced: WebhookEvent
) -> None:
    close(max_, unplaced, "Seen to.")
    page = Page(act(max_, unplaced, "(615) 555-0199"))
    assert "No changes. Max Manager already decided." in page.text
    assert not Statement.objects.exists()
    assert LedgerEntry.objects.filter(action=Action.EVENT_CLOSED).count() == 1


def test_what_is_decided_stays_decided(max_: Client, unplaced: WebhookEvent) -> None:
    """Also where a worker that was too slow ends its work on it afterwards."""
    close(max_, unplaced, "Seen to.")
    WebhookEvent.objects.update(due_at=timezone.now())
    work()
    unplaced.refresh_from_db()
    assert not unplaced.needs_decision


def test_an_unknown_event_is_not_found(max_: Client) -> None:
    for name, data in (("attention-match", "number"), ("attention-close", "reason")):
        address = reverse(name, args=[999_999])
        assert max_.post(address, {data: "6155550199"}).status_code == 404
