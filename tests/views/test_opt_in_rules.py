"""Raising consent: a lift answers the newest stop (rule 7), and a slip noticed later is never consent (rule 6)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import (
    DesiredState,
    HeldPress,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Statement,
    Vendor,
)
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log
from contacts_ui.services.consent import doors, record, vendor_events
from contacts_ui.services.consent.record import is_stopped
from contacts_ui.services.consent.rules import by_vendor
from contacts_ui.services.consent.types import Request, Seen
from tests import hooks
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, Vendors, logged_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
CARD = f"/contacts/{MARTY}/"
LIFT, ASK = f"{CARD}opt-in/", f"{CARD}ask-lift/"
WRONG = f"{CARD}wrong-person/"
LIST, MINE = "/lift-requests/", "/lift-requests/mine/"
SEEN = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed")
EVIDENCE = {
    "status": "subscribed",
    "consent_who": "Marty McFly",
    "consent_channel": "phone",
    "consent_words": "You may text me again",
}
NOT_LATER = "This is not later than their newest stop."


def minute(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def ago(**past: float) -> str:
    return minute(timezone.now() - timedelta(**past))


def opened(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """The form as it opens, with the evidence typed in."""
    return Page(client.get(url)).form(url, **{**EVIDENCE, **changes})


def decide(client: Client, decision: str = "approve", **more: Any) -> HttpResponse:
    """Press a button of the one row that waits."""
    page = Page(client.get(LIST))
    address, form = page.press(page.one("button", value=decision))
    return client.post(address, form | more)


def verdict(client: Client) -> str:
    return str(Page(client.get(CARD)).all("p", class_="verdict")[0]["data-verdict"])


@pytest.fixture
def mia(manager: User) -> Client:
    """The second manager's browser."""
    user = User.objects.create_user("mia", first_name="Mia", last_name="Manager")
    user.groups.add(Group.objects.get(name="Managers"))
    return logged_in(user)


@pytest.fixture
def stopped(ada: Client, vendors: Vendors) -> None:
    ada.post(f"{CARD}do-not-text/")
    vendors.forget_calls()


def told_back(at: datetime | None = None) -> Statement:
    """CloudContactAI reports a stop while we told it of ours."""
    at = at or timezone.now()
    DesiredState.objects.filter(vendor=Vendor.CLOUDCONTACTAI).update(
        calls=[[at.isoformat(), at.isoformat()]]
    )
    vendor_events.cloudcontactai_marked(
        number=MARTY_NUMBER, at=at, heard_at=timezone.now(), label="Marty", event="h1"
    )
    return Statement.objects.get(told_back=True)


# What the form shows.


def test_a_manager_sees_the_stop_with_its_words(max_: Client, agent: User) -> None:
    request = Request(reason="Stop texting me!", asked_at=timezone.now() - timedelta(hours=2))
    doors.stop(staff=agent, seen=SEEN, request=request)
    text = Page(max_.get(LIFT)).text
    assert "the person, recorded by Ada Agent" in text
    assert "Stop texting me!" in text
    assert "Leave it empty to use the time" in text


def test_an_agent_sees_its_source_and_date_only(ada: Client, agent: User) -> None:
    request = Request(reason="Stop texting me!")
    doors.stop(staff=agent, seen=SEEN, request=request)
    page = Page(ada.get(ASK))
    assert "the person, recorded by Ada Agent" in page.text
    assert "Stop texting me!" not in page.text
    assert page.form(ASK)["version"] == str(record.state_of(MARTY_NUMBER).version)


def test_a_carriers_block_outlasts_a_lift(max_: Client, agent: User) -> None:
    """Rule 13: the lift is accepted, and says so."""
    entry = audit_log.record(action=Action.STOP_REQUESTED, staff=agent, number=MARTY_NUMBER)
    said = by_vendor(timezone.now(), timezone.now())
    record.add(entry, kind=StatementKind.STOP, source=Source.CARRIER, said=said, status="blocked")
    assert "by texting START" in Page(max_.get(LIFT)).text
    response = max_.post(LIFT, opened(max_, LIFT), follow=True)
    assert "by texting START" in Page(response).text
    assert Statement.objects.filter(kind=StatementKind.CONSENT).exists()


