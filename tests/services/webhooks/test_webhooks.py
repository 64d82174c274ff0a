"""How the worker processes the vendors' events."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import NotFound
from contacts_ui.integrations.types import Contact
from contacts_ui.models import (
    ConsentSetup,
    DesiredState,
    Disagreement,
    LedgerEntry,
    OptOut,
    Statement,
    Vendor,
    WebhookEvent,
)
from contacts_ui.models.consent import Source
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services import index
from contacts_ui.services.consent import delivery, desired_state
from contacts_ui.services.consent.inbound_texts import STOPPED_AT_ONCE
from contacts_ui.services.consent.types import Evidence, Seen
from contacts_ui.services.webhooks import cloudcontactai as ccai_events
from contacts_ui.services.webhooks import inbox, processing
from contacts_ui.services.webhooks.cloudcontactai import NO_NUMBER, SAYS_STOP
from contacts_ui.services.webhooks.slicktext import (
    GONE,
    INBOX_MESSAGE,
    NO_CONTACT,
    NOT_READABLE,
    NOT_SO_THERE,
    UNREADABLE,
)
from contacts_ui.services.webhooks.slicktext import NO_NUMBER as NO_NUMBER_THERE
from tests import consent
from tests.hooks import hint, tell_ccai, tell_slicktext, unsubscribed, work
from tests.people import (
    DOC_NUMBER,
    FREE_NUMBER,
    MARTY,
    MARTY_NUMBER,
    UNKNOWN_ID,
    SetDesiredState,
    Vendors,
)

pytestmark = pytest.mark.django_db
STOPPED = "Stopped at every connected vendor."
TOLD_BACK = "Our own stop reported back, or a new one from the person. They stay stopped."
ON_RECORD = "Already on record."


@pytest.fixture
def walked(db: None) -> None:
    """Everyone at SlickText was read once, an hour ago."""
    ConsentSetup.load()
    ConsentSetup.objects.update(first_sync_ended_at=timezone.now() - timedelta(hours=1))


def left_to_people() -> list[str]:
    """Why each event waits under Needs attention."""
    waiting = WebhookEvent.objects.filter(needs_decision=True).order_by("pk")
    return list(waiting.values_list("outcome", flat=True))


def requests(number: str = MARTY_NUMBER) -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(number=number, action=Action.STOP_REQUESTED))


def confirmed(make: SetDesiredState, *, do_not_text: bool = True) -> None:
    """Desired states of ours at both vendors, confirmed."""
    for vendor in Vendor:
        delivery.deliver(make(vendor, do_not_text=do_not_text).pk)


def age(**moved: timedelta) -> None:
    """Let time pass: our desired states were made and confirmed so long ago."""
    for desired in DesiredState.objects.all():
        desired.requested_at -= moved["by"]
        desired.confirmed_at = desired.confirmed_at and desired.confirmed_at - moved["by"]
        desired.calls = [
            [(datetime.fromisoformat(each) - moved["by"]).isoformat() for each in call]
            for call in desired.calls
        ]
        desired.save()
    Statement.objects.update(earliest=F("earliest") - moved["by"], latest=F("latest") - moved["by"])


# CloudContactAI


def test_a_persons_own_stop_becomes_a_stop_at_both(vendors: Vendors) -> None:
    asked_at = timezone.now() - timedelta(hours=3)
    event = unsubscribed(at=asked_at.isoformat(), firstName="Marty", lastName="McFly")
    tell_ccai(event)
    assert work() == [STOPPED]
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    (entry,) = requests()
    assert (entry.staff_id, entry.staff_name, entry.channel) == (None, "", Channel.VENDOR)
    assert entry.asked_at == asked_at
    assert event["eventHash"] in entry.reason
    assert "CloudContactAI reported that they opted out" in entry.reason
    opt_out = OptOut.objects.get()
    assert (opt_out.channel, opt_out.asked_at, opt_out.label) == (
        Channel.VENDOR,
        asked_at,
        "Marty McFly",
    )
    assert {desired.state for desired in DesiredState.objects.all()} == {DeliveryState.CONFIRMED}


def test_the_hooks_request_id_reaches_the_ledger(vendors: Vendors) -> None:
    answer = tell_ccai(unsubscribed())
    work()
    assert {entry.request_id for entry in requests()} == {answer["X-Request-ID"]}


def test_a_person_without_a_contact_is_stopped_too(vendors: Vendors) -> None:
    tell_ccai(unsubscribed(FREE_NUMBER))
    assert work() == [STOPPED]
    assert consent.is_stopped(FREE_NUMBER)
    assert vendors.stopped(FREE_NUMBER) is True


@pytest.mark.parametrize(
    "data",
    [
        *({"ContactData": {"phone": odd}} for odd in ("", None, "12", "call me", {"x": 1})),
        *(["?"], None, "stop", 5, {"Person": {"Phone": MARTY_NUMBER}}),
    ],
)
def test_row_14_an_event_without_a_number_is_left_to_people(data: Any, vendors: Vendors) -> None:
    tell_ccai({**unsubscribed(), "data": data})
    assert work() == left_to_people() == [NO_NUMBER]
    assert not LedgerEntry.objects.exists()
    assert work() == [NO_NUMBER], "it is not tried again"


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("message.error.carrier", {"To": FREE_NUMBER, "ErrorMessage": "Blocked by carrier"}),
        ("contact.opted_out", {"ContactData": {"phone": FREE_NUMBER}}),
    ],
)
def test_another_event_that_speaks_of_a_stop_comes_with_one_or_is_left_to_people(
    event: str, data: dict[str, Any], vendors: Vendors
) -> None:
    tell_ccai({"eventType": event, "data": data, "eventHash": "other"})
    assert work() == [SAYS_STOP]
    assert left_to_people() == []
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert work() == left_to_people() == [SAYS_STOP]


def test_a_message_that_says_stop_and_the_event_about_it_are_one(vendors: Vendors) -> None:
    said = {"From": FREE_NUMBER, "Message": "STOP"}
    tell_ccai({"eventType": "message.incoming", "data": said, "eventHash": "in"})
    tell_ccai(unsubscribed(FREE_NUMBER))
    work()
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert work() == [STOPPED_AT_ONCE, STOPPED]
    assert left_to_people() == []
    assert OptOut.objects.count() == 1


def test_names_in_other_capitals_are_understood(vendors: Vendors) -> None:
    event = unsubscribed()
    event["data"] = {"contactData": {"Phone": "(615) 555-3338"}, "unsubscribedAt": None}
    tell_ccai(event)
    assert work() == [STOPPED]
    assert consent.is_stopped(MARTY_NUMBER)


@pytest.mark.parametrize(
    "at", [None, "soon", "0001-01-01T00:00:00Z", "2026-01-01T00:00:00", "9999-12-31T23:59:59Z", 5]
)
def test_a_time_that_makes_no_sense_is_the_time_of_receipt(at: Any, vendors: Vendors) -> None:
    tell_ccai(unsubscribed(at=at))
    assert work() == [STOPPED]
    assert requests()[0].asked_at == WebhookEvent.objects.get().received_at


def test_a_future_time_is_the_time_of_receipt(vendors: Vendors) -> None:
    tell_ccai(unsubscribed(at=(timezone.now() + timedelta(hours=3)).isoformat()))
    work()
    received_at = WebhookEvent.objects.get().received_at
    statement = Statement.objects.get()
    assert (statement.earliest, statement.latest) == (None, received_at)
    assert OptOut.objects.get().asked_at == received_at


def test_our_own_stop_told_back_counts_and_opens_no_opt_out(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    confirmed(set_desired_state)
    tell_ccai(unsubscribed())
    vendors.forget_calls()
    assert work() == [TOLD_BACK]
    statement = Statement.objects.get(source=Source.VENDOR_MARK)
    assert statement.told_back
    assert not OptOut.objects.exists()
    assert vendors.asked() == [], "no vendor is told of it once more"


def test_row_2_no_usable_time_while_we_told_them_is_told_back(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    confirmed(set_desired_state)
    tell_ccai(unsubscribed(at=None))
    assert work() == [TOLD_BACK]


def test_a_stopped_person_who_stops_again_is_recorded_as_their_own(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    confirmed(set_desired_state)
    age(by=timedelta(days=9))
    tell_ccai(unsubscribed())
    assert work() == [STOPPED]
    assert requests()[-1].channel == Channel.VENDOR


def test_their_own_stop_opens_one_opt_out(vendors: Vendors) -> None:
    """Else the event that our own call causes would cause the next call, for ever."""
    tell_ccai(unsubscribed())
    work()
    tell_ccai(unsubscribed(at=None))
    assert work() == [STOPPED, TOLD_BACK]
    assert OptOut.objects.count() == 1


def lift(manager: User, vendors: Vendors, consented_at: datetime) -> None:
    consent.change_opt_in_status(
        staff=manager,
        seen=Seen(MARTY_NUMBER, MARTY, "Marty McFly"),
        status="subscribed",
        evidence=Evidence("Marty", Channel.PHONE, consented_at, "Yes, do"),
    )
    for key in desired_state.due_now():
        delivery.deliver(key)


@pytest.mark.usefixtures("deliver_in_this_thread")
class TestAgainstConsent:
    def test_an_event_from_before_the_consent_is_kept_and_changes_nothing(
        self, manager: User, vendors: Vendors
    ) -> None:
        now = timezone.now()
        lift(manager, vendors, now - timedelta(hours=1))
        tell_ccai(unsubscribed(at=(now - timedelta(hours=2)).isoformat()))
        work()
        assert (vendors.status(), vendors.stopped()) == ("subscribed", False)
        assert Statement.objects.filter(source=Source.VENDOR_MARK).count() == 1
        assert not OptOut.objects.exists()

    def test_a_stop_after_the_consent_counts_though_we_lifted_later(
        self, manager: User, vendors: Vendors
    ) -> None:
        now = timezone.now()
        lift(manager, vendors, now - timedelta(hours=2))
        tell_ccai(unsubscribed(at=(now - timedelta(hours=1)).isoformat()))
        work()
        assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)

    def test_a_time_without_a_zone_never_counts_against_a_stop(
        self, manager: User, vendors: Vendors
    ) -> None:
        now = timezone.now()
        lift(manager, vendors, now - timedelta(hours=1))
        at = (now - timedelta(hours=9)).replace(tzinfo=None).isoformat()
        tell_ccai(unsubscribed(at=at))
        work()
        assert vendors.stopped() is True


def stamp(at: datetime) -> str:
    """A date as SlickText writes it: UTC without a zone."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def undated(vendors: Vendors) -> None:
    """SlickText does not say when their status changed, as in all samples of the vendor."""
    vendors.write("UPDATE contacts SET last_opt_in_status_change = NULL")


