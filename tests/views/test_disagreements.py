"""The list of disagreements, and its buttons."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from contacts_ui.models import DesiredState, Disagreement, Job, Vendor
from contacts_ui.models.job import JobState, RowState
from contacts_ui.services.consent import delivery, desired_state
from contacts_ui.services.webhooks.processing import process_due
from contacts_ui.worker import schedule
from tests.pages import Page
from tests.people import MARTY, SetDesiredState, Vendors, logged_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
ADDRESS = "/disagreements/"


@pytest.fixture
def two_are_back(set_desired_state: SetDesiredState, vendors: Vendors, max_: Client) -> list[str]:
    """Marty and another person were stopped, and were subscribed again."""
    numbers = [str((vendors.contact(MARTY + each) or {})["mobile_number"]) for each in range(2)]
    for number in numbers:
        for vendor in Vendor:
            delivery.deliver(set_desired_state(vendor, number=number).pk)
    for each in range(2):
        vendors.edit(MARTY + each, opt_in_status="subscribed")
    max_.get("/contacts/")
    process_due()
    return numbers


def test_it_works(two_are_back: list[str], max_: Client) -> None:
    page = Page(max_.get(ADDRESS))
    assert page.one("h1").text == "Vendors disagree"
    assert "Marty McFly" in page.text
    assert "Subscribed again at SlickText" in page.text
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
    assert "Recently ended" in Page(answer).text
    assert "Max Manager" in Page(answer).text


def press_all(browser: Client) -> Page:
    page = Page(browser.get(ADDRESS))
    button = next(each for each in page.all("button") if each.text.startswith("Stop all"))
    address, form = page.press(button)
    # A browser sends every field of the same name.
    form["shown"] = [each["value"] for each in page.all("input", name="shown")]
    return Page(browser.post(address, form, follow=True))


def work_on(job: Job) -> None:
    """Let the worker do the job, and deliver what follows."""
    for _ in range(5):
        schedule.run_jobs()
        for key in desired_state.due_now(limit=1000):
            delivery.deliver(key)
    job.refresh_from_db()


def test_row_21_all_shown_is_a_job(two_are_back: list[str], max_: Client, vendors: Vendors) -> None:
    vendors.forget_calls()
    page = press_all(max_)
    assert vendors.asked() == [], "no vendor is called in the request"
    job = Job.objects.get()
    assert "2 people are being stopped at every vendor." in page.text
    assert page.all("a", href=f"/jobs/{job.pk}/")
    work_on(job)
    assert (job.state, job.results[RowState.DONE]) == (JobState.DONE, 2)
    assert {vendors.status(number) for number in two_are_back} == {"unsubscribed"}
    page = Page(max_.get(ADDRESS))
    assert "The vendors agree" in page.text
    assert "Max Manager" in page.text
    assert max_.get(f"/jobs/{job.pk}/").status_code == 200


def test_row_21_250_people_are_told_behind_everyone_else(
    max_: Client, set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    numbers = [f"+1615555{each:04}" for each in range(1000, 1250)]
    Disagreement.objects.bulk_create(
        Disagreement(number=number, kind="only_slicktext", found_at=timezone.now())
        for number in numbers
    )
    page = Page(max_.get(f"{ADDRESS}?size=250"))
    shown = [each["value"] for each in page.all("input", name="shown")]
    vendors.forget_calls()
    max_.post(f"{ADDRESS}repair/", {"shown": shown})
    schedule.run_jobs()
    assert vendors.asked() == []
    waiting = DesiredState.objects.exclude(due_at=None)
    assert waiting.count() > 0
    assert not waiting.filter(batch=False).exists()
    urgent = set_desired_state()
    assert desired_state.due_now(limit=1) == [urgent.pk]


def test_all_shown_pressed_twice_tells_each_vendor_once(
    two_are_back: list[str], max_: Client
) -> None:
    press_all(max_)
    press_all(max_)
    first, second = Job.objects.order_by("pk")
    work_on(first)
    work_on(second)
    assert second.results[RowState.SKIPPED] == 2


def test_a_vendor_that_is_down(two_are_back: list[str], max_: Client, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "error", status=503)
    pk = Disagreement.objects.get(contact_id=MARTY).pk
    answer = Page(max_.post(f"{ADDRESS}{pk}/repair/", follow=True))
    assert "Marty McFly: stopped here. We are telling the vendors." in answer.text
    assert "The stop is on its way, sent by Max Manager." in answer.text
    again = Page(max_.post(f"{ADDRESS}{pk}/repair/", follow=True))
    assert "Nothing left to repair." in again.text


@pytest.mark.parametrize("shown", [[], ["x"], ["9" * 30], ["-1"]])
def test_keys_that_are_none(shown: list[str], max_: Client) -> None:
    answer = max_.post(f"{ADDRESS}repair/", {"shown": shown}, follow=True)
    assert "Nothing left to repair." in Page(answer).text


def test_who_may_review_but_not_stop(two_are_back: list[str], viewer: User) -> None:
    viewer.user_permissions.add(Permission.objects.get(codename="review_opt_outs"))
    vera = logged_in(viewer)
    page = Page(vera.get(ADDRESS))
    assert not [each for each in page.all("button") if "Stop at both" in each.text]
    assert "Only agents and managers can stop texts." in page.text
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
