"""Migration 0020: since when each vendor has held each stop, by the ledger."""

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from contacts_ui.models import ConsentSetup, DesiredState, Statement, Vendor
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY_NUMBER

pytestmark = pytest.mark.django_db
migration: Any = import_module("contacts_ui.migrations.0020_held_since")
NOW = timezone.now()


def fill() -> None:
    """Run the migration with the models of its time."""
    done = ("contacts_ui", "0020_held_since")
    migration.fill(MigrationExecutor(connection).loader.project_state(done).apps, None)


def confirmed(number: str, *outcomes: Action) -> list[datetime]:
    """Record these outcomes at CloudContactAI, and a desired state that holds the stop; return their times."""
    times = []
    with transaction.atomic():
        for action in outcomes:
            entry = audit_log.record(
                action=action, staff=None, number=number, vendor=Vendor.CLOUDCONTACTAI
            )
            times.append(entry.at)
        asked = audit_log.record(action=Action.STOP_REQUESTED, staff=None, number=number)
        DesiredState.objects.create(
            number=number,
            vendor=Vendor.CLOUDCONTACTAI,
            do_not_text=True,
            ledger_entry=asked,
            requested_at=NOW,
            confirmed_do_not_text=True,
            confirmed_at=NOW + timedelta(days=1),
        )
    return times


def test_each_batch_is_filled_in_from_its_first_confirmation_since_consent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migration, "BATCH_ROWS", 1)
    repeated = confirmed(MARTY_NUMBER, Action.STOP_CONFIRMED, Action.STOP_CONFIRMED)
    lifted = confirmed(
        DOC_NUMBER, Action.STOP_CONFIRMED, Action.CONSENT_CONFIRMED, Action.STOP_CONFIRMED
    )
    confirmed(FREE_NUMBER)
    ConsentSetup.load()
    fill()
    assert dict(DesiredState.objects.values_list("number", "held_since")) == {
        MARTY_NUMBER: repeated[0],
        DOC_NUMBER: lifted[2],
        FREE_NUMBER: NOW + timedelta(days=1),
    }
    assert ConsentSetup.load().texts_checked_to == 0
    assert not Statement.objects.exists()


def test_what_is_filled_in_stays_when_it_runs_again() -> None:
    confirmed(MARTY_NUMBER)
    held = NOW - timedelta(days=9)
    DesiredState.objects.update(held_since=held)
    fill()
    assert DesiredState.objects.get().held_since == held
