"""A practice database and a sandbox with enough people, and one history for all tests that only read it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from contacts_ui.services.vendors import forget_connections
from sandbox.server import Running, running
from tests.conftest import _both_at
from tests.people import group_of

# A Sunday evening.
NOW = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def _many_people() -> Iterator[Running]:
    with running(people=1200, seed=1) as server:
        yield server


@pytest.fixture
def many_people(_many_people: Running, settings: object, db: None) -> Iterator[Running]:
    """The sandbox of `make run`, smaller, and the dashboard connected to it, with its demo logins."""
    settings.VENDORS = _both_at(_many_people.url)  # type: ignore[attr-defined]
    group_of("Managers")
    call_command("demo_users")
    forget_connections()
    yield _many_people
    forget_connections()
