"""Many writers, in threads and in processes: one chain, no forks, no deadlock."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, connections

from contacts_ui.models import DesiredState, LedgerEntry, PrunedEntry, ledger_guards
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log, verification
from contacts_ui.services.consent import delivery
from contacts_ui.services.retention import pruning
from contacts_ui.services.verification import broken_links
from tests.people import MARTY_NUMBER, SetDesiredState, Vendors

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]

WRITER = """
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {name!r}
from contacts_ui.models.ledger import Action
from contacts_ui.services.audit_log import record
for n in range(25):
    record(action=Action.CONTACT_EDITED, staff=None, number="+16155550{process}" + str(n))
"""


def write(number: str = MARTY_NUMBER) -> LedgerEntry:
    return audit_log.record(action=Action.CONTACT_EDITED, staff=None, number=number)


def test_processes_and_threads_keep_the_chain_whole() -> None:
    write()
    name = str(connection.settings_dict["NAME"])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER.format(name=name, process=process)],
            env=environment,
            cwd=ROOT,
        )
        for process in range(3)
    ]

    def many(_: int) -> None:
        try:
            for _ in range(25):
                write()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=3) as threads:
        list(threads.map(many, range(3)))
    assert [writer.wait(timeout=300) for writer in writers] == [0, 0, 0]
    assert LedgerEntry.objects.count() == 1 + 6 * 25
    assert list(broken_links()) == []


def test_a_walk_while_others_write_raises_no_alarm() -> None:
    write()
    done = threading.Event()

    def keep_writing() -> None:
        try:
            while not done.is_set():
                write()
        finally:
            connections.close_all()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        assert [list(broken_links()) for _ in range(15)] == [[]] * 15
    finally:
        done.set()
        writer.join()


def test_a_click_and_a_confirmation_never_wait_for_each_other_in_a_circle(
    set_desired_state: SetDesiredState, vendors: Vendors
) -> None:
    """Both lock the desired state and the end of the chain; one of the two would be thrown out by PostgreSQL."""
    desired = set_desired_state()

    def confirm(_: int) -> None:
        try:
            for _ in range(12):
                DesiredState.objects.filter(pk=desired.pk).update(lease="x", leased_until=None)
                sent = DesiredState.objects.get(pk=desired.pk)
                sent.version = DesiredState.objects.get(pk=desired.pk).version
                delivery._confirm(sent, delivery.Answer(True), delivery.DELIVER)
        finally:
            connections.close_all()

    def click(_: int) -> None:
        try:
            for _ in range(12):
                set_desired_state()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as both:
        list(both.map(lambda n: (confirm if n % 2 else click)(n), range(4)))
    assert list(broken_links()) == []
    assert DesiredState.objects.get().version == 25


def test_pruning_while_people_click(
    set_desired_state: SetDesiredState, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guards come off for the one who prunes alone, and every writer still gets through."""
    settings.LEDGER_RETENTION_DAYS = 1461
    monkeypatch.setattr(pruning, "BATCH_ENTRIES", 5)
    with time_machine.travel(datetime(2019, 5, 6, tzinfo=UTC)):
        for n in range(60):
            write(f"+161555501{n:02}")
    refusals = []

    def prune(_: int) -> None:
        try:
            while pruning.prune(pruning.oldest_kept()):
                pass
        finally:
            connections.close_all()

    def click(_: int) -> None:
        try:
            for _ in range(15):
                set_desired_state()
                with pytest.raises(DatabaseError) as refusal, connection.cursor() as cursor:
                    cursor.execute(f"DELETE FROM {ledger_guards.ENTRIES}")  # noqa: S608
                refusals.append(str(refusal.value))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=5) as both:
        list(both.map(lambda n: (click if n % 2 else prune)(n), range(5)))
    assert len(refusals) == 30
    assert all("append-only" in words for words in refusals)
    assert PrunedEntry.objects.count() == 60
    assert (list(broken_links()), verification.guards_missing()) == ([], [])
