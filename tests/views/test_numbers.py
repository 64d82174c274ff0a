"""The page of a number, with a contact or without; what each role may read; the switch and the lift by number."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import (
    ContactReads,
    HeldPress,
    IndexSync,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Statement,
)
from contacts_ui.models.consent import PressState, Source
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services import index
from contacts_ui.services.consent import doors, phone_numbers, slicktext_readings, vendor_events
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.contacts.reading import read
from tests.consent import evidence_form
from tests.pages import Page
from tests.people import FREE_NUMBER, MARTY, MARTY_NUMBER, UNKNOWN_ID, Vendors, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("deliver_in_this_thread", "walk_has_begun"),
]
HTMX = {"HX-Request": "true"}
ROLES = ["vera", "edgar", "ada", "max_"]
WORDS = "Never again, said Biff"
evidence = partial(evidence_form, status="not subscribed")


def address(number: str = FREE_NUMBER, part: str = "") -> str:
    return reverse("number-detail", args=[number]) + part


def page_of(client: Client, number: str = FREE_NUMBER) -> Page:
    response = client.get(address(number))
    assert response.status_code == 200
    return Page(response)


def rows() -> dict[str, list[str]]:
    """Every row of every table, but how many contacts were shown."""
    there = set(connection.introspection.table_names()) - {ContactReads._meta.db_table}
    models = [each for each in apps.get_models() if each._meta.db_table in there]
    assert Statement in models
    return {
        model._meta.label: sorted(map(repr, model._base_manager.values_list())) for model in models
    }


def stop(staff: User, number: str = FREE_NUMBER, *, words: str = WORDS) -> None:
    seen = Seen(number, label="Marty McFly")
    doors.stop(staff=staff, seen=seen, request=Request(Channel.PHONE, None, words))


@pytest.fixture
def held(settings: Any) -> None:
    """A press is held long enough for a test."""
    settings.UNDO_SECONDS = 60


@pytest.mark.parametrize("who", ROLES)
def test_opening_an_unknown_number_writes_nothing(
    who: str, request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    browser = request.getfixturevalue(who)
    url, before = address(), rows()
    page = Page(browser.get(url))
    assert rows() == before
    assert page.one("h1").text == "(615) 555-0199"
    assert "No stop is on record for this number." in page.text
    assert "We have no status from SlickText." in page.text
    assert page.all("p", data_verdict="may_text") == []
    assert vendors.asked() == []


@pytest.mark.parametrize("who", ROLES)
def test_opening_a_stopped_number_changes_nothing(
    who: str, request: pytest.FixtureRequest, agent: User, vendors: Vendors
) -> None:
    browser = request.getfixturevalue(who)
    stop(agent)
    before = rows()
    for part in ("", "history/", "do-not-text/"):
        assert browser.get(address(part=part)).status_code == 200
    assert rows() == before


@pytest.mark.parametrize("part", ["", "history/", "do-not-text/", "opt-in/", "ask-lift/"])
def test_an_id_that_we_did_not_make_leads_nowhere(part: str, max_: Client) -> None:
    made = phone_numbers.id_of(FREE_NUMBER)
    other = ("B" if made[0] == "A" else "A") + made[1:]
    for wrong in (other, made[:-4], f"{made}AAAA", "x" * 48, "+16155550199", "16155550199"):
        assert max_.get(f"/numbers/{wrong}/{part}").status_code == 404
    assert max_.post(f"/numbers/{other}/do-not-text/").status_code == 404


def test_the_id_says_nothing() -> None:
    numbers = [MARTY_NUMBER, FREE_NUMBER, "+442079460958", "+4930123456"]
    ids = [phone_numbers.id_of(number) for number in numbers]
    assert [phone_numbers.number_of_id(each) for each in ids] == numbers
    assert len({len(each) for each in ids}) == 1, "not even how long the number is"
    assert not any(digits in each for each in ids for digits in ("6155", "5555", "4420"))
    # Numbers that have much in common have ids that have not.
    assert ids[0][:8] != ids[1][:8]


def test_the_id_survives_a_change_of_the_secret_key(settings: Any, max_: Client) -> None:
    # An earlier test may have emptied the database, and the key with it.
    phone_numbers._key.cache_clear()
    before = address()
    phone_numbers._key.cache_clear()
    settings.SECRET_KEY = "another-one-altogether"
    assert address() == before
    assert phone_numbers.number_of_id(before.split("/")[2]) == FREE_NUMBER


def test_an_account_without_a_role_is_refused(newcomer: User, vendors: Vendors) -> None:
    assert logged_in(newcomer).get(address()).status_code == 403
    assert "login" in Client().get(address())["Location"]


@pytest.mark.parametrize("who", ROLES)
def test_verdict_vendors_and_dates_are_for_all(
    who: str, request: pytest.FixtureRequest, agent: User, vendors: Vendors
) -> None:
    other = make_staff_like(agent)
    stop(other)
    page = page_of(request.getfixturevalue(who))
    assert page.one("p", data_verdict="do_not_text").text == "Do not text"
    assert "SlickText: No such contact" in page.text
    assert "CloudContactAI: Do not text" in page.text
    said = timezone.localtime(Statement.objects.get().latest)
    assert f"Stopped since {said:%b} {said.day}, {said.year}, " in page.text
    assert len(re.findall(r"\d{1,2}:\d\d [AP]M E[SD]T", page.text)) >= 3


def make_staff_like(agent: User) -> User:
    """Another agent than Ada."""
    other = User.objects.create_user("otto", first_name="Otto", last_name="Other")
    other.groups.set(agent.groups.all())
    return other


@pytest.mark.parametrize("who", ["vera", "edgar"])
def test_viewers_and_editors_see_no_words_and_no_names(
    who: str, request: pytest.FixtureRequest, agent: User, vendors: Vendors
) -> None:
    stop(agent)
    html = request.getfixturevalue(who).get(address()).content.decode()
    assert WORDS not in html
    assert "phone call" not in html
    assert "Ada Agent" not in html
    assert 'id="history"' not in html
    fragment = request.getfixturevalue(who).get(address(part="history/"), headers=HTMX)
    assert WORDS not in fragment.content.decode()
    assert "Ada Agent" not in fragment.content.decode()


def test_agents_see_their_own_entries_and_no_others(ada: Client, agent: User) -> None:
    stop(make_staff_like(agent), words="What Otto wrote down")
    stop(agent, words="What Ada wrote down")
    for response in (ada.get(address()), ada.get(address(part="history/"))):
        page = Page(response)
        assert "What you recorded" in page.text
        assert "What Ada wrote down" in page.text
        assert "What Otto wrote down" not in response.content.decode()
        assert len(page.all("ol", class_="history")) == 1


def test_managers_see_all_of_it(max_: Client, agent: User) -> None:
    stop(agent)
    page = page_of(max_)
    assert "Stopped since" in page.text
    assert "by Ada Agent." in page.text
    assert "the person, recorded by Ada Agent, phone call" in page.text
    assert [each.text for each in page.all("span", class_="statement-words")] == [f"“{WORDS}”"]
    assert page.one("a", href=reverse("evidence", args=[FREE_NUMBER]))


def test_who_has_the_number(vera: Client) -> None:
    read(MARTY, now=True)
    page = page_of(vera, MARTY_NUMBER)
    assert page.one("a", href=f"/contacts/{MARTY}/").text == "Marty McFly"
    assert page.one("p", data_verdict="may_text")
    assert "Subscribed at SlickText" in page.text


def test_two_contacts_with_one_number(vera: Client) -> None:
    """The contact that must get no texts decides."""
    marty = read(MARTY, now=True).contact
    other = UNKNOWN_ID
    twin = replace(marty, contact_id=other, first_name="Doc", last_name=None)
    index.store([replace(twin, opt_in_status="not subscribed")], timezone.now())
    page = page_of(vera, MARTY_NUMBER)
    assert page.one("a", href=f"/contacts/{MARTY}/")
    assert page.one("a", href=f"/contacts/{other}/").text == "Doc"
    assert page.one("p", data_verdict="not_subscribed")


def test_without_the_index_no_name_is_shown(vera: Client, settings: Any) -> None:
    """What it held before it was switched off may be long out of date."""
    read(MARTY, now=True)
    settings.CONTACT_INDEX = False
    page = page_of(vera, MARTY_NUMBER)
    assert "We can't tell who has this number." in page.text
    assert page.one("p", data_verdict="not_known")
    assert page.one("a", href="/contacts/?q=%2B16155553338")


def test_the_index_of_another_account_says_nothing(vera: Client, settings: Any) -> None:
    read(MARTY, now=True)
    IndexSync.objects.update(account="another")
    page = page_of(vera, MARTY_NUMBER)
    assert page.one("p", data_verdict="not_known")
    assert page.all("a", href=f"/contacts/{MARTY}/") == []


def test_the_contact_read_last_is_known_without_the_index(
    vera: Client, agent: User, settings: Any
) -> None:
    settings.CONTACT_INDEX = False
    stop(agent, MARTY_NUMBER)
    at = timezone.now() + timedelta(seconds=1)
    slicktext_readings.learn([read(MARTY, now=True).contact], at, now=True)
    page = page_of(vera, MARTY_NUMBER)
    assert page.one("a", href=f"/contacts/{MARTY}/").text == "Marty McFly"
    assert "There may be others." in page.text


@pytest.mark.parametrize("ready", [False, True])
def test_a_number_that_no_contact_has(ready: bool, vera: Client) -> None:
    IndexSync.objects.update(finished_at=timezone.now() if ready else None)
    text = page_of(vera).text
    assert ("No contact has this number." in text) is ready
    assert ("We can't tell who has this number." in text) is not ready


def test_why_we_may_text_this_number(max_: Client, agent: User) -> None:
    stop(agent, MARTY_NUMBER)
    said = evidence(status="subscribed")
    assert max_.post(address(MARTY_NUMBER, "opt-in/"), said).status_code == 302
    page = page_of(max_, MARTY_NUMBER)
    assert page.one("p", data_verdict="may_text")
    assert "Their consent is newer than every stop on record." in page.text
    assert [each.text for each in page.all("dt")] == ["Newest stop", "Consent"]
    stopped, consented = page.all("dd")[:2]
    assert re.search(r"\d{4}, \d{1,2}:\d\d [AP]M E[SD]T: the person", stopped.text)
    assert WORDS in stopped.text
    assert re.search(r"\d{4}, \d{1,2}:\d\d [AP]M E[SD]T: the person", consented.text)
    assert "(Marty McFly)" in consented.text
    assert "You may text me again" in consented.text


def test_a_stop_after_consent_is_the_one_since_when(
    max_: Client, agent: User, manager: User
) -> None:
    stop(agent, words="The first time")
    max_.post(address(part="opt-in/"), evidence())
    other = make_staff_like(agent)
    stop(other, words="The second time")
    stop(manager, words="The third time")
    text = page_of(max_).text
    assert re.search(r"Stopped since [^.]* by Otto Other\.", text)
    assert "recorded by Max Manager, phone call “The third time”" in text
    # The earlier consent no longer answers anything.
    assert [each.text for each in page_of(max_).all("dt")] == ["Newest stop"]


def test_a_disagreement_and_since_when_it_is_known(
    max_: Client, agent: User, vendors: Vendors
) -> None:
    stop(agent, MARTY_NUMBER)
    vendors.edit(MARTY, opt_in_status="subscribed")
    at = timezone.now() + timedelta(seconds=1)
    slicktext_readings.learn([read(MARTY, now=True).contact], at, now=True)
    page = page_of(max_, MARTY_NUMBER)
    assert page.one("p", data_verdict="disagree")
    assert re.search(r"The vendors disagree\. Known since \w+ \d+, \d{4}", page.text)


def test_a_stop_that_a_vendor_marked_and_one_that_slicktext_showed(
    max_: Client, vendors: Vendors
) -> None:
    now = timezone.now()
    vendor_events.cloudcontactai_marked(
        number=FREE_NUMBER, at=now - timedelta(hours=1), heard_at=now, label="", event="1"
    )
    assert re.search(
        r"Stopped since about \w+ \d+, .*: reported by CloudContactAI\.", page_of(max_).text
    )
    vendors.edit(MARTY, opt_in_status="blocked")
    slicktext_readings.learn([read(MARTY, now=True).contact], timezone.now(), now=True)
    assert "SlickText said “blocked”" in page_of(max_, MARTY_NUMBER).text


def test_no_number_stands_in_a_path(max_: Client, agent: User) -> None:
    stop(agent)
    stop(agent, MARTY_NUMBER)
    for url in (
        address(),
        address(MARTY_NUMBER),
        reverse("evidence", args=[FREE_NUMBER]),
        "/audit/",
        "/opt-outs/",
        f"/contacts/{MARTY}/",
        "/contacts/?q=615-555-0199",
        "/stop-a-number/?number=%2B16155550199",
    ):
        page = Page(max_.get(url))
        links = [
            value
            for each in page.elements
            for name in ("href", "action", "formaction", "hx-get", "hx-post")
            if (value := each[name])
        ]
        assert links
        paths = [unquote(urlsplit(link).path) for link in links if not link.startswith("tel:")]
        assert [path for path in paths if "555" in path and "615" in path] == []


def test_a_press_that_is_held_is_no_stop_on_record_yet(
    ada: Client, vera: Client, held: None
) -> None:
    ada.post(address(part="do-not-text/"))
    assert "Ada Agent just stopped this number" in page_of(ada).text
    assert "This number was just stopped" in page_of(vera).text
    assert "No stop is on record" not in page_of(vera).text
    assert "Ada Agent" not in vera.get(address()).content.decode()


def test_the_pages_that_lead_there(ada: Client) -> None:
    contact = Page(ada.get(f"/contacts/{MARTY}/"))
    assert contact.one("a", href=address(MARTY_NUMBER)).text == "(615) 555-3338"
    assert Page(ada.get("/contacts/?q=615-555-0199")).one("a", href=address())


@pytest.mark.parametrize("who", ["vera", "edgar"])
def test_who_may_not_stop(who: str, request: pytest.FixtureRequest, vendors: Vendors) -> None:
    browser = request.getfixturevalue(who)
    for part in ("do-not-text/", "unsend/", "tell-now/", "ask-lift/", "opt-in/"):
        assert browser.post(address(part=part)).status_code == 403
    assert page_of(browser).switch()["aria-disabled"] == "true"
    assert not Statement.objects.exists()


def test_the_switch_stops_it(ada: Client, vendors: Vendors) -> None:
    url, form = (page := page_of(ada)).press(page.switch())
    assert url == address(part="do-not-text/")
    response = ada.post(url, form, follow=True)
    assert response.redirect_chain == [(address(), 302)]
    assert Page(response).switch()["aria-checked"] == "true"
    assert vendors.stopped(FREE_NUMBER) is True


def test_it_is_held_and_can_be_unsent(ada: Client, held: None, vendors: Vendors) -> None:
    url, form = (page := page_of(ada)).press(page.switch())
    shown = Page(ada.post(url, form, headers=HTMX))
    assert shown.one("p", data_verdict="do_not_text")
    unsend = shown.one("button", formaction=address(part="unsend/"))
    assert vendors.asked() == []
    response = ada.post(str(unsend["formaction"]), form, headers=HTMX)
    assert response.status_code == 200
    assert HeldPress.objects.get().state == PressState.UNSENT
    assert not Statement.objects.exists()
    assert Page(response).all("p", data_verdict="do_not_text") == []


def test_tell_now(ada: Client, held: None, vendors: Vendors) -> None:
    ada.post(address(part="do-not-text/"))
    response = ada.post(address(part="tell-now/"))
    assert response["Location"] == address()
    assert vendors.stopped(FREE_NUMBER) is True


def test_only_who_pressed_can_unsend(ada: Client, max_: Client, held: None) -> None:
    ada.post(address(part="do-not-text/"))
    assert max_.post(address(part="unsend/")).status_code == 409
    assert HeldPress.objects.get().state == PressState.HELD


def test_the_card_asks_again_without_any_vendor(ada: Client, held: None, vendors: Vendors) -> None:
    ada.post(address(part="do-not-text/"))
    card = next(each for each in page_of(ada).all("div") if each["class"] == "consent")
    assert str(card["hx-get"]).startswith(address(part="do-not-text/"))
    assert ada.get(str(card["hx-get"]), headers=HTMX).status_code == 200
    assert vendors.asked() == []


def test_the_contact_is_named_where_one_has_the_number(ada: Client, vendors: Vendors) -> None:
    read(MARTY, now=True)
    ada.post(address(MARTY_NUMBER, "do-not-text/"))
    row = OptOut.objects.get()
    assert (row.contact_id, row.label) == (MARTY, "Marty McFly")
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


def test_how_they_asked_is_added_to_the_same_request(ada: Client) -> None:
    ada.post(address(part="do-not-text/"))
    page = page_of(ada)
    form = page.form(address(part="do-not-text/"), channel="email", reason=WORDS)
    ada.post(address(part="do-not-text/"), form)
    assert OptOut.objects.get().reason == WORDS
    assert Statement.objects.filter(source=Source.PERSON).count() == 1


def test_a_manager_lifts_it(max_: Client, agent: User, vendors: Vendors) -> None:
    stop(agent)
    page = page_of(max_)
    assert page.switch()["formaction"] == address(part="opt-in/")
    form = Page(max_.get(address(part="opt-in/")))
    assert form.one("form", action=address(part="opt-in/"))
    assert form.one("a", href=address()).text == "Cancel"
    response = max_.post(address(part="opt-in/"), evidence())
    assert response["Location"] == address()
    assert vendors.stopped(FREE_NUMBER) is False


def test_an_agent_asks_and_a_manager_decides(
    ada: Client, max_: Client, agent: User, vendors: Vendors, settings: Any
) -> None:
    settings.FOUR_EYES = True
    stop(agent)
    assert page_of(ada).switch()["formaction"] == address(part="ask-lift/")
    response = ada.post(address(part="ask-lift/"), evidence())
    assert response["Location"] == address()
    asked = LiftRequest.objects.get()
    assert (asked.number, asked.contact_id) == (FREE_NUMBER, None)
    assert "Lift requested by Ada Agent" in page_of(ada).text
    assert vendors.stopped(FREE_NUMBER) is True
    max_.post(f"/lift-requests/{asked.pk}/decision/", {"decision": "approve", "note": ""})
    assert vendors.stopped(FREE_NUMBER) is False


def test_a_stranger_s_request_is_not_shown_to_an_agent(
    ada: Client, max_: Client, agent: User
) -> None:
    stop(agent)
    other = logged_in(make_staff_like(agent))
    other.post(address(part="ask-lift/"), evidence())
    assert "Otto Other" not in page_of(ada).text
    assert "Otto Other" in page_of(max_).text


def test_the_dialog_replaces_the_card(max_: Client, agent: User) -> None:
    stop(agent)
    dialog = max_.get(address(part="opt-in/"), headers=HTMX)
    assert Page(dialog).one("form")["hx-post"] == address(part="opt-in/")
    answer = max_.post(address(part="opt-in/"), evidence(), headers=HTMX)
    assert answer["HX-Retarget"] == "#consent-0"
    assert page_of(max_).all("div", id="consent-0")


def test_evidence_that_answers_nothing_is_refused(
    max_: Client, agent: User, vendors: Vendors
) -> None:
    stop(agent)
    old = (timezone.localtime() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    response: HttpResponse = max_.post(address(part="opt-in/"), evidence(consent_at=old))
    assert response.status_code == 422
    assert vendors.stopped(FREE_NUMBER) is True
    assert not LedgerEntry.objects.filter(action=Action.CONSENT_REQUESTED).exists()


def test_the_record_is_read_again_after_a_change(ada: Client) -> None:
    record = page_of(ada).one("section", id="record")
    assert record["hx-get"] == address(part="history/")
    ada.post(address(part="do-not-text/"))
    fragment = Page(ada.get(address(part="history/"), headers=HTMX))
    assert fragment.elements[0]["id"] == "record"
    assert "Stopped since" in fragment.html
    assert fragment.one("section", id="history")["hx-swap-oob"] == "true"


def test_the_index_alone_is_asked(vera: Client, vendors: Vendors) -> None:
    read(MARTY, now=True)
    assert index.by_numbers([MARTY_NUMBER])
    vendors.forget_calls()
    page_of(vera, MARTY_NUMBER)
    assert vendors.asked() == []