# SlickText


def test_a_stop_at_slicktext_becomes_a_stop_at_both(vendors: Vendors, walked: None) -> None:
    """The hint says only who changed; the contact is read."""
    vendors.server.texts("slicktext", MARTY_NUMBER)
    tell_slicktext(hint())
    assert work() == ["SlickText says “unsubscribed”."]
    assert vendors.stopped() is True
    (entry,) = requests()
    assert (entry.staff_name, entry.channel, entry.contact_id) == ("", Channel.VENDOR, MARTY)
    assert "unsubscribed" in entry.reason
    assert OptOut.objects.get().label == "Marty McFly"


def test_a_stop_that_a_hint_was_sent_for_is_told_also_before_the_first_walk_ends(
    vendors: Vendors,
) -> None:
    vendors.server.texts("slicktext", MARTY_NUMBER)
    tell_slicktext({**hint(), "date": stamp(timezone.now())})
    work()
    assert vendors.stopped() is True
    assert OptOut.objects.count() == 1


@pytest.mark.parametrize("status", ["unsubscribed", "blocked", " Unsubscribed", "BLOCKED"])
def test_row_14_a_hint_that_says_stop_is_a_stop_whatever_is_read_afterwards(
    status: str, vendors: Vendors
) -> None:
    """The re-read adds facts, and cannot cancel it: SlickText says that they are subscribed."""
    at = timezone.now().replace(microsecond=0) - timedelta(hours=2)
    tell_slicktext({**hint(opt_in_status=status, mobile_number=MARTY_NUMBER), "date": stamp(at)})
    assert work() == [STOPPED]
    assert consent.is_stopped(MARTY_NUMBER)
    assert (vendors.status(), vendors.stopped()) == (status.strip().lower(), True)
    assert OptOut.objects.get().asked_at == at
    statement = Statement.objects.get()
    assert statement.latest == at + timedelta(minutes=2)


