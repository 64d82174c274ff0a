"""Many writers, in threads and in processes: one chain, no forks, nobody waits in a circle."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection, connections

from contacts_ui.models import LedgerEntry, Wish
from contacts_ui.models.ledger import Action
from contacts_ui.services import delivery, ledger
from contacts_ui.services.proof import broken_links
from tests.people import MARTY_NUMBER, MakeWish, Vendors

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parent.parent.parent

WRITER = """
import django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {name!r}
from contacts_ui.models.ledger import Action
from contacts_ui.services.ledger import record
for n in range(25):
    record(action=Action.CONTACT_EDITED, staff=None, number="+16155550{process}" + str(n))
"""


def write(number: str = MARTY_NUMBER) -> LedgerEntry:
    return ledger.record(action=Action.CONTACT_EDITED, staff=None, number=number)


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
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
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
    wish_for: MakeWish, vendors: Vendors
) -> None:
    """Both lock the wish and the end of the chain; one of the two would be thrown out by PostgreSQL."""
    wish = wish_for()

    def confirm(_: int) -> None:
        try:
            for _ in range(12):
                Wish.objects.filter(pk=wish.pk).update(lease="x", leased_until=None)
                sent = Wish.objects.get(pk=wish.pk)
                sent.version = Wish.objects.get(pk=wish.pk).version
                delivery._confirm(sent, delivery.Answer(True), delivery.DELIVER)
        finally:
            connections.close_all()

    def click(_: int) -> None:
        try:
            for _ in range(12):
                wish_for()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as both:
        list(both.map(lambda n: (confirm if n % 2 else click)(n), range(4)))
    assert list(broken_links()) == []
    assert Wish.objects.get().version == 25
