"""Each vendor holds a stop as of a date, and never "now": on the card, the number's page and the evidence sheet."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from contacts_ui.integrations.types import RegisteredContact
from contacts_ui.models import Disagreement, Vendor, VendorAbility
from contacts_ui.models.abilities import AbilityState
from contacts_ui.models.disagreement import DisagreementKind
from contacts_ui.services.consent import cloudcontactai_readings, delivery, renewal
from contacts_ui.services.operations import abilities
from tests.pages import Page
from tests.people import MARTY_NUMBER, SetDesiredState, Vendors, logged_in

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
LATER = timedelta(days=3)

Look = Callable[[str], str]


@pytest.fixture
def held(vendors: Vendors, set_desired_state: SetDesiredState) -> Iterator[Any]:
    """A stop that both vendors confirmed on March 2, looked at three days later."""
    with time_machine.travel(T0, tick=False) as clock:
        for vendor in Vendor:
            delivery.deliver(set_desired_state(vendor).pk)
        clock.shift(LATER)
        yield clock


@pytest.fixture
def look(manager: User) -> Look:
    def at(name: str) -> str:
        cache.clear()
        address = (
            reverse(name) if name == "disagreement-list" else reverse(name, args=[MARTY_NUMBER])
        )
        return Page(logged_in(manager).get(address, follow=True)).text

    return at


def gone(clock: Any) -> None:
    """CloudContactAI shows that it holds no stop."""
    cloudcontactai_readings.note(
        [RegisteredContact("1", MARTY_NUMBER, False, None, "", "", None)], timezone.now()
    )


def test_the_number_page_says_as_of_when_each_vendor_holds_it(
    held: Any, look: Look, settings: Any
) -> None:
    text = look("number-detail")
    assert "SlickText: Unsubscribed Last confirmed Mar 2, 2026" in text
    assert "CloudContactAI: Do not text Last confirmed Mar 2, 2026" in text
    settings.STOP_RENEWAL_DAYS = 2
    assert renewal.run_due() == 1
    text = look("number-detail")
    assert "SlickText: Unsubscribed Last confirmed Mar 2, 2026" in text
    assert "CloudContactAI: Do not text Last confirmed Mar 5, 2026" in text


def test_what_is_not_held_is_not_called_so(held: Any, look: Look) -> None:
    gone(held)
    text = look("number-detail")
    assert "CloudContactAI: Texts allowed Mar 5, 2026" in text
    assert "We stopped them, but CloudContactAI no longer holds the stop." in text


def test_the_sheet_says_held_and_that_we_tell_it_again(held: Any, look: Look) -> None:
    text = look("evidence")
    assert "CloudContactAI Holds the stop. Last confirmed Mar 2, 2026, 10:30:00 AM EST" in text
    assert "SlickText Holds the stop. Last confirmed Mar 2, 2026, 10:30:00 AM EST" in text
    assert (
        "CloudContactAI can't be read. We tell it about this stop again every 7 days, so a stop"
        " that was lifted there comes back." in text
    )


@pytest.mark.parametrize(
    ("days", "words"),
    [(1, "again every day,"), (0.5, "again every 12 hours,"), (14, "every 14 days")],
)
def test_the_figure_is_that_of_the_settings(
    days: float, words: str, held: Any, look: Look, settings: Any
) -> None:
    settings.STOP_RENEWAL_DAYS = days
    assert words in look("evidence")


def test_the_sheet_says_where_it_is_told_only_once(held: Any, look: Look, settings: Any) -> None:
    settings.STOP_RENEWAL_DAYS = 0
    text = look("evidence")
    assert "We tell CloudContactAI about this stop only once." in text
    assert "again every" not in text


def test_the_sheet_says_where_it_is_read_back(held: Any, look: Look) -> None:
    VendorAbility.objects.create(
        vendor=Vendor.CLOUDCONTACTAI,
        name=abilities.READS,
        state=AbilityState.OFFERED,
        account=abilities.fingerprint(Vendor.CLOUDCONTACTAI),
    )
    text = look("evidence")
    assert "We read this stop back from CloudContactAI." in text
    assert "can't be read" not in text


def test_the_sheet_says_that_a_stop_is_gone(held: Any, look: Look) -> None:
    gone(held)
    text = look("evidence")
    assert "It no longer held the stop when it was read on Mar 5, 2026" in text
    assert "CloudContactAI Held" not in text
    assert "The vendors disagree about this number." in text


def test_a_sheet_without_a_stop_says_nothing_of_it(vendors: Vendors, look: Look) -> None:
    text = look("evidence")
    assert "last seen" not in text
    assert "again every" not in text


def test_the_list_of_disagreements_shows_a_stop_that_is_gone(held: Any, look: Look) -> None:
    gone(held)
    text = look("disagreement-list")
    assert "CloudContactAI no longer holds the stop" in text
    assert "It can text this person." in text
    assert "Stop at both" in text
    assert "At SlickText:" not in text


def banners(staff: User) -> str:
    cache.clear()
    answer = logged_in(staff).get(reverse("contact-list"), follow=True)
    return " ".join(answer.content.decode().split())


def test_managers_see_a_banner_for_people_who_can_be_texted_again(
    held: Any, manager: User, agent: User
) -> None:
    assert "can be texted again" not in banners(manager)
    gone(held)
    page = banners(manager)
    assert "1 stopped person can be texted again at a vendor." in page
    assert 'data-kind="textable" data-severe' in page
    assert f'<a href="{reverse("disagreement-list")}">Review disagreements</a>' in page
    for place, kind in enumerate((DisagreementKind.REAPPEARED, DisagreementKind.ONLY_SLICKTEXT)):
        Disagreement.objects.create(
            number=f"+1417555010{place}", kind=kind, found_at=timezone.now()
        )
    assert "2 stopped people can be texted again at a vendor." in banners(manager)
    assert "can be texted again" not in banners(agent)
    Disagreement.objects.update(closed_at=timezone.now())
    assert "can be texted again" not in banners(manager)