def contact(**more: Any) -> dict[str, Any]:
    return {"mobile_number": MARTY_NUMBER, "opt_in_status": "unsubscribed", **more}


SHAPES = {
    "no contact_id": contact(),
    "another spelling": contact(mobile_number="(615) 555-3338"),
    "in a contact": {"contact": contact()},
    "in a contact with its id": {"contact": contact(contact_id=MARTY)},
    "a list": [contact()],
    "a list of contacts": [{"contact": contact()}],
    "contacts": {"contacts": [contact(mobile_number="12"), contact()]},
    "other capitals": {"Contact": {"Mobile_Number": MARTY_NUMBER, "Opt_In_Status": "Unsubscribed"}},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_row_14_a_hint_of_any_shape_stops_by_its_number(shape: str, vendors: Vendors) -> None:
    tell_slicktext({**hint(), "data": SHAPES[shape]})
    work()
    assert consent.is_stopped(MARTY_NUMBER)
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert bool(left_to_people()) == (shape == "contacts"), "whose number cannot be read"


def test_row_14_a_hint_without_a_frame(vendors: Vendors) -> None:
    tell_slicktext({"name": "contact_updated", "id": "f00", **contact()})
    work()
    assert vendors.stopped() is True


def test_row_14_the_hints_name_says_it(vendors: Vendors) -> None:
    tell_slicktext({**hint(name="contact_unsubscribed"), "data": {"mobile_number": MARTY_NUMBER}})
    work()
    assert vendors.stopped() is True


def test_everyone_in_a_list_is_stopped(vendors: Vendors) -> None:
    both = [contact(), contact(mobile_number=FREE_NUMBER)]
    tell_slicktext({**hint(), "data": both})
    work()
    assert (vendors.stopped(), vendors.stopped(FREE_NUMBER)) == (True, True)


def test_row_14_a_contact_without_a_number_is_found_in_the_index_while_slicktext_is_down(
    vendors: Vendors,
) -> None:
    index.store([Contact(contact_id=MARTY, mobile_number=MARTY_NUMBER)], timezone.now())
    vendors.fault("slicktext", "down")
    tell_slicktext(hint(opt_in_status="unsubscribed"))
    work()
    assert consent.is_stopped(MARTY_NUMBER)
    assert vendors.stopped() is True
    vendors.clear_faults()
    WebhookEvent.objects.update(due_at=timezone.now())
    work()
    assert WebhookEvent.objects.get().done_at
    assert OptOut.objects.count() == 1


def test_row_14_a_contact_without_a_number_is_read(vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    tell_slicktext(hint(opt_in_status="unsubscribed"))
    work()
    assert not consent.is_stopped(MARTY_NUMBER)
    assert WebhookEvent.objects.get().done_at is None, "it is tried again"
    vendors.clear_faults()
    WebhookEvent.objects.update(due_at=timezone.now())
    work()
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"opt_in_status": "unsubscribed"}, NO_NUMBER_THERE),
        ({"opt_in_status": "blocked", "mobile_number": "12"}, NO_NUMBER_THERE),
        ({"who": MARTY_NUMBER, "said": "Stop"}, UNREADABLE),
        ({"mobile_number": MARTY_NUMBER, "opt_out": True}, UNREADABLE),
        (
            {"mobile_number": MARTY_NUMBER, "opt_in_status": "subscribed", "opt_out": True},
            UNREADABLE,
        ),
        ("They opted out", UNREADABLE),
        ([["unsubscribed"]], UNREADABLE),
    ],
)
def test_row_14_what_speaks_of_a_stop_and_cannot_be_acted_on_is_left_to_people(
    data: Any, why: str, vendors: Vendors
) -> None:
    tell_slicktext({**hint(), "data": data})
    assert work() == left_to_people() == [why]


