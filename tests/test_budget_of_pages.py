"""What each page costs: vendor calls and SQL statements, exactly, so that nothing grows unseen.

Transaction statements are left out of the count, since they differ between SQLite and PostgreSQL and between a test
and production. SlickText sends no rate-limit headers here: with them, one call in five seconds writes them down.
The vendor's health is written as seldom, and not here either.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.test import Client
from django.utils import timezone

from contacts_ui.models import IncomingMessage, Vendor
from contacts_ui.models.messages import MessageState
from contacts_ui.services.consent import doors, opt_in
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.vendors import forget_connections

from .pages import Page
from .people import DOC_NUMBER, MARTY, MARTY_NUMBER, SetDesiredState, Vendors
from .views.index_people import ready, store_people

pytestmark = pytest.mark.django_db
TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@dataclass
class Cost:
    calls: list[str]
    queries: list[str]


@contextmanager
def counted(vendors: Vendors) -> Iterator[Cost]:
    """What the code inside asks the vendors, in order, and the database, in this thread."""
    cost = Cost([], [])

    def note(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if not sql.startswith(TRANSACTION):
            cost.queries.append(sql)
        return execute(sql, *args)

    vendors.forget_calls()
    with connection.execute_wrapper(note):
        yield cost
    cost.calls = vendors.asked()


@pytest.fixture(autouse=True)
def _deliver_in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the deliveries of a click are counted too; that they run at once is tested elsewhere."""
    for module in (doors, opt_in):
        monkeypatch.setattr(module, "deliver_now", lambda keys: [deliver(key) for key in keys])


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


# session, user, permissions
PERSON = 3
# A manager's menu says how many lift requests wait, and how many of their own were decided; a banner may be needed.
NAV = 3
# Whether what was read is news for the record: who is stopped by it, what was told, and what waits to be recorded.
NEWS = 4
# What any process last wrote down about SlickText.
HEALTH = 1
# A verdict: what was told, and what the record comes to.
VERDICT = 2
# How the index stands, and the saved views above the table.
LIST = 2
# The call budget's row: read, written. A new row costs two more, so it is there before we count.
CALL = 2
# The index compares what was read with what it knows, and writes who changed: the row, a look for words that are new,
# the names of custom fields, and those words. Forgetting somebody is two statements.
LEARN, CHANGED, NEW_WORDS, FORGOTTEN = 1, 3, 1, 2
# Whoever is stopped by now: does an older row of the index hold their number?
DOUBT = 1
GET, PUT, POST, DELETE = (f"slicktext {method}" for method in ("GET", "PUT", "POST", "DELETE"))
CCAI = "cloudcontactai PUT"


@pytest.fixture
def warm(max_: Client, vendors: Vendors) -> Client:
    """The manager's browser after a first page: the ledger's and the budget's first rows are there.

    The index knows everybody, too.
    """
    for address in ("/contacts/?size=250", "/contacts/"):
        max_.get(address)
    max_.post(f"/contacts/{MARTY + 1}/edit/", edit_form(max_, MARTY + 1, city="Warmington"))
    return max_


def edit_form(client: Client, contact_id: int = MARTY, **changes: str) -> dict[str, Any]:
    return Page(client.get(f"/contacts/{contact_id}/edit/")).form(**changes)


def evidence(**more: str) -> dict[str, str]:
    at = timezone.localtime() - timedelta(hours=1)
    return {
        "consent_who": "Marty McFly",
        "consent_channel": "phone",
        "consent_at": at.strftime("%Y-%m-%dT%H:%M"),
        "consent_words": "Yes",
        **more,
    }


