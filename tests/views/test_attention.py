"""Needs attention: what a vendor refused, tried again or settled by hand."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from contacts_ui.models import LedgerEntry, OptOut, Wish
from contacts_ui.models.ledger import Action
from contacts_ui.models.wish import WishState
from contacts_ui.services import attention, consent, delivery, wishes
from contacts_ui.services.consent import Seen
from contacts_ui.services.verdicts import Verdict
from tests.pages import Page
from tests.people import DOC_NUMBER, MakeWish, Vendors

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/attention/"
Refused = Callable[[], Wish]


@pytest.fixture
def refused(agent: User, vendors: Vendors) -> Wish:
    """A stop that CloudContactAI refused, and that SlickText has nobody for."""
    vendors.switch(unknown_phone="404")
    consent.stop_texts(staff=agent, seen=Seen(DOC_NUMBER, label="Dora Doc"))
    wish = Wish.objects.get(vendor="cloudcontactai")
    assert wish.state == WishState.REFUSED
    return wish


def settle(browser: Client, wish: Wish, **data: Any) -> Any:
    address = reverse("attention-settle", args=[wish.pk])
    return browser.post(address, {"version": wish.version, **data}, follow=True)


def retry(browser: Client, wish: Wish, **data: Any) -> Any:
    address = reverse("attention-retry", args=[wish.pk])
    return browser.post(address, {"version": wish.version, **data}, follow=True)


def test_it_works(max_: Client, refused: Wish) -> None:
    page = Page(max_.get(LIST))
    assert "Needs attention (1)" in page.text
    for words in (
        "Dora Doc",
        "Stop texts",
        "refused by CloudContactAI",
        "Contact not found",
        "Ada",
    ):
        assert words in page.text


def test_nothing_needs_attention(max_: Client) -> None:
    assert "Nothing needs attention" in Page(max_.get(LIST)).text


def test_what_is_on_its_way_needs_none(max_: Client, wish_for: MakeWish, vendors: Vendors) -> None:
    wish_for()
    assert "Nothing needs attention" in Page(max_.get(LIST)).text


def test_trying_again(max_: Client, refused: Wish, vendors: Vendors) -> None:
    vendors.switch(unknown_phone="create")
    page = Page(retry(max_, refused))
    assert "Dora Doc: CloudContactAI confirmed it." in page.text
    assert "Nothing needs attention" in page.text
    assert vendors.stopped(DOC_NUMBER) is True
    entry = LedgerEntry.objects.get(action=Action.STOP_RETRIED)
    assert (entry.staff_name, entry.vendor) == ("Max Manager", "cloudcontactai")
    assert entry.answer["request"] == refused.ledger_entry_id
    assert OptOut.objects.get().honoured_at is not None


def test_trying_again_in_vain(max_: Client, refused: Wish) -> None:
    page = Page(retry(max_, refused))
    assert "refused it again: “Contact not found" in page.text
    assert "Needs attention (1)" in page.text


def test_settling_by_hand(max_: Client, refused: Wish, vendors: Vendors) -> None:
    vendors.forget_calls()
    page = Page(settle(max_, refused, note="Blocked on their own screen."))
    assert "settled by hand for CloudContactAI. They stay stopped here." in page.text
    refused.refresh_from_db()
    assert (refused.state, refused.settled) == (WishState.SETTLED, True)
    entry = LedgerEntry.objects.get(action=Action.STOP_SETTLED)
    assert (entry.reason, entry.staff_name) == ("Blocked on their own screen.", "Max Manager")
    assert OptOut.objects.get().state == "settled"
    assert wishes.due_now() == []
    assert vendors.asked() == []
    judgement = consent.judge_one(Seen(DOC_NUMBER))
    assert judgement.verdict is Verdict.DO_NOT_TEXT
    assert "settled by hand for CloudContactAI" in judgement.reason
    assert not judgement.needs_attention


def test_settling_needs_a_note(max_: Client, refused: Wish) -> None:
    response = settle(max_, refused, note="  ")
    assert response.status_code == 422
    assert "Say what was done" in Page(response).text
    refused.refresh_from_db()
    assert refused.state == WishState.REFUSED


@pytest.mark.parametrize("act", [settle, retry])
def test_who_comes_too_late_changes_nothing(
    act: Callable[..., Any], max_: Client, refused: Wish, manager: User
) -> None:
    attention.settle(staff=manager, pk=refused.pk, version=refused.version, note="Done.")
    page = Page(act(max_, refused, note="Me too."))
    assert "nothing was changed; somebody has settled it by hand already" in page.text
    assert not LedgerEntry.objects.filter(reason="Me too.").exists()
    assert not LedgerEntry.objects.filter(action=Action.STOP_RETRIED).exists()


def test_an_older_version_is_not_settled(max_: Client, refused: Wish) -> None:
    """It was tried again and refused once more since the page was opened."""
    retry(max_, refused)
    page = Page(settle(max_, refused, note="Done."))
    assert "Look at it anew" in page.text
    assert not LedgerEntry.objects.filter(action=Action.STOP_SETTLED).exists()


def test_a_refused_opt_in_is_tried_again_with_a_new_end(
    max_: Client, wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.edit(opt_in_status="unsubscribed")
    vendors.switch(refuse_resubscribe=True)
    wish = wish_for("slicktext", do_not_text=False, status="subscribed")
    delivery.deliver(wish.pk)
    wish.refresh_from_db()
    assert "Change to subscribed" in Page(max_.get(LIST)).text
    vendors.switch(refuse_resubscribe=False)
    retry(max_, wish)
    assert vendors.status() == "subscribed"
    assert LedgerEntry.objects.filter(action=Action.CONSENT_RETRIED).exists()


def test_a_wish_of_nobody_is_not_found(max_: Client) -> None:
    for name in ("attention-retry", "attention-settle"):
        assert max_.post(reverse(name, args=[999_999])).status_code == 404
