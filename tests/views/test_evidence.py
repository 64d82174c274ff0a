"""The evidence sheet: all about one number, for a person who was not there."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import (
    DesiredState,
    Disagreement,
    HeldPress,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Statement,
    Vendor,
)
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services import audit_log
from contacts_ui.services.consent import (
    desired_state,
    doors,
    inbound_texts,
    opt_in,
    record,
    rules,
    slicktext_readings,
    stops,
)
from contacts_ui.services.consent.types import Evidence, Request, Seen
from contacts_ui.services.contacts import reading
from tests.ledger_guards import alter
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, Vendors, logged_in, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("walk_has_begun")]
ASKED = datetime(2026, 3, 2, 15, 30, tzinfo=ZoneInfo("UTC"))


@pytest.fixture
def browser(settings: Any) -> Client:
    """A manager's of a dashboard in Chicago; no vendor is asked by this page."""
    settings.TIME_ZONE = "America/Chicago"
    return logged_in(make_staff("max"))


def address(number: str = MARTY_NUMBER) -> str:
    return reverse("evidence", args=[number])


@pytest.fixture
def read(browser: Client) -> Callable[[], str]:
    return lambda: Page(browser.get(address())).text


def first_sentence(browser: Client, number: str = MARTY_NUMBER) -> str:
    """What the sheet says in its frame on top."""
    return Page(browser.get(address(number))).one("p", class_="sheet-answer").text


def stop(**facts: Any) -> OptOut:
    """A stop that was asked for, with a desired state for both vendors."""
    about = {
        "action": Action.STOP_REQUESTED,
        "staff": User.objects.filter(username="ada").first() or make_staff("ada"),
        "number": MARTY_NUMBER,
        "contact_id": MARTY,
        "channel": Channel.LETTER,
        "reason": "Never again!",
        "asked_at": ASKED,
        "before": {"label": "Marty McFly"},
        "after": {"do_not_text": True},
    }
    with transaction.atomic():
        entry = audit_log.record(**{**about, **facts})
        say(entry, StatementKind.STOP, status="unsubscribed")
        desired_state.want_stop(entry)
        return stops.open_opt_out(entry, label="Marty McFly")


def say(entry: LedgerEntry, kind: StatementKind, **about: Any) -> Statement:
    """Write a statement of the person, said when they asked."""
    said = rules.exactly(entry.asked_at or entry.at)
    facts = {"source": Source.PERSON, "said": said, "words": entry.reason, **about}
    statement = record.add(entry, kind=kind, **facts)
    assert statement
    return statement


def answer(row: OptOut, vendor: Vendor, *, seconds: int = 2, **facts: Any) -> None:
    """A vendor confirms a stop, or refuses it, `seconds` after the person asked."""
    about = {"action": Action.STOP_CONFIRMED, "answer": {"request": row.ledger_entry_id}, **facts}
    audit_log.record(staff=None, number=MARTY_NUMBER, vendor=vendor.value, **about)
    desired = DesiredState.objects.get(vendor=vendor.value)
    refused = about["action"] == Action.STOP_REFUSED
    desired.state = DeliveryState.REFUSED if refused else DeliveryState.CONFIRMED
    desired.confirmed_do_not_text = None if refused else True
    desired.confirmed_at = None if refused else ASKED + timedelta(seconds=seconds)
    desired.save()
    stops.note_outcome(desired)
    record.refresh([MARTY_NUMBER])
    OptOut.objects.filter(pk=row.pk, completed_at__isnull=False).update(
        completed_at=ASKED + timedelta(seconds=seconds)
    )


def test_it_works(read: Callable[[], str]) -> None:
    row = stop()
    for vendor in Vendor:
        answer(row, vendor)
    text = read()
    assert "Evidence sheet for (615) 555-3338" in text
    assert "Texts to this number are stopped." in text
    assert "Asked Mar 2, 2026, 9:30:00 AM CST (3:30:00 PM UTC)" in text
    assert "Recorded by Ada Agent" in text
    assert "How they asked Letter" in text
    assert "The words “Never again!”" in text
    assert "CloudContactAI Stop confirmed" in text
    assert "SlickText Stop confirmed" in text
    assert "Met. Every connected vendor had confirmed the stop 2 seconds after the person" in text
    # Ten business days.
    assert "The deadline was Mar 16, 2026" in text
    assert "Made by Max Manager" in text
    assert "Times are in America/Chicago" in text
    assert "Shown here as Marty McFly" in text
    assert f"SlickText id {MARTY}" in text