GETS = {
    # address: calls, queries
    "/contacts/": ([GET], PERSON + LIST + CALL + LEARN + NEWS + VERDICT + 1),
    "/contacts/?size=250": ([GET], PERSON + LIST + CALL + LEARN + NEWS + VERDICT + 1),
    "/contacts/?q=615-555-3338": ([GET], PERSON + LIST + CALL + LEARN + NEWS + VERDICT + 1),
    "/contacts/?q=7778": ([GET], PERSON + LIST + CALL + LEARN + NEWS + VERDICT + 1),
    "/contacts/?q=marty@slicktext.com": ([GET], PERSON + LIST + CALL + LEARN + NEWS + VERDICT + 1),
    "/contacts/?q=marty+mcfly": ([GET], PERSON + LIST + CALL + LEARN + NEWS + VERDICT + 1),
    "/contacts/?q=marty": ([GET, GET], PERSON + LIST + 2 * CALL + LEARN + NEWS + VERDICT + 1),
    "/contacts/?q=zzz": ([GET] * 4, PERSON + LIST + 4 * CALL + 1),
    "/contacts/?number=nonsense": ([], PERSON + LIST + 1),
    f"/contacts/{MARTY}/": ([GET], PERSON + CALL + LEARN + NEWS + VERDICT),
    f"/contacts/{MARTY}/history/": ([], PERSON + 1),
    f"/contacts/{MARTY}/edit/": ([GET], PERSON + CALL + LEARN + NEWS),
    f"/contacts/{MARTY}/delete/": ([GET], PERSON + CALL + LEARN + NEWS + 1),
    f"/contacts/{MARTY}/opt-in/": ([GET], PERSON + CALL + LEARN + NEWS + VERDICT + 2 + HEALTH),
    f"/contacts/{MARTY}/do-not-text/": ([GET], PERSON + CALL + LEARN + NEWS + VERDICT),
    "/contacts/new/": ([], PERSON),
    # Who waits and how many, and what was decided; see also `test_many_messages`.
    "/possible-opt-outs/": ([], PERSON + 3),
    # Four about each vendor, six about what waits, works and is written down, two about the index, three about what the
    # accounts offer, three about stops told again.
    "/status/": ([GET], PERSON + CALL + 2 * 4 + 6 + 2 + 3 + 3),
}


def show(cost: Cost) -> str:
    return "\n".join(["", *cost.calls, *(sql[:160] for sql in cost.queries)])


@pytest.mark.parametrize("address", GETS)
def test_looking(address: str, warm: Client, vendors: Vendors) -> None:
    with counted(vendors) as cost:
        assert warm.get(address).status_code == 200
    calls, queries = GETS[address]
    assert cost.calls == calls
    assert len(cost.queries) <= queries + NAV, show(cost)


@pytest.mark.parametrize("address", ["/healthz", "/accounts/login/"])
def test_looking_without_a_session(address: str, client: Client, vendors: Vendors) -> None:
    with counted(vendors) as cost:
        assert client.get(address).status_code == 200
    assert cost.calls == cost.queries == []


@pytest.mark.parametrize(
    ("address", "queries"),
    [("/contacts/", 3), ("/contacts/?q=oneil", 5), ("/contacts/?sort=-name", 3)],
)
def test_the_table_from_the_index_asks_no_one(
    address: str, queries: int, warm: Client, vendors: Vendors
) -> None:
    store_people(10)
    ready()
    warm.get(address)
    with counted(vendors) as cost:
        warm.get(address)
    assert cost.calls == []
    # There a sample says first whether a search finds many: as typed, and with slips forgiven.
    samples = 2 if "q=" in address and connection.vendor == "postgresql" else 0
    assert len(cost.queries) <= PERSON + LIST + NAV + 2 + queries + samples, show(cost)


def test_many_messages(warm: Client, vendors: Vendors) -> None:
    """However many wait and were decided: their people in one look at the index, and their verdicts in two queries."""
    store_people(10)
    ready()
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
    with counted(vendors) as cost:
        page = Page(warm.get("/possible-opt-outs/"))
    assert len(page.all("article")) == 50
    assert cost.calls == []
    assert len(cost.queries) <= PERSON + NAV + 3 + 2 + VERDICT, show(cost)