def test_a_hint_that_is_called_a_stop_is_one_whatever_its_data_says(vendors: Vendors) -> None:
    tell_slicktext(hint(name="contact_unsubscribed", opt_in_status="subscribed"))
    work()
    assert consent.is_stopped(MARTY_NUMBER)
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


@pytest.mark.parametrize("slicktext_is_down", [False, True])
def test_a_stop_without_a_date_said_again_after_a_lift_is_another_one(
    slicktext_is_down: bool, manager: User, vendors: Vendors
) -> None:
    """The same body to the letter; also while the lift is still on its way."""
    data = {"mobile_number": MARTY_NUMBER, "opt_in_status": "unsubscribed"}
    same = {"name": "contact_updated", "data": data}
    tell_slicktext(same)
    work()
    if slicktext_is_down:
        vendors.fault("slicktext", kind="down")
    consent.change_opt_in_status(
        staff=manager,
        seen=Seen(MARTY_NUMBER, MARTY, "Marty McFly"),
        status="subscribed",
        evidence=Evidence("Marty", Channel.PHONE, timezone.now(), "Yes, do", exact=True),
    )
    assert not consent.is_stopped(MARTY_NUMBER)
    tell_slicktext(same)
    work()
    assert consent.is_stopped(MARTY_NUMBER)


