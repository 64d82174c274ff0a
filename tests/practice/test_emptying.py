"""A database with practice history never meets real vendors, and only such a database can be emptied."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.management import create_contenttypes
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.models.signals import post_migrate

from contacts_ui import checks
from contacts_ui.models import LedgerEntry
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log, verification
from tests.ledger_guards import CREATE_PERMISSIONS
from tests.people import make_staff

ConnectOnly = Callable[[str], None]


def _record(**about: Any) -> None:
    audit_log.record(action=Action.STOP_REQUESTED, staff=None, number="+16155550123", **about)


def _record_practice() -> None:
    with audit_log.marked_as_practice():
        _record(answer={"request": 1})


@pytest.mark.django_db
def test_practice_history_with_real_keys_is_an_error_everywhere(connect_only: ConnectOnly) -> None:
    _record_practice()
    _record()
    assert run_checks(tags=[checks.PRACTICE]) == []
    checks.refuse_practice_history()
    connect_only("cloudcontactai")
    [error] = run_checks(tags=[checks.PRACTICE])
    assert error.is_serious()
    assert "empty_practice" in (error.hint or "")
    with pytest.raises(SystemCheckError, match="practice history"):
        call_command("check")
    with pytest.raises(SystemCheckError, match="practice history"):
        call_command("worker", skip_checks=False)


@pytest.mark.django_db(transaction=True)
def test_the_web_process_does_not_start(connect_only: ConnectOnly) -> None:
    _record_practice()
    connect_only("slicktext")
    with pytest.raises(ImproperlyConfigured, match="empty_practice"):
        checks.refuse_practice_history()


@pytest.mark.django_db
def test_real_entries_are_no_error(connect_only: ConnectOnly) -> None:
    _record()
    connect_only("slicktext")
    assert run_checks(tags=[checks.PRACTICE]) == []


@pytest.mark.django_db
def test_a_practice_database_from_before_has_no_history_and_starts() -> None:
    _record()
    call_command("practice_history")
    assert LedgerEntry.objects.count() == 1
    assert not audit_log.holds_practice()


@pytest.mark.django_db
def test_a_database_without_practice_history_is_never_emptied(connect_only: ConnectOnly) -> None:
    _record()
    for connect in (lambda: None, lambda: connect_only("slicktext")):
        connect()
        with pytest.raises(CommandError, match="holds no practice history"):
            call_command("empty_practice", noinput=True)
    assert LedgerEntry.objects.count() == 1


@pytest.fixture
def _roles_go_too(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Empty the database as in practice; the other tests keep the roles."""
    operations: Any = type(connection.ops)
    monkeypatch.setattr(operations, "sql_flush", operations.sql_flush.production)
    post_migrate.connect(create_contenttypes)
    post_migrate.connect(create_permissions, dispatch_uid=CREATE_PERMISSIONS)
    yield
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid=CREATE_PERMISSIONS)


@pytest.mark.usefixtures("_roles_go_too")
@pytest.mark.django_db(transaction=True)
def test_emptying_asks_first_and_then_leaves_nothing_but_roles(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_staff("max")
    _record_practice()
    _record()
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    with pytest.raises(CommandError, match="Nothing was removed"):
        call_command("empty_practice")
    assert "1 of its entries were made by hand" in capsys.readouterr().out
    assert LedgerEntry.objects.count() == 2

    monkeypatch.setattr("builtins.input", lambda prompt: "empty")
    call_command("empty_practice")
    assert not LedgerEntry.objects.exists()
    assert not User.objects.exists()
    assert Group.objects.get(name="Managers").permissions.exists()
    assert verification.guards_missing() == []
    _record_practice()
    assert LedgerEntry.objects.count() == 1
