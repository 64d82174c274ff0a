"""A dashboard that is told things by the sandbox's vendors."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.people import until


class Receiver:
    """A dashboard that writes down what it is told, and answers what a test wants."""

    def __init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.told.append((self.path, dict(self.headers.items()), json.loads(raw)))
                receiver.methods.append(self.command)
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.end_headers()

            do_PUT = do_POST  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.told: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.methods: list[str] = []
        self.answers: list[int] = []
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def bodies(self, many: int) -> list[dict[str, Any]]:
        """The first so many, once they are there."""
        until(lambda: len(self.told) >= many)
        return [body for _, _, body in self.told]

    def events(self, many: int) -> list[str]:
        """Their names, sorted, since each is sent on its own."""
        return sorted(str(each.get("eventType", each.get("name"))) for each in self.bodies(many))
