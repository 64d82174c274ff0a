"""A small application behind the front, which says what reached it."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

GO_ON = threading.Event()
SHOWN = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the request as JSON.

    /slowly/ gives a line a second; /in-turn/ its last line once /go-on/ was asked for; at /never/ the process dies.
    """
    if environ["PATH_INFO"] == "/slowly/":
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Accel-Buffering", "no")])
        return slowly()
    if environ["PATH_INFO"] == "/in-turn/":
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Accel-Buffering", "no")])
        return in_turn()
    if environ["PATH_INFO"] == "/go-on/":
        GO_ON.set()
    if environ["PATH_INFO"] == "/never/":
        os.kill(os.getpid(), signal.SIGKILL)
    length = len(environ["wsgi.input"].read())
    told = {name: environ.get(name, "") for name in SHOWN}
    told |= {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told | {"length": length}).encode()]


def slowly() -> Iterator[bytes]:
    for number in range(3):
        yield f"{number}\n".encode() * 100
        time.sleep(1)


def in_turn() -> Iterator[bytes]:
    GO_ON.clear()
    yield b"first\n" * 100
    GO_ON.wait(60)
    yield b"last\n"
