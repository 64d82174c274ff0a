"""The first part of the overview, and the agents' home: what waits, with the presses that its own page has."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import (
    Disagreement,
    IncomingMessage,
    LiftRequest,
    OptOut,
    SentText,
    Statement,
    Vendor,
    WebhookEvent,
)
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Channel
from contacts_ui.models.messages import MessageState, TextKind
from contacts_ui.services.consent import record
from contacts_ui.services.review.inbox import ITEMS_MAX
from tests.opt_outs import NUMBERS, answer, ask
from tests.pages import Page
from tests.people import (
    DOC_NUMBER,
    MARTY_NUMBER,
    SetDesiredState,
    logged_in,
    make_staff,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread", "vendors")]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def titles(page: Page) -> list[str]:
    """The kinds that wait, in their order, each with its number."""
    heads = page.all("div", class_="inbox-head")
    return [each.text for each in page.all("h3") if any(each.inside(head) for head in heads)]


def press(client: Client, page: Page, label: str) -> str:
    """Press the button with this name; return where it leads."""
    button = next(each for each in page.all("button") if each["aria-label"] == label)
    address, form = page.press(button)
    response = client.post(address, form)
    assert response.status_code == 302
    return str(response["Location"])


@pytest.fixture
def everything(agent: User, set_desired_state: SetDesiredState) -> None:
    """One of each kind, and four who disagree."""
    now = timezone.now()
    refused = set_desired_state(Vendor.SLICKTEXT)
    refused.state, refused.answer = DeliveryState.REFUSED, "No such list."
    refused.save()
    stop = Statement.objects.get(number=MARTY_NUMBER)
    SentText.objects.create(
        vendor=Vendor.CLOUDCONTACTAI,
        key="1",
        number=MARTY_NUMBER,
        kind=TextKind.AFTER_HELD,
        stop=stop,
        sent_at=now,
        heard_at=now,
        alarm_at=now,
    )
    for number, kind in zip(
        NUMBERS, ("only_slicktext", "only_slicktext", "only_slicktext", "reappeared"), strict=False
    ):
        Disagreement.objects.create(
            number=number, label=f"Doc {number[-4:]}", kind=kind, found_at=now
        )
    WebhookEvent.objects.create(
        vendor=Vendor.SLICKTEXT,
        key="1",
        event="contact_updated",
        body={},
        received_at=now,
        needs_decision=True,
        outcome="It names no contact.",
    )
    IncomingMessage.objects.create(
        vendor=Vendor.SLICKTEXT,
        key="1",
        number=DOC_NUMBER,
        words="dont text me",
        heard_at=now,
        due_at=now + timedelta(days=2),
    )
    LiftRequest.objects.create(
        number=NUMBERS[9],
        label="Lorraine Baines",
        opt_in_status="subscribed",
        consent_who="Lorraine",
        consent_channel=Channel.PHONE,
        consent_at=now,
        consent_words="Yes",
        asked_by=agent,
        asked_by_name="Ada Agent",
        asked_at=now,
    )
    ask(agent, NUMBERS[20], label="Past Due", asked_at=now - timedelta(days=40))
    with_time = ask(agent, NUMBERS[21], label="Reviewed", asked_at=now)
    OptOut.objects.filter(pk=with_time.pk).update(reviewed_at=now)
    record.reassign(NUMBERS[30], now)


def test_every_kind_by_urgency_with_its_number(max_: Client, everything: None) -> None:
    page = Page(max_.get("/overview/"))
    assert titles(page) == [
        "Texted after a stop 1",
        "Vendors disagree 4",
        "Refused by a vendor 1",
        "Reported stops to match 1",
        "Numbers that passed to another person 1",
        "May have asked us to stop 1",
        "Lift requests 1",
        "Opt-outs past due 1",
        "Opt-outs to review 1",
    ]
    assert "Nothing needs a decision" not in page.text
    names = [each.text for each in page.all("p", class_="inbox-who")]
    # A person who can be texted despite a stop comes first, and only the first few are shown.
    assert names[1].startswith("Doc 1003")
    assert sum(name.startswith("Doc") for name in names) == ITEMS_MAX
    # The banners would say it again.
    assert not page.all("p", class_="banner", data_kind="attention")


def test_a_person_is_shown_once_under_the_most_urgent(
    max_: Client, agent: User, everything: None
) -> None:
    """Refused and past due are two more signs of one stop that a vendor does not hold."""
    now = timezone.now()
    Disagreement.objects.create(
        number=MARTY_NUMBER, label="Marty McFly", kind="reappeared", found_at=now
    )
    ask(agent, MARTY_NUMBER, label="Marty McFly", asked_at=now - timedelta(days=40))
    page = Page(max_.get("/overview/"))
    assert "Vendors disagree 5" in titles(page)
    assert "Refused by a vendor 1" not in titles(page), "all of it is shown above"
    assert "Opt-outs past due 2" in titles(page)
    presses = [str(each["aria-label"]) for each in page.all("button")]
    assert "Stop at both: Marty McFly" in presses
    assert "Send again: Past Due" in presses
    assert "Send again: Marty McFly" not in presses


@pytest.mark.parametrize(
    "label",
    [
        "Stop at both: Doc 1003",
        "Try again: (615) 555-3338",
        "Stop texts: (615) 555-0123",
        "Not a request: (615) 555-0123",
        "Send again: Past Due",
        "Mark reviewed: Past Due",
        "Stop texts: (615) 555-1030",
    ],
)
def test_a_press_comes_back_to_the_overview(max_: Client, everything: None, label: str) -> None:
    page = Page(max_.get("/overview/"))
    before = titles(page)
    assert press(max_, page, label) == "/overview/"
    after = Page(max_.get("/overview/"))
    assert after.all("div", role="status"), "what happened is said"
    if not label.startswith("Send again"):
        assert titles(after) != before


def test_where_a_form_is_needed_a_link_leads_to_its_row(max_: Client, everything: None) -> None:
    page = Page(max_.get("/overview/"))
    for address in ("/attention/#text-", "/attention/#event-", "/lift-requests/#request-"):
        [found] = {
            str(each["href"]) for each in page.all("a") if str(each["href"]).startswith(address)
        }
        path, _, anchor = found.partition("#")
        assert anchor in [each["id"] for each in Page(max_.get(path)).elements]


def test_only_what_the_reader_may_decide(everything: None) -> None:
    """A reviewer who may neither stop texts nor lift stops."""
    reviewer = make_staff("vera")
    reviewer.user_permissions.add(Permission.objects.get(codename="review_opt_outs"))
    page = Page(logged_in(reviewer).get("/overview/"))
    assert "May have asked us to stop 1" not in titles(page)
    assert "Lift requests 1" not in titles(page)
    labels = [each["aria-label"] or "" for each in page.all("button")]
    assert not [label for label in labels if label.startswith(("Stop", "Send"))]


def test_agents_begin_at_home_with_the_search(ada: Client) -> None:
    assert ada.get("/")["Location"] == "/home/"
    page = Page(ada.get("/home/"))
    assert "data-start" in page.one("form", id="finder").attributes
    assert page.one("form", id="finder")["action"] == "/contacts/"
    assert "No open requests" in page.text
    assert "No stop of yours was confirmed" in page.text
    assert not page.all("div", class_="inbox-head") or not titles(page)


def test_what_became_of_an_agents_requests_and_stops(
    ada: Client, agent: User, manager: User, everything: None
) -> None:
    now = timezone.now()
    for number, label in zip(NUMBERS[40:], ("Refused One", "Held One", "Old One"), strict=False):
        ask(agent, number, label=label, asked_at=now - timedelta(days=1))
        answer(number) if label != "Refused One" else answer(
            number, Vendor.SLICKTEXT, state=DeliveryState.REFUSED
        )
    OptOut.objects.filter(label="Old One").update(completed_at=now - timedelta(days=9))
    ask(manager, NUMBERS[45], label="Another's")
    answer(NUMBERS[45])
    page = Page(ada.get("/home/"))
    names = [each.text for each in page.all("p", class_="inbox-who")]
    assert [name.split(" (")[0] for name in names[1:]] == ["Refused One", "Held One"]
    assert "Lorraine Baines" in page.text
    assert "May have asked us to stop 1" in titles(page)
    assert press(ada, page, "Stop texts: (615) 555-0123") == "/home/"
    assert IncomingMessage.objects.get().state == MessageState.STOPPED


def test_a_decision_that_was_not_seen_stays(ada: Client, agent: User, everything: None) -> None:
    long_ago = timezone.now() - timedelta(days=90)
    LiftRequest.objects.update(state="declined", decided_at=long_ago, note="Too vague")
    assert "Too vague" in Page(ada.get("/home/")).text
    ada.get(reverse("my-lift-requests"))
    assert "Too vague" not in Page(ada.get("/home/")).text
