"""Where the vendors disagree: found by readings that pass through, repaired toward stop, closed by themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from contacts_ui.models import DesiredState, Disagreement, LedgerEntry, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import NotAllowed
from contacts_ui.services.consent import delivery, desired_state, disagreements
from contacts_ui.services.consent.disagreements import close_agreed, present
from contacts_ui.services.consent.doors import repair
from contacts_ui.services.webhooks.processing import process_due
from tests.people import MARTY, MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]


@pytest.fixture
def stopped(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    """Marty is stopped at both vendors, which have confirmed it."""
    for vendor in Vendor:
        delivery.deliver(set_desired_state(vendor).pk)


@pytest.fixture
def back(stopped: None, vendors: Vendors) -> None:
    """Someone has subscribed Marty again, on the vendor's screen."""
    vendors.edit(opt_in_status="subscribed")


def stopped_long_ago(vendors: Vendors, status: str) -> None:
    """SlickText holds their stop from before they consented."""
    vendors.edit(opt_in_status=status)
    vendors.write("UPDATE contacts SET last_opt_in_status_change = '2020-01-01 00:00:00'")


@pytest.fixture
def half_lifted(set_desired_state: SetDesiredState, vendors: Vendors) -> None:
    """SlickText did not lift Marty's stop, CloudContactAI did."""
    stopped_long_ago(vendors, "unsubscribed")
    vendors.switch(refuse_resubscribe=True)
    for vendor in Vendor:
        delivery.deliver(set_desired_state(vendor, do_not_text=False).pk)


def look(browser: Client, address: str = "/contacts/") -> str:
    """Open a page, and let the worker record what it read."""
    response = browser.get(address)
    assert response.status_code == 200
    process_due()
    return str(response.content.decode())


def found() -> Disagreement:
    return Disagreement.objects.get(closed_at=None)


def actions() -> list[str]:
    about = LedgerEntry.objects.filter(number=MARTY_NUMBER).order_by("pk")
    return list(about.values_list("action", flat=True))


@pytest.mark.parametrize("address", ["/contacts/", f"/contacts/{MARTY}/", "/contacts/?q=7778"])
def test_a_stopped_person_who_is_back_is_found_by_any_reading(
    address: str, back: None, max_: Client
) -> None:
    page = look(max_, address)
    assert "Vendors disagree" in page
    row = found()
    assert (row.kind, row.number, row.contact_id, row.label) == (
        "reappeared",
        MARTY_NUMBER,
        MARTY,
        "Marty McFly",
    )
    assert (row.before_status, row.status) == ("unsubscribed", "subscribed")
    assert row.source
    assert row.changed_at
    assert abs(row.changed_at - timezone.now()) < timedelta(minutes=1)


def test_finding_is_written_in_the_ledger_once(back: None, max_: Client) -> None:
    for _ in range(3):
        look(max_)
    entries = LedgerEntry.objects.filter(action=Action.DISAGREEMENT_FOUND)
    (entry,) = entries
    assert entry.staff_name == ""
    assert entry.before == {"opt_in_status": "unsubscribed"}
    assert entry.after["opt_in_status"] == "subscribed"
    assert Disagreement.objects.count() == 1


def test_who_agrees_is_not_listed(stopped: None, max_: Client) -> None:
    look(max_)
    assert not Disagreement.objects.exists()


def test_no_longer_stopped_without_being_subscribed(
    stopped: None, vendors: Vendors, max_: Client
) -> None:
    vendors.edit(opt_in_status="not subscribed")
    assert "Vendors disagree" in look(max_, f"/contacts/{MARTY}/")
    assert found().status == "not subscribed"


def test_only_slicktext_holds_the_stop(half_lifted: None, max_: Client) -> None:
    look(max_)
    assert found().kind == "only_slicktext"


