"""A bare press of *Do not text* is held, so that a slip can be unsent: rule 5, on the screen and by its forms."""

import importlib.util
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contacts_ui.models import DesiredState, HeldPress, LedgerEntry, OptOut, Statement
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Action
from contacts_ui.services.consent import held_presses, vendor_events
from contacts_ui.services.consent.phone_numbers import id_of
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.views.consent_panel import issue_ticket
from tests import consent
from tests.jobs import deliver_all
from tests.pages import Page
from tests.people import FREE_NUMBER, MARTY, MARTY_NUMBER, Vendors, make_staff, until

pytestmark = pytest.mark.django_db(transaction=True)
HERE = f"/contacts/{MARTY}/"
HTMX = {"HX-Request": "true"}
# With the day where the hold ends after midnight.
CLOCK = r"(\w+ \d+, \d{4}, )?\d{1,2}:\d\d:\d\d (AM|PM) [A-Z]{3,4}"


@pytest.fixture(autouse=True)
def hold(settings: Any, vendors: Vendors) -> None:
    # Longer than a slow test takes.
    settings.UNDO_SECONDS = 600


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The web process that takes a press dies before the end of its hold."""
    monkeypatch.setattr(held_presses, "_schedule_in", lambda seconds: None)


def ticket(status: str | None = "subscribed", **changes: Any) -> str:
    seen = {"number": MARTY_NUMBER, "contact_id": MARTY, "label": "Marty McFly", **changes}
    return issue_ticket(Seen(status=status, read_at=timezone.now(), **seen))


def post(client: Client, what: str, **data: str) -> HttpResponse:
    data = {"ticket": ticket(), "view": "row", **data}
    return client.post(f"{HERE}{what}", data, headers=HTMX)


def press(client: Client, **data: str) -> HttpResponse:
    return post(client, "do-not-text/", **data)


def buttons(response: HttpResponse) -> list[str]:
    return [each.text for each in Page(response).all("button") if each["form"] == "stops"]


def verdict(response: HttpResponse) -> str | None:
    return Page(response).all("p", class_="verdict")[0]["data-verdict"]


def pass_the_end(seconds: float = 610) -> None:
    """As if the press had been made that much earlier."""
    for held in HeldPress.objects.filter(state="held"):
        held.pressed_at -= timedelta(seconds=seconds)
        held.send_at -= timedelta(seconds=seconds)
        held.save()


# --- The hold ---------------------------------------------------------------------------------------


def test_it_works(ada: Client, vendors: Vendors) -> None:
    response = press(ada)
    page = Page(response)
    assert verdict(response) == "do_not_text"
    assert "Stopped. Sending at" in page.text
    assert re.search(CLOCK, page.text)
    assert buttons(response)[:2] == ["Unsend", "Tell them now"]
    assert page.switch("Do not text Marty McFly")["aria-checked"] == "true"
    assert vendors.asked() == []
    assert not Statement.objects.exists()
    assert not OptOut.objects.exists()
    assert not DesiredState.objects.exists()


def test_the_row_asks_again_when_the_hold_ends_and_not_before(ada: Client) -> None:
    panel = Page(press(ada)).elements[0]
    delay = re.fullmatch(r"load delay:(\d+)ms", str(panel["hx-trigger"]))
    assert delay
    assert 500_000 < int(delay[1]) < 601_500
    pass_the_end()
    due = Page(ada.get(str(panel["hx-get"]), headers=HTMX))
    assert due.elements[0]["hx-trigger"] == "load delay:2s"
    assert [each.text for each in due.all("button", form="stops")] == ["Do not textStopped"]


@pytest.mark.parametrize("address", ["nowhere", "x:y", "1991-01-01T00:00", "//evil.example"])
def test_an_address_that_is_none_leads_back_to_the_person(ada: Client, address: str) -> None:
    data = {"ticket": ticket(), "next": address}
    for what in ("do-not-text/", "tell-now/"):
        assert ada.post(f"{HERE}{what}", data)["Location"] == HERE


def test_looking_sends_nothing(ada: Client, vera: Client, vendors: Vendors) -> None:
    """Rule 12, also when the end has passed: a page that is looked at is no door."""
    press(ada)
    pass_the_end()
    for address in (HERE, "/contacts/", f"{HERE}do-not-text/"):
        assert verdict(vera.get(address)) == "do_not_text"
    assert not Statement.objects.exists()
    assert vendors.stopped() is False


def test_a_reload_shows_the_state(ada: Client) -> None:
    press(ada)
    for address, name in ((HERE, ""), ("/contacts/", " the stop of Marty McFly")):
        page = Page(ada.get(address))
        assert "Stopped. Sending at" in page.text
        unsend = next(each for each in page.all("button") if each.text == "Unsend")
        assert unsend["aria-label"] == (f"Unsend{name}" if name else None)


def test_the_process_that_took_the_press_sends_it(
    ada: Client, vendors: Vendors, settings: Any
) -> None:
    settings.UNDO_SECONDS = 0.3
    poll = Page(press(ada)).elements[0]["hx-get"]
    until(lambda: vendors.stopped() is True)
    until(lambda: not DesiredState.objects.unsettled().exists())
    response = ada.get(str(poll), headers=HTMX)
    assert "CloudContactAI: Do not text" in Page(response).text
    assert buttons(response) == []
    assert vendors.status() == "unsubscribed"


def test_it_was_said_at_the_moment_of_the_press(ada: Client) -> None:
    press(ada)
    pressed_at = HeldPress.objects.get().pressed_at
    post(ada, "tell-now/")
    said = Statement.objects.get()
    assert (said.source, said.earliest, said.latest) == (Source.STAFF, pressed_at, pressed_at)


@pytest.mark.usefixtures("dead")
def test_a_dead_process_is_no_excuse_for_a_worker(ada: Client, vendors: Vendors) -> None:
    press(ada)
    held_presses.send_due()
    assert not Statement.objects.exists(), "it neither shortens the hold"
    pass_the_end()
    held_presses.send_due()
    deliver_all()
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


def test_a_dead_process_is_no_excuse_for_the_next_one(
    ada: Client, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no worker runs: gunicorn starts another process, which looks first."""
    with monkeypatch.context() as patch:
        patch.setattr(held_presses, "_schedule_in", lambda seconds: None)
        press(ada)
    pass_the_end(599)
    _gunicorn().post_worker_init(None)
    until(lambda: vendors.stopped() is True)
    assert HeldPress.objects.get().state == "sent"


