"""`prune_ledger`: what goes, what is spared, and that nothing can be hidden behind it."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.checks import retention
from contacts_ui.models import (
    DesiredState,
    LedgerEntry,
    LiftRequest,
    OptOut,
    PrunedEntry,
    Statement,
    Vendor,
    ledger_guards,
)
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services import audit_log, verification
from contacts_ui.services.consent import desired_state, record, stops
from contacts_ui.services.consent.rules import exactly
from contacts_ui.services.consent.stops import Stop, write_stop
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.retention import pruning
from contacts_ui.services.verification import broken_among, broken_links, guards_missing
from tests.ledger_guards import alter, guards_off
from tests.pages import Page
from tests.people import SetDesiredState

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2019, 5, 6, 12, tzinfo=UTC)
OTHER, STOPPED, FREE = "+16155550001", "+16155550002", "+16155550003"


@pytest.fixture(autouse=True)
def _four_years(settings: Any) -> None:
    settings.LEDGER_RETENTION_DAYS = 1461


def write(number: str = OTHER, *, at: datetime = LONG_AGO, **facts: Any) -> LedgerEntry:
    with time_machine.travel(at, tick=False):
        about = {"action": Action.CONTACT_EDITED, "staff": None, "number": number, **facts}
        return audit_log.record(**about)


def new(number: str = OTHER, **facts: Any) -> LedgerEntry:
    return write(number, at=timezone.now(), **facts)


@pytest.fixture
def chain() -> list[LedgerEntry]:
    """Six old entries and two new ones."""
    return [write(reason=f"number {n}") for n in range(6)] + [new(), new()]


def run(command: str = "prune_ledger", **options: Any) -> str:
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def problems() -> list[str]:
    return list(broken_links())


def left() -> list[int]:
    """What the audit log holds, apart from entries about pruning."""
    rows = LedgerEntry.objects.exclude(action=Action.LEDGER_PRUNED).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def the_prune() -> LedgerEntry:
    return LedgerEntry.objects.get(action=Action.LEDGER_PRUNED)


@pytest.mark.parametrize("days", [None, 0, -1])
def test_it_refuses_without_a_retention(
    days: int | None, chain: list[LedgerEntry], settings: Any
) -> None:
    settings.LEDGER_RETENTION_DAYS = days
    with pytest.raises(CommandError, match="is not set, so every entry is kept forever"):
        run()
    assert left() == [entry.pk for entry in chain]


def test_old_entries_go_and_their_places_stay(chain: list[LedgerEntry]) -> None:
    said = run()
    assert left() == [entry.pk for entry in chain[6:]]
    kept = PrunedEntry.objects.order_by("pk").values_list("pk", "previous_hash", "hash")
    assert list(kept) == [(entry.pk, entry.previous_hash, entry.hash) for entry in chain[:6]]
    entry = the_prune()
    assert entry.after["pruned"] == 6
    assert entry.after["last_hash"] == chain[5].hash
    assert (
        f"Entry {entry.pk} says that 6 were removed, the last with the hash {chain[5].hash}."
        in said
    )
    assert problems() == []
    assert guards_missing() == []
    assert (
        run("verify_ledger") == "The audit log is intact: 3 entries. 6 older entries were pruned.\n"
    )


def test_a_dry_run_removes_nothing(chain: list[LedgerEntry]) -> None:
    assert run(dry_run=True).startswith("6 entries from before ")
    assert left() == [entry.pk for entry in chain]
    assert PrunedEntry.objects.count() == 0


def test_nothing_old_means_nothing_said() -> None:
    new()
    assert run().startswith("0 entries from before ")
    assert LedgerEntry.objects.count() == 1


def test_the_day_counts(settings: Any) -> None:
    settings.LEDGER_RETENTION_DAYS = 2000
    now = timezone.now()
    kept = write(at=now - timedelta(days=1999, hours=23))
    gone = write(at=now - timedelta(days=2000, hours=1))
    run()
    assert left() == [kept.pk]
    assert PrunedEntry.objects.get().pk == gone.pk


def test_a_long_past_goes_in_several_prunes(
    chain: list[LedgerEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH_ENTRIES", 4)
    monkeypatch.setattr(verification.chain, "PAGE_ENTRIES", 2)
    assert "6 entries from before" in run()
    prunes = LedgerEntry.objects.filter(action=Action.LEDGER_PRUNED).order_by("pk")
    assert [entry.after["pruned"] for entry in prunes] == [4, 2]
    assert problems() == []


def test_what_says_that_entries_were_pruned_is_never_pruned(chain: list[LedgerEntry]) -> None:
    run()
    first = the_prune()
    with time_machine.travel(timezone.now() + timedelta(days=4000)):
        run()
    assert left() == []
    assert LedgerEntry.objects.filter(pk=first.pk).exists()
    assert problems() == []


@pytest.mark.parametrize(
    "facts",
    [
        {"do_not_text": True},
        {"do_not_text": False, "state": DeliveryState.CONFIRMED, "confirmed_do_not_text": True},
        {
            "do_not_text": False,
            "state": DeliveryState.EXPIRED,
            "confirmed_opt_in_status": "blocked",
        },
        {"do_not_text": False, "state": DeliveryState.ON_ITS_WAY},
        {"do_not_text": False, "state": DeliveryState.REFUSED},
    ],
)
def test_everything_about_a_number_that_is_stopped_or_open_is_spared(
    facts: dict[str, Any], set_desired_state: SetDesiredState
) -> None:
    spared = [write(STOPPED), write(STOPPED, action=Action.STOP_CONFIRMED)]
    gone = write(OTHER)
    desired = set_desired_state(Vendor.CLOUDCONTACTAI, number=STOPPED)
    settled = {
        "state": DeliveryState.CONFIRMED,
        "settled_version": 1,
        "confirmed_do_not_text": False,
    }
    DesiredState.objects.filter(pk=desired.pk).update(**{**settled, **facts})
    run()
    assert {entry.pk for entry in spared} < set(left())
    assert gone.pk not in left()


def old_stop(number: str) -> OptOut:
    with time_machine.travel(LONG_AGO, tick=False):
        write_stop(Stop(Seen(number), Source.STAFF, exactly(timezone.now())))
    return OptOut.objects.get(number=number)


def test_what_an_opt_out_or_a_desired_state_was_made_from_is_spared() -> None:
    """They were stopped and may be texted again: the stop's and the lift's entries stay, the rest goes."""
    row = old_stop(FREE)
    edited = write(FREE)
    lift = write(FREE, action=Action.CONSENT_REQUESTED, after={"do_not_text": False})
    later = exactly(LONG_AGO + timedelta(minutes=1))
    record.add(lift, kind=StatementKind.CONSENT, source=Source.PERSON, said=later)
    desired_state.want_consent(lift)
    for desired in DesiredState.objects.filter(number=FREE):
        DesiredState.objects.filter(pk=desired.pk).update(
            state=DeliveryState.CONFIRMED,
            settled_version=desired.version,
            confirmed_do_not_text=False,
        )
    OptOut.objects.update(state="lifted")
    run()
    assert left() == [row.ledger_entry_id, lift.pk]
    assert PrunedEntry.objects.filter(pk=edited.pk).exists()
    assert problems() == []


def test_what_a_statement_names_is_spared() -> None:
    """No opt-out and no desired state refers to it; the record does, also once it was answered."""
    stop, told_back = write(FREE), write(FREE, action=Action.STOP_DISCOUNTED)
    gone = write(FREE)
    record.add(stop, kind=StatementKind.STOP, source=Source.STATUS, said=exactly(LONG_AGO))
    record.discount(told_back, Statement.objects.values_list("pk", flat=True))
    run()
    assert left() == [stop.pk, told_back.pk]
    assert PrunedEntry.objects.filter(pk=gone.pk).exists()
    assert Statement.objects.get().discounted_by == told_back


def test_an_opt_out_without_desired_states_keeps_its_numbers_entries() -> None:
    """No vendor was connected when they asked."""
    entry, answer = write(STOPPED, action=Action.STOP_REQUESTED), write(STOPPED)
    stops.open_opt_out(entry)
    run()
    assert left() == [entry.pk, answer.pk]


def test_the_steps_of_a_lift_request_are_spared() -> None:
    asked, declined = write(action=Action.LIFT_ASKED), write(action=Action.LIFT_DECLINED)
    write(action=Action.CONTACT_EDITED)
    LiftRequest.objects.create(
        number=OTHER, opt_in_status="subscribed", consent_who="Ann", consent_channel=Channel.PHONE,
        consent_at=LONG_AGO, consent_words="yes", asked_by_name="Ada", asked_at=LONG_AGO,
        state="declined",
    )  # fmt: skip
    run()
    assert left() == [asked.pk, declined.pk]


def test_that_a_stop_does_not_follow_someone_is_spared() -> None:
    edit = write(answer={"stop_follows": False})
    run()
    assert left() == [edit.pk]


@pytest.mark.parametrize(
    ("days", "ids"),
    [(None, []), (-3, ["contacts_ui.E001"]), (1460, ["contacts_ui.W001"]), (1461, [])],
)
def test_the_system_check_says_what_a_retention_may_cost(
    days: int | None, ids: list[str], settings: Any
) -> None:
    settings.LEDGER_RETENTION_DAYS = days
    assert [each.id for each in retention()] == ids


def test_audit_and_evidence_sheet_say_that_entries_were_pruned(
    max_: Client, chain: list[LedgerEntry]
) -> None:
    sheet, audit = reverse("evidence", args=[OTHER]), "/audit/"
    assert "pruned" not in max_.get(sheet).text
    assert "removed by the retention rule" not in max_.get(audit).text
    run()
    said = Page(max_.get(sheet)).text
    assert "The audit log was pruned: 6 entries from before" in said
    assert "The 2 entries on this sheet were checked when it was made: unchanged" in said
    assert "6 entries from before" in Page(max_.get(audit)).text
    unknown = Page(max_.get(reverse("evidence", args=[FREE]))).text
    assert "Nothing was ever done about it" not in unknown
    about = Page(max_.get("/audit/?action=ledger:pruned")).text
    assert "Removed old entries by the dashboard" in about
    assert "6 that were older than LEDGER_RETENTION_DAYS." in about
    assert the_prune().after["digest"] in about


def test_a_change_beside_pruned_entries_is_found(chain: list[LedgerEntry]) -> None:
    run()
    alter("UPDATE {table} SET reason = 'x' WHERE id = %s", chain[6].pk)
    assert problems() == [f"Entry {chain[6].pk}: it was changed after it was written."]


@pytest.mark.parametrize("position", [6, 7])
def test_a_removal_beside_pruned_entries_is_found(position: int, chain: list[LedgerEntry]) -> None:
    run()
    alter("DELETE FROM {table} WHERE id = %s", chain[position].pk)
    assert len(problems()) == 1
    assert "an entry before it is missing" in problems()[0]


@pytest.mark.parametrize("whose", ["a prune's", "some entry's", "nobody's"])
def test_a_forged_row_does_not_hide_a_removal(whose: str, chain: list[LedgerEntry]) -> None:
    run()
    victim, prune = chain[6], the_prune()
    key = {"a prune's": prune.pk, "some entry's": chain[7].pk, "nobody's": prune.pk}[whose]
    alter("DELETE FROM {table} WHERE id = %s", victim.pk)
    with guards_off():
        PrunedEntry.objects.create(
            pk=victim.pk, previous_hash=victim.previous_hash, hash=victim.hash, prune_id=key
        )
        if whose == "nobody's":
            PrunedEntry.objects.filter(pk=victim.pk).update(prune_id=chain[7].pk)
    if whose == "a prune's":
        said = f"Entry {prune.pk}: what it says was pruned is not what is kept as pruned by it."
    else:
        said = f"1 entries are kept as pruned by entry {chain[7].pk}, which does not say so."
    assert problems() == [said]


def test_a_prune_that_was_changed_proves_nothing(chain: list[LedgerEntry]) -> None:
    run()
    prune = the_prune()
    alter("UPDATE {table} SET reason = 'x' WHERE id = %s", prune.pk)
    assert problems() == [
        f"Entry {prune.pk}: it was changed after it was written.",
        f"6 entries are kept as pruned by entry {prune.pk}, which does not say so.",
    ]


def test_what_is_kept_may_not_go_or_change_either(chain: list[LedgerEntry]) -> None:
    run()
    prune = the_prune()
    unlike = f"Entry {prune.pk}: what it says was pruned is not what is kept as pruned by it."
    with guards_off():
        PrunedEntry.objects.filter(pk=chain[2].pk).update(hash="f" * 64)
    assert problems() == [
        f"Entry {chain[3].pk}: an entry before it is missing, or it was moved.",
        unlike,
    ]
    with guards_off():
        PrunedEntry.objects.all().delete()
    assert problems() == [
        f"Entry {chain[6].pk}: an entry before it is missing, or it was moved.",
        unlike,
    ]


def test_an_entry_that_stands_twice_is_found(chain: list[LedgerEntry]) -> None:
    run()
    with guards_off():
        PrunedEntry.objects.create(
            pk=chain[7].pk,
            previous_hash=chain[7].previous_hash,
            hash=chain[7].hash,
            prune=the_prune(),
        )
    assert len(problems()) == 2


def test_a_note_of_a_pruned_hash_still_counts(chain: list[LedgerEntry]) -> None:
    run()
    said = run("verify_ledger", head=[chain[3].hash])
    assert f"{chain[3].hash} is in the chain. It proves the first 4 entries." in said
    with pytest.raises(CommandError):
        run("verify_ledger", head=["a" * 64])


def test_neighbors_that_were_pruned_are_neighbors(chain: list[LedgerEntry]) -> None:
    """The check of one number, as on the evidence sheet."""
    spared = write(STOPPED, answer={"stop_follows": False})
    after = write()
    run()
    assert PrunedEntry.objects.filter(pk=after.pk).exists()
    assert list(broken_among([chain[6], chain[7], spared, the_prune()])) == []
    with guards_off():
        PrunedEntry.objects.filter(pk=chain[5].pk).update(hash="e" * 64)
        PrunedEntry.objects.filter(pk=after.pk).update(previous_hash="e" * 64)
    said = list(broken_among([chain[6], spared]))
    assert said == [
        f"Entry {chain[6].pk}: an entry before it is missing, or it was moved.",
        f"Entry {spared.pk}: an entry after it is missing, or it was moved.",
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO {pruned} (id, previous_hash, hash, prune_id) SELECT 9999, 'a', 'b', max(id) FROM {table}",
        "UPDATE {pruned} SET hash = 'x'",
        "DELETE FROM {pruned}",
    ],
)
def test_the_database_refuses_to_touch_what_is_kept(sql: str, chain: list[LedgerEntry]) -> None:
    run()
    text = sql.format(table=ledger_guards.ENTRIES, pruned=ledger_guards.PRUNED)
    with pytest.raises(DatabaseError, match="What is kept of pruned entries is never changed"):  # noqa: SIM117
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(text)


@pytest.mark.django_db(transaction=True)
def test_a_prune_that_fails_leaves_everything_as_it_was(
    chain: list[LedgerEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = pruning._remove

    def fails(entry: LedgerEntry, expected: int) -> None:
        remove(entry, expected)
        raise DatabaseError("the power is out")

    monkeypatch.setattr(pruning, "_remove", fails)
    with pytest.raises(DatabaseError):
        run()
    assert guards_missing() == []
    assert left() == [entry.pk for entry in chain]
    assert (PrunedEntry.objects.count(), problems()) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_it_prunes_and_commits(chain: list[LedgerEntry]) -> None:
    """References are checked and the guards made at once, not at the end of a test's transaction."""
    old_stop(STOPPED)
    run()
    new()
    assert (problems(), guards_missing()) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_the_guards_come_off_in_a_transaction_only() -> None:
    with pytest.raises(RuntimeError), ledger_guards.pruning_allowed(connection):
        pass
    assert guards_missing() == []


def test_too_few_removed_is_too_few(chain: list[LedgerEntry]) -> None:
    run()
    with pytest.raises(RuntimeError, match="0 entries were to go, not 6"), guards_off():
        pruning._remove(the_prune(), 6)
