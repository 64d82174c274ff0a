"""Opt-outs are kept in step with what people ask and what vendors say."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from contacts_ui.models import DesiredState, OptOut, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent import stops
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.consent.types import Evidence, Request, Seen
from tests.consent import change_opt_in_status, stop_texts
from tests.opt_outs import answer, ask, fresh
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db
SLICKTEXT, CCAI = Vendor.SLICKTEXT, Vendor.CLOUDCONTACTAI


def test_it_is_opened_with_who_asked_when_and_how(agent: User) -> None:
    asked_at = timezone.now() - timedelta(days=2)
    row = fresh(
        ask(agent, label="Marty McFly", contact_id=MARTY, asked_at=asked_at, reason="No more")
    )
    assert (row.label, row.contact_id, row.number) == ("Marty McFly", MARTY, DOC_NUMBER)
    assert (row.staff_name, row.channel, row.reason) == ("Ada Agent", "phone", "No more")
    assert row.asked_at == asked_at
    assert row.recorded_at > asked_at
    assert row.due_at == due_after(asked_at)
    assert row.state == "waiting"


def test_without_a_channel_it_says_so(agent: User) -> None:
    assert ask(agent, channel="").channel == Channel.UNRECORDED


def test_without_a_name_it_takes_the_one_before(agent: User) -> None:
    ask(agent, label="Marty McFly")
    assert ask(None).label == "Marty McFly"
    assert ask(None, FREE_NUMBER).label == ""


def test_it_is_completed_when_both_vendors_have_confirmed(agent: User) -> None:
    row = ask(agent, asked_at=timezone.now() - timedelta(hours=1))
    answer(DOC_NUMBER, SLICKTEXT)
    assert fresh(row).state == "waiting"
    assert fresh(row).slicktext_confirmed_at
    assert fresh(row).completed_at is None
    answer(DOC_NUMBER, CCAI)
    row = fresh(row)
    assert row.state == "honoured"
    assert row.cloudcontactai_confirmed_at == pytest.approx(
        row.completed_at, abs=timedelta(minutes=1)
    )
    assert row.seconds_to_complete == pytest.approx(3600, abs=60)


def test_only_connected_vendors_are_waited_for(
    agent: User, connect_only: Callable[[str], None]
) -> None:
    connect_only("slicktext")
    row = ask(agent)
    answer(DOC_NUMBER, SLICKTEXT)
    assert fresh(row).state == "honoured"


def test_a_request_from_the_next_minute_took_no_negative_time(agent: User) -> None:
    row = ask(agent, asked_at=timezone.now() + timedelta(seconds=50))
    answer()
    assert fresh(row).seconds_to_complete == 0


def test_refused_and_confirmed_after_all(agent: User) -> None:
    row = ask(agent)
    answer(DOC_NUMBER, SLICKTEXT, state=DeliveryState.REFUSED)
    assert (fresh(row).state, fresh(row).refused_by) == ("refused", "SlickText")
    answer(DOC_NUMBER, CCAI)
    assert fresh(row).state == "refused"
    answer(DOC_NUMBER, SLICKTEXT)
    assert (fresh(row).state, fresh(row).refused_by) == ("honoured", "")


def test_both_refused_and_one_confirmed(agent: User) -> None:
    row = ask(agent)
    answer(state=DeliveryState.REFUSED)
    assert fresh(row).refused_by == "CloudContactAI, SlickText"
    answer(DOC_NUMBER, SLICKTEXT)
    assert (fresh(row).state, fresh(row).refused_by) == ("refused", "CloudContactAI")


def test_refused_and_tried_again(agent: User) -> None:
    row = ask(agent)
    answer(DOC_NUMBER, CCAI, state=DeliveryState.REFUSED)
    with transaction.atomic():
        stops.note_retry(DOC_NUMBER, [CCAI])
    assert (fresh(row).state, fresh(row).refused_by) == ("waiting", "")


def test_settled_by_hand_is_never_called_confirmed(agent: User) -> None:
    row = ask(agent)
    answer(DOC_NUMBER, CCAI)
    answer(DOC_NUMBER, SLICKTEXT, state=DeliveryState.REFUSED)
    answer(DOC_NUMBER, SLICKTEXT, state=DeliveryState.SETTLED)
    row = fresh(row)
    assert (row.state, row.settled_for, row.refused_by) == ("settled", "SlickText", "")
    assert row.slicktext_confirmed_at is None
    assert row.completed_at is None
    assert row.seconds_to_complete is None


def test_a_lift_is_no_outcome_of_a_stop(agent: User) -> None:
    row = ask(agent)
    stops.note_outcome(
        DesiredState(
            number=DOC_NUMBER, vendor=CCAI, do_not_text=False, state=DeliveryState.CONFIRMED
        )
    )
    assert fresh(row).cloudcontactai_confirmed_at is None


def test_another_number_stays_as_it_was(agent: User) -> None:
    row = ask(agent)
    ask(agent, FREE_NUMBER)
    answer(FREE_NUMBER)
    stops.end_opt_outs(FREE_NUMBER, by="lifted")
    assert (fresh(row).state, fresh(row).ended_at) == ("waiting", None)


def test_a_second_request_after_it_was_completed(agent: User) -> None:
    first = ask(agent)
    answer()
    second = ask(agent)
    assert (fresh(first).state, fresh(first).ended_by) == ("renewed", "renewed")
    assert fresh(second).state == "waiting"


def test_a_second_request_before_it_was_completed_keeps_the_first_deadline(agent: User) -> None:
    """A second click must not hide that the first request is about to be late."""
    first = ask(agent, asked_at=timezone.now() - timedelta(days=9))
    second = ask(agent)
    assert fresh(first).state == "waiting"
    assert fresh(first).due_at < second.due_at
    answer()
    assert [fresh(row).state for row in (first, second)] == ["renewed", "honoured"]
    assert fresh(first).seconds_to_complete > fresh(second).seconds_to_complete


@pytest.mark.parametrize("by", ["lifted", "undone"])
def test_a_lift_ends_all_that_is_not_completed(agent: User, by: str) -> None:
    first, second = ask(agent), ask(agent)
    stops.end_opt_outs(DOC_NUMBER, by=by)
    for row in (first, second):
        assert (fresh(row).state, fresh(row).ended_by) == (by, by)
    answer()
    assert fresh(second).state == by


def test_a_lift_leaves_what_had_ended_before(agent: User) -> None:
    first = ask(agent)
    answer()
    ask(agent)
    stops.end_opt_outs(DOC_NUMBER, by="lifted")
    assert fresh(first).state == "renewed"


@pytest.mark.django_db(transaction=True)
def test_a_real_stop_and_a_real_lift(agent: User, manager: User, vendors: Vendors) -> None:
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed")
    asked_at = timezone.now() - timedelta(days=1)
    stop_texts(staff=agent, seen=seen, request=Request(Channel.LETTER, asked_at, "Stop"))
    row = OptOut.objects.get()
    assert (row.state, row.channel, row.label) == ("honoured", "letter", "Marty McFly")
    assert row.slicktext_confirmed_at
    assert row.cloudcontactai_confirmed_at
    evidence = Evidence("Marty McFly", Channel.PHONE, timezone.now(), "Yes")
    change_opt_in_status(staff=manager, seen=seen, status="subscribed", evidence=evidence)
    assert OptOut.objects.get().state == "lifted"
