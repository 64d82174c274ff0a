"""The evidence sheet: all about one number, for somebody who was not there."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from contacts_ui.models import LedgerEntry, LiftRequest, OptOut, Vendor, Wish
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.wish import WishState
from contacts_ui.services import ledger, opt_outs, wishes
from tests.ledger_guards import alter
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, logged_in, make_staff

pytestmark = pytest.mark.django_db
ADDRESS = f"/audit/{MARTY_NUMBER}/"
ASKED = datetime(2026, 3, 2, 15, 30, tzinfo=ZoneInfo("UTC"))


@pytest.fixture
def browser() -> Client:
    """A manager's, in Chicago; no vendor is asked by this page."""
    client = logged_in(make_staff("max"))
    client.cookies["tz"] = "America/Chicago"
    return client


@pytest.fixture
def read(browser: Client) -> Callable[[], str]:
    return lambda: Page(browser.get(ADDRESS)).text


def stop(**facts: Any) -> OptOut:
    """A stop that was asked for, with a wish for both vendors."""
    about = {
        "action": Action.STOP_REQUESTED,
        "staff": make_staff("ada"),
        "number": MARTY_NUMBER,
        "contact_id": MARTY,
        "channel": Channel.LETTER,
        "reason": "Never again!",
        "asked_at": ASKED,
        "before": {"label": "Marty McFly"},
        "after": {"do_not_text": True},
    }
    entry = ledger.record(**{**about, **facts})
    wishes.wish_everywhere(entry, do_not_text=True, status="unsubscribed")
    return opt_outs.opened(entry, label="Marty McFly")


def answer(row: OptOut, vendor: Vendor, *, seconds: int = 2, **facts: Any) -> None:
    """A vendor confirms a stop, or refuses it, `seconds` after the person asked."""
    about = {"action": Action.STOP_CONFIRMED, "answer": {"request": row.ledger_entry_id}, **facts}
    ledger.record(staff=None, number=MARTY_NUMBER, vendor=vendor.value, **about)
    wish = Wish.objects.get(vendor=vendor.value)
    refused = about["action"] == Action.STOP_REFUSED
    wish.state = WishState.REFUSED if refused else WishState.CONFIRMED
    wish.confirmed_do_not_text = None if refused else True
    wish.confirmed_at = None if refused else ASKED + timedelta(seconds=seconds)
    wish.save()
    opt_outs.outcome(wish)
    OptOut.objects.filter(pk=row.pk, honoured_at__isnull=False).update(
        honoured_at=ASKED + timedelta(seconds=seconds)
    )


def test_it_works(read: Callable[[], str]) -> None:
    row = stop()
    for vendor in Vendor:
        answer(row, vendor)
    text = read()
    assert f"Evidence sheet for {MARTY_NUMBER}" in text
    assert "Texts to this number are stopped." in text
    assert "Asked 2 Mar 2026, 09:30:00 CST (15:30:00 UTC)" in text
    assert "Taken by Ada Agent" in text
    assert "How they asked Letter" in text
    assert "The words Never again!" in text
    assert "CloudContactAI Stop confirmed" in text
    assert "SlickText Stop confirmed" in text
    assert "Met. Every connected vendor had confirmed the stop 2 seconds after the person" in text
    # Ten business days.
    assert "The deadline was 16 Mar 2026" in text
    assert "Made by Max Manager" in text
    assert "Times are in America/Chicago" in text
    assert "Shown here as Marty McFly" in text
    assert f"SlickText id {MARTY}" in text


def test_every_entry_with_its_hashes_and_the_head(read: Callable[[], str]) -> None:
    row = stop()
    answer(row, Vendor.SLICKTEXT)
    ledger.record(action=Action.CONTACT_EDITED, staff=None, number=DOC_NUMBER, reason="not theirs")
    text = read()
    mine = LedgerEntry.objects.filter(number=MARTY_NUMBER)
    assert len(mine) == 2
    for entry in mine:
        assert f"Hash {entry.hash}" in text
        assert f"Hash before it {entry.previous_hash}" in text
    assert "The 2 entries on this sheet were checked while it was made: unchanged" in text
    assert "not theirs" not in text
    assert "the ledger has 3 entries" in text
    assert f"Its hash {LedgerEntry.objects.get(number=DOC_NUMBER).hash}" in text


def test_a_deadline_that_was_missed(read: Callable[[], str]) -> None:
    row = stop()
    for vendor in Vendor:
        answer(row, vendor, seconds=15 * 24 * 3600)
    assert "Not met. Every connected vendor had confirmed the stop 15 days after" in read()


def test_a_deadline_that_passes_while_nobody_has_confirmed(read: Callable[[], str]) -> None:
    stop()
    text = read()
    assert "Not met. Not every connected vendor has confirmed the stop yet." in text
    assert "No vendor has answered this request" in text


def test_a_deadline_that_still_runs(read: Callable[[], str]) -> None:
    stop(asked_at=timezone.now())
    assert "Still open." in read()


