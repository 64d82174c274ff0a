"""One running sandbox for all tests of this folder, as on its first day before each of them."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.server import Running, running
from tests.sandbox.receiving import Receiver

SLICKTEXT = {"Authorization": "Bearer sandbox-slicktext-key"}
CCAI = {"Authorization": "Bearer sandbox-ccai-key"}
CONTACTS = "/brands/26136/contacts"


class Caller:
    """What a test says of HTTP: the vendor's path and what to send."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.session = requests.Session()

    def slicktext(self, method: str, path: str = CONTACTS, **kwargs: Any) -> requests.Response:
        url = self.server.slicktext_url + path
        return self._call(method, url, {"headers": SLICKTEXT} | kwargs)

    def ccai(self, body: object, **kwargs: Any) -> requests.Response:
        url = self.server.ccai_url + "/account/do-not-text"
        return self._call("PUT", url, {"headers": CCAI, "json": body} | kwargs)

    def control(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self._call(method, f"{self.server.url}/_sandbox/{path}", kwargs)

    def _call(self, method: str, url: str, kwargs: dict[str, Any]) -> requests.Response:
        options = {"timeout": 60, "allow_redirects": False} | kwargs
        return self.session.request(method, url, **options)


@pytest.fixture(scope="session")
def one_server() -> Iterator[Running]:
    with running(people=300, seed=1) as server:
        yield server


@pytest.fixture
def server(one_server: Running) -> Running:
    one_server.reset()
    return one_server


@pytest.fixture
def call(server: Running) -> Iterator[Caller]:
    caller = Caller(server)
    yield caller
    caller.session.close()


@pytest.fixture
def receiver(server: Running) -> Iterator[Receiver]:
    receiver = Receiver()
    server.set_webhooks(
        slicktext_url=f"{receiver.url}/slicktext",
        ccai_url=f"{receiver.url}/ccai",
        ccai_secret="secret",
        pauses=[0, 0.05],
    )
    yield receiver
    server.set_webhooks(slicktext_url="", ccai_url="", ccai_secret="", ccai_method="POST", delay=0)
    receiver.server.shutdown()
    receiver.server.server_close()