# Evidence is newer than every stop.


@pytest.mark.parametrize("url", [LIFT, ASK])
@pytest.mark.parametrize("at", ["2020-01-01T10:00", "an hour ago", "this minute"])
def test_older_evidence(at: str, url: str, max_: Client, stopped: None, vendors: Vendors) -> None:
    """Row 9; and row 10's sibling: a typed minute is no later than a stop within it."""
    typed = {"an hour ago": ago(hours=1), "this minute": minute(Statement.objects.get().latest)}
    form = opened(max_, url, consent_at=typed.get(at, at))
    response = max_.post(url, form)
    page = Page(response)
    assert response.status_code == 422
    assert NOT_LATER in page.errors("consent_at")
    assert page.form(url) == form, "everything typed stays typed"
    assert not Statement.objects.filter(kind=StatementKind.CONSENT).exists()
    assert not LiftRequest.objects.exists()
    assert not LedgerEntry.objects.filter(
        action__in=[Action.LIFT_ASKED, Action.CONSENT_REQUESTED]
    ).exists()
    assert vendors.stopped() is True


def test_now_is_newer(max_: Client, stopped: None, vendors: Vendors) -> None:
    assert max_.post(LIFT, opened(max_, LIFT)).status_code == 302
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)
    assert verdict(max_) == "may_text"


def test_a_stop_heard_after_the_lift(max_: Client, vendors: Vendors, settings: Any) -> None:
    """Row 10: consent noted for this minute, a STOP a second later, its hook after the lift."""
    doors.press_stop(staff=User.objects.create_superuser("sue"), seen=SEEN)
    Statement.objects.update(earliest=timezone.now() - timedelta(hours=1))
    old = timezone.now() - timedelta(hours=1)
    Statement.objects.update(latest=old)
    record.refresh([MARTY_NUMBER])
    DesiredState.objects.update(calls=[])
    at = timezone.now()
    max_.post(LIFT, opened(max_, LIFT, consent_at=minute(at)))
    assert verdict(max_) == "may_text"
    hooks.tell_ccai(hooks.unsubscribed(at=(at + timedelta(seconds=1)).isoformat()))
    hooks.work()
    assert verdict(max_) == "do_not_text"
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


# Something arrives while the form is open.


@pytest.mark.parametrize("url", [LIFT, ASK])
def test_a_stop_that_arrives_while_the_form_is_open_is_shown(
    url: str, max_: Client, ada: Client, stopped: None, vendors: Vendors
) -> None:
    """Row 8."""
    form = opened(max_, url)
    ada.post(f"{CARD}do-not-text/", {"reason": "I said stop!", "channel": "phone"})
    response = max_.post(url, form)
    page = Page(response)
    assert response.status_code == 409
    assert "Something was recorded for this number since you opened this form." in page.text
    assert "I said stop!" in page.text
    again = page.form(url)
    assert again.pop("version") != form.pop("version")
    assert again == form, "everything typed stays typed"
    assert not LiftRequest.objects.exists()
    assert vendors.stopped() is True


def test_a_version_that_never_was_is_asked_again(max_: Client, stopped: None) -> None:
    for version in ("abc", "-1", "9" * 60):
        response = max_.post(LIFT, opened(max_, LIFT, version=version))
        assert response.status_code == 409
    assert max_.post(LIFT, Page(response).form(LIFT)).status_code == 302


@pytest.mark.parametrize("ids", ["9" * 60, "-1", "x", "4711"])
def test_forged_ids_of_own_stops(ids: str, ada: Client, max_: Client, stopped: None) -> None:
    ada.post(ASK, opened(ada, ASK))
    assert decide(max_, own_stops=ids).status_code == 302
    assert not Statement.objects.exclude(discounted_by=None).exists()


def test_older_evidence_than_what_arrived(max_: Client, ada: Client, stopped: None) -> None:
    """Row 8: evidence from ten minutes ago, saved again."""
    form = opened(max_, LIFT, consent_at=ago(minutes=10))
    ada.post(f"{CARD}do-not-text/", {"reason": "I said stop!", "channel": "phone"})
    again = Page(max_.post(LIFT, form)).form(LIFT)
    response = max_.post(LIFT, again)
    assert response.status_code == 422
    assert NOT_LATER in Page(response).errors("consent_at")


