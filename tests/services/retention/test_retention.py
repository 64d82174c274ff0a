"""What is kept how long: every table has a rule, the docs say the same, and the worker does it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.models import (
    AccountLink,
    ContactReads,
    Disagreement,
    HeldPress,
    IncomingMessage,
    IndexTypo,
    Job,
    JobRow,
    SecurityEvent,
    SentText,
    Upload,
    Vendor,
    WebhookEvent,
)
from contacts_ui.models.consent import PressState
from contacts_ui.models.job import JobKind, JobState, RowCategory, RowState
from contacts_ui.models.messages import MessageState, TextKind
from contacts_ui.services import index, retention, verification
from contacts_ui.services.jobs import progress
from contacts_ui.services.retention import carrying_out
from contacts_ui.services.retention.forgetting import forget_again
from contacts_ui.services.webhooks import inbox
from contacts_ui.worker import schedule
from tests.jobs import fill_index
from tests.people import MARTY_NUMBER
from tests.services.index.people import person

pytestmark = pytest.mark.django_db
DOCS = Path(django_settings.BASE_DIR) / "docs" / "reference.md"


def test_every_table_of_ours_has_a_rule() -> None:
    ours = {
        f"contacts_ui.{each.__name__}"
        for each in apps.get_app_config("contacts_ui").get_models()
        if each._meta.managed
    }
    ruled = {name for rule in retention.RULES for name in rule.table.split()}
    assert ours - ruled == set()
    assert {name for name in ruled if name.startswith("contacts_ui.")} - ours == set()


def test_the_docs_have_the_same_table() -> None:
    lines = [
        f"| {rule.rows} | {rule.kept} | {f'`{rule.setting}`' if rule.setting else ''} |"
        for rule in retention.RULES
    ]
    text = DOCS.read_text()
    assert [line for line in lines if line not in text] == []
    table = text.partition("| what | kept | changed by |\n")[2].partition("\n\n")[0]
    assert len(table.splitlines()) == len(lines) + 1


def test_a_rule_says_how_long_or_until_when_and_its_setting_has_its_days() -> None:
    for rule in retention.RULES:
        assert (rule.days is None) == (rule.over is None) == bool(rule.until), rule
        assert not rule.setting or getattr(django_settings, rule.setting) == rule.days


def event(at: datetime, name: str = "contact.unsubscribed", **more: Any) -> WebhookEvent:
    facts: dict[str, Any] = {
        "vendor": Vendor.CLOUDCONTACTAI, "key": uuid4().hex, "event": name, "body": {"data": {"phone": "x"}},
        "received_at": at, "done_at": at,
    }  # fmt: skip
    return WebhookEvent.objects.create(**{**facts, **more})


def job(at: datetime, **more: Any) -> Job:
    facts: dict[str, Any] = {
        "kind": JobKind.STOP, "state": JobState.DONE, "source": "A pasted list", "staff_name": "Max",
        "created_at": at, "finished_at": at, "params": {"notes": []}, "counts": {"known": 1}, "total": 1,
        "results": {"done": 1},
    }  # fmt: skip
    made = Job.objects.create(**{**facts, **more})
    JobRow.objects.create(
        job=made, position=1, number=MARTY_NUMBER, label="Marty McFly", category=RowCategory.KNOWN,
        state=RowState.DONE, data={"field": "x"},
    )  # fmt: skip
    return made


def press(at: datetime, state: str = PressState.SENT) -> HeldPress:
    return HeldPress.objects.create(
        number=MARTY_NUMBER, staff_name="Ada", pressed_at=at, send_at=at, state=state,
        ended_at=None if state == PressState.HELD else at,
    )  # fmt: skip


def message(at: datetime, state: str = MessageState.NOT_A_REQUEST) -> IncomingMessage:
    return IncomingMessage.objects.create(
        vendor=Vendor.SLICKTEXT, key=uuid4().hex, number=MARTY_NUMBER, words="off", heard_at=at, due_at=at,
        state=state, decided_at=None if state == MessageState.WAITING else at,
    )  # fmt: skip


def text(at: datetime, kind: str = "") -> SentText:
    return SentText.objects.create(
        vendor=Vendor.SLICKTEXT,
        key=uuid4().hex,
        number=MARTY_NUMBER,
        sent_at=at,
        heard_at=at,
        kind=kind,
    )


def disagreement(at: datetime | None, **more: Any) -> Disagreement:
    return Disagreement.objects.create(
        number=uuid4().hex[:12], kind="gone", found_at=timezone.now(), closed_at=at, **more
    )


def link(at: datetime, **more: Any) -> AccountLink:
    account = User.objects.create_user(uuid4().hex)
    facts: dict[str, Any] = {"made_at": at, "expires_at": at, **more}
    return AccountLink.objects.create(
        account=account, purpose="invite", token_hash=uuid4().hex, **facts
    )


def upload(at: datetime) -> Upload:
    staff = User.objects.create_user(uuid4().hex)
    return Upload.objects.create(staff=staff, file_name="a.csv", uploaded_at=at, table=b"", rows=1)


def reads(at: datetime) -> ContactReads:
    return ContactReads.objects.create(account=User.objects.create_user(uuid4().hex), hour=at)


def session(at: datetime) -> Any:
    return apps.get_model("sessions", "Session").objects.create(
        session_key=uuid4().hex, session_data="", expire_date=at
    )


def admin_entry(at: datetime) -> Any:
    user = User.objects.create_user(uuid4().hex)
    return apps.get_model("admin", "LogEntry").objects.create(
        action_time=at, user=user, object_repr="x", action_flag=1
    )


Make = Callable[[datetime], Any]
# What is removed once it is older than so many days, and not before.
REMOVED: dict[str, tuple[float, Make]] = {
    "words at CloudContactAI": (30, lambda at: event(at, "message.incoming")),
    "words at SlickText": (30, lambda at: event(at, "inbox_message_received")),
    "readings": (1, lambda at: event(at, "reading", body={"contacts": [{"label": "Marty"}]})),
    "uploads": (1, upload),
    "messages": (30, message),
    "texts": (90, text),
    "presses": (30, press),
    "unsent presses": (30, lambda at: press(at, PressState.UNSENT)),
    "disagreements": (365, disagreement),
    "security events": (365, lambda at: SecurityEvent.objects.create(at=at, kind="sign-in:done", name="max")),
    "reads": (7, reads),
    "links that ran out": (30, link),
    "links that were used": (30, lambda at: link(at, used_at=at, expires_at=timezone.now())),
    "sessions": (0, session),
    "admin entries": (365, admin_entry),
}  # fmt: skip
# What stays, however old.
STAYS: dict[str, Make] = {
    "an event that waits": lambda at: event(at, done_at=None, due_at=at),
    "words that wait": lambda at: event(at, "message.incoming", done_at=None, due_at=at),
    "words to be decided": lambda at: event(at, "message.incoming", needs_decision=True),
    "a message that waits": lambda at: message(at, MessageState.WAITING),
    "a text after a stop": lambda at: text(at, TextKind.AFTER_HELD),
    "a press that is held": lambda at: press(at, PressState.HELD),
    "an open disagreement": lambda at: disagreement(None),
}


@pytest.mark.parametrize("what", REMOVED)
def test_what_is_over_goes_and_what_is_younger_stays(what: str) -> None:
    days, make = REMOVED[what]
    ago = timezone.now() - timedelta(days=days)
    old, young = make(ago - timedelta(minutes=1)), make(ago + timedelta(minutes=1))
    model = type(old)
    retention.run()
    assert set(model._default_manager.values_list("pk", flat=True)) == {young.pk}
    assert retention.run() == {}


@pytest.mark.parametrize("what", STAYS)
def test_what_something_depends_on_stays(what: str) -> None:
    row = STAYS[what](timezone.now() - timedelta(days=4_000))
    body = getattr(row, "body", None)
    retention.run()
    row.refresh_from_db()
    assert getattr(row, "body", None) == body


@pytest.mark.parametrize("waits", [False, True])
def test_a_body_is_emptied_and_the_event_stays_unless_a_decision_waits(waits: bool) -> None:
    at = timezone.now() - timedelta(days=30, minutes=1)
    old, young = event(at, needs_decision=waits), event(timezone.now())
    retention.run()
    old.refresh_from_db()
    young.refresh_from_db()
    assert (list(old.body) == [inbox.EMPTIED]) is not waits
    assert young.body == {"data": {"phone": "x"}}
    assert retention.run() == {}


@pytest.mark.parametrize("state", [JobState.DONE, JobState.CANCELLED])
def test_rows_of_a_job_go_and_its_counts_stay(state: JobState) -> None:
    at = timezone.now() - timedelta(days=90, minutes=1)
    results = {"done": 1} if state == JobState.DONE else {}
    old, young = job(at, state=state, results=results), job(timezone.now(), state=state)
    before = progress.progress_of(old)
    retention.run()
    assert list(JobRow.objects.values_list("job", flat=True)) == [young.pk]
    old.refresh_from_db()
    assert (old.params, old.counts) == ({}, {"known": 1})
    assert progress.progress_of(old) == before
    assert before.done == 1
    assert retention.run() == {}


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.PAUSED])
def test_a_running_job_keeps_its_rows(state: JobState) -> None:
    at = timezone.now() - timedelta(days=1_000)
    kept = job(at, state=state, finished_at=None)
    retention.run()
    assert kept.rows.count() == 1


def test_a_job_that_was_never_started_is_put_away_with_its_rows() -> None:
    at = timezone.now() - timedelta(days=90, minutes=1)
    old = job(at, state=JobState.PREVIEW, finished_at=None, results={})
    job(timezone.now(), state=JobState.PREVIEW, finished_at=None)
    retention.run()
    with pytest.raises(Job.DoesNotExist):
        progress.get(old.pk)
    assert JobRow.objects.count() == 1


def test_what_a_row_of_an_import_brought_along_goes_when_the_import_ends() -> None:
    ended = job(timezone.now(), kind=JobKind.IMPORT)
    running = job(timezone.now(), kind=JobKind.IMPORT, state=JobState.RUNNING, finished_at=None)
    other = job(timezone.now())
    retention.run()
    left = {row.job_id: row.data for row in JobRow.objects.all()}
    assert left == {ended.pk: {}, running.pk: {"field": "x"}, other.pk: {"field": "x"}}


def test_the_settings_change_the_days(settings: Any) -> None:
    settings.RETENTION_DAYS_SECURITY_EVENTS = 10
    SecurityEvent.objects.create(
        at=timezone.now() - timedelta(days=11), kind="sign-in:done", name="max"
    )
    assert retention.run() == {"contacts_ui.SecurityEvent": 1}


def test_batches_are_short() -> None:
    at = timezone.now() - timedelta(days=10)
    SecurityEvent.objects.bulk_create(
        SecurityEvent(at=at - timedelta(days=400), kind="sign-in:done", name="max")
        for _ in range(1_100)
    )
    with CaptureQueriesContext(connection) as queries:
        assert retention.run() == {"contacts_ui.SecurityEvent": 1_100}
    removals = [
        each["sql"]
        for each in queries
        if each["sql"].startswith('DELETE FROM "contacts_ui_securityevent"')
    ]
    assert len(removals) == 3


def test_one_rule_that_fails_keeps_no_other_from_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: datetime) -> Any:
        raise RuntimeError

    broken = retention.Rule("contacts_ui.Upload", "x", 1, fails)
    monkeypatch.setattr(carrying_out, "RULES", (broken, *retention.RULES))
    session(timezone.now() - timedelta(minutes=1))
    assert retention.run() == {"sessions.Session": 1}


def test_every_rule_finds_its_table() -> None:
    absent = {rule.table for rule in retention.RULES if rule.over and not rule.is_installed}
    # Django's admin and the list of devices are there only where they are switched on.
    assert absent <= {"admin.LogEntry", "usersessions.UserSession"}


def test_a_table_that_is_not_installed_has_nothing_to_remove() -> None:
    absent = retention.Rule("nowhere.Thing", "x", 1, lambda before: None)  # type: ignore[arg-type, return-value]
    assert carrying_out.rows_over(absent) is None


def test_words_that_no_contact_has_are_forgotten() -> None:
    fill_index(person(1, "Zebulon Pike"), person(2, "Marty McFly"))
    index.remove(1)
    assert index.prune_words() > 0
    assert not IndexTypo.objects.filter(word="zebulon").exists()
    assert IndexTypo.objects.filter(word="marty").exists()


def test_the_worker_does_it_each_hour() -> None:
    every = {task.run: task.every_seconds for task in schedule.SCHEDULE["retention"]}
    assert every == {
        verification.note_head: 3_600,
        retention.clean_stored: 86_400,
        retention.run: 3_600,
        index.prune_words: 86_400,
        forget_again: 86_400,
    }


def test_devices_go_with_their_session(manager: User) -> None:
    user_session = apps.get_model("usersessions", "UserSession")
    live = session(timezone.now() + timedelta(hours=1))
    for key in (live.session_key, "gone", "just-begun"):
        user_session.objects.create(user=manager, session_key=key, ip="127.0.0.1", user_agent="x")
    older = user_session.objects.exclude(session_key="just-begun")
    older.update(created_at=timezone.now() - timedelta(days=2))
    retention.run()
    assert set(user_session.objects.values_list("session_key", flat=True)) == {
        live.session_key,
        "just-begun",
    }
