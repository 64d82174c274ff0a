"""What each page costs: vendor calls and SQL statements, at most, so that nothing grows unseen.

Transaction statements are left out of the count, since they differ between SQLite and PostgreSQL and between a test
and production. SlickText sends no rate-limit headers here: with them, one call in five seconds writes them down.
The vendor's health is written as seldom, and not here either.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.test import Client
from django.utils import timezone

from contacts_ui.models import Disagreement, IncomingMessage, Vendor
from contacts_ui.models.messages import MessageState
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.operations import system_state
from contacts_ui.services.vendors import forget_connections

from .consent import evidence_form
from .pages import Page
from .people import DOC_NUMBER, MARTY, MARTY_NUMBER, SetDesiredState, Vendors
from .views.index_people import index_people, ready

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("deliver_in_this_thread")]
# Not counted: what begins and ends, and the lock that PostgreSQL needs where SQLite has one writer.
TRANSACTION = (
    *("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"), "SELECT pg_advisory_xact_lock",
)  # fmt: skip


Costs = Callable[[list[str], int], AbstractContextManager[list[str]]]


@pytest.fixture
def costs(vendors: Vendors) -> Costs:
    """Bound what the code inside costs: these calls of vendors, in order, and so many statements in this thread."""

    @contextmanager
    def bound(calls: list[str], most: int) -> Iterator[list[str]]:
        made: list[str] = []

        def note(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
            made.extend([] if sql.startswith(TRANSACTION) else [sql])
            return execute(sql, *args)

        vendors.forget_calls()
        with connection.execute_wrapper(note):
            yield made
        assert vendors.asked() == calls
        assert len(made) <= most, "\n".join(["", *(sql[:160] for sql in made)])

    return bound


@pytest.fixture(autouse=True)
def _health_is_not_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """One statement in five seconds, tested in tests/services/vendors/test_health.py."""
    monkeypatch.setattr(
        "contacts_ui.services.vendors.health.HealthMonitor.record", lambda *args: None
    )


@pytest.fixture(autouse=True)
def _what_the_index_knows_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """That something was read again is written down once in ten seconds, tested in tests/services/index."""
    monkeypatch.setattr("contacts_ui.services.index.storing.FRESH", timedelta(minutes=10))


@pytest.fixture(autouse=True)
def _five_seconds_are_never_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked or written once in five seconds must not fall into a slow machine's second page.

    With Redis the test processes share one cache, which another test may empty: so this one has its own.
    """
    monkeypatch.setattr(
        "contacts_ui.services.operations.system_state.cache", LocMemCache(uuid4().hex, {})
    )
    monkeypatch.setattr("contacts_ui.services.operations.system_state.CACHE_SECONDS", 600)
    monkeypatch.setattr("contacts_ui.services.vendors.rate_limit.REPORT_EVERY_SECONDS", 600)


@pytest.fixture
def warm(max_: Client, vendors: Vendors) -> Client:
    """The manager's browser after a first page: the ledger's and the budget's first rows are there.

    The index also knows everyone.
    """
    for address in ("/contacts/?size=250", "/contacts/"):
        max_.get(address)
    max_.post(f"/contacts/{MARTY + 1}/edit/", edit_form(max_, MARTY + 1, city="Warmington"))
    return max_


def edit_form(client: Client, contact_id: int = MARTY, **changes: str) -> dict[str, Any]:
    return Page(client.get(f"/contacts/{contact_id}/edit/")).form(**changes)


