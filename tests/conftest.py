"""Real HTTP to the sandbox, a real database, and the same five people everywhere."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.contenttypes.management import create_contenttypes
from django.core.cache import caches
from django.db import connection, transaction
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.http import HttpRequest
from django.test import Client

from contacts_ui.integrations import http, openid
from contacts_ui.models import DesiredState, Vendor
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log, index, jobs
from contacts_ui.services.consent import (
    desired_state,
    doors,
    lift_requests,
    opt_in,
    record,
    vendor_events,
)
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.consent.rules import exactly
from contacts_ui.services.contacts import deleting, editing
from contacts_ui.services.vendors import forget_connections
from dashboard.vendors import SANDBOX_CCAI_KEY, SANDBOX_SLICKTEXT_KEY, VendorSettings
from dashboard.vendors import Vendors as VendorPair
from sandbox.server import Running, running

from .ledger_guards import CREATE_PERMISSIONS, flush_past_the_guards, keep_roles
from .people import MARTY, MARTY_NUMBER, SetDesiredState, Vendors, logged_in, make_staff

# The same examples every time, however slow the machine is.
hypothesis.settings.load_profile("ci")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks the database: on PostgreSQL, CI repeats only that."""
    by = {"db", "transactional_db", "live_server", "django_db_reset_sequences"}
    for item in items:
        if item.get_closest_marker("django_db") or by & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@receiver(user_logged_in)
def _confirmed_just_now(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """`force_login` counts as just signing in; tests about confirming turn this off."""
    if "account_authentication_methods" not in request.session:
        request.session["account_authentication_methods"] = [
            {"method": "password", "at": time.time()}
        ]
        request.session["account_authentication_methods_user"] = str(user.pk)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """PostgreSQL drops no database that a thread still holds, as one of a live server may for a moment."""
    # After each transactional test these would make again what `keep_roles` keeps.
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid=CREATE_PERMISSIONS)
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="session", autouse=True)
def _tables_can_be_emptied() -> None:
    """After a transactional test all tables but the roles' are emptied; the ledger's guards would refuse."""
    operations = type(connection.ops)
    operations.sql_flush = keep_roles(operations)  # type: ignore[method-assign]
    operations.execute_sql_flush = flush_past_the_guards(operations)  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _a_slow_machine_gets_as_far() -> None:
    """What gives up or gives way by the clock has time enough."""
    jobs.running.TURN_SECONDS = index.sync.RUN_MAX_SECONDS = openid.TIMEOUT_SECONDS = 60.0


@pytest.fixture(scope="session", autouse=True)
def _no_vendor_by_accident() -> Iterator[None]:
    """A test that asks a vendor without the `vendors` fixture finds no server."""
    configured = django_settings.VENDORS
    django_settings.VENDORS = _both_at("http://127.0.0.1:9")
    yield
    django_settings.VENDORS = configured


def _both_at(url: str) -> VendorPair:
    return VendorPair(
        VendorSettings(f"{url}/v1", SANDBOX_SLICKTEXT_KEY, "26136"),
        VendorSettings(f"{url}/api", SANDBOX_CCAI_KEY, "sandbox-client"),
        sandbox=True,
    )


@pytest.fixture(autouse=True)
def _held_presses_end_with_their_test() -> Iterator[None]:
    """What waits for the end of a hold is not to send it in the middle of another test."""
    yield
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer) and thread.name == "held-press":
            thread.cancel()
            thread.join(5)


@pytest.fixture(scope="session")
def _one_sandbox() -> Iterator[Running]:
    with running(people=60, seed=1) as server:
        yield server


@pytest.fixture
def vendors(
    _one_sandbox: Running, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Vendors]:
    """Both vendors in order, as on their first day, and the dashboard connected to them, without long pauses."""
    monkeypatch.setattr(http, "BACKOFF_MIN_SECONDS", 0.001)
    monkeypatch.setattr(http, "BACKOFF_MAX_SECONDS", 0.01)
    monkeypatch.setattr(http, "JITTER_SECONDS", 0.001)
    _one_sandbox.reset()
    _one_sandbox.set_switches(rate_limit=False)
    settings.VENDORS = _both_at(_one_sandbox.url)
    forget_connections()
    # A name of their own for what this test keeps: with Redis the workers share one cache.
    monkeypatch.setattr(caches["default"], "key_prefix", uuid4().hex)
    yield Vendors(_one_sandbox)
    _one_sandbox.clear_faults()
    forget_connections()


@pytest.fixture
def deliver_in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vendors are called within the test's own transaction, which is much faster to take back than a whole database."""
    for module in (deleting, doors, editing, lift_requests, opt_in, vendor_events):
        monkeypatch.setattr(module, "deliver_now", lambda keys: [deliver(key) for key in keys])


@pytest.fixture
def connect_only(settings: Any, vendors: Vendors) -> Callable[[str], None]:
    """Leave one vendor connected, as with its keys alone in the environment."""

    def connect(vendor: str) -> None:
        other = {"slicktext": "cloudcontactai", "cloudcontactai": "slicktext"}[vendor]
        settings.VENDORS = replace(settings.VENDORS, **{other: None}, sandbox=False)
        forget_connections()

    return connect


@pytest.fixture
def viewer(db: None) -> User:
    return make_staff("vera")


@pytest.fixture
def editor(db: None) -> User:
    return make_staff("edgar")


@pytest.fixture
def agent(db: None) -> User:
    return make_staff("ada")


@pytest.fixture
def manager(db: None) -> User:
    return make_staff("max")


@pytest.fixture
def newcomer(db: None) -> User:
    """A person with an account and no role yet."""
    return make_staff("nora")


@pytest.fixture
def vera(viewer: User, vendors: Vendors) -> Client:
    """The viewer's browser."""
    return logged_in(viewer)


@pytest.fixture
def edgar(editor: User, vendors: Vendors) -> Client:
    """The editor's browser."""
    return logged_in(editor)


@pytest.fixture
def ada(agent: User, vendors: Vendors) -> Client:
    """The agent's browser."""
    return logged_in(agent)


@pytest.fixture
def max_(manager: User, vendors: Vendors) -> Client:
    """The manager's browser."""
    return logged_in(manager)


@pytest.fixture
def set_desired_state(agent: User) -> SetDesiredState:
    """Write a desired state as `services.consent` does; stops unless told otherwise."""

    def make(
        vendor: Vendor = Vendor.CLOUDCONTACTAI,
        *,
        do_not_text: bool = True,
        status: str = "",
        number: str = MARTY_NUMBER,
        batch: bool = False,
    ) -> DesiredState:
        if vendor == Vendor.SLICKTEXT and not status:
            status = "unsubscribed" if do_not_text else "subscribed"
        kind = StatementKind.STOP if do_not_text else StatementKind.CONSENT
        action = Action.STOP_REQUESTED if do_not_text else Action.CONSENT_REQUESTED
        with transaction.atomic():
            contact_id = MARTY if number == MARTY_NUMBER else None
            before = {"status": "subscribed" if contact_id else None}
            about: dict[str, Any] = {"number": number, "contact_id": contact_id, "before": before}
            entry = audit_log.record(action=action, staff=agent, **about)
            said = exactly(entry.at)
            record.add(entry, kind=kind, source=Source.PERSON, said=said, status=status)
            desired = desired_state.set_desired_state(
                number=number,
                vendor=vendor,
                do_not_text=do_not_text,
                opt_in_status=status,
                entry=entry,
                batch=batch,
            )
            record.refresh([number])
            return desired

    return make