def test_every_entry_with_its_hashes_and_the_head(read: Callable[[], str]) -> None:
    row = stop()
    answer(row, Vendor.SLICKTEXT)
    audit_log.record(
        action=Action.CONTACT_EDITED, staff=None, number=DOC_NUMBER, reason="not theirs"
    )
    text = read()
    mine = LedgerEntry.objects.filter(number=MARTY_NUMBER)
    assert len(mine) == 2
    for entry in mine:
        assert f"Hash {entry.hash}" in text
        assert f"Hash before it {entry.previous_hash}" in text
    assert "The 2 entries on this sheet were checked when it was made: unchanged" in text
    assert "not theirs" not in text
    assert "the audit log has 3 entries" in text
    assert f"Its hash {LedgerEntry.objects.get(number=DOC_NUMBER).hash}" in text


def test_a_deadline_that_was_missed(read: Callable[[], str]) -> None:
    row = stop()
    for vendor in Vendor:
        answer(row, vendor, seconds=15 * 24 * 3600)
    assert "Not met. Every connected vendor had confirmed the stop 15 days after" in read()


def test_a_deadline_that_passes_before_a_vendor_confirms(read: Callable[[], str]) -> None:
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
    desired = DesiredState.objects.get(vendor="slicktext")
    desired.state = DeliveryState.SETTLED
    desired.save()
    stops.note_outcome(desired)
    assert "Resolved by hand. A manager resolved it by hand for SlickText." in read()


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
    entry = audit_log.record(
        action=Action.CONSENT_REQUESTED,
        staff=None,
        number=MARTY_NUMBER,
        channel=Channel.EMAIL,
        reason="Do text me",
        asked_at=ASKED + timedelta(hours=1),
        after={"do_not_text": False, "opt_in_status": "subscribed", "consented": "Marty himself"},
    )
    say(entry, StatementKind.CONSENT, status="subscribed")
    stops.end_opt_outs(MARTY_NUMBER, by="lifted")
    desired_state.want_consent(entry)
    text = read()
    assert "Texts to this number are stopped." not in text
    assert "It is not known whether this number may be texted." in text
    assert "Consent was given later than every stop on record." in text
    assert "2. Consent: status set to “Subscribed” Consented Mar 2, 2026" in text
    assert "Who consented Marty himself" in text
    assert "Asked for by Ada Agent" in text
    assert "Approved by Max Manager" in text
    assert "when texts were allowed again" in text
    assert "Ended first." in text


def test_what_the_vendors_hold(read: Callable[[], str]) -> None:
    row = stop()
    answer(row, Vendor.CLOUDCONTACTAI)
    text = read()
    assert "What each vendor last confirmed" in text
    assert "It confirmed “Do not text” on Mar 2, 2026, 9:30:02 AM CST" in text
    assert "SlickText It has confirmed nothing yet. Our last request was “Unsubscribed”" in text
    assert "on its way." in text
    assert "at present" not in text


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE {table} SET reason = 'Text me' WHERE id = %s", "it was changed after"),
        ("DELETE FROM {table} WHERE id > %s", "an entry after it is missing"),
    ],
)
def test_tampering_is_said_on_top(sql: str, said: str, read: Callable[[], str]) -> None:
    entry = audit_log.record(
        action=Action.CONTACT_EDITED, staff=None, number=MARTY_NUMBER, reason="x"
    )
    audit_log.record(action=Action.CONTACT_EDITED, staff=None, number=DOC_NUMBER)
    alter(sql, entry.pk)
    text = read()
    assert "Warning: the check of this sheet's entries found that something was changed" in text
    assert f"Entry {entry.pk}: {said}" in text
    assert "unchanged, and in" not in text


