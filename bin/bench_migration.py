"""`bin/bench_migration.py`: migration 0018 over a million contacts and 100,000 ledger entries, on SQLite.

Makes a database as the old code left it in a temporary folder, migrates it in a process of its own, and prints how long
that took, how long the write lock was held at once and in all, and the most memory. PEOPLE=100000 ENTRIES=10000 for
fewer. KEEP=1 leaves the database as it was before, and finds it the next time.
"""

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
ENTRIES = int(os.environ.get("ENTRIES", "100000"))
EVENTS = ENTRIES // 5
HOME = Path(tempfile.gettempdir()) / f"contacts-bench-{os.getuid()}"
OLD = HOME / "before-the-record.sqlite3"
COPY = HOME / "migrated.sqlite3"


def main() -> None:
    HOME.mkdir(exist_ok=True, mode=0o700)
    if not OLD.exists():
        run("build", OLD)
    shutil.copyfile(OLD, COPY)
    try:
        run("migrate", COPY)
    finally:
        COPY.unlink(missing_ok=True)
        if not os.environ.get("KEEP"):
            OLD.unlink(missing_ok=True)


def run(what: str, path: Path) -> None:
    environment = {**os.environ, "TEST_DATABASE_URL": f"sqlite:///{path}"}
    subprocess.run([sys.executable, __file__, what], env=environment, check=True)