def test_a_press_while_the_form_is_open_stays_sent(
    max_: Client, ada: Client, stopped: None, vendors: Vendors, settings: Any
) -> None:
    """Rule 5: the lift ends its hold, and has to answer it."""
    max_.post(LIFT, opened(max_, LIFT))
    form = opened(max_, LIFT)
    settings.UNDO_SECONDS = 120
    ada.post(f"{CARD}do-not-text/")
    assert HeldPress.objects.filter(state="held").exists()
    response = max_.post(LIFT, form)
    assert response.status_code == 409
    assert not HeldPress.objects.filter(state="held").exists()
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert max_.post(LIFT, Page(response).form(LIFT)).status_code == 302


@pytest.mark.parametrize("url", [LIFT, ASK])
def test_a_stop_at_slicktext_that_we_did_not_know(
    url: str, max_: Client, mia: Client, vendors: Vendors
) -> None:
    """It is read with the form, so evidence from before it is refused, also where no worker runs."""
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    response = max_.post(url, opened(max_, url, consent_at=ago(hours=1)))
    assert NOT_LATER in Page(response).errors("consent_at")
    assert max_.post(url, opened(max_, url)).status_code == 302
    if url == ASK:
        decide(mia)
    assert vendors.status() == "subscribed"


# A request, while it waits.


def test_a_new_stop_withdraws_it_and_tells_who_asked(
    ada: Client, max_: Client, stopped: None, vendors: Vendors
) -> None:
    """Row 7."""
    ada.post(ASK, opened(ada, ASK))
    page = Page(max_.get(LIST))
    button = page.one("button", value="approve")
    ada.post(f"{CARD}do-not-text/", {"reason": "Stop! Again!", "channel": "phone"})
    cache.clear()
    assert Page(ada.get("/contacts/")).one("a", href=MINE).text == "My requests 1 decided"
    address, form = page.press(button)
    response = max_.post(address, form)
    assert response.status_code == 409
    assert vendors.stopped() is True
    own = Page(ada.get(MINE))
    assert "Withdrawn by the dashboard" in own.text
    assert "They were stopped again." in own.text
    assert "New" in own.text
    assert Page(ada.get("/contacts/")).one("a", href=MINE).text == "My requests"
    assert "The request to lift it was withdrawn" in Page(ada.get(CARD)).text


@pytest.mark.parametrize("hook", [True, False])
def test_a_stop_at_slicktext_before_the_approval(
    hook: bool, ada: Client, max_: Client, stopped: None, vendors: Vendors
) -> None:
    """Heard by a hint, or read at the approval itself."""
    max_.post(LIFT, opened(max_, LIFT, status="not subscribed"))
    ada.post(ASK, opened(ada, ASK))
    page = Page(max_.get(LIST))
    # Our own call was long ago.
    DesiredState.objects.update(calls=[])
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    if hook:
        hint = hooks.hint(opt_in_status="unsubscribed", mobile_number=MARTY_NUMBER)
        hooks.tell_slicktext({**hint, "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"})
        hooks.work()
    address, form = page.press(page.one("button", value="approve"))
    response = max_.post(address, form)
    assert response.status_code == 409
    assert "withdrawn" in Page(response).text
    assert vendors.status() == "unsubscribed"
    assert LiftRequest.objects.get().state == "withdrawn"


def test_evidence_is_compared_with_the_record_as_it_is_at_the_approval(
    ada: Client, max_: Client, stopped: None, vendors: Vendors
) -> None:
    """A stop reported back to us withdraws no request, and counts until the decider says that it was our own."""
    ada.post(ASK, opened(ada, ASK))
    stop = told_back()
    assert LiftRequest.objects.get().state == "waiting"
    response = decide(max_)
    page = Page(response)
    assert response.status_code == 409
    assert NOT_LATER in page.text
    assert LiftRequest.objects.get().state == "waiting", "nothing was changed"
    assert not LedgerEntry.objects.filter(action=Action.LIFT_APPROVED).exists()
    assert vendors.stopped() is True
    box = page.one("input", type="checkbox", name="own_stops")
    assert decide(max_, own_stops=box["value"]).status_code == 302
    stop.refresh_from_db()
    assert stop.discounted_by is not None
    assert vendors.stopped() is False


