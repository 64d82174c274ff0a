"""Measure what slow clients cost others: pages while 400 connections send headers or bodies a byte at a time.

`python bin/bench_slow_clients.py [--connections 400] [--seconds 5] [--only front]`: `web` as the Procfile starts it
("front"), then gunicorn alone. Exit code 1 if a page failed behind the front, or took ten times
as long as before and over a second.
"""

import argparse
import contextlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from statistics import median

import requests
from stack import answers, running_stack, until

PATHS = ("/healthz", "/accounts/login/")
TIMEOUT_SECONDS = 20.0
# Two noisy cores, which the clients share: what comes within a second is quick, however quick it was before.
MAX_RATIO, QUICK_SECONDS = 10.0, 1.0
BEGINNINGS = {
    "half headers": b"GET /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "half bodies": b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=5.0, help="For each address and state")
    parser.add_argument("--only", choices=("front", "gunicorn"))
    options = parser.parse_args()
    well = True
    print(
        f"{'server':9} {'held open':>17} {'address':17} {'median':>8} {'slowest':>8} {'ratio':>6} failed"
    )
    with running_stack(people=20, settings={}) as stack:
        for server in (options.only,) if options.only else ("front", "gunicorn"):
            stack.spawn("web" if server == "gunicorn" else "front")
            until(lambda: answers(f"{stack.url}/healthz"), server)
            quiet = {path: measure(stack.url + path, options.seconds)[0] for path in PATHS}
            for path in PATHS:
                print(line(server, "nothing", path, [quiet[path]], 0, 1.0))
            for kind in BEGINNINGS:
                with slow_clients(stack.port, kind, options.connections):
                    for path in PATHS:
                        middle, slowest, failed = measure(stack.url + path, options.seconds)
                        ratio = middle / quiet[path]
                        held = f"{options.connections} {kind}"
                        print(
                            line(server, held, path, [middle, slowest], failed, ratio), flush=True
                        )
                        quick = ratio < MAX_RATIO or middle < QUICK_SECONDS
                        well &= server != "front" or (not failed and quick)
            stack.end("web" if server == "gunicorn" else "front", seconds=30)
    return 0 if well else 1


def line(server: str, held: str, path: str, seconds: list[float], failed: int, ratio: float) -> str:
    times = [f"{each * 1000:5.0f} ms" for each in seconds] + [""] * (2 - len(seconds))
    return f"{server:9} {held:>17} {path:17} {times[0]:>8} {times[1]:>8} {ratio:6.1f} {failed}"


def measure(url: str, seconds: float) -> tuple[float, float, int]:
    """Ask again and again; return the median and the slowest in seconds, and how many were not answered with 200."""
    times, failed = [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            failed += requests.get(url, timeout=TIMEOUT_SECONDS).status_code != 200
        except requests.RequestException:
            failed += 1
        times.append(time.monotonic() - began)
    return median(times), max(times), failed


@contextlib.contextmanager
def slow_clients(port: int, kind: str, count: int) -> Iterator[None]:
    """Hold `count` connections, each with the start of a request and one more byte a second; replace ended ones."""
    ending = threading.Event()
    held = [_connected(port, kind) for _ in range(count)]

    def send_on() -> None:
        while not ending.wait(1):
            for at, each in enumerate(held):
                held[at] = None
                with contextlib.suppress(OSError):
                    if each and each.send(b"x"):
                        held[at] = each
                held[at] = held[at] or _connected(port, kind)

    sender = threading.Thread(target=send_on)
    sender.start()
    try:
        time.sleep(1)
        yield
    finally:
        ending.set()
        sender.join()
        for each in held:
            if each:
                each.close()


def _connected(port: int, kind: str) -> socket.socket | None:
    with contextlib.suppress(OSError):
        opened = socket.create_connection(("127.0.0.1", port), timeout=0.5)
        opened.send(BEGINNINGS[kind])
        return opened
    return None


if __name__ == "__main__":
    sys.exit(main())