def _gunicorn() -> Any:
    path = Path(__file__).parents[2] / "gunicorn.conf.py"
    spec = importlib.util.spec_from_file_location("gunicorn_conf", path)
    assert spec
    assert spec.loader
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    return conf


def test_a_database_that_does_not_answer_in_that_moment(
    ada: Client, vendors: Vendors, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.UNDO_SECONDS = 0.1
    monkeypatch.setattr(held_presses, "RETRY_SECONDS", 0.1)
    sound, failed = held_presses.send_due, []

    def send_due() -> Any:
        if failed:
            return sound()
        failed.append(True)
        raise OSError("the database is restarting")

    monkeypatch.setattr(held_presses, "send_due", send_due)
    press(ada)
    until(lambda: vendors.stopped() is True)
    assert failed


def test_nothing_is_held_for_no_time(ada: Client, vendors: Vendors, settings: Any) -> None:
    settings.UNDO_SECONDS = 0
    assert buttons(press(ada)) == []
    assert vendors.stopped() is True


# --- Unsending --------------------------------------------------------------------------------------


def test_unsending(ada: Client, agent: User, vendors: Vendors) -> None:
    page = Page(press(ada))
    address = page.one("button", aria_label="Unsend the stop of Marty McFly")["formaction"]
    assert address == f"{HERE}unsend/"
    response = post(ada, "unsend/")
    page = Page(response)
    assert verdict(response) == "may_text"
    assert "Your stop was undone. Nothing was sent." in page.text
    assert page.switch("Do not text Marty McFly")["aria-checked"] == "false"
    assert "hx-get" not in page.elements[0].attributes
    assert (vendors.status(), vendors.stopped()) == ("subscribed", False)
    assert not Statement.objects.exists()
    assert not OptOut.objects.exists()
    entry = LedgerEntry.objects.get()
    assert (entry.action, entry.staff_id) == (Action.STOP_UNSENT, agent.pk)
    assert (entry.number, entry.contact_id) == (MARTY_NUMBER, MARTY)
    pass_the_end()
    assert held_presses.send_due() == []


def test_without_javascript(ada: Client, vendors: Vendors) -> None:
    """Forms that post and return; the page shows until when, and both buttons."""
    page = Page(ada.get(HERE))
    response = ada.post(*page.press(page.switch()), follow=True)
    assert response.redirect_chain == [(HERE, 302)]
    page = Page(response)
    assert re.search(rf"Marty McFly: Stopped\. Sending at {CLOCK}\.", page.text)
    assert page.one("button", id=f"tell-{MARTY}")["formaction"] == f"{HERE}tell-now/"
    response = ada.post(*page.press(page.one("button", id=f"unsend-{MARTY}")), follow=True)
    assert response.redirect_chain == [(HERE, 302)]
    page = Page(response)
    assert "Marty McFly: Your stop was undone. Nothing was sent." in page.text
    assert page.switch()["aria-checked"] == "false"
    assert vendors.stopped() is False


def test_without_javascript_it_goes_back_to_the_page_of_the_table(ada: Client) -> None:
    """A link leads to the person: a list of those who may be texted does not have them anymore."""
    page = Page(ada.get("/contacts/?size=25"))
    ada.post(*page.press(page.switch("Do not text Marty McFly")))
    page = Page(ada.get("/contacts/?size=25"))
    [opened] = [each for each in page.all("a") if each.text == "Open (615) 555-3338"]
    assert opened["href"] == HERE
    for name in ("Unsend the stop of", "Tell them now about"):
        address, form = page.press(page.one("button", aria_label=f"{name} Marty McFly"))
        assert ada.post(address, form)["Location"] == "/contacts/?size=25"


def test_only_the_account_that_pressed(ada: Client, max_: Client) -> None:
    press(ada)
    assert buttons(max_.get(HERE))[0] == "Tell them now"
    response = post(max_, "unsend/")
    assert response.status_code == 409
    assert held_presses.NOT_YOURS in Page(response).text
    assert verdict(response) == "do_not_text"
    assert HeldPress.objects.get().state == "held"


@pytest.mark.parametrize("who", ["vera", "edgar"])
@pytest.mark.parametrize("what", ["unsend/", "tell-now/"])
def test_wrong_roles(who: str, what: str, ada: Client, request: Any, vendors: Vendors) -> None:
    press(ada)
    client = request.getfixturevalue(who)
    page = client.get(HERE)
    assert "Stopped. Sending at" in Page(page).text
    assert buttons(page) == []
    response = post(client, what)
    assert (response.status_code, response["Content-Type"]) == (403, "text/plain")
    assert HeldPress.objects.get().state == "held"
    assert vendors.stopped() is False


def test_once(ada: Client) -> None:
    press(ada)
    assert post(ada, "unsend/").status_code == 200
    response = post(ada, "unsend/")
    assert response.status_code == 409
    assert held_presses.NOTHING_HELD in Page(response).text
    assert LedgerEntry.objects.count() == 1


def test_a_new_press_can_be_unsent_again(ada: Client, vendors: Vendors) -> None:
    for _ in range(2):
        press(ada)
        assert verdict(post(ada, "unsend/")) == "may_text"
    assert vendors.asked() == ["slicktext GET", "slicktext GET"], "only read, for the answer"


@pytest.mark.parametrize("headers", [HTMX, {}])
@pytest.mark.usefixtures("dead")
def test_too_late_says_when_it_was_sent(headers: dict[str, str], ada: Client) -> None:
    press(ada)
    pass_the_end()
    data = {"ticket": ticket(), "view": "row"}
    for _ in range(2):
        response = ada.post(f"{HERE}unsend/", data, headers=headers)
        assert response.status_code == 409
        assert re.search(rf"Too late to unsend: it was sent {CLOCK}\.", Page(response).text)
        assert verdict(response) == "do_not_text"
        held_presses.send_due()
    assert Statement.objects.count() == 1


def test_it_is_posted_only_and_with_the_forms_token(ada: Client, agent: User) -> None:
    press(ada)
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)
    for what in ("unsend/", "tell-now/"):
        assert ada.get(f"{HERE}{what}").status_code == 405
        assert client.post(f"{HERE}{what}", {"ticket": ticket()}).status_code == 403
    assert HeldPress.objects.get().state == "held"


