"""What carriers and vendors report: codes that are stops, facts that are not, and numbers that passed to others."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from contacts_ui.models import (
    ConsentState,
    DesiredState,
    LedgerEntry,
    LiftRequest,
    NumberFact,
    OptOut,
    Statement,
    WebhookEvent,
)
from contacts_ui.models.abilities import FactKind
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services import audit_log
from contacts_ui.services.consent import (
    delivery,
    lift_requests,
    phone_numbers,
    record,
)
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import Verdict, exactly
from contacts_ui.services.consent.types import Evidence, Seen
from contacts_ui.services.messages.number_facts import facts_about, note_fact
from contacts_ui.services.review import attention
from contacts_ui.services.webhooks.cloudcontactai import NO_NUMBER
from tests import consent
from tests.hooks import tell_ccai, work
from tests.people import FREE_NUMBER, MARTY, MARTY_NUMBER, Vendors

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
OWN, CARRIER = "message.error.cloudcontact", "message.error.carrier"
STOPPED = "Stopped at every connected vendor."
_hashes = itertools.count(1)


def event(kind: str, number: str | None = MARTY_NUMBER, **data: Any) -> dict[str, Any]:
    """An event as its SDKs document it: flat, capitalised data."""
    facts = {
        "SmsSid": 0,
        "Message": "Sale! Reply STOP to end.",
        "CampaignTitle": "Fall sale",
        **data,
    }
    if number is not None:
        facts["To"] = number
    return {"eventType": kind, "data": facts, "eventHash": f"code{next(_hashes)}"}


def failed(code: object, kind: str = OWN, words: str = "Failed", **data: Any) -> dict[str, Any]:
    return event(kind, ErrorCode=code, ErrorMessage=words, ErrorType=kind, **data)


def told(*bodies: dict[str, Any]) -> str:
    """What was done with the last of these events."""
    for body in bodies:
        assert tell_ccai(body).status_code == 200
    return work()[-1]


def stops() -> list[Statement]:
    return list(Statement.objects.filter(kind=StatementKind.STOP))


def marty() -> Seen:
    return Seen(MARTY_NUMBER, MARTY, "Marty", "subscribed", timezone.now())


def asked() -> dict[str, Any]:
    """Marty's consent of now."""
    now = timezone.now()
    seen = Seen(MARTY_NUMBER, MARTY, "Marty", "unsubscribed", now)
    evidence = Evidence("Marty McFly", Channel.PHONE, now, "Yes, text me.", exact=True)
    return {"seen": seen, "status": "subscribed", "evidence": evidence}


def lift(manager: User) -> None:
    """They consent now, and both vendors hold it."""
    consent.change_opt_in_status(staff=manager, **asked())


