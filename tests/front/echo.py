"""A small application behind the front, which says what reached it."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

SHOWN = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the request as JSON; /slowly/ with a line a second; /never/ with nothing."""
    if environ["PATH_INFO"] == "/slowly/":
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Accel-Buffering", "no")])
        return slowly()
    if environ["PATH_INFO"] == "/never/":
        time.sleep(60)
    length = len(environ["wsgi.input"].read())
    told = {name: environ.get(name, "") for name in SHOWN}
    told |= {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told | {"length": length}).encode()]


def slowly() -> Iterator[bytes]:
    for number in range(3):
        yield f"{number}\n".encode() * 100
        time.sleep(1)
