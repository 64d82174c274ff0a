"""SlickText's messages, read over HTTP: what is done with them, and that none is skipped or counted twice."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts_ui.models import (
    CallBudget,
    IncomingMessage,
    SentText,
    Statement,
    Vendor,
    VendorAbility,
)
from contacts_ui.models.abilities import AbilityState
from contacts_ui.models.messages import TextKind
from contacts_ui.services.consent import inbound_texts
from contacts_ui.services.messages import sent_texts, slicktext_sync
from contacts_ui.services.messages.slicktext_sync import run_due
from contacts_ui.services.operations import abilities
from contacts_ui.services.vendors import offered
from sandbox.messages import moment
from tests.people import MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db


def add(vendors: Vendors, body: str, *, ago: float = 0, **facts: Any) -> None:
    """A text by SlickText, or to it; `ago` in minutes."""
    at = timezone.now() - timedelta(minutes=ago)
    values = {"incoming": False, "source": "Campaign", "status": "delivered", **facts}
    vendors.server.sandbox.messages.add(
        vendor="slicktext", number=MARTY_NUMBER, body=body, created=moment(at.isoformat()), **values
    )


@pytest.fixture(params=["newest", "oldest"])
def watched(request: pytest.FixtureRequest, vendors: Vendors, settings: Any) -> Vendors:
    """SlickText lists messages in either order, and has been probed; two older texts are read already."""
    settings.SLICKTEXT_CALLS_PER_SECOND = 1000.0
    vendors.switch(messages_order=request.param)
    add(vendors, "Welcome", ago=60)
    add(vendors, "Sale", ago=50)
    abilities.probe()
    turns()
    vendors.forget_calls()
    return vendors


def soon() -> None:
    VendorAbility.objects.update(next_at=timezone.now())


def turns(most: int = 20) -> None:
    """Read until there is nothing left to read at once."""
    for _ in range(most):
        soon()
        if run_due() < slicktext_sync.PAGES_PER_RUN:
            return
    raise AssertionError("it does not end")


def bodies() -> list[str]:
    return sorted(SentText.objects.values_list("words", flat=True))


def test_it_keeps_what_was_sent(watched: Vendors) -> None:
    assert bodies() == ["Sale", "Welcome"]
    text = SentText.objects.get(words="Sale")
    assert (text.vendor, text.number, text.source) == ("slicktext", MARTY_NUMBER, "Campaign")
    assert text.dated
    assert not text.by_person


def test_a_text_after_a_stop_is_listed(
    watched: Vendors, set_desired_state: SetDesiredState
) -> None:
    set_desired_state(Vendor.SLICKTEXT)
    at = timezone.now() + timedelta(seconds=2)
    watched.server.sandbox.messages.add(
        vendor="slicktext", number=MARTY_NUMBER, body="Flash sale", incoming=False,
        source="Campaign", status="delivered", created=moment(at.isoformat()),
    )  # fmt: skip
    turns()
    assert SentText.objects.get(words="Flash sale").kind == TextKind.BEFORE_HELD


def test_what_a_person_wrote_in_the_inbox_is_marked(watched: Vendors) -> None:
    add(watched, "Hi Marty, this is Ada", source="InboxThread")
    turns()
    assert SentText.objects.get(words="Hi Marty, this is Ada").by_person


def test_a_text_that_slicktext_did_not_send_is_none(watched: Vendors) -> None:
    add(watched, "Blocked", status="blocked")
    turns()
    assert bodies() == ["Sale", "Welcome"]


def test_a_stop_in_their_words_is_a_stop(watched: Vendors) -> None:
    add(watched, "Stop please", incoming=True, source="InboxThread")
    turns()
    assert Statement.objects.get().number == MARTY_NUMBER


def test_what_may_be_a_stop_waits_once(watched: Vendors) -> None:
    add(watched, "please stop texting me", incoming=True, source="InboxThread")
    turns()
    turns()
    turns()
    assert IncomingMessage.objects.get().words == "please stop texting me"


def test_nothing_is_counted_twice(watched: Vendors) -> None:
    add(watched, "New")
    turns()
    turns()
    VendorAbility.objects.update(mark=VendorAbility.objects.get(name="messages").mark)
    turns()
    assert bodies() == ["New", "Sale", "Welcome"]


def test_it_polls_with_one_call_a_minute(watched: Vendors) -> None:
    turns()
    assert watched.asked() == ["slicktext GET"]
    assert run_due() == 0
    wait = VendorAbility.objects.get(name="messages").next_at - timezone.now()
    assert timedelta(seconds=10) < wait <= slicktext_sync.POLL_EVERY


def test_an_outage_leaves_no_gap(watched: Vendors) -> None:
    watched.fault("slicktext", "down")
    soon()
    run_due()
    assert VendorAbility.objects.get(name="messages").state == AbilityState.OFFERED
    for each in range(40):
        add(watched, f"During {each:02}", ago=40 - each)
    watched.clear_faults()
    turns()
    assert [words for words in bodies() if words.startswith("During")] == [
        f"During {each:02}" for each in range(40)
    ]


def test_a_long_backlog_continues_where_it_was(
    watched: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slicktext_sync, "PAGE_SIZE", 20)
    monkeypatch.setattr(slicktext_sync, "PAGES_PER_RUN", 2)
    for each in range(100):
        add(watched, f"Backlog {each:03}", ago=45 - each * 0.4)
    soon()
    assert run_due() == 2
    assert run_due() == 0, "not before its pause is over"
    turns()
    assert len([words for words in bodies() if words.startswith("Backlog")]) == 100


def test_two_workers_do_not_both_read(watched: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = slicktext_sync._read

    def in_between(**where: Any) -> Any:
        assert run_due() == 0, "the other worker has it"
        return asked(**where)

    monkeypatch.setattr(slicktext_sync, "_read", in_between)
    soon()
    assert run_due() == 1


def test_who_lost_the_lease_saves_nothing(
    watched: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = slicktext_sync._read

    def slow(**where: Any) -> Any:
        found = asked(**where)
        VendorAbility.objects.filter(name="messages").update(
            next_at=timezone.now() + timedelta(minutes=9), mark={"of": "the other worker"}
        )
        return found

    monkeypatch.setattr(slicktext_sync, "_read", slow)
    soon()
    run_due()
    assert VendorAbility.objects.get(name="messages").mark == {"of": "the other worker"}


def test_it_waits_for_room_in_the_budget(watched: Vendors, settings: Any) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 1.0
    CallBudget.objects.update(paused_until=time.time() + 15)
    soon()
    run_due()
    wait = VendorAbility.objects.get(name="messages").next_at - timezone.now()
    assert wait < timedelta(seconds=20)
    assert watched.asked() == []


def test_an_order_that_is_lost_ends_the_watching_in_words(watched: Vendors) -> None:
    watched.switch(messages_order="random")
    for each in range(40):
        add(watched, f"Shuffled {each}", ago=40 - each)
    soon()
    run_due()
    assert not offered(Vendor.SLICKTEXT, abilities.MESSAGES)
    sentences = [each.sentence for each in abilities.all_abilities()]
    assert (
        "SlickText lists its messages in no usable order. Texts sent by SlickText are not watched."
        in sentences
    )
    soon()
    assert run_due() == 0


def test_an_account_that_stops_offering_them_is_probed_again(watched: Vendors) -> None:
    watched.switch(messages_offered=False)
    soon()
    run_due()
    assert abilities.probe() >= 1
    assert not offered(Vendor.SLICKTEXT, abilities.MESSAGES)


def test_without_the_ability_nothing_is_asked(vendors: Vendors) -> None:
    assert run_due() == 0
    vendors.switch(messages_offered=False)
    abilities.probe()
    vendors.forget_calls()
    assert run_due() == 0
    assert vendors.asked() == []
    assert slicktext_sync.progress() is None


def test_the_status_page_says_how_far_it_came(watched: Vendors, max_: Any) -> None:
    assert "All messages were read as of" in max_.get("/status/").content.decode()


def test_one_message_that_fails_keeps_no_other_waiting_and_is_tried_again(
    watched: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = inbound_texts.heard

    def heard(**message: Any) -> str:
        if "1" in message["words"]:
            raise RuntimeError("a defect of ours")
        return act(**message)

    monkeypatch.setattr(inbound_texts, "heard", heard)
    for each in range(3):
        add(watched, f"please stop texting me {each}", incoming=True, ago=3 - each)
    turns()
    assert IncomingMessage.objects.count() == 2
    monkeypatch.setattr(inbound_texts, "heard", act)
    turns()
    assert IncomingMessage.objects.count() == 3


def test_if_only_the_order_changed_the_next_probe_continues(
    vendors: Vendors, settings: Any
) -> None:
    settings.SLICKTEXT_CALLS_PER_SECOND = 1000.0
    for minutes in (15, 10, 5):
        add(vendors, f"Sale {minutes}", ago=minutes)
    abilities.probe()
    turns()
    vendors.switch(messages_order="oldest")
    add(vendors, "please leave me alone", ago=0.1, incoming=True, source="InboxThread")
    soon()
    run_due()
    abilities.probe()
    turns()
    assert IncomingMessage.objects.get().words == "please leave me alone"


def test_a_text_of_the_same_second_as_the_stop_is_the_confirmation(watched: Vendors) -> None:
    """SlickText's times are whole seconds, and it answers a STOP at once."""
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=5)
    for body, incoming in (("STOP", True), ("You are unsubscribed.", False)):
        watched.server.sandbox.messages.add(
            vendor="slicktext", number=MARTY_NUMBER, body=body, incoming=incoming,
            source="Keyword", status="delivered", created=moment(at.isoformat()),
        )  # fmt: skip
    turns()
    sent_texts.check_new_statements()
    assert SentText.objects.get(words="You are unsubscribed.").kind == TextKind.CONFIRMATION