def is_stopped_everywhere(vendors: Vendors) -> bool:
    return (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


@pytest.mark.parametrize("code", ["2001", 2001, 2001.0])
def test_2001_is_a_stop_in_words(code: object, vendors: Vendors) -> None:
    assert told(failed(code)) == STOPPED
    [stop] = stops()
    assert (stop.source, stop.earliest) == (Source.VENDOR_CODE, None)
    entry = stop.ledger_entry
    assert entry.reason == "CloudContactAI says that the person asked not to be texted (code 2001)."
    assert is_stopped_everywhere(vendors)
    assert OptOut.objects.count() == 1


def test_21610_is_a_stop_of_the_carriers(vendors: Vendors) -> None:
    assert told(failed("21610", CARRIER)) == STOPPED
    [stop] = stops()
    assert stop.source == Source.CARRIER
    assert stop.ledger_entry.reason == "The carrier says that the person unsubscribed (code 21610)."
    assert is_stopped_everywhere(vendors)


@pytest.mark.parametrize(
    ("kind", "source", "who"),
    [(OWN, Source.VENDOR_CODE, "CloudContactAI"), (CARRIER, Source.CARRIER, "The carrier")],
)
def test_words_without_a_code_count_as_well(
    kind: str, source: Source, who: str, vendors: Vendors
) -> None:
    assert told(failed("", kind, "Recipient has opted out")) == STOPPED
    [stop] = stops()
    assert stop.source == source
    assert stop.ledger_entry.reason.startswith(f"{who} says “Recipient has opted out")


def test_our_own_text_that_failed_says_nothing(vendors: Vendors) -> None:
    """It ends with "Reply STOP", as all of ours do."""
    assert (
        told(failed("30007", CARRIER, "Message filtered")) == "A text that could not be delivered."
    )
    assert stops() == []


@pytest.mark.parametrize(
    "reason", ["Contact has opted out", "Unsubscribed", "On the do-not-text list"]
)
def test_left_out_for_an_opt_out_is_a_stop(reason: str, vendors: Vendors) -> None:
    assert told(event("message.excluded", ExcludedReason=reason)) == STOPPED
    [stop] = stops()
    assert (stop.source, stop.ledger_entry.reason) == (
        Source.VENDOR_CODE,
        f"CloudContactAI left them out: “{reason}”.",
    )
    assert is_stopped_everywhere(vendors)


@pytest.mark.parametrize("reason", ["Landline", "Duplicate contact", ""])
def test_left_out_for_another_reason_is_none(reason: str, vendors: Vendors) -> None:
    assert told(event("message.excluded", ExcludedReason=reason)).startswith("Left out")
    assert stops() == []
    assert vendors.stopped() is not True


@pytest.mark.parametrize(
    "name", ["message.error.CloudContact", "Message.Error.cloudcontact.optout"]
)
def test_the_name_of_an_event_in_any_capitals(name: str, vendors: Vendors) -> None:
    assert told(failed("2001", name)) == STOPPED


@pytest.mark.parametrize(
    "body",
    [
        failed("2001") | {"data": {"ErrorCode": "2001"}},
        failed("21610", CARRIER, number="not a number"),
        event("message.excluded", None, ExcludedReason="opted out"),
    ],
)
def test_without_a_number_a_person_decides(body: dict[str, Any], vendors: Vendors) -> None:
    assert told(body) == NO_NUMBER
    [waiting] = attention.unplaced()
    assert waiting.event.needs_decision
    assert stops() == []


def test_a_code_that_is_told_again_is_said_once(vendors: Vendors) -> None:
    again = failed("2001")
    told(again, again, failed("2001"))
    assert len(stops()) == 1
    assert OptOut.objects.count() == 1
    assert WebhookEvent.objects.count() == 2


def test_two_codes_about_one_stop_are_one_request(vendors: Vendors) -> None:
    told(failed("21610", CARRIER), event("message.excluded", ExcludedReason="opted out"))
    assert OptOut.objects.count() == 1
    assert is_stopped_everywhere(vendors)


def test_a_code_about_our_own_stop_is_no_news(agent: User, vendors: Vendors) -> None:
    consent.stop_texts(staff=agent, seen=marty())
    assert told(failed("2001")) == "CloudContactAI holds the stop."
    assert [each.source for each in stops()] == [Source.STAFF]


def test_a_carriers_code_is_news_also_where_we_stopped_them(agent: User, vendors: Vendors) -> None:
    consent.stop_texts(staff=agent, seen=marty())
    told(failed("21610", CARRIER))
    assert [each.source for each in stops()] == [Source.STAFF, Source.CARRIER]
    assert OptOut.objects.count() == 1


def test_a_code_while_our_lift_is_on_its_way_is_told_back(
    agent: User, manager: User, vendors: Vendors
) -> None:
    consent.stop_texts(staff=agent, seen=marty())
    vendors.fault("cloudcontactai", "down")
    lift(manager)
    vendors.clear_faults()
    assert DesiredState.objects.get(vendor="cloudcontactai").confirmed_do_not_text is True
    assert told(failed("2001")).startswith("Our own stop reported back")
    assert [each.told_back for each in stops()] == [False, True]
    assert OptOut.objects.count() == 1
    # It still counts: a person decides if it was ours.
    assert record.is_stopped(MARTY_NUMBER)


def test_a_code_long_after_a_lift_is_a_new_stop(
    agent: User, manager: User, vendors: Vendors
) -> None:
    told(failed("2001"))
    lift(manager)
    DesiredState.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    assert told(failed("2001")) == STOPPED
    assert [each.told_back for each in stops()] == [False, False]
    assert OptOut.objects.count() == 2
    assert is_stopped_everywhere(vendors)


def test_a_code_withdraws_a_lift_request_that_waits(
    agent: User, manager: User, vendors: Vendors, settings: Any
) -> None:
    settings.FOUR_EYES = True
    told(failed("2001"))
    lift_requests.ask(staff=agent, **asked())
    told(failed("21610", CARRIER))
    assert LiftRequest.objects.get().state == "withdrawn"


def test_a_carriers_block_is_told_with_the_lift(
    agent: User, manager: User, vendors: Vendors
) -> None:
    """Rule 13: the lift is accepted, and says that their START is still needed."""
    told(failed("21610", CARRIER))
    assert bool(lift_requests.blocked_by_carrier([MARTY_NUMBER]))
    lift(manager)
    assert not record.is_stopped(MARTY_NUMBER)
    assert bool(lift_requests.blocked_by_carrier([MARTY_NUMBER]))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("30003", FactKind.UNREACHABLE),
        ("30005", FactKind.UNREACHABLE),
        ("30006", FactKind.LANDLINE),
        ("21211", FactKind.UNREACHABLE),
        ("21614", FactKind.LANDLINE),
        ("CCAI-ERR-01", FactKind.LANDLINE),
        ("CCAI-ERR-02", FactKind.LANDLINE),
        ("CCAI-ERR-03", FactKind.UNREACHABLE),
    ],
)
def test_unreachable_and_landline_are_facts(code: str, kind: FactKind, vendors: Vendors) -> None:
    told(failed(code, CARRIER, "Undelivered"))
    [fact] = facts_about(MARTY_NUMBER)
    assert (fact.kind, fact.vendor) == (kind, "cloudcontactai")
    assert f"code {code}" in fact.words
    assert stops() == []
    assert judge_one(marty()).verdict is Verdict.MAY_TEXT


