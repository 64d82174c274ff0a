"""Each event says who, from which address, and in which request; nothing that was searched for, and no whole number."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from contacts_ui import client_address, request_id
from contacts_ui.middleware import refusals
from contacts_ui.models import LedgerEntry, SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from contacts_ui.models.ledger import Action
from contacts_ui.services import index
from contacts_ui.services.exports.contacts import export
from contacts_ui.services.security import OLD_PAGE, WHAT
from contacts_ui.sign_in import confirmation
from contacts_ui.views.security_words import VERBS
from tests.furnished import PEOPLE, furnish
from tests.jobs import fill_index, prepare
from tests.people import MARTY, MARTY_NUMBER, logged_in

pytestmark = pytest.mark.django_db
ADDRESS = "198.51.100.7"
SEARCH = "Secret Search"


def recorded(kind: Kind) -> list[SecurityEvent]:
    return list(SecurityEvent.objects.filter(kind=kind).order_by("pk"))


def read(response: Any) -> Any:
    if getattr(response, "streaming", False):
        b"".join(response.streaming_content)
    return response


EXPORTS: dict[str, tuple[Callable[[User], str], dict[str, str], dict[str, Any]]] = {
    "contacts": (
        lambda _: f"/contacts/export/?q={SEARCH}",
        {"why": "For the letter", "format": "csv"},
        {"what": "contacts", "rows": 0, "why": "For the letter", "outcome": "complete"},
    ),
    "list": (
        lambda manager: str(
            logged_in(manager).post("/jobs/new/", {"kind": "export", "numbers": MARTY_NUMBER})["Location"]
        ),
        {"why": "For the letter", "format": "csv"},
        {"what": "list", "rows": 1, "why": "For the letter", "outcome": "complete"},
    ),
    "opt-outs": (
        lambda _: "/opt-outs/export/?q=6155553338", {"format": "csv"}, {"what": "opt-outs", "rows": 1},
    ),
    "job results": (
        lambda manager: f"/jobs/{prepare(manager, [MARTY_NUMBER]).pk}/results/",
        {},
        {"what": "job results", "rows": 1, "job": ...},
    ),
    "evidence": (
        lambda _: reverse("evidence", args=[MARTY_NUMBER]),
        {},
        {"what": "evidence", "rows": ..., "number": "+1*******338"},
    ),
}  # fmt: skip


def test_every_export_is_in_the_table() -> None:
    assert set(EXPORTS) == set(WHAT)


@pytest.mark.parametrize("what", EXPORTS)
def test_an_export(what: str, max_: Client, agent: User, manager: User) -> None:
    furnish(agent, manager)
    address, form, expected = EXPORTS[what]
    url = address(manager)
    SecurityEvent.objects.all().delete()
    ask = max_.get if what == "evidence" else max_.post
    response = read(ask(url, form, REMOTE_ADDR=ADDRESS))
    assert response.status_code == 200
    (event,) = recorded(Kind.EXPORTED)
    assert (event.account_id, event.name, event.address) == (manager.pk, "max", ADDRESS)
    assert event.request_id == response["X-Request-ID"]
    details = dict(event.details)
    for name, value in expected.items():
        found = details.pop(name)
        assert value in (..., found)
    assert details == {}
    stored = json.dumps(event.details)
    assert SEARCH not in stored
    assert MARTY_NUMBER[2:] not in stored


def test_an_export_that_breaks_off_says_so(manager: User, rf: RequestFactory) -> None:
    """Also then with the address and the id of the request, which is over when the browser hangs up."""
    fill_index(*PEOPLE)
    request = rf.get("/", REMOTE_ADDR=ADDRESS)
    with client_address.client_address(request), request_id.request_id() as own_id:
        made = export(staff=manager, question=index.IndexQuery(), columns=[], why="Audit")
    next(made.chunks)
    made.chunks.close()  # type: ignore[attr-defined]
    (event,) = recorded(Kind.EXPORTED)
    assert event.details["outcome"] == "broken off"
    assert (event.address, event.request_id) == (ADDRESS, own_id)
    assert LedgerEntry.objects.get(action=Action.CONTACTS_EXPORT_ENDED).request_id == own_id


REFUSED = {
    # Who, method, address, what htmx sends: the permission that was missing.
    "page": ("vera", "get", "/opt-outs/?q=6155553338", "review_opt_outs"),
    "export": ("ada", "post", "/contacts/export/?q=Secret", "export_contacts"),
    "stop": ("vera", "post", f"/contacts/{MARTY}/do-not-text/", "stop_texts"),
    "security": ("max_", "get", "/audit/security/", "view_security_events"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal(case: str, request: pytest.FixtureRequest) -> None:
    who, method, address, permission = REFUSED[case]
    browser = request.getfixturevalue(who)
    response = getattr(browser, method)(address, REMOTE_ADDR=ADDRESS)
    assert response.status_code == 403
    (event,) = recorded(Kind.REFUSED)
    assert event.name == who.strip("_")
    assert (event.address, event.request_id) == (ADDRESS, response["X-Request-ID"])
    assert event.details["permission"] == permission
    assert "6155553338" not in json.dumps(event.details)
    assert "Secret" not in json.dumps(event.details)


def test_a_page_that_polls_is_refused_once_a_minute(vera: Client, edgar: Client) -> None:
    with time_machine.travel("2026-03-18T15:00:00Z", tick=False) as clock:
        for _ in range(3):
            vera.get("/opt-outs/", headers={"HX-Request": "true"})
        assert len(recorded(Kind.REFUSED)) == 1
        vera.get("/status/")
        edgar.get("/opt-outs/")
        assert len(recorded(Kind.REFUSED)) == 3
        clock.shift(timedelta(seconds=61))
        # Redis counts by a clock of its own.
        cache.clear()
        vera.get("/opt-outs/")
        assert len(recorded(Kind.REFUSED)) == 4


def test_a_press_without_a_token(vendors: object, agent: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(agent)
    response = browser.post("/stop-a-number/", {"number": MARTY_NUMBER}, REMOTE_ADDR=ADDRESS)
    assert response.status_code == 403
    (event,) = recorded(Kind.REFUSED)
    assert (event.account_id, event.address) == (agent.pk, ADDRESS)
    assert event.details == {"permission": OLD_PAGE, "page": "stop-number", "method": "POST"}


@pytest.mark.parametrize(("minutes", "many"), [(1.0, 1), (float("inf"), 0)])
def test_asking_to_confirm_is_no_refusal(
    minutes: float, many: int, agent: User, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirmation, "minutes_since_confirmation", lambda _: minutes)
    view = confirmation.confirmed_recently(lambda _: HttpResponse(status=403))
    request = rf.post("/", headers={"HX-Request": "true"})
    request.user, request.resolver_match, request.htmx = agent, None, True
    monkeypatch.setattr(confirmation, "page_of", lambda _: "/")
    assert refusals(view)(request).status_code == 403
    assert len(recorded(Kind.REFUSED)) == many


def test_the_docs_and_the_page_know_every_kind() -> None:
    docs = (Path(__file__).parents[3] / "docs/reference.md").read_text()
    _, _, section = docs.partition("## Security events\n")
    lines = section.partition("\n## ")[0].splitlines()
    table = [
        [cell.strip(" `") for cell in line.split("|")[1:4]]
        for line in lines
        if line.startswith("| `")
    ]
    assert [tuple(row[:2]) for row in table] == [(kind.value, kind.label) for kind in Kind]
    assert all(row[2] for row in table)
    assert set(VERBS) == set(Kind)