def test_a_stop_told_back_is_shown_in_the_lift_form(
    max_: Client, stopped: None, vendors: Vendors
) -> None:
    stop = told_back()
    page = Page(max_.get(LIFT))
    assert "That was our own stop, reported back to us" in page.text
    assert "reported by CloudContactAI" in page.text
    Statement.objects.filter(pk=stop.pk).update(latest=timezone.now() + timedelta(minutes=1))
    form = page.form(LIFT, **EVIDENCE)
    assert max_.post(LIFT, form).status_code == 422
    assert max_.post(LIFT, {**form, "own_stops": str(stop.pk)}).status_code == 302
    assert vendors.stopped() is False


def test_the_decider_says_which_stop_was_our_own(
    ada: Client, max_: Client, stopped: None, vendors: Vendors
) -> None:
    """Who asks may claim it; the box is checked, and the decider may clear it."""
    stop = told_back()
    Statement.objects.filter(pk=stop.pk).update(latest=timezone.now() + timedelta(minutes=1))
    assert ada.post(ASK, opened(ada, ASK, own_stops=str(stop.pk))).status_code == 302
    page = Page(max_.get(LIST))
    assert "(Ada Agent says so)" in page.text
    address, form = page.press(page.one("button", value="approve"))
    assert form["own_stops"] == str(stop.pk)
    cleared = {name: value for name, value in form.items() if name != "own_stops"}
    assert max_.post(address, cleared).status_code == 409
    assert vendors.stopped() is True
    assert max_.post(address, form).status_code == 302
    assert vendors.stopped() is False


def test_a_number_without_a_contact(ada: Client, max_: Client, vendors: Vendors) -> None:
    """From the number's own page, which is where everyone lands again."""
    ada.post("/stop-a-number/", {"number": DOC_NUMBER})
    home = reverse("number-detail", args=[DOC_NUMBER])
    url = f"{home}ask-lift/"
    response = ada.post(url, opened(ada, url))
    assert response["Location"] == home
    form = Page(max_.get(f"{home}opt-in/"))
    assert "is waiting" in form.text
    assert decide(max_).status_code == 302
    assert vendors.stopped(DOC_NUMBER) is False
    assert not is_stopped(DOC_NUMBER)


def test_nothing_else_can_be_called_our_own(max_: Client, stopped: None) -> None:
    stop = Statement.objects.get()
    response = max_.post(LIFT, opened(max_, LIFT, consent_at=ago(hours=1), own_stops=str(stop.pk)))
    assert response.status_code == 422
    stop.refresh_from_db()
    assert stop.discounted_by is None


# Four eyes.


def test_a_managers_own_lift_needs_another_manager(
    max_: Client, mia: Client, stopped: None, vendors: Vendors, settings: Any
) -> None:
    """Row 17."""
    settings.FOUR_EYES = True
    page = Page(max_.get(LIFT))
    assert "A second person decides" in page.text
    assert "Only one active account" not in page.text
    assert [each.text for each in page.all("button", type="submit")].count("Ask another manager")
    response = max_.post(LIFT, page.form(LIFT, **EVIDENCE), follow=True)
    assert "request sent. Another manager decides." in Page(response).text
    assert vendors.stopped() is True
    assert Page(max_.get(LIST)).all("button", value="approve") == []
    pk = LiftRequest.objects.get().pk
    assert max_.post(f"{LIST}{pk}/decision/", {"decision": "approve"}).status_code == 403
    assert vendors.stopped() is True
    assert decide(mia).status_code == 302
    assert vendors.stopped() is False
    assert LedgerEntry.objects.get(action=Action.CONSENT_REQUESTED).staff_name == "Mia Manager"


def test_opting_in_needs_a_second_person_too(
    max_: Client, mia: Client, vendors: Vendors, settings: Any
) -> None:
    settings.FOUR_EYES = True
    vendors.edit(MARTY, opt_in_status="not subscribed")
    max_.post(LIFT, opened(max_, LIFT))
    assert LiftRequest.objects.get().kind == "opt_in"
    assert vendors.status() == "not subscribed"
    assert "opt them in as subscribed" in Page(mia.get(LIST)).text
    decide(mia)
    assert vendors.status() == "subscribed"