# A stop from elsewhere stays: rows 1 to 5 of the issue.


def marked(number: str = MARTY_NUMBER) -> None:
    vendor_events.cloudcontactai_marked(
        number=number, at=None, heard_at=timezone.now(), label="Marty McFly", event="e-1"
    )


def test_a_stop_on_record_from_before(ada: Client) -> None:
    """A slip in a row from before their STOP."""
    row = ticket()
    marked()
    assert "Unsend" in buttons(press(ada, ticket=row))
    response = post(ada, "unsend/", ticket=row)
    words = "Your stop was undone. They stay stopped: reported by CloudContactAI, "
    assert words in Page(response).text
    assert verdict(response) == "do_not_text"
    assert Statement.objects.get().source == Source.VENDOR_MARK


def test_no_name_or_words_in_it(ada: Client, max_: Client, manager: User) -> None:
    seen = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())
    consent.stop(staff=manager, seen=seen, request=Request(reason="Leave me alone"))
    press(ada)
    text = Page(post(ada, "unsend/")).text
    assert "They stay stopped: they asked, " in text
    assert "Leave me alone" not in text
    assert "Max" not in text


def test_a_stop_at_slicktext_that_no_hook_reported(ada: Client, vendors: Vendors) -> None:
    """The row was from before it: what SlickText says now is what is shown after unsending."""
    row = ticket()
    vendors.edit(opt_in_status="unsubscribed")
    press(ada, ticket=row)
    response = post(ada, "unsend/", ticket=row)
    assert verdict(response) == "do_not_text"
    assert "They stay stopped: Unsubscribed at SlickText." in Page(response).text