def build() -> None:
    """Rows as the old code wrote them: stops, lifts, undone stops, events of both vendors, a read index."""
    import bench_index
    from django.contrib.auth.models import User
    from django.core.management import call_command

    began = time.perf_counter()
    call_command("migrate", "contacts_ui", "0017", verbosity=0)
    call_command("migrate", "auth", verbosity=0)
    bench_index.build()
    staff = User.objects.create_user("bench")
    numbers = numbers_of_some(ENTRIES // 4)
    write_ledger(staff, numbers)
    write_events(numbers)
    print(f"built in {time.perf_counter() - began:.0f} s", flush=True)


def numbers_of_some(many: int) -> list[str]:
    from contacts_ui.models import IndexedContact

    found = IndexedContact.objects.order_by("contact_id").values_list("number", flat=True)
    return list(dict.fromkeys(islice(found.iterator(), many)))


def write_ledger(staff: Any, numbers: list[str]) -> None:
    """Each number is stopped; some are lifted or undone later. Both vendors have confirmed it."""
    from django.db import transaction

    from contacts_ui.models import LedgerEntry

    draw = random.Random(1)  # noqa: S311 - people to measure with, no secrets
    left = ENTRIES
    some = iter(numbers)
    while left > 0 and (batch := list(islice(some, 1_000))):
        with transaction.atomic():
            for number in batch:
                left -= write_person(staff, number, draw)
    print(f"{LedgerEntry.objects.count():,} ledger entries", flush=True)


def write_person(staff: Any, number: str, draw: random.Random) -> int:
    from contacts_ui.models.ledger import Action, Channel
    from contacts_ui.services import ledger

    words = draw.choice(("", "", "Stop"))
    stop = ledger.record(
        action=Action.STOP_REQUESTED,
        staff=staff,
        number=number,
        channel=Channel.PHONE if words else Channel.UNRECORDED,
        reason=words,
        before={"label": "Ann", "status": "subscribed"},
        after={"do_not_text": True},
    )
    written = 1 + confirm(stop, do_not_text=True)
    chance = draw.random()
    if chance < 0.3:
        lift = ledger.record(
            action=Action.CONSENT_REQUESTED,
            staff=staff,
            number=number,
            channel=Channel.PHONE,
            reason="Yes",
            asked_at=stop.at + timedelta(seconds=1),
            after={"do_not_text": False, "opt_in_status": "subscribed", "consented": "Ann"},
        )
    elif chance < 0.4:
        before = {"do_not_text": True, "stop": stop.pk}
        lift = ledger.record(action=Action.STOP_UNDONE, staff=staff, number=number, before=before)
    else:
        return written
    return written + 1 + confirm(lift, do_not_text=False)


def confirm(entry: Any, *, do_not_text: bool) -> int:
    from contacts_ui.models import Vendor, Wish
    from contacts_ui.models.ledger import Action
    from contacts_ui.services import ledger

    for vendor in Vendor:
        status = "unsubscribed" if do_not_text else "subscribed"
        Wish.objects.update_or_create(
            number=entry.number,
            vendor=vendor,
            defaults={
                "do_not_text": do_not_text,
                "opt_in_status": status if vendor == Vendor.SLICKTEXT else "",
                "version": 1,
                "settled_version": 1,
                "wished_at": entry.at,
                "ledger_entry": entry,
                "state": "confirmed",
                "confirmed_do_not_text": do_not_text,
                "confirmed_opt_in_status": status if vendor == Vendor.SLICKTEXT else "",
                "confirmed_at": entry.at,
            },
        )
        action = Action.STOP_CONFIRMED if do_not_text else Action.CONSENT_CONFIRMED
        ledger.record(action=action, staff=None, number=entry.number, vendor=vendor)
    return 2


def write_events(numbers: list[str]) -> None:
    from django.utils import timezone

    from contacts_ui.models import WebhookEvent

    now = timezone.now()
    outcomes = ("Our own stop, told back to us.", "Older than the consent that they gave since.")
    for place, number in enumerate(numbers[: EVENTS // 2]):
        data = {"ContactData": {"phone": number}, "UnsubscribedAt": now.isoformat()}
        hint = {"mobile_number": number, "contact_id": place, "opt_in_status": "unsubscribed"}
        both = (
            ("cloudcontactai", "contact.unsubscribed", data, outcomes[place % 2]),
            ("slicktext", "contact_updated", hint, "Do not text."),
        )
        WebhookEvent.objects.bulk_create(
            WebhookEvent(
                vendor=vendor,
                key=f"event-{place}",
                event=event,
                body={"data": body},
                received_at=now,
                done_at=now,
                outcome=outcome,
            )
            for vendor, event, body, outcome in both
        )


def migrate() -> None:
    """Run the migration, and measure it."""
    from django.core.management import call_command

    from contacts_ui.services.consent.migration import Conversion

    held: list[float] = []
    runs: list[tuple[float, float]] = []
    write, run_all = Conversion.write, Conversion.run

    def measured(self: Any, numbers: Any) -> None:
        began = time.perf_counter()
        write(self, numbers)
        held.append(time.perf_counter() - began)

    def whole(self: Any) -> None:
        began, worked = time.perf_counter(), time.process_time()
        run_all(self)
        runs.append((time.perf_counter() - began, time.process_time() - worked))

    before, began = memory(), time.perf_counter()
    with (
        mock.patch.object(Conversion, "write", measured),
        mock.patch.object(Conversion, "run", whole),
    ):
        call_command("migrate", "contacts_ui", "0018", verbosity=0)
    # The search is built again after any migration, on SQLite.
    print(f"`migrate` took {time.perf_counter() - began:.1f} s with all that comes after it")
    report(*runs[0], held, before)


def report(took: float, worked: float, held: list[float], before: float) -> None:
    from contacts_ui.models import ConsentState, IndexedContact, LedgerEntry, Statement
    from contacts_ui.services.consent import desired_state

    print(
        f"{IndexedContact.objects.count():,} contacts, {LedgerEntry.objects.count():,} entries:"
        f" {Statement.objects.count():,} statements, {ConsentState.objects.count():,} verdicts,"
        f" {desired_state.untold().count():,} to be told"
    )
    print(
        f"migrated in {took:.1f} s, {worked:.1f} s of work; the write lock was held {sum(held):.1f} s in"
        f" {len(held)} turns, the longest {max(held) * 1000:.0f} ms; memory {memory():.0f} MB ({before:.0f} before)"
    )


def memory() -> float:
    """The most that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        import django

        django.setup()
        {"build": build, "migrate": migrate}[sys.argv[1]]()
    else:
        main()
