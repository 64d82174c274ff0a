"""A very small HTTP server on loopback that misbehaves as told, one reaction for each request."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What arrived, and over which connection (counted from 1)."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    peer: Any


# A reaction writes to the socket and says whether the connection stays open.
Reaction = Callable[[socket.socket], bool]


def answers(
    data: Any = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Reaction:
    """Answer with JSON, or with the given bytes."""

    def react(sock: socket.socket) -> bool:
        payload = json.dumps(data).encode() if body is None else body
        sock.sendall(_head(status, len(payload), headers) + payload)
        return True

    return react


def drops(sock: socket.socket) -> bool:
    """Close without a word."""
    return False


def drops_within_the_body(status: int = 200) -> Reaction:
    """Promise 1,000 bytes, send a few, close."""

    def react(sock: socket.socket) -> bool:
        sock.sendall(_head(status, 1000) + b'{"contact_id": 7')
        return False

    return react


def hangs(seconds: float) -> Reaction:
    """Say nothing for so long, then close."""

    def react(sock: socket.socket) -> bool:
        time.sleep(seconds)
        return False

    return react


def drips(what: bytes, every: float, *, head: bytes = b"") -> Reaction:
    """Send ``head`` at once and then one byte after another."""

    def react(sock: socket.socket) -> bool:
        sock.sendall(head)
        for index in range(len(what)):
            time.sleep(every)
            sock.sendall(what[index : index + 1])
        return False

    return react


def drips_its_body(every: float, length: int = 100, status: int = 200) -> Reaction:
    return drips(b" " * length, every, head=_head(status, length))


def drips_its_headers(every: float) -> Reaction:
    return drips(_head(200, 0), every)


def says(what: bytes) -> Reaction:
    """Send exactly these bytes and close."""

    def react(sock: socket.socket) -> bool:
        sock.sendall(what)
        return False

    return react


def then_closes(reaction: Reaction) -> Reaction:
    """Do as ``reaction`` does, then close the connection without having announced it."""

    def react(sock: socket.socket) -> bool:
        reaction(sock)
        return False

    return react


def _head(status: int, length: int, headers: dict[str, str] | None = None) -> bytes:
    lines = {"Content-Type": "application/json", "Content-Length": str(length), **(headers or {})}
    rest = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{rest}\r\n".encode()


@dataclass
class Loopback:
    """The server: ``requests`` is what it got, ``reactions`` is what it has still to do."""

    reactions: list[Reaction] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    closed: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def will(self, *reactions: Reaction) -> None:
        self.reactions.extend(reactions)

    def close(self) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            number = len(self._open)
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            with sock, sock.makefile("rb") as lines:
                while request := _read_request(lines, number, sock.getpeername()):
                    self.requests.append(request)
                    reaction = self.reactions.pop(0) if self.reactions else drops
                    if not reaction(sock):
                        return
        except OSError:
            # The client hung up on a hanging or dripping reaction, as it should.
            return
        finally:
            self.closed += 1


def _read_request(lines: Any, number: int, peer: Any) -> Request | None:
    # latin-1 takes any bytes, those of a TLS handshake too.
    first = lines.readline().decode("latin-1")
    if not first.strip():
        return None
    method, _, rest = first.partition(" ")
    target = rest.partition(" ")[0]
    headers: dict[str, str] = {}
    while line := lines.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = lines.read(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body, number, peer)


@contextmanager
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    try:
        yield server
    finally:
        server.close()


def refused_url() -> str:
    """Return an address without a server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"
