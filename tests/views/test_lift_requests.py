"""Agents ask for a lift with the evidence; managers decide in one place; four eyes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contacts_ui.models import DesiredState, LedgerEntry, LiftRequest
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import NotAllowed
from contacts_ui.services.consent import lift_requests
from contacts_ui.services.consent.types import Seen
from tests import consent
from tests.consent import evidence_form as evidence
from tests.jobs import scheduled
from tests.pages import Page
from tests.people import MARTY, MARTY_NUMBER, Vendors, logged_in, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
ASK = f"/contacts/{MARTY}/ask-lift/"
CARD = f"/contacts/{MARTY}/"
LIST = "/lift-requests/"
HTMX = {"HX-Request": "true"}


def decide(client: Client, decision: str, pk: int | None = None, note: str = "") -> HttpResponse:
    pk = pk or LiftRequest.objects.get(state="waiting").pk
    return client.post(f"{LIST}{pk}/decision/", {"decision": decision, "note": note})


def withdraw(client: Client, pk: int) -> HttpResponse:
    return client.post(f"{LIST}{pk}/withdraw/", {"next": CARD}, follow=True)


@pytest.fixture
def stopped(ada: Client, vendors: Vendors) -> None:
    """Marty, stopped by Ada."""
    ada.post(f"{CARD}do-not-text/")
    vendors.forget_calls()


@pytest.fixture
def asked(ada: Client, stopped: None) -> LiftRequest:
    """Ada asks for Marty to be texted again."""
    assert ada.post(ASK, evidence()).status_code == 302
    return LiftRequest.objects.get()


# Asking.


def test_it_works(max_: Client, vendors: Vendors, asked: LiftRequest) -> None:
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    page = Page(max_.get(LIST))
    assert "Asked for by Ada Agent, just now" in page.text
    assert "“You may text me again”" in page.text
    address, form = page.press(page.one("button", value="approve"))
    response = max_.post(address, form, follow=True)
    assert response.redirect_chain == [(LIST, 302)]
    assert "Marty McFly: approved. May text." in Page(response).text
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)


def test_the_card_says_who_asked(ada: Client, vera: Client, asked: LiftRequest) -> None:
    LiftRequest.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
    page = Page(ada.get(CARD))
    assert "Lift requested by Ada Agent, 5 minutes ago." in page.text
    assert "Lift asked for" not in Page(vera.get(CARD)).text


def test_htmx_puts_it_into_the_row(ada: Client, stopped: None) -> None:
    form = Page(ada.get(f"{ASK}?view=row", headers=HTMX))
    assert form.all("html") == []
    assert form.one("h1").text == "Ask to text Marty McFly again?"
    assert form.one("form", method="post")["hx-post"] == ASK
    response = ada.post(ASK, {**form.form(ASK), **evidence()}, headers=HTMX)
    page = Page(response)
    assert response["HX-Retarget"] == f"#consent-{MARTY}"
    assert page.elements[0]["data-view"] == "row"
    assert "Lift requested by Ada Agent, just now." in page.text


def test_the_ledger_has_the_evidence(max_: Client, asked: LiftRequest) -> None:
    decide(max_, "approve")
    ask = LedgerEntry.objects.get(action=Action.LIFT_ASKED)
    assert (ask.staff_name, ask.reason, ask.channel) == (
        "Ada Agent",
        "You may text me again",
        "phone",
    )
    assert ask.after == {"opt_in_status": "subscribed", "consented": "Marty McFly"}
    approval = LedgerEntry.objects.get(action=Action.LIFT_APPROVED)
    assert (approval.staff_name, approval.after["asked_by"]) == ("Max Manager", "Ada Agent")
    lift = LedgerEntry.objects.get(action=Action.CONSENT_REQUESTED)
    assert (lift.staff_name, lift.reason) == ("Max Manager", "You may text me again")
    assert lift.after["consented"] == "Marty McFly"
    assert lift.asked_at == ask.asked_at
    assert "Approved the lift by Max Manager" in Page(max_.get(CARD)).text


def test_one_request_at_a_time(max_: Client, asked: LiftRequest) -> None:
    response = max_.post(ASK, evidence())
    assert response.status_code == 409
    assert "already waiting" in Page(response).text
    assert LiftRequest.objects.count() == 1
    assert LedgerEntry.objects.filter(action=Action.LIFT_ASKED).count() == 1


def test_nothing_to_lift(ada: Client) -> None:
    response = ada.post(ASK, evidence())
    assert response.status_code == 409
    assert "there is nothing to lift" in Page(response).text
    assert not LiftRequest.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_a_person_stopped_only_at_slicktext(ada: Client, max_: Client, vendors: Vendors) -> None:
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    assert ada.post(ASK, evidence()).status_code == 302
    decide(max_, "approve")
    assert vendors.status() == "subscribed"


@pytest.mark.parametrize("who", ["vera", "edgar"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_not_ask(method: str, who: str, request: Any, vendors: Vendors) -> None:
    response = getattr(request.getfixturevalue(who), method)(ASK, evidence(), headers=HTMX)
    assert response.status_code == 403
    assert response.content.decode() == ("Only agents and managers can ask to lift a stop.")
    assert vendors.asked() == []


def test_while_slicktext_is_down_nothing_is_asked(ada: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    assert "SlickText does not answer" in Page(ada.post(ASK, evidence())).text
    assert not LiftRequest.objects.exists()


# Deciding.


def test_declining_says_why(
    ada: Client, max_: Client, vendors: Vendors, asked: LiftRequest
) -> None:
    response = decide(max_, "decline", note="  ")
    assert response.status_code == 422
    assert "Say why" in Page(response).text
    assert decide(max_, "decline", note="That was his brother.").status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by_name) == ("declined", "Max Manager")
    assert LedgerEntry.objects.get(action=Action.LIFT_DECLINED).reason == "That was his brother."
    page = Page(ada.get(CARD))
    assert "Max Manager declined to lift it, just now. “That was his brother.”" in page.text
    assert vendors.stopped() is True
    assert ada.post(ASK, evidence()).status_code == 302, "they may ask again"


@pytest.mark.parametrize("who", ["vera", "edgar", "ada"])
@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_only_managers_decide(
    decision: str, who: str, request: Any, vendors: Vendors, asked: LiftRequest
) -> None:
    browser = request.getfixturevalue(who)
    assert browser.get(LIST).status_code == 403
    assert decide(browser, decision, note="no").status_code == 403
    asked.refresh_from_db()
    assert asked.state == "waiting"
    assert vendors.stopped() is True


def test_the_service_asks_for_the_permission_too(agent: User, asked: LiftRequest) -> None:
    with pytest.raises(NotAllowed):
        lift_requests.approve(staff=agent, pk=asked.pk)


@pytest.mark.parametrize(("four_eyes", "status"), [(True, 403), (False, 302)])
def test_four_eyes(
    four_eyes: bool, status: int, max_: Client, stopped: None, vendors: Vendors, settings: Any
) -> None:
    settings.FOUR_EYES = four_eyes
    max_.post(ASK, evidence())
    page = Page(max_.get(LIST))
    assert bool(page.all("button", value="approve")) is not four_eyes
    assert decide(max_, "approve").status_code == status
    assert vendors.stopped() is four_eyes
    assert LedgerEntry.objects.filter(action=Action.LIFT_APPROVED).exists() is not four_eyes


def test_a_request_that_does_not_exist(max_: Client, ada: Client) -> None:
    assert decide(max_, "approve", pk=4711).status_code == 404
    assert withdraw(ada, 4711).status_code == 404


@pytest.mark.parametrize("decision", ["", "perhaps"])
def test_a_forged_decision(decision: str, max_: Client, asked: LiftRequest) -> None:
    assert decide(max_, decision).status_code == 422
    asked.refresh_from_db()
    assert asked.state == "waiting"


@pytest.mark.parametrize("first", ["approve", "decline"])
@pytest.mark.parametrize("second", ["approve", "decline"])
def test_too_late(
    first: str, second: str, max_: Client, vendors: Vendors, asked: LiftRequest
) -> None:
    other = logged_in(User.objects.create_superuser("sue", first_name="Sue"))
    decide(other, first, asked.pk, note="Yes and no")
    vendors.forget_calls()
    response = decide(max_, second, asked.pk, note="Me too")
    assert response.status_code == 409
    assert f"It was already {first.removesuffix('e')}ed by Sue." in Page(response).text
    assert vendors.asked() == []
    decided = LedgerEntry.objects.filter(action__in=[Action.LIFT_APPROVED, Action.LIFT_DECLINED])
    assert decided.get().staff_name == "Sue"


@pytest.mark.django_db(transaction=True)
def test_two_managers_at_once(
    max_: Client, manager: User, vendors: Vendors, asked: LiftRequest
) -> None:
    """One wins, the other is told; the ledger has one decision."""
    sue = User.objects.create_superuser("sue", first_name="Sue")

    def press(user: User, decision: str) -> int:
        try:
            return decide(logged_in(user), decision, asked.pk, note="No").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(press, (manager, sue), ("approve", "decline")))
    assert sorted(answers) == [302, 409]
    asked.refresh_from_db()
    assert asked.state == ("approved" if answers[0] == 302 else "declined")
    decided = LedgerEntry.objects.filter(action__in=[Action.LIFT_APPROVED, Action.LIFT_DECLINED])
    assert decided.count() == 1
    assert vendors.stopped() is (asked.state == "declined")


# Withdrawing.


def test_withdrawing(ada: Client, max_: Client, asked: LiftRequest) -> None:
    page = Page(ada.get(CARD))
    button = next(each for each in page.all("button") if each.text == "Withdraw this request")
    address, form = page.press(button)
    page = Page(ada.post(address, form, follow=True))
    assert "Your request is withdrawn." in page.text
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by_name) == ("withdrawn", "Ada Agent")
    assert LedgerEntry.objects.get(action=Action.LIFT_WITHDRAWN).staff_name == "Ada Agent"
    response = decide(max_, "approve", asked.pk)
    assert response.status_code == 409
    assert "It was already withdrawn by Ada Agent." in Page(response).text


def test_only_the_person_who_asked_withdraws(max_: Client, asked: LiftRequest) -> None:
    assert (
        "Only the person who asked can withdraw a request." in Page(withdraw(max_, asked.pk)).text
    )
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_withdrawing_too_late(ada: Client, max_: Client, asked: LiftRequest) -> None:
    decide(max_, "approve", asked.pk)
    assert "It was already approved by Max Manager." in Page(withdraw(ada, asked.pk)).text
    asked.refresh_from_db()
    assert asked.state == "approved"


# A newer desired state leaves nothing to decide.


def test_a_new_stop_withdraws_it(
    max_: Client, agent: User, vendors: Vendors, asked: LiftRequest
) -> None:
    consent.stop_texts(staff=agent, seen=Seen(MARTY_NUMBER, MARTY, "Marty McFly"))
    asked.refresh_from_db()
    assert (asked.state, asked.note) == ("withdrawn", "They were stopped again.")
    entry = LedgerEntry.objects.get(action=Action.LIFT_WITHDRAWN)
    assert (entry.staff_name, entry.after["asked_by"]) == ("", "Ada Agent")
    assert decide(max_, "approve", asked.pk).status_code == 409
    assert vendors.stopped() is True


def test_a_managers_own_lift_withdraws_it(max_: Client, asked: LiftRequest) -> None:
    max_.post(f"{CARD}opt-in/", evidence())
    asked.refresh_from_db()
    assert (asked.state, asked.note) == ("withdrawn", "Texts were allowed in the meantime.")


@pytest.mark.django_db(transaction=True)
def test_a_stop_and_an_approval_at_once(max_: Client, agent: User, asked: LiftRequest) -> None:
    """Whichever comes first, the stop holds or the approval is told that it came too late."""
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly")

    def run(action: Callable[[], Any]) -> Any:
        try:
            return action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as both:
        approval = both.submit(run, lambda: decide(max_, "approve", asked.pk).status_code)
        stop = both.submit(run, lambda: consent.stop_texts(staff=agent, seen=seen))
    stop.result()
    newest = LedgerEntry.objects.filter(
        action__in=[Action.STOP_REQUESTED, Action.CONSENT_REQUESTED]
    ).latest("pk")
    assert newest.action == Action.STOP_REQUESTED
    assert approval.result() in (302, 409)
    assert set(DesiredState.objects.values_list("do_not_text", flat=True)) == {True}


# The list.


@pytest.fixture
def several(max_: Client, agent: User, asked: LiftRequest) -> list[LiftRequest]:
    """One waiting, and two that were decided."""
    decided = []
    for days, state in ((1, "approved"), (3, "declined")):
        at = timezone.now() - timedelta(days=days)
        decided.append(
            LiftRequest.objects.create(
                number=f"+1615555010{days}", label=f"Person {days}", opt_in_status="subscribed",
                consent_who="They", consent_channel="email", consent_at=at, consent_words="Yes",
                asked_by=agent, asked_by_name="Ann Other", asked_at=at, state=state,
                decided_by_name="Sue", decided_at=at, note="Why not",
            )
        )  # fmt: skip
    return [asked, *decided]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Marty McFly", "Person 1", "Person 3"}),
        ("?number=(615)+555-3338", {"Marty McFly"}),
        ("?state=declined", {"Person 3"}),
        ("?state=waiting", {"Marty McFly"}),
        ("?asked_by=other", {"Person 1", "Person 3"}),
        ("?decided_by=sue&state=approved", {"Person 1"}),
        ("?decided_by=nobody", set()),
    ],
)
def test_filters(query: str, shown: set[str], max_: Client, several: list[LiftRequest]) -> None:
    text = Page(max_.get(f"{LIST}{query}")).text
    assert {name for name in ("Marty McFly", "Person 1", "Person 3") if name in text} == shown


def test_filters_by_day(max_: Client, several: list[LiftRequest]) -> None:
    day = timezone.localdate() - timedelta(days=2)
    assert "Person 3" not in Page(max_.get(f"{LIST}?since={day}")).text
    assert "Person 1" not in Page(max_.get(f"{LIST}?until={day}")).text
    assert "Person 3" in Page(max_.get(f"{LIST}?until={day}")).text


def test_a_filter_that_makes_no_sense_is_said(max_: Client, several: list[LiftRequest]) -> None:
    page = Page(max_.get(f"{LIST}?number=12"))
    assert "This is not a phone number." in page.text
    assert "Marty McFly" not in page.text


def test_what_waits_comes_first(max_: Client, several: list[LiftRequest]) -> None:
    text = Page(max_.get(LIST)).text
    assert text.index("Waiting (1)") < text.index("Marty McFly") < text.index("Decided (2)")
    assert text.index("Person 1") < text.index("Person 3")


def test_the_managers_see_how_many_wait(max_: Client, ada: Client, asked: LiftRequest) -> None:
    page = Page(max_.get("/contacts/"))
    assert page.one("a", href=LIST).text == "Lift requests 1 waiting"
    assert Page(ada.get("/contacts/")).all("a", href=LIST) == []


def test_the_words_are_escaped(max_: Client, ada: Client, stopped: None) -> None:
    ada.post(ASK, evidence(consent_words="<script>alert(1)</script>"))
    assert "<script>alert(1)" not in max_.get(LIST).content.decode()


def test_a_newcomer_sees_nothing(vendors: Vendors) -> None:
    assert logged_in(make_staff("nora")).get(LIST).status_code == 403


# No one decides.


def test_a_request_that_no_one_decides_expires(
    ada: Client, max_: Client, vendors: Vendors, asked: LiftRequest
) -> None:
    assert "A request expires after 30 days." in Page(max_.get(LIST)).text
    LiftRequest.objects.update(asked_at=timezone.now() - timedelta(days=30, minutes=1))
    assert (lift_requests.expire_old(), lift_requests.expire_old()) == (1, 0)
    asked.refresh_from_db()
    assert (asked.state, asked.note) == ("expired", "It was not decided within 30 days.")
    entry = LedgerEntry.objects.get(action=Action.LIFT_EXPIRED)
    assert (entry.staff_name, entry.number, entry.reason) == ("", MARTY_NUMBER, asked.note)
    assert entry.after == {"asked_by": "Ada Agent", "lift_request": asked.pk}
    page = Page(max_.get(LIST))
    assert "Waiting (0)" in page.text
    assert "Expired by the dashboard" in page.text
    assert "The request to lift it expired just now." in Page(ada.get(CARD)).text
    late = decide(max_, "approve", asked.pk)
    assert late.status_code == 409
    assert "no changes. It was already expired" in Page(late).text
    assert vendors.stopped()
    assert ada.post(ASK, evidence()).status_code == 302


@pytest.mark.parametrize(
    ("days", "old"), [(0, timedelta(days=900)), (30, timedelta(days=29, hours=23))]
)
def test_a_request_does_not_expire_early_or_where_none_does(
    days: int, old: timedelta, asked: LiftRequest, settings: Any
) -> None:
    settings.LIFT_REQUEST_EXPIRES_DAYS = days
    LiftRequest.objects.update(asked_at=timezone.now() - old)
    assert lift_requests.expire_old() == 0
    assert not LedgerEntry.objects.filter(action=Action.LIFT_EXPIRED).exists()


def test_the_worker_looks_for_requests_that_expire() -> None:
    assert lift_requests.expire_old in scheduled()
