"""Start and stop the server, or run one for the length of a test."""

from __future__ import annotations

import contextlib
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sandbox import texting, truth
from sandbox.app import Sandbox
from sandbox.faults import VENDORS, parse
from sandbox.handler import Handler
from sandbox.messages import Message
from sandbox.store import Store, build
from sandbox.switches import Switches


class SandboxServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], sandbox: Sandbox, quiet: bool = False) -> None:
        super().__init__(address, Handler)
        self.sandbox = sandbox
        self.quiet = quiet
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Release waiting calls, close kept connections, and then the port."""
        self.sandbox.stopping.set()
        self.sandbox.webhooks.stop()
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore callers that leave early."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Running:
    """A running sandbox, for tests."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.sandbox = server.sandbox
        self.url = server.url
        self.slicktext_url = f"{self.url}/v1"
        self.ccai_url = f"{self.url}/api"

    def set_fault(self, vendor: str, kind: str | list[dict[str, Any]], **options: Any) -> None:
        """Set one fault by its kind and options, or a list of faults as in the control JSON."""
        value = kind if isinstance(kind, list) else {"kind": kind, **options}
        self.sandbox.faults[vendor].set(parse(value))

    def clear_faults(self) -> None:
        for vendor in VENDORS:
            self.sandbox.faults[vendor].set([])

    def set_switches(self, **values: Any) -> None:
        self.sandbox.switches = self.sandbox.switches.changed(values)

    def set_webhooks(self, **values: Any) -> None:
        """Set where to send webhooks; `pauses` is a list of seconds."""
        self.sandbox.webhooks.addresses = self.sandbox.webhooks.addresses.changed(values)

    def texts(self, vendor: str, number: str, word: str = "STOP", *, at: str = "") -> Message:
        """Send a person's text to one vendor; `at` is an ISO time, or now."""
        return texting.person_texts(self.sandbox, vendor, number, word, at)

    def sends(self, vendor: str, number: str, **options: str) -> dict[str, Any]:
        """Text a number as a vendor, with the options and answer of `POST messages`."""
        return texting.vendor_texts(self.sandbox, vendor, number, **options)

    def messages(self, number: str = "", vendor: str = "") -> list[Message]:
        """Return the texts that either vendor sent or received, newest first."""
        return self.sandbox.messages.find(vendor=vendor, number=number)

    def lift_at_ccai(self, number: str) -> None:
        """Lift a stop inside CloudContactAI, which sends no event."""
        texting.changes_inside(self.sandbox, number, False)

    def mark_at_ccai(self, number: str) -> None:
        """Press *Do Not Text* inside CloudContactAI, which sends an event."""
        texting.changes_inside(self.sandbox, number, True)

    def phone(self, number: str, **facts: str) -> dict[str, Any]:
        """Set `phone_type`, `carrier_name`, or `reassigned_at` ("now" or an ISO time) at CloudContactAI."""
        return texting.learns_about_phone(self.sandbox, number, facts)

    def webhooks(self) -> list[dict[str, Any]]:
        """Return the latest webhooks, with the answer to each attempt."""
        return self.sandbox.webhooks.latest()

    def reset(self) -> None:
        self.sandbox.reset()

    def truth(self, number: str) -> dict[str, Any]:
        return truth.of_number(self.sandbox.store, number)

    def calls(self, vendor: str) -> list[dict[str, Any]]:
        return self.sandbox.calls.latest(vendor)


@contextlib.contextmanager
def running(
    people: int = 50,
    seed: int = 1,
    *,
    db: Path | None = None,
    **switches: Any,
) -> Iterator[Running]:
    """Run a sandbox on a free port, with switches as keywords. Rebuilds a given `db`."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        path = db or Path(folder) / "sandbox.sqlite3"
        build(path, people, seed)
        store = Store(path)
        sandbox = Sandbox(store, Switches().changed(switches), seed)
        server = SandboxServer(("127.0.0.1", 0), sandbox, quiet=True)
        server.start()
        try:
            yield Running(server)
        finally:
            server.stop()
            store.close()
