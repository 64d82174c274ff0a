"""What the accounts are found to offer, when they are probed, and what the status page says."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts_ui.models import CallBudget, Vendor, VendorAbility
from contacts_ui.models.abilities import COUNTS, MESSAGES, READS, AbilityState
from contacts_ui.services.consent import delivery
from contacts_ui.services.operations import abilities
from contacts_ui.services.operations.abilities import probe
from contacts_ui.services.vendors import forget_connections, offered
from sandbox.messages import moment
from tests.people import MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _room(settings: Any) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 100.0


def texts(vendors: Vendors, many: int = 3) -> None:
    """So many texts by SlickText, a minute apart, the last one just now."""
    for each in range(many):
        at = timezone.now() - timedelta(minutes=many - 1 - each)
        vendors.server.sandbox.messages.add(
            vendor="slicktext", number=MARTY_NUMBER, body=f"Sale {each}", incoming=False,
            source="Campaign", status="delivered", created=moment(at.isoformat()),
        )  # fmt: skip


def state(name: str = MESSAGES) -> str:
    return VendorAbility.objects.get(name=name).state


def sentence(name: str = MESSAGES) -> str:
    return next(each.sentence for each in abilities.all_abilities() if each.name == name)


def a_week_later() -> None:
    VendorAbility.objects.update(probed_at=timezone.now() - abilities.PROBE_EVERY)


def with_slicktext(settings: Any, **changes: str) -> None:
    settings.VENDORS = replace(
        settings.VENDORS, slicktext=replace(settings.VENDORS.slicktext, **changes)
    )
    forget_connections()


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_messages_in_order_are_offered(order: str, vendors: Vendors) -> None:
    vendors.switch(messages_order=order)
    texts(vendors, 70)
    assert probe() == 3
    assert offered(Vendor.SLICKTEXT, MESSAGES)
    assert VendorAbility.objects.get(name=MESSAGES).mark["order"] == order
    assert sentence() == "Texts sent by SlickText are watched."


def test_messages_in_no_order_are_not_watched(vendors: Vendors) -> None:
    vendors.switch(messages_order="random")
    texts(vendors, 40)
    probe()
    assert not offered(Vendor.SLICKTEXT, MESSAGES)
    assert sentence() == (
        "SlickText lists its messages in no usable order. Texts sent by SlickText are not watched."
    )


def test_pages_that_are_in_order_only_by_themselves_are_not_watched(
    vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts(vendors, 6)
    vendors.switch(messages_order="oldest")
    monkeypatch.setattr(abilities, "PAGE_SIZE", 3)
    asked = abilities.slicktext.list_messages

    def turned(*args: Any, offset: int = 0, **kwargs: Any) -> Any:
        page = asked(*args, offset=offset, **kwargs)
        return replace(page, messages=page.messages[::-1])

    monkeypatch.setattr(abilities.slicktext, "list_messages", turned)
    probe()
    assert state() == AbilityState.NOT_OFFERED


def test_an_account_without_a_list_of_messages_says_so(vendors: Vendors) -> None:
    vendors.switch(messages_offered=False, analytics_offered=False)
    probe()
    assert not offered(Vendor.SLICKTEXT, MESSAGES)
    assert sentence() == (
        "This account offers no list of messages. Texts sent by SlickText are not watched."
    )
    assert sentence(COUNTS).startswith("This account offers no counts of contacts.")


@pytest.mark.parametrize("many", [0, 1])
def test_too_few_texts_are_looked_at_again_within_the_hour(many: int, vendors: Vendors) -> None:
    texts(vendors, many)
    probe()
    assert state() == AbilityState.UNKNOWN
    assert "not watched yet" in sentence()
    texts(vendors)
    assert probe() == 0, "not at once"
    begins = VendorAbility.objects.get(name=MESSAGES).mark["upto"]
    VendorAbility.objects.update(probed_at=timezone.now() - timedelta(hours=1))
    probe()
    assert offered(Vendor.SLICKTEXT, MESSAGES)
    assert VendorAbility.objects.get(name=MESSAGES).mark["upto"] == begins, "of the first probe"


@pytest.mark.parametrize("fault", ["down", "error", "drop_before", "too_many", "unauthorized"])
def test_a_failing_vendor_keeps_its_last_result(fault: str, vendors: Vendors) -> None:
    texts(vendors)
    probe()
    a_week_later()
    vendors.fault("slicktext", fault)
    probe()
    assert offered(Vendor.SLICKTEXT, MESSAGES)
    vendors.clear_faults()
    CallBudget.objects.all().delete()
    vendors.switch(messages_offered=False)
    assert probe() >= 1, "in the next round"
    assert not offered(Vendor.SLICKTEXT, MESSAGES)


def test_it_is_probed_weekly_and_no_sooner(vendors: Vendors) -> None:
    texts(vendors)
    probe()
    VendorAbility.objects.filter(name=READS).update(probed_at=timezone.now())
    vendors.forget_calls()
    assert probe() == 0
    assert vendors.asked() == []
    a_week_later()
    assert probe() == 3


def test_a_changed_key_is_probed_again_and_continues_where_it_was(
    vendors: Vendors, settings: Any
) -> None:
    texts(vendors)
    probe()
    before = VendorAbility.objects.get(name=MESSAGES)
    with_slicktext(settings, api_key="another-key")
    assert not offered(Vendor.SLICKTEXT, MESSAGES), "not known before the probe"
    assert "not watched yet" in sentence()
    with_slicktext(settings, api_key="sandbox-slicktext-key", base_url=f"{vendors.server.url}/v1/")
    probe()
    after = VendorAbility.objects.get(name=MESSAGES)
    assert after.account != before.account


def test_another_account_is_read_from_its_own_beginning(vendors: Vendors, settings: Any) -> None:
    texts(vendors)
    probe()
    ability = VendorAbility.objects.get(name=MESSAGES)
    ability.mark["upto"] = "2026-01-01T00:00:00Z"
    ability.save()
    a_week_later()
    probe()
    assert VendorAbility.objects.get(name=MESSAGES).mark["upto"].startswith("2026-01-01")
    ability.mark["account"] = "of another account"
    ability.save()
    a_week_later()
    probe()
    assert not VendorAbility.objects.get(name=MESSAGES).mark["upto"].startswith("2026-01-01")


def test_the_key_itself_is_not_kept(vendors: Vendors) -> None:
    texts(vendors)
    probe()
    kept = str(list(VendorAbility.objects.values()))
    assert "sandbox-slicktext-key" not in kept
    assert len(VendorAbility.objects.get(name=MESSAGES).account) == 64


def test_reads_count_once_a_confirmed_stop_shows(
    vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    vendors.switch(ccai_readable=True)
    probe()
    assert state(READS) == AbilityState.UNKNOWN
    delivery.deliver(set_desired_state(Vendor.CLOUDCONTACTAI).pk)
    VendorAbility.objects.update(probed_at=timezone.now() - timedelta(hours=1))
    probe()
    assert offered(Vendor.CLOUDCONTACTAI, READS)
    assert sentence(READS) == "Stops at CloudContactAI are read back."


def test_reads_that_do_not_show_a_confirmed_stop_do_not_count(
    vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    delivery.deliver(set_desired_state(Vendor.CLOUDCONTACTAI).pk)
    vendors.switch(ccai_readable=True)
    vendors.server.sandbox.cloudcontactai.mark(MARTY_NUMBER, False)
    probe()
    assert not offered(Vendor.CLOUDCONTACTAI, READS)
    assert sentence(READS).startswith("Its reads do not show who is stopped.")


def test_an_account_without_reads_says_so(
    vendors: Vendors, set_desired_state: SetDesiredState
) -> None:
    delivery.deliver(set_desired_state(Vendor.CLOUDCONTACTAI).pk)
    vendors.switch(ccai_readable=False)
    probe()
    assert not offered(Vendor.CLOUDCONTACTAI, READS)


def test_a_vendor_that_is_not_connected_is_not_probed(connect_only: Any) -> None:
    connect_only("cloudcontactai")
    assert probe() == 1
    assert not offered(Vendor.SLICKTEXT, MESSAGES)
    assert [each.name for each in abilities.all_abilities()] == [READS]


def test_the_status_page_says_what_is_offered(max_: Client, vendors: Vendors) -> None:
    vendors.switch(messages_offered=False)
    probe()
    page = max_.get("/status/").content.decode()
    assert (
        "This account offers no list of messages. Texts sent by SlickText are not watched." in page
    )
