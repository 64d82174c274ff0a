"""The program: it starts, keeps its file, stops at once, and shares no code with the app."""

import ast
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import requests

from sandbox.server import running
from sandbox.store import build, is_empty
from tests.people import at_once
from tests.sandbox.conftest import CONTACTS, SLICKTEXT

ROOT = Path(__file__).parents[2]
SERVE = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--quiet"]


@contextmanager
def program(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    started = subprocess.Popen(
        [*SERVE, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert started.stdout
        lines = iter(started.stdout.readline, "")
        line = next(line for line in lines if "listening" in line)
        found = re.search(r"http://[\d.]+:\d+", line)
        assert found
        yield started, found[0]
    finally:
        started.kill()
        started.communicate()


def test_the_method_of_webhooks_is_an_option(tmp_path: Path) -> None:
    db = ("--db", str(tmp_path / "sandbox.sqlite3"), "--people", "1")
    with program(*db, "--ccai-hook-method", "PUT") as (_, url):
        held = requests.get(f"{url}/_sandbox/webhooks", timeout=60).json()
    assert held["ccai_method"] == "PUT"


def test_no_import_of_the_app_or_of_anything_installed() -> None:
    for file in (ROOT / "sandbox").glob("**/*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                first = name.split(".")[0]
                assert first == "sandbox" or first in sys.stdlib_module_names, (file.name, name)


def test_it_keeps_its_data_over_a_restart(tmp_path: Path) -> None:
    arguments = ("--db", str(tmp_path / "var" / "sandbox.sqlite3"), "--people", "5")
    with program(*arguments) as (process, url):
        marty = f"{url}/v1{CONTACTS}/7778"
        requests.put(marty, headers=SLICKTEXT, json={"city": "Reno"}, timeout=60)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with program(*arguments, "--people", "9", "--generation", "old") as (_, url):
        state = requests.get(f"{url}/_sandbox/state", timeout=60).json()
        assert (state["people"]["slicktext"], state["generation"]) == (5, "old")
        marty = f"{url}/v1{CONTACTS}/7778"
        assert requests.get(marty, headers=SLICKTEXT, timeout=60).json()["city"] == "Reno"


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_while_calls_hang(tmp_path: Path, sign: signal.Signals) -> None:
    with program("--db", str(tmp_path / "s.sqlite3"), "--people", "5") as (process, url):
        fault = f"{url}/_sandbox/faults/slicktext"
        requests.put(fault, json={"kind": "hang"}, timeout=60)
        address = (url.split("/")[2].split(":")[0], int(url.rsplit(":", 1)[1]))
        with socket.create_connection(address) as waiting:
            waiting.sendall(b"GET /v1/brands HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.2)
            process.send_signal(sign)
            # The call would hang for five minutes.
            assert process.wait(timeout=60) == 0


def test_load_builds_a_file_that_serve_takes(tmp_path: Path) -> None:
    file = tmp_path / "load.sqlite3"
    assert is_empty(file)
    command = [sys.executable, "-m", "sandbox", "load", "--people", "20", "--seed", "3"]
    done = subprocess.run(
        [*command, "--db", str(file)], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert done.stdout.startswith("20 people in ")
    assert not is_empty(file)
    assert os.listdir(tmp_path) == [file.name]


def test_a_file_with_an_empty_database_counts_as_empty(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite3"
    file.touch()
    assert is_empty(file)
    build(file, 0, 1)
    assert not is_empty(file)


def test_a_connection_is_kept_and_answers_are_one_packet_quick() -> None:
    with running(people=300) as server, requests.Session() as session:
        url = f"{server.slicktext_url}{CONTACTS}"

        def seconds() -> float:
            start = time.monotonic()
            assert session.get(url, headers=SLICKTEXT, timeout=60).status_code == 200
            return time.monotonic() - start

        quick = any(seconds() < 0.04 for _ in range(100))
        assert quick, "a delayed acknowledgement's 40 ms would show in every one"


def test_many_writers_at_once_lose_nothing() -> None:
    with running(people=1, rate_limit=False) as server:
        url = f"{server.slicktext_url}{CONTACTS}"

        def create(start: int) -> None:
            with requests.Session() as session:
                for n in range(start, start + 10):
                    body = {"mobile_number": f"212555{n:04d}"}
                    reply = session.post(url, headers=SLICKTEXT, json=body, timeout=60)
                    assert reply.status_code == 200

        at_once(*(partial(create, start) for start in range(0, 200, 10)))
        everyone = requests.get(f"{url}?limit=250", headers=SLICKTEXT, timeout=60).json()["data"]
        ids = [person["contact_id"] for person in everyone]
        assert ids == list(range(7778, 7778 + 201))


def test_a_chunked_body_is_refused_in_words(tmp_path: Path) -> None:
    with running(people=1) as server:
        url = f"{server.slicktext_url}{CONTACTS}"
        body = iter([json.dumps({"mobile_number": "2125550199"}).encode()])
        reply = requests.post(url, headers=SLICKTEXT, data=body, timeout=60)
        assert reply.status_code == 411