def test_missing_guards_are_said(read: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    said = "The database's protection of the audit log is off."
    assert said not in read()
    monkeypatch.setattr("contacts_ui.services.review.evidence.guards_missing", lambda: ["one"])
    assert said in read()


def test_the_other_numbers_of_the_same_contact(browser: Client) -> None:
    for number in (MARTY_NUMBER, DOC_NUMBER):
        audit_log.record(action=Action.CONTACT_EDITED, staff=None, number=number, contact_id=MARTY)
    page = Page(browser.get(address()))
    assert [link["href"] for link in page.all("a") if link.text == DOC_NUMBER] == [
        address(DOC_NUMBER)
    ]


def test_a_number_without_entries_has_a_sheet_that_says_so(read: Callable[[], str]) -> None:
    text = read()
    assert "The audit log has no entry about this number." in text
    assert "None; the audit log is empty" in text


@pytest.mark.parametrize("typed", [MARTY_NUMBER, "(615) 555-3338", "615-555-3338"])
def test_old_addresses_lead_to_the_one_without_a_number(typed: str, browser: Client) -> None:
    response = browser.get(f"/audit/{typed}/")
    assert (response.status_code, response["Location"]) == (301, address())
    assert "555" not in address()


def test_what_is_no_number_is_found_only_if_the_ledger_has_it(browser: Client) -> None:
    assert browser.get("/audit/12/").status_code == 404
    audit_log.record(action=Action.CONTACT_EDITED, staff=None, number="12")
    page = Page(browser.get("/audit/12/", follow=True))
    assert "Evidence sheet for 12" in page.text


def test_a_mistyped_id_is_no_sheet(browser: Client) -> None:
    assert browser.get(address()[:-2] + "/").status_code == 404
    assert browser.get("/audit/" + "6" * 48 + "/").status_code == 404


@pytest.mark.parametrize("username", ["vera", "edgar", "ada"])
def test_only_managers_may_read_it(username: str) -> None:
    client = logged_in(make_staff(username))
    assert client.get(address()).status_code == 403
    assert client.get(f"/audit/{MARTY_NUMBER}/").status_code == 403


# The first sentence: what is true now.


def test_a_stopped_person_that_slicktext_can_text_again(
    max_: Client, agent: User, vendors: Vendors, deliver_in_this_thread: None
) -> None:
    """Row 23 of the issue: the sheet said that texts were stopped."""
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly")
    doors.stop(staff=agent, seen=seen, request=Request(Channel.PHONE, None, "Never again!"))
    assert first_sentence(max_).startswith("Texts to this number are stopped. Stopped at SlickText")
    vendors.edit(MARTY, opt_in_status="subscribed")
    contact = reading.read(MARTY, now=True).contact
    for worker in (False, True):
        if worker:
            later = timezone.now() + timedelta(seconds=1)
            slicktext_readings.learn([contact], later, now=True)
            found_at = Disagreement.objects.get().found_at
            Disagreement.objects.update(found_at=found_at - timedelta(days=3))
        said = first_sentence(max_)
        assert said.startswith(
            "The vendors disagree about this number. We stopped them, but SlickText"
            " says again: subscribed. Known since"
        )
        assert "Texts to this number are stopped." not in said
    day = timezone.localtime(found_at - timedelta(days=3))
    assert f"Known since {day:%b} {day.day}, {day.year}" in said
    text = Page(max_.get(address())).text
    assert "SlickText It confirmed “Unsubscribed” on" in text
    assert "It said “Subscribed” when it was read on" in text


def test_may_text_with_the_consent_that_answers(
    max_: Client, agent: User, manager: User, deliver_in_this_thread: None
) -> None:
    reading.read(MARTY, now=True)
    assert first_sentence(max_).startswith("Texts to this number are allowed. Subscribed at Slick")
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly")
    doors.stop(staff=agent, seen=seen, request=Request(Channel.PHONE, None, "Never again!"))
    now = Evidence("Marty", Channel.PHONE, timezone.now(), "Yes, do", exact=True)
    opt_in.change_opt_in_status(staff=manager, seen=seen, status="subscribed", evidence=now)
    said = first_sentence(max_)
    assert said.startswith("Texts to this number are allowed.")
    assert "Consent was given later than every stop on record." in said
    assert "Stopped here since" not in said


def test_a_number_that_no_contact_has(
    max_: Client, agent: User, deliver_in_this_thread: None
) -> None:
    doors.press_stop(staff=agent, seen=Seen(DOC_NUMBER))
    text = Page(max_.get(address(DOC_NUMBER))).text
    assert "SlickText It confirmed “No such contact” on" in text


def test_a_press_that_is_held(max_: Client, agent: User, settings: Any) -> None:
    settings.UNDO_SECONDS = 60
    doors.press_stop(staff=agent, seen=Seen(MARTY_NUMBER, MARTY, "Marty McFly"))
    press = HeldPress.objects.get()
    said = first_sentence(max_)
    assert said.startswith("Texts to this number are being stopped. Ada Agent pressed Do not text")
    assert "No vendor has been told yet." in said
    until = timezone.localtime(press.send_at)
    assert f"{until:%M:%S %p}" in said.split("until")[1]


def test_a_press_held_for_a_stopped_person(max_: Client, agent: User, settings: Any) -> None:
    stop()
    settings.UNDO_SECONDS = 60
    doors.press_stop(staff=agent, seen=Seen(MARTY_NUMBER, MARTY, "Marty McFly"))
    said = first_sentence(max_)
    assert said.startswith("Texts to this number are stopped.")
    assert "No vendor has been told yet." in said
    assert "Stopped here since Mar 2, 2026" in said


def test_who_is_not_subscribed(max_: Client, vendors: Vendors) -> None:
    other = vendors.create(DOC_NUMBER, opt_in_status="not subscribed")
    reading.read(other, now=True)
    said = first_sentence(max_, DOC_NUMBER)
    assert said.startswith("This number is not subscribed to texts. Not subscribed at SlickText.")


# The consent record.


def test_every_statement_is_listed(browser: Client) -> None:
    row = stop()
    about = {"action": Action.CONSENT_REQUESTED, "number": MARTY_NUMBER, "reason": "Do text me"}
    consent = audit_log.record(
        staff=None, asked_at=ASKED + timedelta(hours=1), after={"consented": "Marty"}, **about
    )
    with transaction.atomic():
        say(consent, StatementKind.CONSENT)
    now = timezone.now()
    doors_entry = audit_log.record(
        action=Action.STOPS_READ, staff=None, number="", vendor="slicktext"
    )
    with transaction.atomic():
        mine = say(
            doors_entry,
            StatementKind.STOP,
            number=MARTY_NUMBER,
            source=Source.STATUS,
            status="blocked",
            said=rules.by_vendor(None, now),
            told_back=True,
        )
        decision = audit_log.record(
            action=Action.STOP_DISCOUNTED, staff=None, number=MARTY_NUMBER, reason="Ours"
        )
        record.discount(decision, [mine.pk])
    text = Page(browser.get(address())).text
    assert "The consent record (3)" in text
    assert "1. Stop The person, recorded by Ada Agent, letter. Said Mar 2, 2026, 9:30:00" in text
    assert f"Entry {row.ledger_entry_id}." in text
    assert "2. Consent The person (Marty). Said Mar 2, 2026, 10:30:00" in text
    assert "3. Stop SlickText said “blocked”. Said " in text
    assert "at the latest; received" in text
    assert "It may be ours or the person's" in text
    assert f"not this person's request, entry {decision.pk}." in text
    # The entry that proves a page read is also on the sheet, with its place in the chain.
    assert f"Hash {doors_entry.hash}" in text


def test_the_times_of_a_statement(browser: Client) -> None:
    stop()
    entry = LedgerEntry.objects.get()
    at = ASKED + timedelta(days=1)
    for said in (
        rules.Said(at, at + timedelta(minutes=4)),
        rules.Said(at, at + timedelta(hours=1, minutes=1)),
        rules.Said(at, at + timedelta(minutes=1)),
    ):
        with transaction.atomic():
            say(entry, StatementKind.STOP, said=said)
    text = Page(browser.get(address())).text
    assert "Said about Mar 3, 2026, 9:32:00 AM CST" in text
    assert (
        "Said between Mar 3, 2026, 9:30:00 AM CST (3:30:00 PM UTC) and Mar 3, 2026, 10:31" in text
    )
    assert "Said Mar 3, 2026, 9:30:00 AM CST (3:30:00 PM UTC);" in text


def test_details_recorded_later_stand_beside_their_request(
    max_: Client, agent: User, deliver_in_this_thread: None
) -> None:
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly")
    doors.press_stop(staff=agent, seen=seen)
    doors.stop(staff=agent, seen=seen, request=Request(Channel.EMAIL, None, "Never again!"))
    text = Page(max_.get(address())).text
    assert "1. Stop Ada Agent, no words recorded." in text
    assert "2. Stop The person, recorded by Ada Agent, email." in text
    assert text.count("Request to stop texts") == 1
    assert "By hand Recorded how they asked" in text


def test_no_vendor_is_asked(browser: Client, vendors: Any) -> None:
    stop()
    vendors.forget_calls()
    browser.get(address())
    assert vendors.asked() == []


def test_a_stop_told_in_two_ways_keeps_its_deadline_in_the_summary(max_: Client) -> None:
    now = timezone.now()
    for key, seconds in (("first", 0), ("second", 30)):
        inbound_texts.heard(
            vendor=Vendor.CLOUDCONTACTAI,
            key=key,
            number=MARTY_NUMBER,
            words="STOP",
            said_at=now + timedelta(seconds=seconds),
            heard_at=now + timedelta(seconds=seconds),
        )
    assert OptOut.objects.count() == 1
    page = Page(max_.get(reverse("evidence", args=[MARTY_NUMBER])))
    assert "2. Request to stop texts" in page.text
    assert "The deadline, " in page.text.partition("Shown here as")[0]


def test_only_the_persons_words_are_quoted(browser: Client, vendors: Vendors) -> None:
    """Not a note about a list, nor our own sentence: on the sheet, in the audit log, and on the number's page."""
    staff, said, ours = make_staff("ada"), "No more of this", "The law firm's list"
    for number, reason, batch in ((MARTY_NUMBER, said, False), (DOC_NUMBER, ours, True)):
        request = Request(Channel.LETTER, None, reason)
        doors.record_stop(staff=staff, seen=Seen(number), request=request, batch=batch)
    for name in ("evidence", "number-detail"):
        assert f"“{said}”" in Page(browser.get(reverse(name, args=[MARTY_NUMBER]))).text
        text = Page(browser.get(reverse(name, args=[DOC_NUMBER]))).text
        assert ours in text
        assert f"“{ours}”" not in text
    for path in ("/audit/", "/opt-outs/"):
        text = Page(browser.get(path)).text
        assert f"“{said}”" in text
        assert ours in text
        assert f"“{ours}”" not in text