GET, PUT, POST, DELETE = (f"slicktext {method}" for method in ("GET", "PUT", "POST", "DELETE"))
CCAI = "cloudcontactai PUT"
# Address: calls in their order, and statements at most. A manager's session, menu, and banner take five.
GETS: dict[str, tuple[list[str], int]] = {
    "/contacts/": ([GET], 17),
    "/contacts/?size=250": ([GET], 17),
    "/contacts/?q=615-555-3338": ([GET], 17),
    "/contacts/?q=7778": ([GET], 17),
    "/contacts/?q=marty@slicktext.com": ([GET], 17),
    "/contacts/?q=marty+mcfly": ([GET], 17),
    "/contacts/?q=marty": ([GET, GET], 19),
    "/contacts/?q=zzz": ([GET] * 4, 16),
    "/contacts/?number=nonsense": ([], 8),
    f"/contacts/{MARTY}/": ([GET], 14),
    f"/contacts/{MARTY}/history/": ([], 6),
    f"/contacts/{MARTY}/edit/": ([GET], 12),
    f"/contacts/{MARTY}/delete/": ([GET], 13),
    f"/contacts/{MARTY}/opt-in/": ([GET], 17),
    f"/contacts/{MARTY}/do-not-text/": ([GET], 14),
    "/contacts/new/": ([], 5),
    "/possible-opt-outs/": ([], 8),
    "/overview/": ([], 8),
    "/home/": ([], 7),
    "/status/": ([GET], 29),
}


@pytest.mark.parametrize("address", GETS)
def test_looking(address: str, warm: Client, costs: Costs) -> None:
    with costs(*GETS[address]):
        assert warm.get(address).status_code == 200


def test_banners_menu_and_tabs_share_one_system_state(
    warm: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    known = system_state.cache.get

    def count(key: str) -> Any:
        read.append(key)
        return known(key)

    monkeypatch.setattr(system_state.cache, "get", count)
    for pages in (1, 2):
        warm.get("/contacts/")
        assert read == [system_state.CACHE_KEY] * pages


@pytest.mark.parametrize("address", ["/healthz", "/accounts/login/"])
def test_looking_without_a_session(address: str, client: Client, costs: Costs) -> None:
    with costs([], 0):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/contacts/", 12),
        ("/contacts/?may=no", 12),
        # The answers of those found are counted for the tabs.
        ("/contacts/?q=oneil", 16),
        ("/contacts/?q=oneil&may=no", 16),
        ("/contacts/?sort=-name", 12),
    ],
)
def test_the_table_from_the_index_asks_no_one(
    address: str, most: int, warm: Client, costs: Costs
) -> None:
    index_people(10)
    warm.get(address)
    # There a sample says first whether a search finds many: as typed, and with slips forgiven.
    samples = 2 if "q=" in address and connection.vendor == "postgresql" else 0
    with costs([], most + samples):
        warm.get(address)


def test_many_messages(warm: Client, costs: Costs) -> None:
    """However many wait and were decided: their people in one look at the index, and their verdicts in two queries."""
    index_people(10)
    now = timezone.now()
    IncomingMessage.objects.bulk_create(
        IncomingMessage(
            vendor=Vendor.SLICKTEXT,
            key=str(n),
            number=f"+1615555{7000 + n:04d}",
            words="no more",
            heard_at=now,
            due_at=now,
            state=MessageState.WAITING if n % 2 else MessageState.STOPPED,
            decided_at=None if n % 2 else now,
        )
        for n in range(120)
    )
    warm.get("/possible-opt-outs/")
    with costs([], 13):
        page = Page(warm.get("/possible-opt-outs/"))
    assert len(page.all("article")) == 50


def test_much_that_waits(warm: Client, costs: Costs) -> None:
    """However much waits, the overview reads the first few of each kind."""
    now = timezone.now()
    numbers = [f"+1615555{7000 + n:04d}" for n in range(60)]
    index_people(60)
    heard = {"vendor": Vendor.SLICKTEXT, "heard_at": now, "due_at": now}
    IncomingMessage.objects.bulk_create(
        IncomingMessage(key=number, number=number, words="no more", **heard) for number in numbers
    )
    Disagreement.objects.bulk_create(
        Disagreement(number=number, kind="reappeared", found_at=now) for number in numbers
    )
    warm.get("/overview/")
    with costs([], 18):
        page = Page(warm.get("/overview/"))
    assert len(page.all("p", class_="inbox-who")) == 6


def test_looking_at_an_old_page(warm: Client, vendors: Vendors, costs: Costs) -> None:
    """A vendor that is down is tried three times, and no more."""
    vendors.fault("slicktext", "down")
    with costs([GET] * 3, 16):
        warm.get("/contacts/")


