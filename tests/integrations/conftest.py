from collections.abc import Iterator
from typing import Any

import pytest
import responses

from contacts_ui.integrations import cloudcontactai, http, slicktext
from contacts_ui.integrations.http import Connection
from contacts_ui.integrations.transport import Adapter

from .loopback import Loopback, loopback
from .people import CLIENT, KEY, FakeBudget


@pytest.fixture(autouse=True)
def _quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BACKOFF_MIN_SECONDS", 0.001)
    monkeypatch.setattr(http, "BACKOFF_MAX_SECONDS", 0.01)
    monkeypatch.setattr(http, "JITTER_SECONDS", 0.001)
    monkeypatch.setattr(slicktext, "LOOKUP_PAUSES_SECONDS", (0, 0, 0))


@pytest.fixture
def budget() -> FakeBudget:
    return FakeBudget()


@pytest.fixture
def calls() -> list[Any]:
    """What ``on_call`` was told."""
    return []


@pytest.fixture
def mocked() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(target=f"{Adapter.__module__}.Adapter.send") as mock:
        yield mock


@pytest.fixture
def vendor() -> Iterator[Loopback]:
    with loopback() as server:
        yield server


@pytest.fixture
def slick(budget: FakeBudget, calls: list[Any]) -> Connection:
    """SlickText behind mocked replies."""
    return slicktext.connect("http://slick.test", KEY, "b26136", budget, calls.append)


@pytest.fixture
def real(vendor: Loopback, budget: FakeBudget, calls: list[Any]) -> Connection:
    """SlickText behind the loopback server."""
    return slicktext.connect(vendor.url, KEY, "b26136", budget, calls.append)


@pytest.fixture
def ccai(budget: FakeBudget) -> Connection:
    return cloudcontactai.connect("http://ccai.test", KEY, CLIENT, budget)
