"""Undoing a stop: by whoever made it by a slip, for ten minutes, if they knew the person as textable before."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contacts_ui.models import LedgerEntry, OptOut, Wish
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services import consent, ledger, undo
from contacts_ui.services.consent import Seen
from contacts_ui.views.consent_panel import issue_ticket
from tests.pages import Page
from tests.people import MARTY, MARTY_NUMBER, Vendors, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
URL = f"/contacts/{MARTY}/undo-stop/"
HTMX = {"HX-Request": "true"}
UNDO = "Undo the stop of Marty McFly"


def ticket(status: str | None = "subscribed", **changes: Any) -> str:
    seen = {"number": MARTY_NUMBER, "contact_id": MARTY, "label": "Marty McFly", **changes}
    return issue_ticket(Seen(status=status, read_at=timezone.now(), **seen))


def stop(client: Client, status: str | None = "subscribed", **data: str) -> HttpResponse:
    data = {"ticket": ticket(status), "view": "row", **data}
    return client.post(f"/contacts/{MARTY}/do-not-text/", data, headers=HTMX)


def press_undo(client: Client, **data: str) -> HttpResponse:
    return client.post(URL, {"ticket": ticket(), "view": "row", **data}, headers=HTMX)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let the clock of the undo run ahead by so many minutes."""
    now = timezone.now

    def ahead(minutes: float) -> None:
        monkeypatch.setattr(undo.timezone, "now", lambda: now() + timedelta(minutes=minutes))

    return ahead


def offered(response: HttpResponse) -> bool:
    return bool(Page(response).all("button", aria_label=UNDO))


def refused(response: HttpResponse, words: str) -> None:
    """It was refused with these words, and nothing was changed."""
    assert response.status_code == 409
    assert words in Page(response).text
    assert consent.is_stopped(MARTY_NUMBER)
    assert not LedgerEntry.objects.filter(action=Action.STOP_UNDONE).exists()


def test_it_works(ada: Client, vendors: Vendors) -> None:
    page = Page(stop(ada))
    assert "10 min left" in page.text
    address, form = page.one("button", aria_label=UNDO)["formaction"], {"ticket": ticket()}
    assert address == URL
    page = Page(ada.post(URL, {**form, "view": "row"}, headers=HTMX))
    assert page.switch("Do not text Marty McFly")["aria-checked"] == "false"
    assert page.all("button", aria_label=UNDO) == []
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)


def test_it_works_without_javascript(ada: Client, vendors: Vendors) -> None:
    page = Page(ada.get(f"/contacts/{MARTY}/"))
    ada.post(*page.press(page.switch()))
    page = Page(ada.get(f"/contacts/{MARTY}/"))
    address, form = page.press(page.one("button", aria_label=UNDO))
    page = Page(ada.post(address, form, follow=True))
    assert "Marty McFly: May text." in page.text
    assert vendors.stopped() is False


def test_it_is_offered_in_the_row_of_the_table(ada: Client, max_: Client, vendors: Vendors) -> None:
    stop(ada)
    page = Page(ada.get("/contacts/"))
    address, _ = page.press(page.one("button", aria_label=UNDO))
    assert address == URL
    assert not offered(max_.get("/contacts/"))


def test_the_ledger_and_the_review_say_so(ada: Client, agent: User, vendors: Vendors) -> None:
    stop(ada)
    press_undo(ada)
    entry = LedgerEntry.objects.get(action=Action.STOP_UNDONE)
    stopped = LedgerEntry.objects.get(action=Action.STOP_REQUESTED)
    assert (entry.staff_id, entry.number, entry.contact_id) == (agent.pk, MARTY_NUMBER, MARTY)
    assert entry.before["stop"] == stopped.pk
    assert OptOut.objects.get().ended_by == "undone"
    wishes = Wish.objects.filter(number=MARTY_NUMBER)
    assert {wish.ledger_entry_id for wish in wishes} == {entry.pk}
    assert all(wish.expires_at for wish in wishes)


def test_a_vendor_that_is_down_has_it_on_its_way(ada: Client, vendors: Vendors) -> None:
    stop(ada)
    vendors.fault("cloudcontactai", "down")
    page = Page(press_undo(ada))
    assert "on its way" in page.text
    assert page.all("p", data_verdict="may_text") == []
    assert vendors.stopped() is True


# Only whoever made it, and only for a while.


@pytest.mark.parametrize("who", ["vera", "edgar"])
def test_wrong_roles(who: str, ada: Client, request: Any, vendors: Vendors) -> None:
    stop(ada)
    vendors.forget_calls()
    response = press_undo(request.getfixturevalue(who))
    assert response.status_code == 403
    assert consent.is_stopped(MARTY_NUMBER)
    assert vendors.asked() == []


def test_nobody_else_not_even_a_manager(ada: Client, max_: Client, vendors: Vendors) -> None:
    stop(ada)
    assert not offered(max_.get(f"/contacts/{MARTY}/"))
    refused(press_undo(max_), undo.NOT_YOURS)


def test_ten_minutes(ada: Client, vendors: Vendors, later: Any) -> None:
    stop(ada)
    later(9.5)
    assert "1 min left" in Page(ada.get("/contacts/")).text
    later(10.1)
    assert not offered(ada.get("/contacts/"))
    refused(press_undo(ada), undo.TOO_LATE)


