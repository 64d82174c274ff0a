"""Signing in is limited by counters in the cache, which begin again with each test."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from contacts_ui.permissions import ROLES
from tests.people import group_of
from tests.sign_in.provider import Provider, running


@pytest.fixture(autouse=True)
def _no_counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(scope="session")
def _running() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def provider(_running: Provider, settings: Any) -> Provider:
    settings.OPENID = _running.settings()
    settings.SOCIALACCOUNT_PROVIDERS = settings.OPENID.as_provider()
    return _running


@pytest.fixture(autouse=True)
def _groups(request: pytest.FixtureRequest) -> None:
    """Make the roles where a test before has emptied the database."""
    if request.node.get_closest_marker("django_db"):
        for role in ROLES:
            group_of(role)