@pytest.mark.parametrize(
    ("changes", "status", "calls", "most"),
    [
        ({"city": "Nashville"}, 302, [GET, PUT], 19),
        ({}, 302, [GET], 10),
        ({"mobile_number": "12"}, 422, [], 8),
    ],
    ids=["a field", "nothing", "a mistake"],
)
def test_editing(
    changes: dict[str, str], status: int, calls: list[str], most: int, warm: Client, costs: Costs
) -> None:
    form = edit_form(warm, **changes)
    with costs(calls, most):
        assert warm.post(f"/contacts/{MARTY}/edit/", form).status_code == status


def test_creating(warm: Client, costs: Costs) -> None:
    with costs([GET, POST], 19):
        assert warm.post("/contacts/new/", {"mobile_number": DOC_NUMBER}).status_code == 302


def test_deleting(warm: Client, costs: Costs) -> None:
    with costs([GET, DELETE], 16):
        url = f"/contacts/{MARTY}/delete/"
        assert warm.post(url, {"number": MARTY_NUMBER}).status_code == 302


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_stopping(headers: dict[str, str], warm: Client, costs: Costs) -> None:
    """No vendor is asked who this is: the click brings what the page had shown."""
    page = Page(warm.get("/contacts/"))
    address, form = page.press(page.switch("Do not text Marty McFly"))
    with costs([PUT, CCAI], 75):
        assert warm.post(address, form, headers=headers).status_code in (200, 302)


def test_counting_again_after_a_press(warm: Client, costs: Costs, settings: Any) -> None:
    """The tabs of the table cost no vendor, and two looks: is the index ready, and its kept counts."""
    settings.UNDO_SECONDS = 60
    ready()
    page = Page(warm.get("/contacts/"))
    address, form = page.press(page.switch("Do not text Marty McFly"))
    headers = {"HX-Request": "true"}
    answer = Page(warm.post(address, form, headers=headers))
    poll = answer.elements[0]["hx-get"]
    with costs([], 6) as elsewhere:
        warm.get(poll, headers=headers)
    headers["HX-Current-URL"] = "http://testserver/contacts/"
    with costs([], len(elsewhere) + 2):
        warm.get(poll, headers=headers)


def test_asking_how_a_stop_stands(warm: Client, vendors: Vendors, costs: Costs) -> None:
    page = Page(warm.get("/contacts/"))
    address, form = page.press(page.switch("Do not text Marty McFly"))
    vendors.fault("slicktext", "down")
    answer = Page(warm.post(address, form, headers={"HX-Request": "true"}))
    with costs([], 6):
        warm.get(answer.elements[0]["hx-get"], headers={"HX-Request": "true"})


def test_consent(warm: Client, costs: Costs) -> None:
    # The record is kept beside the contacts of the number, too: a look after each change, and a write if it differs.
    with costs([GET, PUT, CCAI], 87):
        url = f"/contacts/{MARTY}/opt-in/"
        assert warm.post(url, evidence_form()).status_code == 302


def test_choosing_columns(warm: Client, costs: Costs) -> None:
    with costs([], 5):
        warm.post("/contacts/columns/", {"columns": ["zip"]})


@pytest.mark.parametrize(
    ("vendor", "calls", "most"),
    [(Vendor.SLICKTEXT, [PUT], 25), (Vendor.CLOUDCONTACTAI, [CCAI], 15)],
)
def test_delivering(
    vendor: Vendor,
    calls: list[str],
    most: int,
    set_desired_state: SetDesiredState,
    warm: Client,
    costs: Costs,
) -> None:
    desired = set_desired_state(vendor)
    with costs(calls, most):
        deliver(desired.pk)


def test_what_the_headers_say_is_written_down_once(
    warm: Client, vendors: Vendors, costs: Costs
) -> None:
    vendors.switch(rate_limit=True)
    forget_connections()
    with costs([GET], 20) as first:
        warm.get("/contacts/")
    with costs([GET], 18) as second:
        warm.get("/contacts/")
    assert len(first) == len(second) + 2
