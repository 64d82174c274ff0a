"""`verify_ledger` and `ledger_head`: what they find, what they say, and how they end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import ConsentState, DesiredState, LedgerEntry, OptOut, Statement, Vendor
from contacts_ui.models.ledger import Action
from contacts_ui.services import verification
from contacts_ui.services.audit_log import entry_hash, record, take_turn
from contacts_ui.services.consent import slicktext_readings, stops
from contacts_ui.services.verification import broken_among, broken_links, head_now
from tests.ledger_guards import alter, guards_off
from tests.people import MARTY_NUMBER, SetDesiredState

pytestmark = pytest.mark.django_db
OTHER = "+16155550001"


def write(number: str = OTHER, **facts: Any) -> LedgerEntry:
    return record(**{"action": Action.CONTACT_EDITED, "staff": None, "number": number, **facts})


@pytest.fixture
def chain() -> list[LedgerEntry]:
    """Marty's entries are the second, the fourth and the last."""
    return [write(OTHER if n % 2 == 0 else MARTY_NUMBER, reason=f"number {n}") for n in range(6)]


def run(command: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def complaints(**options: Any) -> tuple[str, str]:
    """What a failing `verify_ledger` prints, and its last sentence."""
    err = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("verify_ledger", stderr=err, **options)
    return err.getvalue(), str(failure.value)


def rewrite_from(entry: LedgerEntry, **changes: str) -> None:
    """What a person with the whole database could do: change an entry and hash all again."""
    previous = None
    with guards_off():
        for later in LedgerEntry.objects.filter(pk__gte=entry.pk).order_by("pk"):
            for name, value in changes.items() if later.pk == entry.pk else ():
                setattr(later, name, value)
            later.previous_hash = previous or later.previous_hash
            previous = later.hash = entry_hash(later)
            LedgerEntry.objects.filter(pk=later.pk)._raw_delete("default")
            later._state.adding = True
            later.save()
    alter("UPDATE {head} SET hash = %s", previous)


def test_it_works(chain: list[LedgerEntry]) -> None:
    assert run("verify_ledger") == "The audit log is intact: 6 entries.\n"


def test_an_empty_ledger_is_whole() -> None:
    assert run("verify_ledger") == "The audit log is intact: 0 entries.\n"
    assert run("ledger_head") == f"{'0' * 64} 0 entries, the newest of never\n"


def test_one_byte(chain: list[LedgerEntry]) -> None:
    alter("UPDATE {table} SET reason = 'number 3 ' WHERE id = %s", chain[3].pk)
    said, end = complaints()
    assert said == f"Entry {chain[3].pk}: it was changed after it was written.\n"
    assert end == "The audit log is broken. Problems found: 1."


def test_an_entry_that_cannot_even_be_read(chain: list[LedgerEntry]) -> None:
    """SQLite's file can be edited, its columns filled with nonsense; PostgreSQL keeps them readable."""
    nonsense = "2026-91-01 00:00:00" if connection.vendor == "sqlite" else "2026-09-01 00:00:00Z"
    alter("UPDATE {table} SET at = %s WHERE id = %s", nonsense, chain[3].pk)
    assert complaints()[0] == f"Entry {chain[3].pk}: it was changed after it was written.\n"


def test_several_batches_are_walked(
    chain: list[LedgerEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification.chain, "PAGE_ENTRIES", 2)
    assert list(broken_links()) == []
    alter("UPDATE {table} SET reason = 'x' WHERE id IN (%s, %s)", chain[1].pk, chain[5].pk)
    assert len(list(broken_links())) == 2
    assert len(list(broken_among(chain))) == 2


def test_the_head_cut_back_with_the_entries_is_found_by_a_note(chain: list[LedgerEntry]) -> None:
    noted = run("ledger_head").split()[0]
    alter("DELETE FROM {table} WHERE id > %s", chain[3].pk)
    alter("UPDATE {head} SET hash = %s", chain[3].hash)
    assert run("verify_ledger") == "The audit log is intact: 4 entries.\n"
    said, _ = complaints(head=[noted])
    assert said == f"No entry has the hash {noted}: it was changed or taken out.\n"


def test_a_chain_that_was_written_again_is_found_by_a_note(chain: list[LedgerEntry]) -> None:
    noted = head_now().hash
    rewrite_from(chain[2], reason="nobody ever asked")
    assert run("verify_ledger") == "The audit log is intact: 6 entries.\n"
    assert "No entry has the hash" in complaints(head=[noted])[0]


def test_a_note_proves_the_entries_up_to_it(chain: list[LedgerEntry]) -> None:
    said = run("verify_ledger", head=[chain[3].hash, f" {chain[5].hash.upper()} "])
    assert f"{chain[3].hash} is in the chain. It proves the first 4 entries." in said
    assert f"{chain[5].hash} is in the chain. It proves the first 6 entries." in said


def test_the_head_is_printed_with_count_and_time(chain: list[LedgerEntry]) -> None:
    at = chain[-1].at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert run("ledger_head") == f"{chain[-1].hash} 6 entries, the newest of {at}\n"


def test_entries_behind_a_desired_state_or_an_opt_out_are_missed(
    set_desired_state: SetDesiredState,
) -> None:
    """Also where the end was cut off and the head with it."""
    write()
    desired = set_desired_state(Vendor.SLICKTEXT)
    row = stops.open_opt_out(record(action=Action.STOP_REQUESTED, staff=None, number=OTHER))
    alter("DELETE FROM {table} WHERE id >= %s", desired.ledger_entry_id)
    alter("UPDATE {head} SET hash = (SELECT hash FROM {table})")
    assert list(broken_links()) == [
        f"Entry {desired.ledger_entry_id} is missing, though a statement was made from it.",
        f"Entry {desired.ledger_entry_id} is missing, though a desired state was made from it.",
        f"Entry {row.ledger_entry_id} is missing, though an opt-out was made from it.",
    ]
    for model in (OptOut, ConsentState, Statement, DesiredState):
        model.objects.all().delete()


def test_many_breaks_are_counted_and_not_all_printed(
    chain: list[LedgerEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts_ui.management.commands.verify_ledger.MAX_SHOWN", 2)
    alter("UPDATE {table} SET reason = 'x'")
    said, end = complaints()
    assert said.splitlines()[2:] == ["And 4 more."]
    assert end == "The audit log is broken. Problems found: 6."


@pytest.mark.parametrize("spelled", [MARTY_NUMBER, "(615) 555-3338", "615.555.3338"])
def test_one_number(spelled: str, chain: list[LedgerEntry]) -> None:
    said = run("verify_ledger", number=spelled)
    assert said.startswith(f"3 entries about {MARTY_NUMBER} are unchanged and in their places.")


@pytest.mark.parametrize(
    ("sql", "position", "broken"),
    [
        ("UPDATE {table} SET reason = 'x' WHERE id = %s", 3, "it was changed"),
        ("DELETE FROM {table} WHERE id = %s", 0, "an entry before it is missing"),
        ("DELETE FROM {table} WHERE id = %s", 2, "an entry after it is missing"),
        ("DELETE FROM {table} WHERE id = %s", 5, ""),
        ("UPDATE {head} SET hash = 'x' WHERE %s > 0", 0, "an entry after it is missing"),
        ("UPDATE {table} SET id = id + 100 WHERE id = %s", 3, "an entry before it is missing"),
    ],
)
def test_one_number_and_its_neighbors(
    sql: str, position: int, broken: str, chain: list[LedgerEntry]
) -> None:
    alter(sql, chain[position].pk)
    if broken:
        assert broken in complaints(number=MARTY_NUMBER)[0]
    else:
        # It was Marty's last entry; only the whole check sees that it is gone.
        assert "2 entries" in run("verify_ledger", number=MARTY_NUMBER)
        assert "are missing" in complaints()[0]


def test_a_change_far_away_does_not_touch_one_number(chain: list[LedgerEntry]) -> None:
    write()
    last = write(reason="far away")
    alter("UPDATE {table} SET reason = 'x' WHERE id = %s", last.pk)
    assert "3 entries" in run("verify_ledger", number=MARTY_NUMBER)


@pytest.mark.parametrize(
    "odd", ["a\x00b", "\ud800 alone", "\U0001f600", 1.5, 1e300, 1e16, 0.1 + 0.2, float("nan")]
)
def test_odd_answers_of_a_vendor_are_kept_and_verified(odd: object) -> None:
    write(answer={"words": odd, "list": [odd], "deep": {str(odd): odd}}, reason=str(odd))
    assert list(broken_links()) == []


def test_taking_a_turn_first_changes_nothing() -> None:
    write()
    assert take_turn().hash == write().previous_hash
    assert list(broken_links()) == []


def test_a_stop_that_was_read_cannot_be_changed_unseen() -> None:
    """Stops read at SlickText share one entry, with a hash over them."""
    read = Contact(
        contact_id=1,
        mobile_number=MARTY_NUMBER,
        opt_in_status="unsubscribed",
        last_opt_in_status_change=datetime(2026, 3, 2, 15, 4, tzinfo=UTC),
    )
    slicktext_readings.learn([read, replace(read, mobile_number=OTHER)], timezone.now(), now=True)
    [entry] = LedgerEntry.objects.filter(action=Action.STOPS_READ)
    assert entry.statements.count() == 2
    assert "The audit log is intact" in run("verify_ledger")
    moved = Statement.objects.get(number=OTHER)
    Statement.objects.filter(pk=moved.pk).update(latest=moved.latest - timedelta(days=1))
    said, last = complaints()
    assert said == f"The statements of entry {entry.pk} are not those that it was made for.\n"
    assert last == "The audit log is intact. Rows that differ from it: 1."