def test_looking_at_an_old_page(warm: Client, vendors: Vendors) -> None:
    """A vendor that is down is tried three times, and no more."""
    vendors.fault("slicktext", "down")
    with counted(vendors) as cost:
        warm.get("/contacts/")
    assert cost.calls == [GET] * 3
    assert len(cost.queries) <= PERSON + LIST + 3 * CALL + 2 + NAV, show(cost)


# One entry: the head locked, the entry written, the head moved.
ENTRY = 3
# A lease: looked for, read, taken. The answer: the turn taken, the row locked, an entry, the row written.
DELIVERY = 3 + 1 + 1 + ENTRY + 1
# SlickText answers with the whole contact.
SLICKTEXT_DELIVERY = DELIVERY + CALL + LEARN + CHANGED + NEW_WORDS


def test_editing(warm: Client, vendors: Vendors) -> None:
    form = edit_form(warm, city="Nashville")
    with counted(vendors) as cost:
        assert warm.post(f"/contacts/{MARTY}/edit/", form).status_code == 302
    assert cost.calls == [GET, PUT]
    assert len(cost.queries) <= (PERSON + 2 * CALL + ENTRY + LEARN + NEWS + CHANGED + NEW_WORDS), (
        show(cost)
    )


def test_editing_nothing(warm: Client, vendors: Vendors) -> None:
    form = edit_form(warm)
    with counted(vendors) as cost:
        assert warm.post(f"/contacts/{MARTY}/edit/", form).status_code == 302
    assert cost.calls == [GET]
    assert len(cost.queries) <= PERSON + CALL + LEARN + NEWS, show(cost)


def test_editing_with_a_mistake(warm: Client, vendors: Vendors) -> None:
    form = edit_form(warm, mobile_number="12")
    with counted(vendors) as cost:
        assert warm.post(f"/contacts/{MARTY}/edit/", form).status_code == 422
    assert cost.calls == []
    # Whether the number that stood there is stopped.
    assert len(cost.queries) <= PERSON + NAV + 2, show(cost)


def test_creating(warm: Client, vendors: Vendors) -> None:
    with counted(vendors) as cost:
        assert warm.post("/contacts/new/", {"mobile_number": DOC_NUMBER}).status_code == 302
    assert cost.calls == [GET, POST]
    # A number alone has no words.
    assert len(cost.queries) <= (PERSON + 2 * CALL + 1 + ENTRY + LEARN + NEWS + CHANGED - 1), show(
        cost
    )


def test_deleting(warm: Client, vendors: Vendors) -> None:
    with counted(vendors) as cost:
        url = f"/contacts/{MARTY}/delete/"
        assert warm.post(url, {"number": MARTY_NUMBER}).status_code == 302
    assert cost.calls == [GET, DELETE]
    # The number's stop, or a press that is held, is recorded before.
    assert len(cost.queries) <= PERSON + 2 * CALL + ENTRY + NEWS + FORGOTTEN, show(cost)