def test_the_service_has_no_bypass(
    max_: Client, manager: User, stopped: None, settings: Any
) -> None:
    form = opened(max_, LIFT)
    settings.FOUR_EYES = True
    assert max_.post(LIFT, form).status_code == 302
    assert LiftRequest.objects.get().asked_by == manager
    assert not Statement.objects.filter(kind=StatementKind.CONSENT).exists()


@pytest.mark.parametrize(
    ("active", "words"), [(0, "No active account"), (1, "Only one active account"), (2, "")]
)
def test_too_few_people_may_decide(
    active: int, words: str, ada: Client, mia: Client, stopped: None, settings: Any
) -> None:
    settings.FOUR_EYES = True
    managers = User.objects.filter(groups__name="Managers")
    for user in managers[active:]:
        User.objects.filter(pk=user.pk).update(is_active=False)
    text = Page(ada.get(ASK)).text
    assert ("can decide about consent" in text) is bool(words)
    assert words in text
    if active:
        user = User.objects.filter(groups__name="Managers", is_active=True).first()
        assert user
        assert words in Page(logged_in(user).get("/status/")).text


# We stopped the wrong person.


@pytest.fixture
def slip(connect_only: Callable[[str], None], ada: Client, vendors: Vendors) -> None:
    """Ada stops Marty by mistake; only SlickText is connected, and dates its change."""
    connect_only("slicktext")
    ada.post(f"{CARD}do-not-text/")


def test_the_wrong_person(ada: Client, max_: Client, slip: None, vendors: Vendors) -> None:
    """Approved by a second person, without FOUR_EYES as well; and it is no consent."""
    form = Page(ada.get(ASK)).form(WRONG, reason="I pressed the row above.")
    assert ada.post(WRONG, form).status_code == 302
    assert vendors.status() == "unsubscribed"
    page = Page(max_.get(LIST))
    assert "we stopped the wrong person" in page.text
    assert "I pressed the row above." in page.text
    assert decide(max_).status_code == 302
    assert vendors.status() == "subscribed"
    assert not Statement.objects.filter(kind=StatementKind.CONSENT).exists()
    assert Statement.objects.get().discounted_by is not None
    assert OptOut.objects.get().state == "undone"
    assert verdict(max_) == "may_text"


def test_the_wrong_person_takes_two(max_: Client, slip: None, vendors: Vendors) -> None:
    max_.post(WRONG, Page(max_.get(LIFT)).form(WRONG, reason="I pressed the row above."))
    pk = LiftRequest.objects.get().pk
    assert max_.post(f"{LIST}{pk}/decision/", {"decision": "approve"}).status_code == 403
    assert vendors.status() == "unsubscribed"


def test_it_cannot_be_told_where_cloudcontactai_holds_it(ada: Client, stopped: None) -> None:
    page = Page(ada.get(ASK))
    assert "We can't tell whether they also stopped texts themselves." in page.text
    assert page.all("form", action=WRONG) == []
    response = ada.post(WRONG, {"reason": "I pressed the row above."})
    assert response.status_code == 409
    assert not LiftRequest.objects.exists()


def _no_date(vendors: Vendors) -> None:
    vendors.write(
        "UPDATE contacts SET last_opt_in_status_change = NULL WHERE contact_id = ?", MARTY
    )


def _changed_before(vendors: Vendors) -> None:
    vendors.write(
        "UPDATE contacts SET last_opt_in_status_change = '2026-01-01 10:00:00' WHERE contact_id = ?",
        MARTY,
    )


@pytest.mark.parametrize("theirs", [_no_date, _changed_before])
def test_it_cannot_be_told_where_the_date_is_not_ours(
    theirs: Callable[[Vendors], None],
    connect_only: Callable[[str], None],
    ada: Client,
    vendors: Vendors,
) -> None:
    """Rows 4 and 5: the person had stopped at SlickText before the press, or at an unknown time."""
    connect_only("slicktext")
    ticket = Page(ada.get(CARD)).switch()["value"]
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    theirs(vendors)
    ada.post(f"{CARD}do-not-text/", {"ticket": ticket})
    assert "We can't tell whether" in Page(ada.get(ASK)).text
    assert ada.post(WRONG, {"reason": "I pressed the row above."}).status_code == 409