def test_the_time_is_a_setting(ada: Client, vendors: Vendors, settings: Any, later: Any) -> None:
    settings.UNDO_MINUTES = 30
    stop(ada)
    later(20)
    assert offered(ada.get("/contacts/"))
    settings.UNDO_MINUTES = 0
    refused(press_undo(ada), undo.TOO_LATE)


# Only if we knew them as textable.


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("not subscribed", undo.NOT_TEXTABLE),
        ("pending", undo.NOT_TEXTABLE),
        (None, undo.NOT_TEXTABLE),
        ("unsubscribed", undo.THEIR_OWN),
        ("blocked", undo.THEIR_OWN),
    ],
)
def test_who_was_not_textable_before(
    status: str | None, words: str, ada: Client, vendors: Vendors
) -> None:
    assert not offered(stop(ada, status))
    refused(press_undo(ada), words)


def test_a_forged_ticket_does_not_make_them_textable(ada: Client, vendors: Vendors) -> None:
    """What counts is what the ledger says of the time of the stop."""
    stop(ada, "not subscribed")
    refused(press_undo(ada, ticket="x" + ticket()), undo.NOT_TEXTABLE)


def test_who_was_stopped_already(ada: Client, max_: Client, vendors: Vendors) -> None:
    """A stop upon a stop: undoing the second would take away the first."""
    stop(max_)
    assert not offered(stop(ada))
    refused(press_undo(ada), undo.NOT_TEXTABLE)


def test_a_stop_after_an_undone_one_can_be_undone_again(ada: Client, vendors: Vendors) -> None:
    stop(ada)
    press_undo(ada)
    assert offered(stop(ada))
    assert press_undo(ada).status_code == 200
    assert vendors.stopped() is False


# Never a person's own STOP.


def test_a_stop_that_a_vendor_told_of(ada: Client, agent: User, vendors: Vendors) -> None:
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())
    consent.write_stop(staff=agent, seen=seen, request=consent.Request(Channel.VENDOR))
    assert not offered(ada.get("/contacts/"))
    refused(press_undo(ada), undo.THEIR_OWN)


def test_a_vendor_tells_of_a_stop_after_ours(ada: Client, vendors: Vendors) -> None:
    stop(ada)
    ledger.record(
        action=Action.STOP_REQUESTED, staff=None, number=MARTY_NUMBER, channel=Channel.VENDOR
    )
    assert not offered(ada.get("/contacts/"))
    refused(press_undo(ada), undo.THEIR_OWN)


def test_they_stopped_texts_while_the_page_was_open(ada: Client, vendors: Vendors) -> None:
    """The screen still said subscribed; SlickText tells that the stop is older than ours."""
    vendors.edit(MARTY, opt_in_status="unsubscribed")
    vendors.write(
        "UPDATE contacts SET last_opt_in_status_change = ? WHERE contact_id = ?",
        f"{timezone.now() - timedelta(minutes=5):%Y-%m-%d %H:%M:%S}",
        MARTY,
    )
    assert offered(stop(ada))
    refused(press_undo(ada), undo.THEIR_OWN)
    assert vendors.status() == "unsubscribed"


def test_without_slicktext_we_cannot_know(ada: Client, vendors: Vendors) -> None:
    stop(ada)
    vendors.fault("slicktext", "down")
    refused(press_undo(ada), "SlickText does not answer")


# Only while it is the newest.


def test_somebody_stopped_them_again(ada: Client, max_: Client, vendors: Vendors) -> None:
    stop(ada)
    stop(max_)
    refused(press_undo(ada), undo.NOT_YOURS)


def test_undoing_twice(ada: Client, vendors: Vendors) -> None:
    stop(ada)
    assert press_undo(ada).status_code == 200
    response = press_undo(ada)
    assert response.status_code == 409
    assert undo.NEWER in Page(response).text
    assert LedgerEntry.objects.filter(action=Action.STOP_UNDONE).count() == 1


def test_a_stop_that_comes_in_between_wins(
    ada: Client, agent: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and undoing somebody stops them again."""
    stop(ada)
    other = make_staff("max")
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())

    def meanwhile(*args: Any) -> bool:
        consent.stop_texts(staff=other, seen=seen)
        return False

    monkeypatch.setattr(undo, "_stopped_themselves", meanwhile)
    refused(press_undo(ada), undo.NOT_YOURS)
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


def test_it_is_posted_only(ada: Client, vendors: Vendors) -> None:
    stop(ada)
    assert ada.get(URL).status_code == 405
    assert consent.is_stopped(MARTY_NUMBER)


def test_it_needs_the_forms_token(ada: Client, agent: User, vendors: Vendors) -> None:
    stop(ada)
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)
    assert client.post(URL, {"ticket": ticket()}).status_code == 403
    assert consent.is_stopped(MARTY_NUMBER)


def test_a_page_without_fresh_stops_asks_nothing(
    agent: User, vendors: Vendors, django_assert_num_queries: Any
) -> None:
    seen = [Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())]
    judgements = consent.judge_many(seen)
    agent.has_perm("contacts_ui.stop_texts")
    with django_assert_num_queries(0):
        assert undo.offers(agent, judgements) == {}