def test_the_newest_fact_of_a_kind_counts(vendors: Vendors) -> None:
    told(failed("30003", CARRIER), failed("30005", CARRIER))
    assert "30005" in NumberFact.objects.get().words
    stale = timezone.now() - timedelta(days=1)
    note_fact(MARTY_NUMBER, "cloudcontactai", FactKind.UNREACHABLE, "Stale", stale)  # type: ignore[arg-type]
    assert "30005" in NumberFact.objects.get().words


def reassigned(at: datetime, number: str = MARTY_NUMBER) -> None:
    words = "CloudContactAI says that this number passed to another person."
    for key in phone_numbers.reassign(number=number, at=at, words=words):
        delivery.deliver(key)


def consented(at: datetime, number: str = MARTY_NUMBER) -> None:
    with transaction.atomic():
        entry = audit_log.record(action=Action.CONSENT_REQUESTED, staff=None, number=number)
        record.add(entry, kind=StatementKind.CONSENT, source=Source.PERSON, said=exactly(at))


def test_an_older_stop_holds_again_and_goes_to_the_vendors(
    agent: User, manager: User, vendors: Vendors
) -> None:
    consent.stop_texts(staff=agent, seen=marty())
    lift(manager)
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)
    reassigned(timezone.now())
    assert record.standing_of(MARTY_NUMBER).stopped
    assert is_stopped_everywhere(vendors)
    assert attention.reassigned() == []


def test_without_a_stop_the_number_is_not_known_and_needs_attention(vendors: Vendors) -> None:
    consented(timezone.now() - timedelta(days=2))
    at = timezone.now() - timedelta(days=1)
    reassigned(at)
    assert judge_one(marty()).verdict is Verdict.NOT_KNOWN
    [found] = attention.reassigned()
    assert (found.number, found.at) == (MARTY_NUMBER, at)
    assert found.words == "CloudContactAI says that this number passed to another person."
    # Vendors are not told of "Not known".
    assert (vendors.status(), DesiredState.objects.count()) == ("subscribed", 0)


def test_consent_of_the_new_owner_is_not_void(vendors: Vendors) -> None:
    at = timezone.now() - timedelta(days=1)
    reassigned(at)
    assert len(attention.reassigned()) == 1
    consented(timezone.now())
    assert attention.reassigned() == []
    reassigned(at)
    assert LedgerEntry.objects.filter(action=Action.NUMBER_REASSIGNED).count() == 1
    assert attention.reassigned() == []


def test_a_press_takes_it_off_the_list(agent: User, vendors: Vendors) -> None:
    reassigned(timezone.now() - timedelta(days=1), FREE_NUMBER)
    assert ConsentState.objects.get().verdict == Verdict.NOT_KNOWN.key
    consent.stop_texts(staff=agent, seen=Seen(FREE_NUMBER))
    assert attention.reassigned() == []


@pytest.mark.parametrize(
    "body",
    [
        failed("", words="Phone number has been reassigned"),
        event("message.excluded", ExcludedReason="Reassigned number"),
    ],
)
def test_an_event_that_says_so_voids_consent_and_the_stop_goes_out_again(
    body: dict[str, Any], agent: User, manager: User, vendors: Vendors
) -> None:
    consent.stop_texts(staff=agent, seen=marty())
    lift(manager)
    told(body)
    assert is_stopped_everywhere(vendors)


def test_a_report_without_a_date_voids_all_consent_from_before_it(vendors: Vendors) -> None:
    """CloudContactAI never says since when, so consent that came before the report may be the former owner's."""
    consented(timezone.now())
    assert attention.reassigned() == []
    told(failed("", words="Phone number has been reassigned"))
    assert len(attention.reassigned()) == 1


def test_a_reassignment_told_again_keeps_what_the_new_owner_said(manager: User) -> None:
    excluded = {"To": MARTY_NUMBER, "ExcludedReason": "Number was reassigned"}

    def told(event_hash: str) -> None:
        tell_ccai({"eventType": "message.excluded", "data": excluded, "eventHash": event_hash})
        work()

    told("first")
    passed_at = ConsentState.objects.get(number=MARTY_NUMBER).reassigned_at
    told("again")
    assert ConsentState.objects.get(number=MARTY_NUMBER).reassigned_at == passed_at
    with time_machine.travel(timezone.now() + timedelta(days=61)):
        told("another owner")
        state = ConsentState.objects.get(number=MARTY_NUMBER)
    assert state.reassigned_at
    assert passed_at
    assert state.reassigned_at > passed_at
