"""The list of disagreements, and its buttons."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from contacts_ui.models import Disagreement, Vendor
from contacts_ui.services import delivery, repairs
from tests.pages import Page
from tests.people import MARTY, MakeWish, Vendors, logged_in

pytestmark = pytest.mark.django_db
ADDRESS = "/disagreements/"


@pytest.fixture(autouse=True)
def _deliver_in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no test needs a database of its own; that a click delivers at once is tested elsewhere."""
    monkeypatch.setattr(
        repairs, "deliver_now", lambda keys: [delivery.deliver(key) for key in keys]
    )


@pytest.fixture
def two_are_back(wish_for: MakeWish, vendors: Vendors, max_: Client) -> list[str]:
    """Marty and another person were stopped, and somebody has subscribed them again."""
    numbers = [str((vendors.contact(MARTY + each) or {})["mobile_number"]) for each in range(2)]
    for number in numbers:
        for vendor in Vendor:
            delivery.deliver(wish_for(vendor, number=number).pk)
    for each in range(2):
        vendors.edit(MARTY + each, opt_in_status="subscribed")
    max_.get("/contacts/")
    return numbers


def test_it_works(two_are_back: list[str], max_: Client) -> None:
    page = Page(max_.get(ADDRESS))
    assert page.one("h1").text == "Disagreements"
    assert "Marty McFly" in page.text
    assert "Subscribed again by somebody else" in page.text
    assert "At SlickText: Unsubscribed, then Subscribed" in page.text
    assert "CloudContactAI: Do not text" in page.text
    assert page.text.count("SlickText says it changed") == 2
    assert page.all("a", href=f"/contacts/{MARTY}/")


def test_nothing_to_show(max_: Client) -> None:
    assert "The vendors agree" in Page(max_.get(ADDRESS)).text
    assert max_.get(f"{ADDRESS}?offset=50").status_code == 200


def test_one_press_repairs(two_are_back: list[str], max_: Client, vendors: Vendors) -> None:
    page = Page(max_.get(ADDRESS))
    button = page.one("button", aria_label="Stop at both: Marty McFly")
    address, form = page.press(button)
    answer = max_.post(address, form, follow=True)
    assert "Marty McFly: stopped at both vendors." in Page(answer).text
    assert vendors.status() == "unsubscribed"
    assert vendors.status(two_are_back[1]) == "subscribed"
    assert "Ended lately" in Page(answer).text
    assert "Max Manager" in Page(answer).text


def test_all_shown_at_once(two_are_back: list[str], max_: Client, vendors: Vendors) -> None:
    page = Page(max_.get(ADDRESS))
    button = next(each for each in page.all("button") if each.text == "Stop all 2 shown")
    address, form = page.press(button)
    # A browser sends every field of the same name.
    form["shown"] = [each["value"] for each in page.all("input", name="shown")]
    answer = max_.post(address, form, follow=True)
    assert "2 people: stopped at both vendors." in Page(answer).text
    assert {vendors.status(number) for number in two_are_back} == {"unsubscribed"}


def test_a_vendor_that_is_down(two_are_back: list[str], max_: Client, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "error", status=503)
    pk = Disagreement.objects.get(contact_id=MARTY).pk
    answer = Page(max_.post(f"{ADDRESS}{pk}/repair/", follow=True))
    assert "Marty McFly: stopped here; the vendors are being told." in answer.text
    assert "The stop is on its way, sent by Max Manager." in answer.text
    again = Page(max_.post(f"{ADDRESS}{pk}/repair/", follow=True))
    assert "Nothing was left to repair." in again.text


@pytest.mark.parametrize("shown", [[], ["x"], ["9" * 30], ["-1"]])
def test_keys_that_are_none(shown: list[str], max_: Client) -> None:
    answer = max_.post(f"{ADDRESS}repair/", {"shown": shown}, follow=True)
    assert "Nothing was left to repair." in Page(answer).text


def test_who_may_review_but_not_stop(two_are_back: list[str], viewer: User) -> None:
    viewer.user_permissions.add(Permission.objects.get(codename="review_opt_outs"))
    vera = logged_in(viewer)
    page = Page(vera.get(ADDRESS))
    assert not [each for each in page.all("button") if "Stop at both" in each.text]
    assert "Only agents and managers may stop texts." in page.text
    pk = Disagreement.objects.first()
    assert pk
    assert vera.post(f"{ADDRESS}{pk.pk}/repair/").status_code == 403


def test_the_link_is_for_managers(max_: Client, ada: Client) -> None:
    assert Page(max_.get("/contacts/")).all("a", href=ADDRESS)
    assert not Page(ada.get("/contacts/")).all("a", href=ADDRESS)


def test_no_vendor_is_asked(two_are_back: list[str], max_: Client, vendors: Vendors) -> None:
    vendors.forget_calls()
    max_.get(ADDRESS)
    assert vendors.asked() == []