def test_a_refusal_in_the_vendors_words(read: Callable[[], str]) -> None:
    row = stop()
    answer(row, Vendor.SLICKTEXT, action=Action.STOP_REFUSED)
    LedgerEntry.objects.get(vendor="slicktext")
    text = read()
    assert "SlickText Stop refused" in text
    assert "SlickText refused it." in text


def test_a_stop_settled_by_hand(read: Callable[[], str]) -> None:
    row = stop()
    answer(row, Vendor.CLOUDCONTACTAI)
    wish = Wish.objects.get(vendor="slicktext")
    wish.state = WishState.SETTLED
    wish.save()
    opt_outs.outcome(wish)
    assert "Settled by hand. A manager settled it by hand for SlickText." in read()


def test_an_asking_time_that_was_not_given(read: Callable[[], str]) -> None:
    stop(asked_at=None, reason="", channel=Channel.UNRECORDED)
    text = read()
    assert "No other time was given, so this is when it was recorded" in text
    assert "How they asked Not recorded" in text
    assert "The words None were recorded" in text


def test_a_lift_with_its_evidence(read: Callable[[], str]) -> None:
    stop()
    LiftRequest.objects.create(
        number=MARTY_NUMBER,
        opt_in_status="subscribed",
        consent_who="Marty himself",
        consent_channel=Channel.EMAIL,
        consent_at=ASKED,
        consent_words="Do text me",
        asked_by_name="Ada Agent",
        asked_at=ASKED,
        state="approved",
        decided_by_name="Max Manager",
        decided_at=ASKED,
    )
    entry = ledger.record(
        action=Action.CONSENT_REQUESTED,
        staff=None,
        number=MARTY_NUMBER,
        channel=Channel.EMAIL,
        reason="Do text me",
        asked_at=ASKED,
        after={"do_not_text": False, "opt_in_status": "subscribed", "consented": "Marty himself"},
    )
    opt_outs.ended(MARTY_NUMBER, by="lifted")
    wishes.wish_everywhere(entry, do_not_text=False, status="subscribed")
    text = read()
    assert "This dashboard holds no stop for this number at present." in text
    assert "2. Consent: status set to “Subscribed” Consented 2 Mar 2026" in text
    assert "Who consented Marty himself" in text
    assert "Asked for by Ada Agent" in text
    assert "Approved by Max Manager" in text
    assert "when texts were allowed again" in text
    assert "Ended first." in text


def test_what_the_vendors_hold(read: Callable[[], str]) -> None:
    row = stop()
    answer(row, Vendor.CLOUDCONTACTAI)
    text = read()
    assert "confirmed. It last confirmed “Do not text” 2 Mar 2026, 09:30:02" in text
    assert "on its way. It has confirmed nothing yet." in text


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE {table} SET reason = 'Text me' WHERE id = %s", "it was changed after"),
        ("DELETE FROM {table} WHERE id > %s", "an entry after it is missing"),
    ],
)
def test_tampering_is_said_on_top(sql: str, said: str, read: Callable[[], str]) -> None:
    entry = ledger.record(action=Action.CONTACT_EDITED, staff=None, number=MARTY_NUMBER, reason="x")
    ledger.record(action=Action.CONTACT_EDITED, staff=None, number=DOC_NUMBER)
    alter(sql, entry.pk)
    text = read()
    assert "Warning: the check of this sheet's entries found that something was changed" in text
    assert f"Entry {entry.pk}: {said}" in text
    assert "unchanged, and in" not in text


def test_missing_guards_are_said(read: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    said = "The database's own protection of the ledger is switched off."
    assert said not in read()
    monkeypatch.setattr("contacts_ui.services.evidence.guards_missing", lambda: ["one"])
    assert said in read()


def test_the_other_numbers_of_the_same_contact(browser: Client) -> None:
    for number in (MARTY_NUMBER, DOC_NUMBER):
        ledger.record(action=Action.CONTACT_EDITED, staff=None, number=number, contact_id=MARTY)
    page = Page(browser.get(ADDRESS))
    assert [link["href"] for link in page.all("a") if link.text == DOC_NUMBER] == [
        f"/audit/{DOC_NUMBER}/"
    ]


def test_a_number_without_entries_has_a_sheet_that_says_so(read: Callable[[], str]) -> None:
    text = read()
    assert "The ledger has no entry about this number." in text
    assert "None; the ledger is empty" in text


def test_other_spellings_lead_to_the_one_address(browser: Client) -> None:
    response = browser.get("/audit/(615) 555-3338/")
    assert (response.status_code, response["Location"]) == (302, ADDRESS)


def test_what_is_no_number_is_found_only_if_the_ledger_has_it(browser: Client) -> None:
    assert browser.get("/audit/12/").status_code == 404
    ledger.record(action=Action.CONTACT_EDITED, staff=None, number="12")
    assert browser.get("/audit/12/").status_code == 200


def test_no_vendor_is_asked(browser: Client, vendors: Any) -> None:
    stop()
    vendors.forget_calls()
    browser.get(ADDRESS)
    assert vendors.asked() == []