def test_a_contact_that_is_gone(ada: Client, vendors: Vendors) -> None:
    """Deleted in the meantime, and created again under another id."""
    row = ticket()
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    press(ada, ticket=row)
    response = post(ada, "unsend/", ticket=row)
    assert response.status_code == 200
    assert verdict(response) == "not_known"


def test_a_stop_from_elsewhere_ends_the_hold(ada: Client) -> None:
    press(ada)
    marked()
    assert [each.source for each in Statement.objects.order_by("pk")] == [
        Source.STAFF,
        Source.VENDOR_MARK,
    ]
    response = post(ada, "unsend/")
    assert response.status_code == 409
    assert verdict(response) == "do_not_text"
    assert consent.is_stopped(MARTY_NUMBER)


# --- What ends the hold -----------------------------------------------------------------------------


def test_telling_now(ada: Client, max_: Client, vendors: Vendors) -> None:
    """By anyone who may stop; both vendors have answered when the page is there."""
    press(ada)
    response = post(max_, "tell-now/")
    assert "SlickText: Unsubscribed" in Page(response).text
    assert "CloudContactAI: Do not text" in Page(response).text
    assert buttons(response) == []
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert LedgerEntry.objects.get(action=Action.STOP_REQUESTED).staff_name == "Ada Agent"


def test_telling_now_where_nothing_is_held_changes_nothing(ada: Client, vendors: Vendors) -> None:
    assert verdict(post(ada, "tell-now/")) == "may_text"
    assert vendors.asked() == []
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("who", ["ada", "max_"])
def test_a_second_press_by_anyone(who: str, ada: Client, request: Any, vendors: Vendors) -> None:
    """Also by the switch that stands there while the press is held."""
    client = request.getfixturevalue(who)
    press(ada)
    page = Page(client.get(HERE))
    client.post(*page.press(page.switch()))
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert Statement.objects.count() == OptOut.objects.count() == 1


DETAILS = [{"reason": "Please never again"}, {"channel": "phone"}, {"asked_at": "2026-01-05T10:00"}]


@pytest.mark.parametrize("details", DETAILS)
def test_a_press_with_details_goes_at_once(
    details: dict[str, str], ada: Client, vendors: Vendors
) -> None:
    assert "Unsend" not in buttons(press(ada, **details))
    assert vendors.stopped() is True
    assert not HeldPress.objects.exists()
    assert post(ada, "unsend/").status_code == 409


