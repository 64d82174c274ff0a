"""What passes through anyway is learned: at once, cheaply, the newer over the older, and never at anybody's expense."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import (
    IndexedContact,
    IndexGone,
    IndexSlip,
    IndexWalk,
    Vendor,
    WebhookEvent,
    Wish,
)
from contacts_ui.services import index, sweep, webhooks
from contacts_ui.services.consent import doors
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.index import learning
from tests.pages import Page
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, MakeWish, Vendors

pytestmark = pytest.mark.django_db
T = timezone.now()
LATER = T + timedelta(minutes=1)
SOMEBODY = Contact(
    contact_id=1,
    first_name="Zoë",
    last_name="O'Brien",
    mobile_number="+16155550123",
    city="Austin",
    opt_in_status="subscribed",
    custom_fields={"tier": "gold", "since": [2015, None]},
    created=T - timedelta(days=9),
)


def row(contact_id: int = 1) -> IndexedContact:
    return IndexedContact.objects.get(pk=contact_id)


def test_everything_is_kept() -> None:
    index.learn([SOMEBODY], T)
    kept = row()
    assert (kept.first_name, kept.number, kept.status) == ("Zoë", "+16155550123", "subscribed")
    assert kept.custom_fields == {"tier": "gold", "since": [2015, None]}
    assert (kept.name_key, kept.created, kept.read_at) == ("obrien zoe", SOMEBODY.created, T)


@pytest.mark.parametrize(
    "changes",
    [{"city": "Boston"}, {"opt_in_status": "blocked"}, {"custom_fields": {}}, {"created": None}],
)
def test_the_newer_reading_wins_in_whatever_order(changes: dict[str, Any]) -> None:
    newer = replace(SOMEBODY, **changes)
    index.learn([SOMEBODY], T)
    index.learn([newer], LATER)
    first = IndexedContact.objects.values().get()
    index.learn([SOMEBODY], T)
    assert IndexedContact.objects.values().get() == first
    IndexedContact.objects.all().delete()
    index.learn([newer], LATER)
    index.learn([SOMEBODY], T)
    assert IndexedContact.objects.values().get() == first


def test_the_database_decides_who_is_newer() -> None:
    """Another process wrote between our look and our write."""
    index.learn([replace(SOMEBODY, city="Boston")], LATER)
    learning._write([SOMEBODY], {SOMEBODY.contact_id: 1}, T)
    assert (row().city, row().read_at) == ("Boston", LATER)


def statements(do: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        do()
    verbs = [each["sql"].lstrip("(").split(" ", 1)[0] for each in queries]
    return [verb for verb in verbs if verb in ("SELECT", "INSERT", "UPDATE", "DELETE")]


def test_what_it_costs() -> None:
    people = [replace(SOMEBODY, contact_id=each) for each in range(1, 51)]
    index.learn(people, T)
    soon = T + timedelta(seconds=5)
    assert statements(lambda: index.learn(people, soon)) == ["SELECT"], "read a moment ago"
    assert row().read_at == T
    assert statements(lambda: index.learn(people, LATER)) == ["SELECT", "UPDATE"]
    assert row().read_at == LATER
    people[0] = replace(people[0], city="Boston")
    soon = LATER + timedelta(seconds=5)
    assert statements(lambda: index.learn(people, soon))[0] == "SELECT"
    assert (row(1).city, row(1).read_at, row(2).read_at) == ("Boston", soon, LATER)
    assert statements(lambda: index.learn([], LATER)) == []


def test_many_are_learned_in_short_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(
        learning, "_write", lambda changed, digests, read_at: sizes.append(len(changed))
    )
    pauses: list[int] = []
    people = [replace(SOMEBODY, contact_id=each) for each in range(1, 701)]
    learning.keep(people, T, between=lambda: pauses.append(1))
    assert sizes == [250, 250, 200]
    assert len(pauses) == 3


def test_who_does_not_fit_keeps_nobody_out() -> None:
    index.learn(
        [
            replace(SOMEBODY, contact_id=2**63),
            replace(SOMEBODY, contact_id=2, first_name="x" * 5000),
            replace(SOMEBODY, contact_id=3),
        ],
        T,
    )
    assert set(IndexedContact.objects.values_list("pk", flat=True)) == {2, 3}


def test_trouble_of_the_index_breaks_nothing(
    vera: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense")

    monkeypatch.setattr(learning, "_held", fail)
    assert vera.get("/contacts/").status_code == 200
    assert "could not learn" in caplog.text
    with transaction.atomic():
        index.learn([SOMEBODY], T)
        assert Wish.objects.count() == 0, "somebody's transaction goes on"


def test_trouble_of_the_index_breaks_no_delivery(
    vendors: Vendors, wish_for: MakeWish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(learning, "_held", fail)
    wish = wish_for(Vendor.SLICKTEXT)
    deliver(wish.pk)
    wish.refresh_from_db()
    assert wish.settled
    assert vendors.status() == "unsubscribed"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_learn_the_newest() -> None:
    """Each in a connection of their own, in whatever order."""
    people = [replace(SOMEBODY, contact_id=each) for each in range(1, 41)]

    def learn(at: int) -> None:
        read_at = T + timedelta(minutes=at)
        some = [replace(each, city=f"City {at}") for each in people]
        learning.keep(some if at % 2 else reversed(some), read_at)
        connection.close()

    threads = [Thread(target=learn, args=(at,)) for at in (3, 1, 5, 2, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(IndexedContact.objects.values_list("city", flat=True)) == {"City 5"}


# Every way by which somebody passes.


def test_a_page_of_the_table(vera: Client) -> None:
    vera.get("/contacts/?size=25")
    assert IndexedContact.objects.count() == 25


def test_a_contact(vera: Client) -> None:
    vera.get(f"/contacts/{MARTY}/")
    assert row(MARTY).first_name == "Marty"


def test_an_edit_is_seen_at_once(edgar: Client) -> None:
    form = Page(edgar.get(f"/contacts/{MARTY}/edit/")).form(city="Springfield")
    edgar.post(f"/contacts/{MARTY}/edit/", form)
    assert row(MARTY).city == "Springfield"


def test_an_older_page_does_not_undo_an_edit(edgar: Client, vendors: Vendors) -> None:
    edgar.get("/contacts/")
    before, asked_at = index.by_numbers([MARTY_NUMBER])[MARTY_NUMBER][0].contact, timezone.now()
    form = Page(edgar.get(f"/contacts/{MARTY}/edit/")).form(city="Springfield")
    edgar.post(f"/contacts/{MARTY}/edit/", form)
    index.learn([before], asked_at)
    assert row(MARTY).city == "Springfield"


def test_a_change_of_number(edgar: Client) -> None:
    edgar.get("/contacts/")
    form = Page(edgar.get(f"/contacts/{MARTY}/edit/")).form(mobile_number=DOC_NUMBER)
    edgar.post(f"/contacts/{MARTY}/edit/", form)
    assert row(MARTY).number == DOC_NUMBER
    assert not index.by_numbers([MARTY_NUMBER])


def test_a_new_contact(edgar: Client) -> None:
    edgar.post("/contacts/new/", {"mobile_number": DOC_NUMBER, "first_name": "New"})
    assert index.by_numbers([DOC_NUMBER])[DOC_NUMBER][0].contact.first_name == "New"


def test_a_deletion(max_: Client) -> None:
    max_.get("/contacts/")
    max_.post(f"/contacts/{MARTY}/delete/", {"number": MARTY_NUMBER})
    assert not IndexedContact.objects.filter(pk=MARTY).exists()
    assert IndexGone.objects.filter(pk=MARTY).exists()


@pytest.mark.parametrize("address", [f"/contacts/{MARTY}/", f"/contacts/?q={MARTY}"])
def test_who_is_not_there_any_more(address: str, vera: Client, vendors: Vendors) -> None:
    vera.get("/contacts/")
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    vera.get(address)
    assert not IndexedContact.objects.filter(pk=MARTY).exists()


def test_a_stop(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # In this thread, since another one would not see what this test has not committed.
    monkeypatch.setattr(doors, "deliver_now", lambda keys: [deliver(key) for key in keys])
    page = Page(ada.get("/contacts/"))
    address, form = page.press(page.switch("Do not text Marty McFly"))
    ada.post(address, form)
    assert row(MARTY).status == "unsubscribed"


def test_a_delivery_of_the_worker(vendors: Vendors, wish_for: MakeWish) -> None:
    deliver(wish_for(Vendor.SLICKTEXT).pk)
    assert row(MARTY).status == "unsubscribed"


def hint(event: str = "contact_updated", contact_id: int = MARTY) -> None:
    now = timezone.now()
    body = {"name": event, "data": {"contact_id": contact_id}}
    WebhookEvent.objects.create(
        vendor=Vendor.SLICKTEXT,
        key=str(now),
        event=event,
        body=body,
        received_at=now,
        due_at=now,
    )


def test_a_webhook(vendors: Vendors) -> None:
    vendors.edit(city="Springfield")
    hint()
    vendors.forget_calls()
    webhooks.work_due()
    assert row(MARTY).city == "Springfield"
    assert vendors.asked() == ["slicktext GET"]


def test_a_webhook_about_somebody_who_is_gone(vendors: Vendors) -> None:
    index.learn([replace(SOMEBODY, contact_id=MARTY)], T)
    vendors.write("DELETE FROM contacts WHERE contact_id = ?", MARTY)
    hint()
    webhooks.work_due()
    assert not IndexedContact.objects.exists()


def test_the_sweep(vendors: Vendors, wish_for: MakeWish) -> None:
    deliver(wish_for(Vendor.SLICKTEXT).pk)
    vendors.edit(city="Springfield")
    sweep.go_on()
    assert row(MARTY).city == "Springfield"


# Forgetting everybody.


def fill(number: int = 3) -> None:
    index.learn([replace(SOMEBODY, contact_id=each + 1) for each in range(number)], T)
    IndexWalk.objects.create(pk=1, next_at=T, started_at=T, finished_at=T, offset=number)


def purge_index(*options: str) -> str:
    out = StringIO()
    call_command("purge_index", *options, stdout=out)
    return out.getvalue()


def next_at() -> datetime:
    return IndexWalk.objects.get().next_at


def test_purging_forgets_everybody() -> None:
    fill()
    index.forget(1)
    said = purge_index()
    assert said.startswith("2 contacts forgotten.")
    assert "VACUUM" in said
    assert not IndexedContact.objects.exists()
    assert not IndexGone.objects.exists()
    assert not IndexSlip.objects.exists(), "nor the words of their names"
    assert index.size() == 0
    assert not index.is_ready(), "an empty index must not be taken for the truth"
    assert timedelta(minutes=14) < next_at() - timezone.now() <= timedelta(minutes=15)


def test_purging_and_reading_anew() -> None:
    fill(1)
    assert purge_index("--reset-walk").startswith("1 contact forgotten.\nA worker reads everybody")
    assert next_at() <= timezone.now()


def test_purging_what_is_switched_off(settings: Any) -> None:
    fill()
    settings.CONTACT_INDEX = False
    assert "nobody will be read into it" in purge_index()
    assert not IndexedContact.objects.exists()
    assert not IndexWalk.objects.exists()


def test_another_contact_with_a_number_that_is_stopped_by_now_is_not_known() -> None:
    """Deleted and created anew: what was read of the first is no yes any more, until it is read again."""
    now, number = timezone.now(), "+16155552000"
    old = Contact(contact_id=1, mobile_number=number, opt_in_status="subscribed")
    new = Contact(contact_id=2, mobile_number=number, opt_in_status="unsubscribed")
    index.learn([old], now - timedelta(hours=1))
    index.learn([new], now)
    held = {each.contact.contact_id: each for each in index.by_numbers([number])[number]}
    assert held[1].contact.opt_in_status is None
    assert held[2].contact.opt_in_status == "unsubscribed"
    index.learn([old], now + timedelta(seconds=1))
    assert index.by_ids([1])[1].contact.opt_in_status == "subscribed"
