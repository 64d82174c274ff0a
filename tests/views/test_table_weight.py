"""The table stays light, its rows are complete, and only who may act on many gets boxes to tick."""

import gzip
import re

import pytest
from django.template import engines
from django.test import Client
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.services.consent.types import Seen
from contacts_ui.views.consent_panel import issue_ticket, read_ticket

from ..pages import Page

pytestmark = pytest.mark.django_db
# A page of 50 with everything, as a manager sees it.
HTML_BYTES = 71_300
GZIP_BYTES = 11_400


def test_fifty_rows_stay_light(max_: Client) -> None:
    answer = max_.get("/contacts/")
    assert len(Page(answer).all("input", name="ids")) == 50
    assert len(answer.content) < HTML_BYTES
    assert len(gzip.compress(answer.content, 6)) < GZIP_BYTES


def test_a_box_in_each_row_for_who_may_act_on_many(max_: Client, vera: Client) -> None:
    page = Page(max_.get("/contacts/"))
    box = page.one("input", type="checkbox", value="7778", name="ids")
    assert box["form"] == "selection"
    assert box["aria-label"] == "Choose Marty McFly"
    assert len(page.all("input", name="ids")) == 50
    assert page.one("input", aria_label="Choose all on this page")
    assert not Page(vera.get("/contacts/")).all("input", name="ids")


def test_a_row_and_the_answer_that_replaces_it_are_the_same_html(max_: Client) -> None:
    page = Page(max_.get("/contacts/"))
    ticket = page.switch("Do not text Marty McFly")["value"]
    answer = max_.get(
        "/contacts/7778/do-not-text/",
        {"ticket": ticket, "view": "row"},
        headers={"HX-Request": "true"},
    )
    switch = re.search(r'<button class="switch".*?</button>', answer.text, re.S)
    assert switch
    assert switch[0] in page.html


def test_what_no_template_was_given_is_an_error_and_no_empty_page() -> None:
    with pytest.raises(Exception, match="undefined"):
        engines["jinja"].from_string("{{ not_given }}").render({})


def test_tickets_are_short_and_still_ours() -> None:
    ticket = issue_ticket(Seen.of(Contact(contact_id=1, first_name="Ann"), timezone.now()))
    body, signature = ticket.rsplit(":", 1)
    assert len(signature) == 16
    assert read_ticket(ticket)
    assert read_ticket(f"{body}x:{signature}") is None
    assert read_ticket(f"{body}:{signature[:-1]}") is None