@pytest.mark.parametrize("details", DETAILS)
@pytest.mark.parametrize("sent", [False, True])
def test_details_after_the_press_add_to_the_same_request(
    sent: bool, details: dict[str, str], ada: Client, vendors: Vendors
) -> None:
    """Row 22: one opt-out, and no second telling."""
    press(ada)
    if sent:
        post(ada, "tell-now/")
    page = Page(ada.get(HERE))
    form = next(each for each in page.all("form") if each["hx-target"] == f"#consent-{MARTY}")
    filled_in = page._filled_in(form) | details
    response = ada.post(str(form["action"]), filled_in, headers=HTMX)
    assert verdict(response) == "do_not_text"
    assert HeldPress.objects.get().state == "sent"
    opt_out = OptOut.objects.get()
    assert opt_out.reason == details.get("reason", "")
    assert opt_out.channel == details.get("channel", "unrecorded")
    assert len(vendors.calls("cloudcontactai")) == 1
    assert len(vendors.calls("slicktext", "PUT")) == 1
    assert [each.source for each in Statement.objects.order_by("pk")] == [
        Source.STAFF,
        Source.PERSON,
    ]


# --- Telling again is not saying again ---------------------------------------------------------------


def test_try_again_says_nothing_new(ada: Client, vendors: Vendors) -> None:
    vendors.fault("cloudcontactai", "error", status=422)
    press(ada)
    post(ada, "tell-now/")
    vendors.clear_faults()
    page = Page(ada.get(HERE))
    address, form = page.press(page.one("button", id=f"again-{MARTY}"))
    response = ada.post(address, form, headers=HTMX)
    assert "CloudContactAI: Do not text" in Page(response).text
    assert Statement.objects.count() == OptOut.objects.count() == 1
    assert LedgerEntry.objects.filter(action=Action.STOP_RETRIED).exists()
    assert HeldPress.objects.filter(state="held").count() == 0


def test_the_switch_where_the_vendors_disagree_tells_them_again(
    ada: Client, vendors: Vendors
) -> None:
    press(ada)
    post(ada, "tell-now/")
    vendors.edit(opt_in_status="subscribed")
    page = Page(ada.get(HERE))
    assert page.one("p", class_="verdict")["data-verdict"] == "disagree"
    ada.post(*page.press(page.switch()))
    assert vendors.status() == "unsubscribed"
    assert Statement.objects.count() == OptOut.objects.count() == 1
    assert HeldPress.objects.filter(state="held").count() == 0


# --- A number without a contact ---------------------------------------------------------------------


def test_a_number(ada: Client, vendors: Vendors) -> None:
    here = f"/numbers/{id_of(FREE_NUMBER)}/"
    page = Page(ada.get(here))
    page = Page(ada.post(*page.press(page.switch()), follow=True))
    assert "Stopped. Sending at" in page.text
    unsend = next(each for each in page.all("button") if each.text == "Unsend")
    response = ada.post(*page.press(unsend), follow=True)
    assert response.redirect_chain == [(here, 302)]
    assert "Your stop was undone. Nothing was sent." in Page(response).text
    assert vendors.stopped(FREE_NUMBER) is None


@pytest.mark.parametrize("what", ["Unsend", "Tell them now"])
def test_stop_a_number(what: str, ada: Client, vendors: Vendors) -> None:
    ada.get("/stop-a-number/")
    response = ada.post("/stop-a-number/", {"number": "(615) 555-0199"}, follow=True)
    page = Page(response)
    assert "Stopped. Sending at" in page.text
    assert vendors.stopped(FREE_NUMBER) is None
    button = next(each for each in page.all("button") if each.text == what)
    assert ada.post(*page.press(button)).status_code == 302
    assert vendors.stopped(FREE_NUMBER) is (None if what == "Unsend" else True)


def test_a_press_outlives_the_account(ada: Client, agent: User) -> None:
    press(ada)
    agent.delete()
    pass_the_end()
    held_presses.send_due()
    assert Statement.objects.get().number == MARTY_NUMBER


def test_another_person_of_the_same_name_cannot_unsend(ada: Client) -> None:
    press(ada)
    other = make_staff("max")
    other.first_name, other.last_name = "Ada", "Agent"
    other.save()
    client = Client()
    client.force_login(other)
    assert post(client, "unsend/").status_code == 409


def test_a_page_without_held_presses_asks_no_more(
    django_assert_max_num_queries: Callable[..., Any], agent: User
) -> None:
    seen = [Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed", timezone.now())]
    with django_assert_max_num_queries(2):
        consent.judge_many(seen)