def test_only_cloudcontactai_holds_the_stop(
    set_desired_state: SetDesiredState, vendors: Vendors, max_: Client
) -> None:
    vendors.fault("slicktext", "error", status=422, methods=["PUT"])
    for vendor in Vendor:
        delivery.deliver(set_desired_state(vendor).pk)
    vendors.clear_faults()
    assert DesiredState.objects.get(vendor="slicktext").state == DeliveryState.REFUSED
    look(max_)
    assert found().kind == "only_cloudcontactai"


def test_a_stop_on_its_way_is_no_disagreement(
    set_desired_state: SetDesiredState, max_: Client
) -> None:
    delivery.deliver(set_desired_state(Vendor.CLOUDCONTACTAI).pk)
    set_desired_state(Vendor.SLICKTEXT)
    look(max_)
    assert not Disagreement.objects.exists()


def test_a_lift_on_its_way_is_no_disagreement(
    stopped: None, set_desired_state: SetDesiredState, max_: Client
) -> None:
    delivery.deliver(set_desired_state(Vendor.SLICKTEXT, do_not_text=False).pk)
    set_desired_state(Vendor.CLOUDCONTACTAI, do_not_text=False)
    look(max_)
    assert not Disagreement.objects.exists()


def test_a_reappearance_is_found_though_the_other_vendor_is_down(
    set_desired_state: SetDesiredState, vendors: Vendors, max_: Client
) -> None:
    set_desired_state(Vendor.CLOUDCONTACTAI)
    delivery.deliver(set_desired_state(Vendor.SLICKTEXT).pk)
    vendors.edit(opt_in_status="subscribed")
    look(max_)
    assert found().kind == "reappeared"


def test_an_old_copy_finds_nothing(
    vendors: Vendors, set_desired_state: SetDesiredState, max_: Client
) -> None:
    """What was read before our stop was confirmed says nothing about what came after it."""
    look(max_)
    for vendor in Vendor:
        delivery.deliver(set_desired_state(vendor).pk)
    vendors.fault("slicktext", "down")
    assert "Marty" in look(max_)
    assert not Disagreement.objects.exists()


