"""The page of messages that may ask for texts to stop, and where else they are shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from contacts_ui.models import IncomingMessage, LiftRequest, Statement, Vendor
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Channel
from contacts_ui.models.messages import MessageState
from contacts_ui.services import index
from contacts_ui.services.consent import inbound_texts, opt_in, vendor_events
from contacts_ui.services.consent.phone_numbers import id_of
from contacts_ui.services.consent.types import Evidence, Seen
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, UNKNOWN_ID, Vendors
from tests.services.index.people import person

from .index_people import ready

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
LIST, REQUESTS, CARD = "/possible-opt-outs/", "/lift-requests/", f"/contacts/{MARTY}/"
HTMX = {"HX-Request": "true"}
MAY_BE = "please dont text me anymore"
# A Friday afternoon in New York; due on Tuesday.
FRIDAY = datetime(2030, 11, 22, 20, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, vendors: Vendors) -> None:
    """Vendors are told by the worker; the count in the menu is read again for each page."""
    monkeypatch.setattr(inbound_texts, "deliver_now", lambda keys: None)
    monkeypatch.setattr("contacts_ui.services.operations.system_state.CACHE_SECONDS", 0)
    cache.clear()


def write(
    words: str = MAY_BE,
    *,
    number: str = MARTY_NUMBER,
    key: str = "1",
    vendor: Vendor = Vendor.SLICKTEXT,
    said_at: datetime | None = None,
) -> IncomingMessage:
    """A message that waits, whatever the list of phrases says of it."""
    due_at = timezone.now() + timedelta(days=2)
    message = IncomingMessage(
        vendor=vendor,
        key=key,
        number=number,
        words=words,
        said_at=said_at,
        heard_at=timezone.now(),
        due_at=due_at,
    )
    message.save()
    inbound_texts.record.note_messages(number)
    return message


def press(client: Client, pk: int, what: str, **headers: str) -> HttpResponse:
    return client.post(f"{LIST}{pk}/{what}/", {"next": LIST}, headers=headers)


def known() -> None:
    """The index knows Marty."""
    ready()
    marty = person(MARTY, "Marty McFly", MARTY_NUMBER, opt_in_status="subscribed")
    index.store([marty], timezone.now())


def badge(page: Page) -> str:
    return page.one("span", id="possible-opt-out-list-count").text


def test_it_works(ada: Client) -> None:
    known()
    message = write(said_at=datetime(2026, 11, 27, 20, 5, tzinfo=UTC))
    IncomingMessage.objects.update(due_at=FRIDAY)
    page = Page(ada.get(LIST))
    row = page.one("article", id=f"message-{message.pk}")
    for words in (
        "Marty McFly (615) 555-3338",
        f"“{MAY_BE}”",
        "To SlickText, Nov 27, 2026, 3:05 PM EST",
        "Not known",
        "Becomes a stop on Nov 22, 2030, 3:05 PM EST",
    ):
        assert words in row.text
    assert page.one("a", href=CARD).inside(row)
    assert "Waiting (1)" in page.text
    assert badge(page) == "1 waiting"


def test_nothing_waits(ada: Client) -> None:
    page = Page(ada.get(LIST))
    assert "No messages are waiting." in page.text
    assert "No decisions yet." in page.text
    assert badge(page) == ""


def test_a_number_that_no_contact_has(ada: Client) -> None:
    write(number=DOC_NUMBER, vendor=Vendor.CLOUDCONTACTAI)
    page = Page(ada.get(LIST))
    assert page.all("a", href=f"/numbers/{id_of(DOC_NUMBER)}/")
    assert "(615) 555-0123" in page.text
    assert "CloudContactAI doesn't say when they wrote it" in page.text


def test_words_are_shown_as_they_were_written(ada: Client) -> None:
    write("<script>alert(1)</script>\nstop this")
    html = ada.get(LIST).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>stop this" in html
    assert "<script>alert(1)" not in html


@pytest.mark.parametrize("words", ["stop " + "x" * 400, "\n".join(["stop this"] * 9)])
def test_long_words_are_folded(words: str, ada: Client) -> None:
    write(words)
    page = Page(ada.get(LIST))
    assert page.one("details", class_="unfold")
    assert words.split()[-1] in page.one("blockquote").text


def test_the_first_due_stands_first_and_the_rest_on_the_next_page(ada: Client) -> None:
    for n in range(27):
        row = write(f"stop this {n:02}", key=str(n), number=f"+1615555{1000 + n}")
        IncomingMessage.objects.filter(pk=row.pk).update(due_at=FRIDAY - timedelta(hours=n))
    first = Page(ada.get(f"{LIST}?size=25"))
    assert len(first.all("article")) == 25
    assert "stop this 26" in first.all("article")[0].text
    assert "1–25 of 27" in first.text
    rest = Page(ada.get(f"{LIST}?size=25&offset=25"))
    assert [each.text.count("stop this 0") for each in rest.all("article")] == [1, 1]
    gone = Page(ada.get(f"{LIST}?offset=100"))
    assert "The list ends before this page Go to the first page" in gone.text


def test_of_two_contacts_with_the_number_neither_is_named(ada: Client) -> None:
    known()
    index.store([person(MARTY + 1, "Biff Tannen", MARTY_NUMBER)], timezone.now())
    write()
    row = Page(ada.get(LIST)).one("article")
    assert "McFly" not in row.text
    assert row.text.startswith("(615) 555-3338 “")


def test_an_overdue_message_says_so(ada: Client) -> None:
    write()
    IncomingMessage.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert "It becomes a stop within a minute." in Page(ada.get(LIST)).text


def test_an_agent_stops_texts(ada: Client) -> None:
    known()
    message = write(said_at=timezone.now() - timedelta(hours=3))
    page = Page(ada.get(LIST))
    address, form = page.press(page.one("button", aria_label="Stop texts to Marty McFly"))
    response = ada.post(address, form, follow=True)
    assert response.redirect_chain == [(LIST, 302)]
    after = Page(response)
    assert "Marty McFly: Texts stopped." in after.text
    assert "Waiting (0)" in after.text
    assert "Texts stopped by Ada Agent: Marty McFly" in after.text
    assert badge(after) == ""
    assert Statement.objects.get().words == MAY_BE
    message.refresh_from_db()
    assert message.state == MessageState.STOPPED


def test_a_stop_that_newer_consent_answers_says_so(
    max_: Client, manager: User, settings: Any
) -> None:
    settings.FOUR_EYES = False
    known()
    evidence = Evidence("Marty", Channel.PHONE, timezone.now(), "Yes, text me.", exact=True)
    opt_in.change_opt_in_status(
        staff=manager,
        seen=Seen(MARTY_NUMBER, MARTY, "Marty"),
        status="subscribed",
        evidence=evidence,
    )
    message = write(said_at=timezone.now() - timedelta(hours=3))
    part = Page(press(max_, message.pk, "stop", **HTMX))
    assert "Recorded. Their newer consent still counts: May text." in part.text


def test_agents_are_not_offered_to_dismiss(ada: Client, max_: Client) -> None:
    write()
    agent, manager = Page(ada.get(LIST)), Page(max_.get(LIST))
    assert "Not a request" not in agent.text
    assert "If it isn't a request, ask a manager to decide." in agent.text
    assert "Not a request" in manager.text
    assert press(ada, IncomingMessage.objects.get().pk, "dismiss").status_code == 403


def test_a_manager_dismisses_it_and_takes_it_back(max_: Client, ada: Client) -> None:
    known()
    message = write()
    page = Page(max_.get(LIST))
    button = page.one("button", aria_label="Not a request: message from Marty McFly")
    address, form = page.press(button)
    after = Page(max_.post(address, form, follow=True))
    assert "Marty McFly: Not a request. May text." in after.text
    assert "Marked “Not a request” by Max Manager: Marty McFly" in after.text
    assert "Undo" not in Page(ada.get(LIST)).text
    back = next(each for each in after.all("button") if each.text == "Undo")
    address, form = after.press(back)
    again = Page(max_.post(address, form, follow=True))
    assert "Marty McFly: Waiting for a decision again. Not known." in again.text
    assert again.all("article", id=f"message-{message.pk}")


def test_htmx_puts_the_decision_into_the_row(max_: Client) -> None:
    known()
    message = write()
    write(key="2", number=DOC_NUMBER)
    response = press(max_, message.pk, "dismiss", **HTMX)
    assert response.status_code == 200
    part = Page(response)
    assert part.all("html") == []
    row = part.one("article", id=f"message-{message.pk}")
    assert row["data-announce"] == "Marty McFly: Not a request. May text."
    # The focus goes there, since the button is gone.
    assert [each.text for each in part.elements if "data-focus" in each.attributes] == [
        "Not a request. May text."
    ]
    assert part.one("button", hx_post=f"{LIST}{message.pk}/reopen/").text == "Undo"
    totals = {each["id"]: each.text for each in part.elements if each["hx-swap-oob"]}
    assert totals == {
        "possible-opt-outs-total": "1",
        "possible-opt-out-list-count": "1 waiting",
        "review-count": "1 waiting",
    }


@pytest.mark.parametrize("late", ["stop", "dismiss"])
def test_another_person_decided_first(late: str, ada: Client, max_: Client) -> None:
    message = write()
    press(ada, message.pk, "stop")
    response = press(max_, message.pk, late, **HTMX)
    assert response.status_code == 409
    part = Page(response)
    assert "No changes. Texts stopped by Ada Agent, " in part.one("p", role="alert").text
    assert Statement.objects.count() == 1
    page = Page(max_.post(f"{LIST}{message.pk}/{late}/", {"next": LIST}, follow=True))
    assert "No changes. Texts stopped by Ada Agent" in page.text


def test_it_became_a_stop_by_itself_first(ada: Client, max_: Client) -> None:
    message = write()
    IncomingMessage.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    inbound_texts.stop_undecided()
    page = Page(max_.post(f"{LIST}{message.pk}/dismiss/", {"next": LIST}, follow=True))
    assert "No changes. Texts stopped: no decision in two business days, " in page.text
    assert "Texts stopped: no decision in two business days: (615) 555-3338" in page.text


def test_taking_back_twice(max_: Client) -> None:
    message = write()
    press(max_, message.pk, "dismiss")
    press(max_, message.pk, "reopen")
    page = Page(max_.post(f"{LIST}{message.pk}/reopen/", {"next": LIST}, follow=True))
    assert "No changes. It already waits for a decision again." in page.text


@pytest.mark.parametrize("what", ["stop", "dismiss", "reopen"])
def test_a_message_that_is_gone(what: str, max_: Client) -> None:
    assert press(max_, UNKNOWN_ID, what).status_code == 404


def test_the_way_back_is_on_this_dashboard(ada: Client) -> None:
    message = write()
    response = ada.post(f"{LIST}{message.pk}/stop/", {"next": "https://example.com/"})
    assert response["Location"] == LIST


@pytest.mark.parametrize("place", ["contact", "number"])
def test_card_and_number_page_have_the_message_and_the_presses(
    place: str, ada: Client, max_: Client, vera: Client
) -> None:
    address = CARD if place == "contact" else f"/numbers/{id_of(MARTY_NUMBER)}/"
    known()
    message = write()
    manager, agent, viewer = (Page(each.get(address)) for each in (max_, ada, vera))
    for page in (manager, agent, viewer):
        assert f"They wrote “{MAY_BE}”. Did they ask us to stop?" in page.text
    assert manager.all("button", formaction=f"{LIST}{message.pk}/dismiss/")
    assert not agent.all("button", formaction=f"{LIST}{message.pk}/dismiss/")
    assert not viewer.all("button", formaction=f"{LIST}{message.pk}/stop/")
    button = agent.one("button", formaction=f"{LIST}{message.pk}/stop/")
    where, form = agent.press(button)
    response = ada.post(where, form, follow=True)
    assert response.redirect_chain == [(address, 302)]
    assert "Texts stopped." in Page(response).text


def test_a_row_of_the_table_is_not_known_with_the_words(ada: Client) -> None:
    write()
    page = Page(ada.get("/contacts/?q=615-555-3338"))
    assert f"They wrote “{MAY_BE}”. Did they ask us to stop?" in page.text
    assert not page.all("button", formaction=f"{LIST}{IncomingMessage.objects.get().pk}/stop/")


def test_the_evidence_sheet_has_what_is_kept(max_: Client, manager: User) -> None:
    first = write("take me off this list", said_at=timezone.now() - timedelta(hours=3))
    write(key="2")
    inbound_texts.dismiss(staff=manager, pk=first.pk)
    sheet = f"/audit/{id_of(MARTY_NUMBER)}/"
    page = Page(max_.get(sheet))
    assert "In their own words (2)" in page.text
    assert "take me off this list" in page.text
    assert "Marked “Not a request” by Max Manager," in page.text
    assert "Waiting for a decision. It becomes a stop on" in page.text
    IncomingMessage.objects.filter(pk=first.pk).delete()
    assert "take me off this list" not in Page(max_.get(sheet)).text


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Statement:
    known()
    hear("STOP", timezone.now() - timedelta(hours=3), key="stop")
    return Statement.objects.get()


def hear(words: str, said_at: datetime | None, *, key: str = "start", **more: Any) -> str:
    return inbound_texts.heard(
        **{
            "vendor": Vendor.SLICKTEXT,
            "key": key,
            "number": MARTY_NUMBER,
            "words": words,
            "said_at": said_at,
            "heard_at": timezone.now(),
            **more,
        }
    )


def test_a_start_reads_well_and_is_approved(max_: Client, stopped: Statement) -> None:
    hear("START", timezone.now() - timedelta(minutes=5))
    page = Page(max_.get(REQUESTS))
    assert "They texted this to SlickText, 5 minutes ago" in page.text.replace("\xa0", " ")
    assert "“START”" in page.text
    card = Page(max_.get(CARD)).text
    assert "They texted “START” to SlickText, just now." in card
    sheet = Page(max_.get(f"/audit/{id_of(MARTY_NUMBER)}/")).text
    assert "They texted SlickText; recorded" in sheet
    address, form = page.press(page.one("button", value="approve"))
    after = Page(max_.post(address, form, follow=True))
    assert "Marty McFly: approved." in after.text
    assert "They texted SlickText" in after.text
    assert Statement.objects.filter(kind=StatementKind.CONSENT).exists()


def test_an_undated_start_offers_no_press_that_would_fail(max_: Client, stopped: Statement) -> None:
    hear("START", None, vendor=Vendor.CLOUDCONTACTAI)
    page = Page(max_.get(REQUESTS))
    assert (
        "CloudContactAI doesn't say when they wrote this, so it can't lift a stop. "
        "Ask them, and record their answer."
    ) in page.text
    assert page.all("button", value="approve") == []
    assert page.one("a", href=f"{CARD}opt-in/").text == "Record their answer"
    pk = LiftRequest.objects.get().pk
    response = max_.post(f"{REQUESTS}{pk}/decision/", {"decision": "approve", "note": ""})
    assert response.status_code == 409
    assert "Not approved." in Page(response).text


@pytest.mark.parametrize("four_eyes", [True, False])
def test_their_answer_takes_its_place(
    max_: Client, stopped: Statement, settings: Any, four_eyes: bool
) -> None:
    settings.FOUR_EYES = four_eyes
    hear("START", None, vendor=Vendor.CLOUDCONTACTAI)
    form = Page(max_.get(f"{CARD}opt-in/"))
    assert "They texted “START” to CloudContactAI, and that request is waiting." in form.text
    filled = form.form(
        f"{CARD}opt-in/",
        status="subscribed",
        consent_who="Marty McFly",
        consent_channel="phone",
        consent_words="Yes, text me.",
    )
    assert max_.post(f"{CARD}opt-in/", filled).status_code == 302
    waiting = LiftRequest.objects.filter(state="waiting")
    assert [each.asked_by_name for each in waiting] == (["Max Manager"] if four_eyes else [])


def test_a_start_beside_a_carriers_block_says_what_ends_it(
    max_: Client, stopped: Statement
) -> None:
    vendor_events.code_reported(
        number=MARTY_NUMBER,
        code="21610",
        words="The carrier says that the person unsubscribed (code 21610).",
        carrier=True,
        heard_at=timezone.now() - timedelta(hours=2),
    )
    assert Statement.objects.filter(source=Source.CARRIER).exists()
    hear("START", timezone.now() - timedelta(minutes=5))
    assert "Only the person can end that, by texting START." in Page(max_.get(REQUESTS)).text
    LiftRequest.objects.all().delete()
    hear("START", timezone.now() - timedelta(minutes=5), vendor=Vendor.CLOUDCONTACTAI)
    assert "Their START ends that block." in Page(max_.get(REQUESTS)).text
