"""What the worker makes of the vendors' events."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import NotFound
from contacts_ui.integrations.types import Contact
from contacts_ui.models import Disagreement, LedgerEntry, OptOut, Vendor, WebhookEvent, Wish
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.wish import WishState
from contacts_ui.services import consent, delivery, webhooks, wishes
from contacts_ui.services.consent import Evidence, Seen
from contacts_ui.services.webhook_claims import ALREADY, ECHO, NO_NUMBER, OLDER, STOPPED
from contacts_ui.services.webhook_hints import GONE, NO_CONTACT
from contacts_ui.services.webhook_hints import STOPPED as STOPPED_THERE
from tests.hooks import hint, tell_ccai, tell_slicktext, unsubscribed, work
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, NOBODY, MakeWish, Vendors

pytestmark = pytest.mark.django_db


def requests(number: str = MARTY_NUMBER) -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(number=number, action=Action.STOP_REQUESTED))


def confirmed(make: MakeWish, *, do_not_text: bool = True) -> None:
    """Wishes of ours at both vendors, confirmed."""
    for vendor in Vendor:
        delivery.deliver(make(vendor, do_not_text=do_not_text).pk)


def age(**moved: timedelta) -> None:
    """Let time pass: our wishes were made and confirmed so long ago."""
    for wish in Wish.objects.all():
        wish.wished_at -= moved["by"]
        wish.confirmed_at = wish.confirmed_at and wish.confirmed_at - moved["by"]
        wish.save()


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
    assert "contact.unsubscribed" in entry.reason
    opt_out = OptOut.objects.get()
    assert (opt_out.channel, opt_out.asked_at, opt_out.label) == (
        Channel.VENDOR,
        asked_at,
        "Marty McFly",
    )
    assert {wish.state for wish in Wish.objects.all()} == {WishState.CONFIRMED}


def test_the_hooks_request_id_reaches_the_ledger(vendors: Vendors) -> None:
    answer = tell_ccai(unsubscribed())
    work()
    assert {entry.request_id for entry in requests()} == {answer["X-Request-ID"]}


def test_somebody_whom_nobody_knows_is_stopped_too(vendors: Vendors) -> None:
    tell_ccai(unsubscribed(FREE_NUMBER))
    assert work() == [STOPPED]
    assert consent.is_stopped(FREE_NUMBER)
    assert vendors.stopped(FREE_NUMBER) is True


@pytest.mark.parametrize("number", ["", None, "12", "call me", {"x": 1}])
def test_an_event_without_a_number_changes_nothing_and_says_so(
    number: Any, vendors: Vendors
) -> None:
    tell_ccai(unsubscribed(number))
    assert work() == [NO_NUMBER]
    assert not LedgerEntry.objects.exists()


def test_data_of_an_unexpected_shape(vendors: Vendors) -> None:
    tell_ccai({**unsubscribed(), "data": ["?"]})
    assert work() == [NO_NUMBER]


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


def test_our_own_stop_told_back_to_us_is_an_echo(wish_for: MakeWish, vendors: Vendors) -> None:
    confirmed(wish_for)
    tell_ccai(unsubscribed())
    assert work() == [ECHO]
    assert len(requests()) == 2, "those of the two wishes"


def test_a_stopped_person_who_stops_again_is_recorded_as_their_own(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    confirmed(wish_for)
    age(by=timedelta(days=9))
    tell_ccai(unsubscribed())
    assert work() == [STOPPED]
    assert requests()[-1].channel == Channel.VENDOR


def test_their_own_stop_is_recorded_once(vendors: Vendors) -> None:
    """Else the event that our own call causes would cause the next call, for ever."""
    tell_ccai(unsubscribed())
    work()
    tell_ccai(unsubscribed(at=None))
    assert work() == [STOPPED, ALREADY]
    assert len(requests()) == 1


def lift(manager: User, vendors: Vendors, consented_at: datetime) -> None:
    consent.record_consent(
        staff=manager,
        seen=Seen(MARTY_NUMBER, MARTY, "Marty McFly"),
        status="subscribed",
        evidence=Evidence("Marty", Channel.PHONE, consented_at, "Yes"),
    )
    for key in wishes.due_now():
        delivery.deliver(key)


def test_an_event_from_before_the_consent_comes_too_late(manager: User, vendors: Vendors) -> None:
    now = timezone.now()
    lift(manager, vendors, now - timedelta(hours=1))
    tell_ccai(unsubscribed(at=(now - timedelta(hours=2)).isoformat()))
    assert work() == [OLDER]
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)


def test_a_stop_after_the_consent_counts_though_we_lifted_later(
    manager: User, vendors: Vendors
) -> None:
    now = timezone.now()
    lift(manager, vendors, now - timedelta(hours=2))
    tell_ccai(unsubscribed(at=(now - timedelta(hours=1)).isoformat()))
    assert work() == [STOPPED]


def test_a_time_without_a_zone_never_counts_against_a_stop(manager: User, vendors: Vendors) -> None:
    now = timezone.now()
    lift(manager, vendors, now - timedelta(hours=1))
    tell_ccai(unsubscribed(at=(now - timedelta(hours=9)).replace(tzinfo=None).isoformat()))
    assert work() == [STOPPED]


# SlickText


def test_a_stop_at_slicktext_becomes_a_stop_at_both(vendors: Vendors) -> None:
    vendors.edit(opt_in_status="unsubscribed")
    tell_slicktext(hint())
    assert work() == [STOPPED_THERE]
    assert vendors.stopped() is True
    (entry,) = requests()
    assert (entry.staff_name, entry.channel, entry.contact_id) == ("", Channel.VENDOR, MARTY)
    assert "unsubscribed" in entry.reason
    assert OptOut.objects.get().label == "Marty McFly"


def test_who_is_blocked_there_stays_blocked(vendors: Vendors) -> None:
    vendors.edit(opt_in_status="blocked")
    tell_slicktext(hint())
    work()
    assert (vendors.status(), vendors.stopped()) == ("blocked", True)


def test_a_hint_is_not_believed(vendors: Vendors) -> None:
    tell_slicktext(hint(opt_in_status="unsubscribed"))
    assert work() == ["May text."]
    assert not requests()
    vendors.edit(opt_in_status="unsubscribed")
    tell_slicktext(hint(opt_in_status="subscribed"))
    assert work()[-1] == STOPPED_THERE


def test_our_own_stop_is_no_news(wish_for: MakeWish, vendors: Vendors) -> None:
    confirmed(wish_for)
    tell_slicktext(hint())
    assert work() == ["Do not text."]
    assert len(requests()) == 2


def test_who_is_gone_by_now(vendors: Vendors) -> None:
    tell_slicktext(hint(NOBODY))
    assert work() == [GONE]
    assert WebhookEvent.objects.get().done_at is None, "asked again for a while"
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert work() == [GONE]
    assert WebhookEvent.objects.get().done_at


@pytest.mark.parametrize("lie", ["not found", "no number"])
def test_a_vendor_in_trouble_that_knows_nobody_loses_no_stop(
    lie: str, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendors.edit(opt_in_status="unsubscribed")
    tell_slicktext(hint())

    def lying(*_: Any, **__: Any) -> Contact:
        if lie == "not found":
            raise NotFound("slicktext", status=404)
        return Contact(contact_id=MARTY)

    with monkeypatch.context() as patch:
        patch.setattr(slicktext, "get_contact", lying)
        work()
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert work() == [STOPPED_THERE]


@pytest.mark.parametrize(
    "data", [{"contact_id": None}, {"contact_id": "x"}, {"contact_id": 10**20}]
)
def test_a_hint_about_nobody(data: dict[str, Any], vendors: Vendors) -> None:
    tell_slicktext({**hint(), "data": data})
    assert work() == [NO_CONTACT]


def test_a_vendor_that_is_down_is_asked_again_later(vendors: Vendors) -> None:
    vendors.edit(opt_in_status="unsubscribed")
    tell_slicktext(hint())
    vendors.fault("slicktext", "down")
    work()
    event = WebhookEvent.objects.get()
    assert event.done_at is None
    assert event.due_at is not None
    assert timezone.now() < event.due_at < timezone.now() + timedelta(seconds=3)
    assert event.attempts == 1
    vendors.clear_faults()
    WebhookEvent.objects.update(due_at=timezone.now())
    assert work() == [STOPPED_THERE]


def test_pauses_grow_to_five_minutes(vendors: Vendors) -> None:
    tell_slicktext(hint())
    vendors.fault("slicktext", "down")
    WebhookEvent.objects.update(attempts=40)
    work()
    due_at = WebhookEvent.objects.get().due_at
    assert due_at is not None
    assert timedelta(seconds=100) < due_at - timezone.now() <= timedelta(seconds=300)


def test_a_worker_that_dies_loses_nothing(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_ccai(unsubscribed())

    def die(event: object) -> str:
        raise SystemExit

    monkeypatch.setattr(webhooks.webhook_claims, "work", die)
    with pytest.raises(SystemExit):
        webhooks.work_due()
    monkeypatch.undo()
    assert webhooks.due_now() == [], "taken, until its lease has run out"
    WebhookEvent.objects.update(due_at=timezone.now())
    assert work() == [STOPPED]


def test_a_defect_of_ours_does_not_end_it(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_ccai(unsubscribed())

    def fail(event: object) -> str:
        raise KeyError("defect")

    monkeypatch.setattr(webhooks.webhook_claims, "work", fail)
    webhooks.work_due()
    monkeypatch.undo()
    assert not requests()
    WebhookEvent.objects.update(due_at=timezone.now())
    assert work() == [STOPPED]


def test_a_lift_on_its_way_is_waited_for(
    manager: User, wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.edit(opt_in_status="unsubscribed")
    vendors.write(
        "UPDATE contacts SET last_opt_in_status_change = '2020-01-01 00:00:00' WHERE contact_id = ?",
        MARTY,
    )
    wish = wish_for(Vendor.SLICKTEXT, do_not_text=False)
    tell_slicktext(hint())
    webhooks.work_due()
    assert WebhookEvent.objects.get().done_at is None
    assert len(requests()) == 0
    delivery.deliver(wish.pk)
    WebhookEvent.objects.update(due_at=timezone.now())
    webhooks.work_due()
    assert WebhookEvent.objects.get().done_at
    assert len(requests()) == 0
    assert vendors.status() == "subscribed"


def test_a_stop_after_a_lift_is_a_new_stop(wish_for: MakeWish, vendors: Vendors) -> None:
    confirmed(wish_for, do_not_text=False)
    vendors.edit(opt_in_status="unsubscribed")
    tell_slicktext(hint())
    assert work() == [STOPPED_THERE]
    assert vendors.stopped() is True


def test_a_lift_that_slicktext_refused_is_for_people_to_decide(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    vendors.edit(opt_in_status="unsubscribed")
    vendors.write(
        "UPDATE contacts SET last_opt_in_status_change = '2020-01-01 00:00:00' WHERE contact_id = ?",
        MARTY,
    )
    vendors.switch(refuse_resubscribe=True)
    confirmed(wish_for, do_not_text=False)
    tell_slicktext(hint())
    assert work() == ["Vendors disagree."]
    assert not requests()
    assert Disagreement.objects.get().number == MARTY_NUMBER


def test_a_stopped_person_who_is_back_is_listed_at_once(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    confirmed(wish_for)
    vendors.edit(opt_in_status="subscribed")
    tell_slicktext(hint())
    assert work() == ["Vendors disagree."]
    found = Disagreement.objects.get()
    assert (found.kind, found.before_status, found.status) == (
        "reappeared",
        "unsubscribed",
        "subscribed",
    )


def test_a_stopped_number_that_appears_is_stopped_there_too(
    wish_for: MakeWish, vendors: Vendors
) -> None:
    for vendor in Vendor:
        delivery.deliver(wish_for(vendor, number=DOC_NUMBER).pk)
    contact_id = vendors.create(DOC_NUMBER, opt_in_status="subscribed")
    tell_slicktext(hint(contact_id, "contact_created"))
    work()
    assert vendors.status(DOC_NUMBER) == "unsubscribed"


def test_stops_go_before_the_flood_of_an_import(vendors: Vendors) -> None:
    for contact_id in range(7780, 7785):
        tell_slicktext(hint(contact_id, "contact_created"))
    tell_slicktext(hint(MARTY, opt_in_status="unsubscribed"))
    tell_ccai(unsubscribed())
    first, second, *_ = webhooks.due_now()
    urgent = WebhookEvent.objects.filter(pk__in=[first, second]).order_by("pk")
    assert [event.event for event in urgent] == ["contact_updated", "contact.unsubscribed"]


def test_many_hints_about_one_person_cost_one_call(vendors: Vendors) -> None:
    for city in "abcde":
        tell_slicktext(hint(MARTY, city=city))
    vendors.forget_calls()
    work()
    assert vendors.asked() == ["slicktext GET"]
    assert not WebhookEvent.objects.filter(done_at=None).exists()


def test_two_workers_do_one_event_once(vendors: Vendors) -> None:
    tell_ccai(unsubscribed())
    (key,) = webhooks.due_now()
    webhooks.work(key)
    webhooks.work(key)
    assert len(requests()) == 1