def test_row_14_a_stop_of_a_contact_who_is_gone_is_left_to_people(vendors: Vendors) -> None:
    tell_slicktext(hint(UNKNOWN_ID, opt_in_status="unsubscribed"))
    assert work() == [GONE]
    assert left_to_people() == []
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert work() == left_to_people() == [GONE]


@pytest.mark.parametrize(
    "fault", [{"kind": "error", "status": 400}, {"kind": "html", "status": 200}]
)
def test_row_14_a_stop_of_a_contact_who_cannot_be_read_is_left_to_people(
    fault: dict[str, Any], vendors: Vendors
) -> None:
    tell_slicktext(hint(opt_in_status="unsubscribed"))
    vendors.fault("slicktext", **fault)
    work()
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert work() == left_to_people() == [NOT_READABLE]


def test_a_known_stop_of_a_contact_who_is_gone_is_recorded(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    """SlickText can no longer say since when: it is a stop at the event's date."""
    confirmed(set_desired_state)
    age(by=timedelta(days=9))
    index.store([Contact(contact_id=MARTY, mobile_number=MARTY_NUMBER)], timezone.now())
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    tell_slicktext({**hint(opt_in_status="unsubscribed"), "date": stamp(timezone.now())})
    work()
    assert Statement.objects.filter(source=Source.STATUS).count() == 1
    assert left_to_people() == []


def test_a_message_that_says_stop_is_a_stop_at_once(vendors: Vendors) -> None:
    tell_slicktext(hint(name="inbox_message_received", message="Please stop"))
    assert work() == [STOPPED_AT_ONCE]
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


def test_another_hint_that_says_stop_is_left_to_people_where_slicktext_shows_none(
    vendors: Vendors,
) -> None:
    tell_slicktext(hint(name="keyword_received", message="Please stop"))
    assert work() == left_to_people() == [NOT_SO_THERE]


def test_a_hint_that_says_nothing_of_a_stop_needs_no_decision(vendors: Vendors) -> None:
    tell_slicktext(hint(opt_in_status="subscribed", opt_out_date=None, address="1 Stop Road"))
    assert work() == ["SlickText says “subscribed”."]
    assert left_to_people() == []


def test_row_15_who_is_blocked_there_stays_blocked(vendors: Vendors) -> None:
    vendors.edit(opt_in_status="blocked")
    tell_slicktext({**hint(opt_in_status="blocked"), "date": stamp(timezone.now())})
    work()
    assert (vendors.status(), vendors.stopped()) == ("blocked", True)


@pytest.mark.parametrize("known", ["by a hint", "by a reading", "by nothing"])
@pytest.mark.parametrize("door", ["webhook", "switch", "words", "other hint"])
def test_row_15_no_other_door_weakens_blocked(
    door: str, known: str, agent: User, vendors: Vendors
) -> None:
    vendors.edit(opt_in_status="blocked")
    if known == "by a hint":
        tell_slicktext(hint(opt_in_status="blocked"))
        work()
    elif known == "by a reading":
        tell_slicktext(hint())
        work()
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly")
    if door == "webhook":
        tell_ccai(unsubscribed())
    elif door == "switch":
        consent.press_stop(staff=agent, seen=seen)
    elif door == "words":
        request = consent.Request(Channel.PHONE, None, "Stop it")
        consent.record_stop(staff=agent, seen=seen, request=request)
    else:
        tell_slicktext({**hint(), "data": contact()})
    work()
    assert (vendors.status(), vendors.stopped()) == ("blocked", True)


def test_what_is_read_is_believed(vendors: Vendors, walked: None) -> None:
    tell_slicktext(hint(opt_in_status="subscribed"))
    assert work() == ["SlickText says “subscribed”."]
    assert not requests()
    vendors.server.texts("slicktext", MARTY_NUMBER)
    tell_slicktext(hint(opt_in_status="subscribed", city="Hill Valley"))
    work()
    assert vendors.stopped() is True


def test_our_own_stop_told_back_by_slicktext_opens_no_opt_out(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    confirmed(set_desired_state)
    event = hint(opt_in_status="unsubscribed", mobile_number=MARTY_NUMBER)
    tell_slicktext({**event, "date": stamp(timezone.now())})
    vendors.forget_calls()
    work()
    assert not OptOut.objects.exists()
    assert "slicktext PUT" not in vendors.asked()
    assert len(requests()) == 2, "those of the two desired states"
    assert LedgerEntry.objects.filter(action=Action.STOP_TOLD_BACK).count() == 1


def test_a_change_of_a_stopped_contact_is_no_new_stop(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    """A hint about their city says again that they are unsubscribed: SlickText knows since when."""
    confirmed(set_desired_state)
    age(by=timedelta(days=9))
    then = stamp(timezone.now() - timedelta(days=9))
    vendors.write("UPDATE contacts SET last_opt_in_status_change = ?", then)
    event = hint(opt_in_status="unsubscribed", mobile_number=MARTY_NUMBER)
    tell_slicktext({**event, "date": stamp(timezone.now())})
    work()
    assert not OptOut.objects.exists()


def test_a_second_stop_at_slicktext_is_a_new_request(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    confirmed(set_desired_state)
    age(by=timedelta(days=9))
    vendors.edit(opt_in_status="unsubscribed")
    now = stamp(timezone.now())
    vendors.write("UPDATE contacts SET last_opt_in_status_change = ?", now)
    tell_slicktext({**hint(opt_in_status="unsubscribed"), "date": now})
    work()
    assert OptOut.objects.count() == 1


def test_one_stop_that_comes_by_two_hints_and_a_reading_is_one_opt_out(
    vendors: Vendors, walked: None
) -> None:
    vendors.server.texts("slicktext", MARTY_NUMBER)
    for seconds in (1, 30):
        at = timezone.now() + timedelta(seconds=seconds)
        event = hint(opt_in_status="unsubscribed", mobile_number=MARTY_NUMBER)
        tell_slicktext({**event, "date": stamp(at)})
    work()
    assert OptOut.objects.count() == 1
    assert vendors.stopped() is True


def test_who_is_gone_by_now(vendors: Vendors) -> None:
    tell_slicktext(hint(UNKNOWN_ID))
    assert work() == [GONE]
    assert WebhookEvent.objects.get().done_at is None, "asked again for a while"
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert work() == [GONE]
    assert WebhookEvent.objects.get().done_at


@pytest.mark.parametrize("lie", ["not found", "no number"])
def test_a_failing_vendor_that_finds_no_contact_loses_no_stop(
    lie: str, vendors: Vendors, walked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendors.server.texts("slicktext", MARTY_NUMBER)
    tell_slicktext(hint())

    def lying(*_: Any, **__: Any) -> Contact:
        if lie == "not found":
            raise NotFound("slicktext", status=404)
        return Contact(contact_id=MARTY)

    with monkeypatch.context() as patch:
        patch.setattr(slicktext, "get_contact", lying)
        work()
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        work()
    assert vendors.stopped() is True


@pytest.mark.parametrize(
    "data", [{"contact_id": None}, {"contact_id": "x"}, {"contact_id": 10**20}]
)
def test_a_hint_without_a_contact(data: dict[str, Any], vendors: Vendors) -> None:
    tell_slicktext({**hint(), "data": data})
    assert work() == [NO_CONTACT]


def test_a_vendor_that_is_down_is_asked_again_later(vendors: Vendors, walked: None) -> None:
    vendors.server.texts("slicktext", MARTY_NUMBER)
    tell_slicktext(hint())
    vendors.fault("slicktext", "down")
    began = timezone.now()
    work()
    event = WebhookEvent.objects.get()
    assert event.done_at is None
    assert began < event.due_at < timezone.now() + timedelta(seconds=3)
    assert event.attempts == 1
    vendors.clear_faults()
    WebhookEvent.objects.update(due_at=timezone.now())
    work()
    assert vendors.stopped() is True


def test_pauses_grow_to_five_minutes(vendors: Vendors) -> None:
    tell_slicktext(hint())
    vendors.fault("slicktext", "down")
    WebhookEvent.objects.update(attempts=40)
    work()
    due_at = WebhookEvent.objects.get().due_at
    assert timedelta(seconds=60) < due_at - timezone.now() <= timedelta(seconds=300)


@pytest.mark.parametrize("error", [SystemExit, KeyError])
def test_a_worker_that_dies_and_a_defect_of_ours_lose_nothing(
    error: type[BaseException], vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_ccai(unsubscribed())

    def fail(event: object) -> None:
        raise error

    with monkeypatch.context() as patch, suppress(SystemExit):
        patch.setattr(ccai_events, "process", fail)
        processing.process_due()
    assert not requests()
    assert inbox.due_events() == [], "taken, until its lease or its pause is over"
    WebhookEvent.objects.update(due_at=timezone.now())
    assert work() == [STOPPED]


def old_stop(vendors: Vendors) -> None:
    """SlickText holds their stop from long ago."""
    vendors.edit(opt_in_status="unsubscribed")
    vendors.write(
        "UPDATE contacts SET last_opt_in_status_change = '2020-01-01 00:00:00' WHERE contact_id = ?",
        MARTY,
    )


def test_an_old_stop_that_newer_consent_answers_does_not_come_back(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    """SlickText is read while the lift is still on its way."""
    old_stop(vendors)
    desired = set_desired_state(Vendor.SLICKTEXT, do_not_text=False)
    tell_slicktext(hint())
    processing.process_due()
    assert not OptOut.objects.exists()
    delivery.deliver(desired.pk)
    work()
    assert vendors.status() == "subscribed"
    assert not consent.is_stopped(MARTY_NUMBER)


def test_a_stop_after_a_lift_is_a_new_stop(
    set_desired_state: SetDesiredState, vendors: Vendors, walked: None
) -> None:
    confirmed(set_desired_state, do_not_text=False)
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        vendors.edit(opt_in_status="unsubscribed")
        now = stamp(timezone.now())
        vendors.write("UPDATE contacts SET last_opt_in_status_change = ?", now)
        tell_slicktext(hint())
        work()
    assert vendors.stopped() is True


def test_a_lift_that_slicktext_refused_is_for_people_to_decide(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    old_stop(vendors)
    vendors.switch(refuse_resubscribe=True)
    confirmed(set_desired_state, do_not_text=False)
    tell_slicktext(hint())
    work()
    assert not OptOut.objects.exists()
    assert Disagreement.objects.get().number == MARTY_NUMBER


def test_a_stopped_person_who_is_back_is_listed_at_once(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    confirmed(set_desired_state)
    vendors.edit(opt_in_status="subscribed")
    tell_slicktext(hint())
    assert work() == ["SlickText says “subscribed”."]
    found = Disagreement.objects.get()
    assert (found.kind, found.before_status, found.status) == (
        "reappeared",
        "unsubscribed",
        "subscribed",
    )


def test_a_stopped_number_that_appears_is_stopped_there_too(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    for vendor in Vendor:
        delivery.deliver(set_desired_state(vendor, number=DOC_NUMBER).pk)
    contact_id = vendors.create(DOC_NUMBER, opt_in_status="subscribed")
    tell_slicktext(hint(contact_id, "contact_created"))
    work()
    assert vendors.status(DOC_NUMBER) == "unsubscribed"


def test_stops_go_before_the_flood_of_an_import(vendors: Vendors) -> None:
    for contact_id in range(7780, 7785):
        tell_slicktext(hint(contact_id, "contact_created"))
    tell_slicktext(hint(MARTY, opt_in_status="unsubscribed"))
    tell_ccai(unsubscribed())
    first, second, *_ = inbox.due_events()
    urgent = WebhookEvent.objects.filter(pk__in=[first, second]).order_by("pk")
    assert [event.event for event in urgent] == ["contact_updated", "contact.unsubscribed"]


def test_many_hints_about_one_person_cost_one_call(vendors: Vendors) -> None:
    for city in "abcde":
        tell_slicktext(hint(MARTY, city=city))
    vendors.forget_calls()
    work()
    assert vendors.asked() == ["slicktext GET"]
    assert not left_to_people()
    assert not WebhookEvent.objects.filter(done_at=None).exists()


def test_a_hint_that_says_stop_is_never_told_together_with_another(vendors: Vendors) -> None:
    """Worked on second, and the contact was read for the first after it came."""
    tell_slicktext(hint(city="Hill Valley", opt_in_status="subscribed"))
    tell_slicktext(hint(opt_in_status="unsubscribed"))
    WebhookEvent.objects.update(due_at=timezone.now() - timedelta(hours=1))
    work()
    assert vendors.stopped() is True


def test_two_workers_do_one_event_once(vendors: Vendors) -> None:
    tell_ccai(unsubscribed())
    (key,) = inbox.due_events()
    processing.process(key)
    processing.process(key)
    assert len(requests()) == 1


# What speaks of a stop where no one looks for it (rule 11).

MANY = {f"Extra{at:02}": f"v{at}" for at in range(20)}
LONG = "The message could not be delivered at this time by the network of the carrier. " * 3
ABOUT_MARTY = {"contact_id": MARTY, "mobile_number": MARTY_NUMBER}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("message.incoming", {"From": MARTY_NUMBER, **MANY, "Content": "STOP"}),
        ("message.error.carrier", {"ErrorCode": "99999", "ErrorDetail": "recipient unsubscribed"}),
        ("message.excluded", {"Reason": "Contact unsubscribed"}),
    ],
)
def test_a_stop_in_an_unknown_field_is_left_to_people(
    event: str, said: dict[str, str], vendors: Vendors
) -> None:
    body = {"eventType": event, "eventHash": "h", "data": {"To": MARTY_NUMBER, **said}}
    tell_ccai(body)
    WebhookEvent.objects.update(received_at=F("received_at") - timedelta(hours=1))
    work()
    assert len(left_to_people()) == 1


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("message.error.carrier", {"ErrorMessage": f"{LONG}The recipient has opted out"}),
        ("message.excluded", {"ExcludedReason": f"{LONG}Contact unsubscribed"}),
    ],
)
def test_a_stop_at_the_end_of_a_long_reason_is_one(
    event: str, said: dict[str, str], vendors: Vendors
) -> None:
    body = {"eventType": event, "eventHash": "h", "data": {"To": MARTY_NUMBER, **said}}
    tell_ccai(body)
    work()
    assert consent.is_stopped(MARTY_NUMBER)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"contact": ABOUT_MARTY, "opt_in_status": "unsubscribed"}},
        {"data": {"contacts": [ABOUT_MARTY], "changes": {"opt_in_status": "blocked"}}},
        {"data": ABOUT_MARTY, "opt_in_status": "unsubscribed"},
        {"data": {"mobile_number": MARTY_NUMBER}, "change": "opted out"},
        {
            "data": {"contact": {**ABOUT_MARTY, **MANY}, "message_text": "STOP"},
            "name": INBOX_MESSAGE,
        },
    ],
)
def test_a_stop_beside_the_contact_is_left_to_people(
    body: dict[str, Any], vendors: Vendors
) -> None:
    tell_slicktext({"name": "contact_updated", "date": "2026-11-22 12:00:00", **body})
    work()
    assert len(left_to_people()) == 1


def test_words_of_a_contact_without_a_change_are_no_stop(vendors: Vendors) -> None:
    person = {**ABOUT_MARTY, "opt_in_status": "subscribed", "note": "Non-stop talker"}
    tell_slicktext({"name": "contact_updated", "data": {"contact": person}})
    tell_slicktext({"name": "contact_updated", **person})
    work()
    assert left_to_people() == []
    assert not Statement.objects.exists()
