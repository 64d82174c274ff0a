"""The ledger's table: written through one door, and never altered."""

from collections.abc import Callable

import pytest
from django.db import transaction

from contacts_ui.models import LedgerEntry
from contacts_ui.models.ledger import Action, AppendOnly
from contacts_ui.services.audit_log import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> LedgerEntry:
    return record(action=Action.STOP_REQUESTED, staff=None, number="+16155553338")


def test_an_entry_is_not_saved_again(entry: LedgerEntry) -> None:
    entry.reason = "another"
    with pytest.raises(AppendOnly):
        entry.save()
    with pytest.raises(AppendOnly):
        LedgerEntry.objects.get().save(update_fields=["reason"])
    assert LedgerEntry.objects.get().reason == ""


def test_an_entry_is_not_deleted(entry: LedgerEntry) -> None:
    with pytest.raises(AppendOnly):
        entry.delete()
    with pytest.raises(AppendOnly):
        LedgerEntry.objects.get().delete()
    assert LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    "alter",
    [
        lambda: LedgerEntry.objects.update(reason="another"),
        lambda: LedgerEntry.objects.all().update(reason="another"),
        lambda: LedgerEntry.objects.filter(pk__gt=0).delete(),
        lambda: LedgerEntry.objects.all().delete(),
        lambda: LedgerEntry.objects.bulk_update([LedgerEntry.objects.get()], ["reason"]),
        lambda: LedgerEntry.objects.bulk_create([LedgerEntry()]),
        lambda: LedgerEntry.objects.update_or_create(number="+16155553338"),
    ],
)
def test_a_query_alters_nothing(alter: Callable[[], object], entry: LedgerEntry) -> None:
    with pytest.raises(AppendOnly), transaction.atomic():
        alter()
    assert list(LedgerEntry.objects.values_list("pk", "reason")) == [(entry.pk, "")]


def test_a_member_of_staff_who_is_removed_stays_in_the_ledger(manager: object) -> None:
    record(action=Action.STOP_REQUESTED, staff=manager, number="+16155553338")
    manager.delete()
    entry = LedgerEntry.objects.get()
    assert entry.staff_name == "Max Manager"
    assert entry.staff_id is not None
