"""Forgetting: names and details go everywhere they are stored; the number, what was said, and its proof stay."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.models import (
    Disagreement,
    ForgottenPerson,
    HeldPress,
    IncomingMessage,
    IndexedContact,
    Job,
    JobRow,
    LedgerEntry,
    LiftRequest,
    OptOut,
    SavedView,
    SecurityEvent,
    SentText,
    Statement,
    Upload,
    WebhookEvent,
)
from contacts_ui.models.job import JobState, RowState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.messages import MessageState
from contacts_ui.permissions import NotAllowed
from contacts_ui.services import index, verification
from contacts_ui.services.consent import lift_requests, slicktext_readings
from contacts_ui.services.contacts import last_known
from contacts_ui.services.contacts.listing import ListQuery, list_contacts
from contacts_ui.services.contacts.reading import read
from contacts_ui.services.files.table import Table
from contacts_ui.services.retention.forgetting import forget, forget_again, look, undo
from contacts_ui.services.retention.personal_data import Who
from tests import consent
from tests.jobs import prepare
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY_NUMBER, Vendors, group_of, logged_in
from tests.services.index.people import person

pytestmark = pytest.mark.django_db
NAME = "Zebulon"
ID = 4711
# Left for what they are: the ledger cannot change, a saved view is its owner's own words.
NOT_SEARCHED = ("LedgerEntry", "SavedView")


@pytest.fixture
def administrator(db: None) -> User:
    user = User.objects.create_user("alma", first_name="Alma")
    user.groups.add(group_of("Administrators"))
    return user


@pytest.fixture
def zebulon(manager: User, vendors: Vendors) -> None:
    """A person whose name is in every place that keeps names."""
    now = timezone.now()
    last_known.keep_contact(person(ID, f"{NAME} Pike", DOC_NUMBER, city="Nashville"), now)
    seen = consent.Seen(DOC_NUMBER, ID, f"{NAME} Pike", "subscribed")
    job = prepare(manager, [f"{NAME} {DOC_NUMBER}"])
    JobRow.objects.update(state=RowState.DONE, data={"first_name": NAME}, typed=NAME)
    type(job).objects.update(state=JobState.DONE)
    consent.stop(staff=manager, seen=seen, request=consent.Request(Channel.PHONE, now, "Stop it."))
    evidence = consent.Evidence("Ann", Channel.PHONE, timezone.now(), "Text me.", exact=True)
    lift_requests.ask(staff=manager, seen=seen, status="subscribed", evidence=evidence)
    HeldPress.objects.create(
        number=DOC_NUMBER, label=NAME, staff_name="Max", pressed_at=now, send_at=now, state="sent"
    )
    Disagreement.objects.create(number=DOC_NUMBER, label=NAME, kind="gone", found_at=now)
    IncomingMessage.objects.create(
        vendor="slicktext", key="1", number=DOC_NUMBER, words=f"{NAME} here", heard_at=now, due_at=now,
        state=MessageState.NOT_A_REQUEST,
    )  # fmt: skip
    SentText.objects.create(
        vendor="slicktext",
        key="1",
        number=DOC_NUMBER,
        sent_at=now,
        heard_at=now,
        words=f"Hi {NAME}",
    )
    for name, cells in (("a.csv", [NAME, "(615) 555-0123"]), ("b.csv", ["6155550777"])):
        table = Table(["Name", "Cell"], [(2, cells)], []).packed()
        Upload.objects.create(
            staff=manager, file_name=name, uploaded_at=now, table=table, rows=1, choice="create"
        )
    for body in (
        {"data": {"contact_id": ID, "first_name": NAME}},
        {"to": "615-555-0123", "name": NAME},
    ):
        WebhookEvent.objects.create(
            vendor="slicktext",
            key=str(len(body)),
            event="x",
            body=body,
            received_at=now,
            done_at=now,
        )
    SavedView.objects.create(owner=manager, name=NAME, query=f"q={NAME}")


def where_named() -> set[str]:
    """Every table that has the name."""
    found = set()
    for model in apps.get_models():
        if not model._meta.managed or model.__name__ in NOT_SEARCHED:
            continue
        kinds = (models.CharField, models.TextField, models.JSONField)
        names = [f.attname for f in model._meta.concrete_fields if isinstance(f, kinds)]
        rows = model._default_manager.values_list(*names) if names else ()
        if any(NAME.lower() in str(row).lower() for row in rows):
            found.add(model.__name__)
    return found


def test_an_id_that_no_database_holds_hides_no_forgotten_number(
    zebulon: None, administrator: User
) -> None:
    """No database compares such an id; the number still tells who it is."""
    forget(staff=administrator, number=DOC_NUMBER)
    [shown] = index.hide_forgotten([person(2**70, f"{NAME} Pike", DOC_NUMBER)])
    assert shown.first_name == "Forgotten"


def test_the_name_is_nowhere_afterward(zebulon: None, administrator: User) -> None:
    assert where_named() == {
        "Disagreement", "HeldPress", "IncomingMessage", "IndexTypo", "IndexedContact", "JobRow", "LiftRequest",
        "OptOut", "SentText", "WebhookEvent",
    }  # fmt: skip
    shown = look(DOC_NUMBER)
    done = forget(staff=administrator, number=DOC_NUMBER)
    assert where_named() == set()
    assert done.removed == shown.removed
    assert len(done.removed) == 11
    assert done.ask_vendors == ("SlickText", "CloudContactAI")
    assert Upload.objects.get().file_name == "b.csv"
    assert last_known.contact(ID) is None
    # A second time there is nothing.
    assert look(DOC_NUMBER).removed == {}


def test_what_was_said_and_its_proof_stay(zebulon: None, administrator: User) -> None:
    before = list(Statement.objects.values())
    forget(staff=administrator, number=DOC_NUMBER)
    assert list(Statement.objects.values()) == before
    assert OptOut.objects.get().reason == "Stop it."
    assert LiftRequest.objects.get().consent_words == "Text me."
    assert list(verification.broken_links()) == []
    assert list(verification.changed_rows()) == []
    entry = LedgerEntry.objects.get(action=Action.PERSON_FORGOTTEN)
    assert (entry.number, entry.staff_name) == (DOC_NUMBER, "Alma")
    event = SecurityEvent.objects.get(kind="person:forgotten")
    assert DOC_NUMBER not in str(event.details)


def test_what_waits_keeps_what_it_needs(zebulon: None, administrator: User) -> None:
    JobRow.objects.update(state=RowState.WAITING)
    IncomingMessage.objects.update(state=MessageState.WAITING)
    WebhookEvent.objects.update(needs_decision=True)
    HeldPress.objects.update(state="held")
    forget(staff=administrator, number=DOC_NUMBER)
    assert where_named() == {"JobRow", "IncomingMessage", "WebhookEvent"}


def test_what_comes_back_later_goes_again(zebulon: None, administrator: User) -> None:
    forget(staff=administrator, number=DOC_NUMBER)
    WebhookEvent.objects.update(
        body={"contact": {"contact_id": ID, "first_name": NAME}}, due_at=None
    )
    JobRow.objects.update(label=NAME, state=RowState.WAITING)
    assert where_named() == {"WebhookEvent", "JobRow"}
    forget_again()
    assert where_named() == set()


def test_many_are_forgotten_again_as_quickly_as_one(administrator: User) -> None:
    """Each would otherwise read every webhook and upload."""
    counts = []
    for numbers in ((DOC_NUMBER,), (MARTY_NUMBER, FREE_NUMBER)):
        for number in numbers:
            forget(staff=administrator, number=number)
        with CaptureQueriesContext(connection) as queries:
            forget_again()
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (DOC_NUMBER, True),
        ("call 1 (615) 555-0123 today", True),
        ("0615555012399", True),
        ("615-555-0777 6155550199", True),
        ("615 555 012", False),
        ("", False),
    ],
)
def test_numbers_are_found_in_any_spelling(text: str, named: bool) -> None:
    assert Who({DOC_NUMBER, FREE_NUMBER}, ()).is_in(text) is named


def test_a_job_that_was_never_started_keeps_nothing(zebulon: None, administrator: User) -> None:
    JobRow.objects.update(state=RowState.WAITING, typed=NAME)
    Job.objects.update(state=JobState.PREVIEW)
    forget(staff=administrator, number=DOC_NUMBER)
    assert where_named() == set()


@pytest.mark.parametrize("which", [{"contact_id": ID}, {"number": DOC_NUMBER}])
def test_they_stay_out_of_the_index_until_that_is_undone(
    which: dict[str, Any], zebulon: None, administrator: User
) -> None:
    forget(staff=administrator, number=DOC_NUMBER)
    again = person(which.get("contact_id", 5), f"{NAME} Pike", which.get("number", "+16155550555"))
    other = person(6, "Marty McFly", "+16155550556")
    later = timezone.now() + timedelta(days=1)
    index.store([again, other], later)
    assert list(IndexedContact.objects.values_list("pk", flat=True)) == [6]
    assert undo(staff=administrator, number=DOC_NUMBER)
    assert not undo(staff=administrator, number=DOC_NUMBER)
    index.store([again], later)
    assert IndexedContact.objects.filter(first_name=NAME).exists()


def test_live_from_slicktext_they_have_no_name(
    administrator: User, vendors: Vendors, agent: User
) -> None:
    contact_id = vendors.create(DOC_NUMBER, first_name=NAME, last_name="Pike", city="Nashville")
    forget(staff=administrator, number=DOC_NUMBER)
    shown = read(contact_id).contact
    assert (shown.name, shown.city, shown.number) == ("Forgotten person", None, DOC_NUMBER)
    question = ListQuery(search=DOC_NUMBER, live=True)
    listing = list_contacts(question, index.state())
    assert [each.name for each in listing.page.contacts] == ["Forgotten person"]
    assert not IndexedContact.objects.filter(number=DOC_NUMBER).exists()


def test_a_stop_that_arrives_later_counts_and_keeps_no_name(
    administrator: User, vendors: Vendors
) -> None:
    forget(staff=administrator, number=DOC_NUMBER)
    stopped = person(ID, f"{NAME} Pike", DOC_NUMBER, opt_in_status="unsubscribed")
    slicktext_readings.learn([stopped], timezone.now(), now=True)
    assert Statement.objects.filter(number=DOC_NUMBER).exists()
    assert where_named() == set()


def test_only_administrators_may(manager: User) -> None:
    for do in (forget, undo):
        with pytest.raises(NotAllowed):
            do(staff=manager, number=DOC_NUMBER)
    assert not ForgottenPerson.objects.exists()


def test_the_command_shows_first_and_removes_with_yes(zebulon: None) -> None:
    def run(*args: str) -> str:
        out = io.StringIO()
        call_command("forget", "(615) 555-0123", *args, stdout=out)
        return out.getvalue()

    assert "Nothing was removed" in run()
    assert OptOut.objects.get().label
    said = run("--yes")
    assert "names in opt-outs: 1" in said
    assert "ask SlickText and CloudContactAI" in said
    assert not OptOut.objects.get().label
    assert "Undone" in run("--undo")
    for number, args in (("(615) 555-0123", ["--undo"]), ("12", [])):
        with pytest.raises(CommandError):
            call_command("forget", number, *args)


def test_the_page_wants_the_number_twice(zebulon: None, administrator: User) -> None:
    client, url = logged_in(administrator), "/people/forget/"
    assert client.get(url).status_code == 200
    shown = client.post(url, {"number": "615 555 0123"})
    assert shown.status_code == 200
    assert "Names in opt-outs" in shown.text
    assert client.post(url, {"number": "12"}).status_code == 422
    slip = client.post(url, {"number": DOC_NUMBER, "again": "6155550777"})
    assert slip.status_code == 422
    assert "Type the number shown above" in slip.text
    assert OptOut.objects.get().label
    done = client.post(url, {"number": DOC_NUMBER, "again": "(615) 555-0123"})
    assert "Now ask SlickText and CloudContactAI to delete this person" in done.text
    assert "keeps the name it was written with" in done.text
    assert not OptOut.objects.get().label