def test_a_page_read_while_the_stop_went_through_finds_nothing(
    set_desired_state: SetDesiredState, max_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page was asked for before the stop and answered after it."""
    from contacts_ui.services.contacts import listing

    real = listing.slicktext.list_contacts

    def slow(*args: Any, **kwargs: Any) -> Any:
        page = real(*args, **kwargs)
        for vendor in Vendor:
            delivery.deliver(set_desired_state(vendor).pk)
        return page

    monkeypatch.setattr(listing.slicktext, "list_contacts", slow)
    assert max_.get("/contacts/").status_code == 200
    assert not Disagreement.objects.exists()


def test_pages_of_people_without_desired_states_cost_nothing_more(
    max_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> Any:
        raise AssertionError("asked the database")

    monkeypatch.setattr(disagreements, "present", never)
    assert max_.get("/contacts/").status_code == 200


def test_one_query_for_what_a_page_found_and_none_for_what_is_known(
    back: None, max_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted() -> Any:
        asked.append(1)
        return present()

    monkeypatch.setattr(disagreements, "present", counted)
    look(max_)
    look(max_)
    assert asked == [1]


def test_the_page_does_not_fail_when_it_cannot_be_written_down(
    back: None, max_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Any:
        raise DatabaseError

    monkeypatch.setattr(disagreements, "present", fail)
    assert "Vendors disagree" in look(max_)


def test_it_closes_by_itself_when_the_vendors_agree_again(
    back: None, vendors: Vendors, max_: Client
) -> None:
    look(max_)
    vendors.edit(opt_in_status="unsubscribed")
    look(max_)
    row = Disagreement.objects.get()
    assert row.closed_at
    assert row.closed_by == "The vendors agree again"


def test_another_finding_replaces_the_first(back: None, vendors: Vendors, max_: Client) -> None:
    look(max_)
    vendors.edit(opt_in_status="not subscribed")
    look(max_)
    first, second = Disagreement.objects.order_by("pk")
    assert first.closed_at
    assert second.closed_at is None
    assert second.status == "not subscribed"


def test_reappearances_come_first() -> None:
    now = timezone.now()
    for age, kind in enumerate(("only_slicktext", "reappeared", "only_cloudcontactai")):
        Disagreement.objects.create(
            number=f"+1615555010{age}", kind=kind, found_at=now - timedelta(hours=age)
        )
    assert [row.kind for row in present()] == [
        "reappeared",
        "only_slicktext",
        "only_cloudcontactai",
    ]


# Repair


def test_a_repair_stops_at_both(back: None, vendors: Vendors, max_: Client, manager: User) -> None:
    look(max_)
    (row,) = repair(staff=manager, keys=[found().pk])
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert row.closed_at
    assert row.closed_by == "Max Manager"
    assert [a for a in actions() if a.startswith("disagreement")] == [
        "disagreement:found",
        "disagreement:repaired",
    ]
    entry = LedgerEntry.objects.get(action=Action.DISAGREEMENT_REPAIRED)
    assert entry.staff_id == manager.pk
    asked = LedgerEntry.objects.filter(action=Action.STOP_REQUESTED)
    assert asked.count() == 2, "telling again is not saying again: those of the fixture"
    assert "Do not text" in look(max_, f"/contacts/{MARTY}/")
    assert Disagreement.objects.count() == 1


def test_a_repair_goes_towards_stop_also_where_we_had_lifted(
    half_lifted: None, vendors: Vendors, max_: Client, manager: User
) -> None:
    look(max_)
    repair(staff=manager, keys=[found().pk])
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert not present().exists()


def test_who_is_blocked_stays_blocked(
    half_lifted: None, vendors: Vendors, max_: Client, manager: User
) -> None:
    stopped_long_ago(vendors, "blocked")
    look(max_)
    repair(staff=manager, keys=[found().pk])
    assert vendors.status() == "blocked"


def test_a_repair_on_its_way_stays_listed_until_both_have_confirmed(
    back: None, vendors: Vendors, max_: Client, manager: User
) -> None:
    look(max_)
    vendors.fault("cloudcontactai", "error", status=503)
    (row,) = repair(staff=manager, keys=[found().pk])
    assert row.closed_at is None
    assert repair(staff=manager, keys=[row.pk]) == [], "once is enough"
    vendors.clear_faults()
    assert close_agreed() == 0
    DesiredState.objects.filter(state=DeliveryState.ON_ITS_WAY).update(due_at=timezone.now())
    for key in desired_state.due_now():
        delivery.deliver(key)
    assert close_agreed() == 1
    row.refresh_from_db()
    assert row.closed_by == "Max Manager"


def test_back_again_after_a_repair_is_a_new_one(
    back: None, vendors: Vendors, max_: Client, manager: User
) -> None:
    look(max_)
    vendors.fault("cloudcontactai", "error", status=503)
    repair(staff=manager, keys=[found().pk])
    vendors.edit(opt_in_status="subscribed")
    look(max_)
    first, second = Disagreement.objects.order_by("pk")
    assert (bool(first.closed_at), first.closed_by) == (True, "Max Manager")
    assert (second.closed_at, second.kind) == (None, "reappeared")


@pytest.mark.parametrize("who", ["viewer", "editor", "agent"])
def test_who_may_not_repair(
    who: str, back: None, max_: Client, vendors: Vendors, request: pytest.FixtureRequest
) -> None:
    look(max_)
    with pytest.raises(NotAllowed):
        repair(staff=request.getfixturevalue(who), keys=[found().pk])
    assert vendors.status() == "subscribed"


def test_what_is_over_or_unknown_is_left_alone(manager: User, vendors: Vendors) -> None:
    over = Disagreement.objects.create(
        number=MARTY_NUMBER, kind="reappeared", found_at=timezone.now(), closed_at=timezone.now()
    )
    assert repair(staff=manager, keys=[over.pk, 10**17]) == []
    assert not DesiredState.objects.exists()