def test_a_stop_that_arrives_before_the_approval(
    ada: Client, max_: Client, slip: None, vendors: Vendors
) -> None:
    ada.post(WRONG, Page(ada.get(ASK)).form(WRONG, reason="I pressed the row above."))
    page = Page(max_.get(LIST))
    ada.post(f"{CARD}do-not-text/", {"reason": "They called: stop!", "channel": "phone"})
    address, form = page.press(page.one("button", value="approve"))
    assert max_.post(address, form).status_code == 409
    assert vendors.status() == "unsubscribed"


def test_with_details_it_was_no_slip(ada: Client, slip: None) -> None:
    ada.post(f"{CARD}do-not-text/", {"reason": "They called: stop!", "channel": "phone"})
    assert "We can't tell whether" in Page(ada.get(ASK)).text


@pytest.mark.parametrize("who", ["vera", "edgar"])
def test_who_may_not_ask_for_it(who: str, request: pytest.FixtureRequest, vendors: Vendors) -> None:
    browser = request.getfixturevalue(who)
    assert browser.post(WRONG, {"reason": "I pressed the row above."}).status_code == 403
    assert browser.get(MINE).status_code == 403


# Their own requests.


def test_own_requests_and_no_others(ada: Client, max_: Client, stopped: None) -> None:
    ada.post(ASK, opened(ada, ASK))
    assert "Review the request" in Page(max_.get(CARD)).text
    assert "Withdraw this request" in Page(ada.get(CARD)).text
    assert "Marty McFly" in Page(ada.get(MINE)).text
    assert "Marty McFly" not in Page(max_.get(MINE)).text
    assert Page(ada.get("/contacts/")).one("a", href=MINE).text == "My requests"
    decide(max_, "decline", note="That was his brother.")
    cache.clear()
    assert Page(ada.get("/contacts/")).one("a", href=MINE).text == "My requests 1 decided"
    text = Page(ada.get(MINE)).text
    assert "Declined by Max Manager" in text
    assert "That was his brother." in text
    assert Page(ada.get("/contacts/")).one("a", href=MINE).text == "My requests"


def test_withdrawing_it_is_no_news(ada: Client, stopped: None) -> None:
    ada.post(ASK, opened(ada, ASK))
    page = Page(ada.get(MINE))
    button = next(each for each in page.all("button") if each.text == "Withdraw")
    address, form = page.press(button)
    response = ada.post(address, form, follow=True)
    assert response.redirect_chain == [(MINE, 302)]
    assert LiftRequest.objects.get().state == "withdrawn"
    assert Page(ada.get("/contacts/")).one("a", href=MINE).text == "My requests"


def test_a_manager_has_a_badge_of_their_own(max_: Client, mia: Client, stopped: None) -> None:
    max_.post(ASK, opened(max_, ASK))
    decide(mia, "decline", note="Ask him again.")
    cache.clear()
    assert Page(max_.get("/contacts/")).one("a", href=MINE).text == "My requests 1 decided"
    assert Page(max_.get("/contacts/")).one("a", href=LIST).text == "Lift requests"
    assert Page(mia.get("/contacts/")).one("a", href=MINE).text == "My requests"


def test_subscribed_again_at_slicktext_is_a_request_filled_in_and_no_answer(
    ada: Client, max_: Client, agent: User, vendors: Vendors
) -> None:
    """Rule 3: what a vendor shows opens a question, and the person stays stopped until it is decided."""
    doors.stop(staff=agent, seen=SEEN, request=Request(reason="No more"))
    vendors.edit(MARTY, opt_in_status="subscribed")
    ada.get(CARD)
    hooks.work()
    listed = Page(max_.get(LIST))
    assert "Subscribed again at SlickText (1)" in listed.text
    assert is_stopped(MARTY_NUMBER)
    [link] = [each for each in listed.all("a") if each.text == "Record their consent"]
    form = Page(max_.get(link["href"] or "")).form(link["href"])
    assert form["consent_words"].startswith("SlickText shows them as subscribed")
    assert is_stopped(MARTY_NUMBER)
