"""Signing in is limited by counters in the cache, which begin again with each test."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

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