# Both vendors' desired states: looked for, made, written.
DESIRED_STATES = 2 * 3
# CloudContactAI's budget is only looked at.
CCAI_DELIVERY = DELIVERY + 1
BOTH_DELIVERIES = SLICKTEXT_DELIVERY + CCAI_DELIVERY
# The opt-out for review is looked for and made with the stop, kept in step with each answer, and ended by a lift.
OPT_OUT_MADE, OPT_OUT_KEPT, OPT_OUT_ENDED = 2, 2, 1
# Whether something was said since the form was opened, and whether the evidence is newer.
SINCE = 4
# Whether a lift request waits that this desired state overtakes; and for the answer, what the reader's request came to.
OVERTAKEN, ASKED = 1, 1
# The statement, and what the record comes to: with it, with what is wanted, and with each answer.
HELD, STATEMENT, STRONGEST, KEPT = 4, 5, 5, 4
RECORD = HELD + STATEMENT + STRONGEST + 3 * KEPT


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_stopping(headers: dict[str, str], warm: Client, vendors: Vendors) -> None:
    """No vendor is asked who this is: the click brings what the page had shown."""
    page = Page(warm.get("/contacts/"))
    address, form = page.press(page.switch("Do not text Marty McFly"))
    with counted(vendors) as cost:
        assert warm.post(address, form, headers=headers).status_code in (200, 302)
    assert cost.calls == [PUT, CCAI]
    written = ENTRY + OPT_OUT_MADE + OVERTAKEN + DESIRED_STATES
    shown = VERDICT + ASKED if headers else VERDICT
    assert len(cost.queries) <= (
        PERSON + written + RECORD + BOTH_DELIVERIES + DOUBT + 2 * OPT_OUT_KEPT + shown
    ), show(cost)


def test_asking_how_a_stop_stands(warm: Client, vendors: Vendors) -> None:
    vendors.fault("slicktext", "down")
    page = Page(warm.get(f"/contacts/{MARTY + 1}/edit/"))
    vendors.clear_faults()
    page = Page(warm.get("/contacts/"))
    address, form = page.press(page.switch("Do not text Marty McFly"))
    vendors.fault("slicktext", "down")
    answer = Page(warm.post(address, form, headers={"HX-Request": "true"}))
    with counted(vendors) as cost:
        warm.get(answer.elements[0]["hx-get"], headers={"HX-Request": "true"})
    assert cost.calls == []
    assert len(cost.queries) <= PERSON + VERDICT + ASKED, show(cost)


def test_consent(warm: Client, vendors: Vendors) -> None:
    with counted(vendors) as cost:
        url = f"/contacts/{MARTY}/opt-in/"
        assert warm.post(url, evidence(status="subscribed")).status_code == 302
    assert cost.calls == [GET, PUT, CCAI]
    assert len(cost.queries) <= (
        PERSON
        + CALL
        + LEARN
        + NEWS
        + ENTRY
        + OPT_OUT_ENDED
        + OVERTAKEN
        + DESIRED_STATES
        + RECORD
        + BOTH_DELIVERIES
        + VERDICT
        + SINCE
        + HEALTH
    ), show(cost)


def test_choosing_columns(warm: Client, vendors: Vendors) -> None:
    with counted(vendors) as cost:
        warm.post("/contacts/columns/", {"columns": ["zip"]})
    assert cost.calls == []
    assert len(cost.queries) <= PERSON + 2, show(cost)


@pytest.mark.parametrize(
    ("vendor", "calls", "queries"),
    [
        # There is no opt-out to keep in step here: it is only looked for.
        (Vendor.SLICKTEXT, [PUT], SLICKTEXT_DELIVERY + KEPT + DOUBT + 1),
        (Vendor.CLOUDCONTACTAI, [CCAI], CCAI_DELIVERY + KEPT + 1),
    ],
)
def test_delivering(
    vendor: Vendor,
    calls: list[str],
    queries: int,
    set_desired_state: SetDesiredState,
    warm: Client,
    vendors: Vendors,
) -> None:
    desired = set_desired_state(vendor)
    with counted(vendors) as cost:
        deliver(desired.pk)
    assert cost.calls == calls
    assert len(cost.queries) <= queries, show(cost)


def test_what_the_headers_say_is_written_down_once(warm: Client, vendors: Vendors) -> None:
    vendors.switch(rate_limit=True)
    forget_connections()
    with counted(vendors) as first:
        warm.get("/contacts/")
    with counted(vendors) as second:
        warm.get("/contacts/")
    bound = PERSON + LIST + CALL + LEARN + NEWS + VERDICT + 1 + NAV
    assert len(second.queries) <= bound, show(second)
    assert len(first.queries) == len(second.queries) + 2, show(first)
