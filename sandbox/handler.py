"""Serve HTTP: read a whole request, answer in one write, keep the connection."""

from __future__ import annotations

import select
import socket
import struct
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast

from sandbox import control
from sandbox.app import PREFIXES, Hangup, Outcome
from sandbox.wire import Reply, Request, json_reply

if TYPE_CHECKING:
    from sandbox.server import SandboxServer

MOST_BYTES = 10_000_000


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # An idle kept connection holds a thread; let it go in the end.
    timeout = 600

    def serve(self) -> None:
        body = self.read_body()
        if body is None:
            self.close_connection = True
            self.send(json_reply({"message": "a body needs a Content-Length"}, 411))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        outcome = self.outcome(request)
        if isinstance(outcome, Hangup):
            self.hang_up(outcome)
        else:
            self.send(outcome)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815

    def outcome(self, request: Request) -> Outcome:
        sandbox = cast("SandboxServer", self.server).sandbox
        try:
            first = (request.segments or [""])[0]
            if first in PREFIXES:
                return sandbox.answer(PREFIXES[first], request, self.caller_left)
            if first == "_sandbox":
                return control.answer(sandbox, request)
            if first == "":
                return Reply(303, headers={"Location": control.HOME})
            return json_reply({"message": "not found"}, 404)
        except Exception as problem:
            # A vendor that breaks still answers; the trace belongs on our screen.
            self.server.handle_error(self.request, self.client_address)
            return json_reply({"message": f"the sandbox failed: {problem}"}, 500)

    def read_body(self) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return None
        try:
            length = int(self.headers.get("Content-Length", 0))
        except ValueError:
            return None
        return self.rfile.read(length) if 0 <= length <= MOST_BYTES else None

    def send(self, reply: Reply) -> None:
        """Send head and body in one write, since two would wait for each other."""
        status = HTTPStatus(reply.status) if reply.status in set(HTTPStatus) else None
        lines = [
            f"HTTP/1.1 {reply.status} {status.phrase if status else 'Unknown'}",
            f"Date: {formatdate(usegmt=True)}",
            f"Content-Type: {reply.content_type}",
            f"Content-Length: {len(reply.body)}",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
            f"Connection: {'close' if self.close_connection else 'keep-alive'}",
        ]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + reply.body)
        self.log_request(reply.status)

    def hang_up(self, hangup: Hangup) -> None:
        self.close_connection = True
        if hangup.reset:
            # No lingering: the caller gets a reset, as from a closed port.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        self.log_request("reset" if hangup.reset else "closed")

    def caller_left(self) -> bool:
        """Return True if the other side closed while it waits."""
        try:
            readable, _, _ = select.select([self.connection], [], [], 0)
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        if not cast("SandboxServer", self.server).quiet:
            super().log_message(format, *args)
