"""A real OpenID provider in a process of its own."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.http import HttpResponse
from django.test import Client

from dashboard.sign_in import OpenId
from tests.people import until

BEGIN = "/accounts/oidc/company/login/"
MAP = {"texting-managers": "Managers", "texting-agents": "Agents"}


class Provider:
    """A provider in a process of its own; `sign_in` walks a browser through it."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://localhost:{port}"

    def settings(self) -> OpenId:
        """How the dashboard learns of it."""
        return OpenId(
            issuer=self.issuer,
            client_id="dashboard",
            client_secret="secret",
            name="Example Inc.",
            groups_claim="groups",
            roles=MAP,
            scopes=("openid", "profile", "email"),
        )

    def put(self, sub: str = "u-1", **claims: Any) -> None:
        data = {"email": "ada@example.com", "email_verified": True, "name": "Ada Agent", **claims}
        requests.put(f"{self.issuer}/users/{sub}", json=data, timeout=60).raise_for_status()

    def sign_in(self, client: Client, sub: str = "u-1", begin: str = BEGIN) -> HttpResponse:
        sent = client.post(begin)
        assert sent["Location"].startswith(self.issuer), sent
        self.asked = parse_qs(urlsplit(sent["Location"]).query)
        answer = requests.post(
            sent["Location"], data={"sub": sub}, allow_redirects=False, timeout=60
        )
        back = urlsplit(answer.headers["Location"])
        return client.get(f"{back.path}?{back.query}")

    def sign_in_manager(self, client: Client) -> None:
        self.put(groups=["texting-managers"])
        self.sign_in(client)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def running() -> Iterator[Provider]:
    """The provider, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: listens(port))
        yield Provider(port)
    finally:
        process.terminate()
        process.wait(60)
