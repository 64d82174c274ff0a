"""The front door: what nginx keeps from gunicorn, what it passes on, and how both end."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contacts_ui.body_sizes import FILE_BYTES, FORM_BYTES, SIGNED_OUT_BYTES
from contacts_ui.services.files.table import FILE_MAX_BYTES
from contacts_ui.views.webhooks import MAX_BYTES

from .processes import ROOT, command_of, ended, family, free_port, plain_environment, started, until

SERVE = [sys.executable, str(ROOT / "bin" / "serve.py"), "--app", "tests.front.echo:application"]
# Without a configuration of gunicorn's, which is about the dashboard.
SERVE += ["--config", "python:tests.front.quiet", "--grace", "2"]


@pytest.fixture(autouse=True, scope="module")
def nginx() -> str:
    """Return the path of nginx."""
    sys.path.insert(0, str(ROOT / "bin"))
    from serve import find_nginx

    sys.path.pop(0)
    return find_nginx() or pytest.skip("nginx is missing: requirements/dev.txt has it for Linux")


@pytest.fixture(scope="module")
def front(nginx: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the echo; return its address, without scheme."""
    with served(tmp_path_factory.mktemp("front")) as (_, address):
        yield address


@contextlib.contextmanager
def served(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Serve the echo; yield the process, and its address."""
    address = f"127.0.0.1:{free_port()}"
    command = [*SERVE, "--bind", address, *more]
    with started(command, folder / "log", cwd=ROOT, env=plain_environment()) as process:
        until(lambda: answers(address) or process.poll() is not None, "the front")
        yield process, address


def answers(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/", timeout=1).ok
    except requests.RequestException:
        return False


def spoken(address: str, sent: bytes) -> bytes:
    """Send bytes, and return the first answer."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(sent)
        return client.recv(65536)


@pytest.mark.parametrize(
    ("path", "largest"),
    [
        ("/accounts/login/", SIGNED_OUT_BYTES),
        ("/webhooks/slicktext/secret/", 128 << 10),
        ("/contacts/1/edit/", FORM_BYTES),
        ("/contacts/import/", FILE_BYTES),
        ("/jobs/new/?scope=ticked", FILE_BYTES),
    ],
)
def test_a_large_body_is_refused_by_its_length_before_it_is_sent(
    front: str, path: str, largest: int
) -> None:
    start = f"POST {path} HTTP/1.1\r\nHost: here\r\nCookie: sessionid=a\r\nContent-Length: "
    # Its body is never sent: who waited for it would not answer within the seconds of a test.
    refused = spoken(front, f"{start}{largest + 1}\r\n\r\n".encode())
    assert refused.startswith(b"HTTP/1.1 413 ")
    cookies = {"sessionid": "a"}
    sent = requests.post(f"http://{front}{path}", b"x" * largest, cookies=cookies, timeout=60)
    assert sent.json()["length"] == largest


@pytest.mark.parametrize("path", ["/contacts/import/", "/jobs/new/"])
def test_without_a_session_no_file_is_kept(front: str, path: str) -> None:
    start = f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Length: {SIGNED_OUT_BYTES + 1}\r\n\r\n"
    assert spoken(front, start.encode()).startswith(b"HTTP/1.1 413 ")
    form = b"x" * SIGNED_OUT_BYTES
    sent = requests.post(f"http://{front}{path}?q=Mc%2FFly%0A", form, timeout=60).json()
    assert (sent["length"], sent["PATH_INFO"]) == (len(form), path)
    assert sent["QUERY_STRING"] == "q=Mc%2FFly%0A"


def test_the_limits_leave_room_for_what_the_dashboard_takes() -> None:
    rules = (ROOT / "deploy/nginx/dashboard.conf").read_text()
    limits = dict(re.findall(r"location (.+) \{\s+client_max_body_size (\d+[km]);", rules))
    in_bytes = {
        path: int(text[:-1]) << (10 if text[-1] == "k" else 20) for path, text in limits.items()
    }
    # With the other fields and the boundaries of a form.
    assert in_bytes["~ ^/(contacts/import|jobs/new)"] >= FILE_MAX_BYTES + 100_000
    # Somewhat more, so that the dashboard itself refuses and counts it: it may have been a stop.
    assert in_bytes["/webhooks"] >= MAX_BYTES + 1000


@pytest.mark.parametrize("path", ["/jobs/new", "/contacts/import", "/accounts", "/webhooks"])
def test_a_forgotten_slash_is_left_to_the_dashboard(front: str, path: str) -> None:
    assert requests.get(f"http://{front}{path}", timeout=60).json()["PATH_INFO"] == path


def test_a_large_body_without_a_length_is_refused_on_the_way(front: str) -> None:
    start = b"POST /accounts/login/ HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    assert spoken(front, start + 3 * chunk).startswith(b"HTTP/1.1 413 ")


def test_who_asked_for_a_fragment_gets_a_sentence(front: str) -> None:
    page, words = (
        requests.post(f"http://{front}/", b"x" * 600_000, headers=headers, timeout=60)
        for headers in ({}, {"HX-Request": "true"})
    )
    assert page.status_code == words.status_code == 413
    assert "<h1>Too large</h1>" in page.text
    assert words.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert words.text.startswith("This is too large for this page.")
    # app.js shows what is shorter.
    assert len(words.text) < 300
    assert words.headers["Content-Security-Policy"] == "default-src 'none'"


@pytest.mark.parametrize("path", ["too-large/page", "no-answer/sentence", "signed-out", "x"])
def test_its_own_answers_have_no_address_for_others(front: str, path: str) -> None:
    assert requests.get(f"http://{front}/_front/{path}", timeout=60).status_code == 404


def test_without_an_answer_of_gunicorns_there_is_a_calm_one(tmp_path: Path) -> None:
    with served(tmp_path) as (_, address):
        never = f"http://{address}/never/"
        answer = requests.get(never, headers={"HX-Request": "true"}, timeout=60)
    assert answer.status_code == 503
    assert answer.text.startswith("The dashboard did not answer.")
    assert len(answer.text) < 300


def test_addresses_ids_and_names_are_passed_on(front: str) -> None:
    sent = {
        "Host": "dashboard.example:444",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Request-ID": "abc-12345678",
    }
    reached = requests.get(f"http://{front}/where/?q=1", headers=sent, timeout=60).json()
    assert reached["HTTP_HOST"] == sent["Host"]
    # Its peer stands last: what a client writes there is never the end.
    assert reached["HTTP_X_FORWARDED_FOR"] == "203.0.113.9, 127.0.0.1"
    assert reached["HTTP_X_FORWARDED_PROTO"] == "https"
    assert reached["HTTP_X_REQUEST_ID"] == sent["X-Request-ID"]
    # A socket has no address, so what stands in the header counts (contacts_ui/client_address.py).
    assert reached["REMOTE_ADDR"] == ""


def test_a_download_is_streamed(front: str) -> None:
    with requests.get(f"http://{front}/in-turn/", stream=True, timeout=20) as answer:
        pieces = answer.iter_content(100)
        assert next(pieces).startswith(b"first")
        assert requests.get(f"http://{front}/go-on/", timeout=20).ok
        assert list(pieces)[-1].endswith(b"last\n")


def test_what_was_searched_is_in_no_log(tmp_path: Path) -> None:
    with served(tmp_path) as (process, address):
        requests.post(f"http://{address}/?q=Marty+McFly", b"x" * 600_000, timeout=60)
        worker = [pid for pid in family(process.pid) if "-m gunicorn" in command_of(pid)][-1]
        with requests.get(f"http://{address}/in-turn/?q=Marty", stream=True, timeout=60) as answer:
            os.kill(worker, signal.SIGKILL)
            with pytest.raises(requests.RequestException):
                assert answer.content
    log = (tmp_path / "log").read_text()
    assert "too large body" in log
    assert "upstream prematurely closed" in log
    assert "Marty" not in log


@pytest.mark.parametrize(
    ("part", "number", "code"),
    [
        ("serve.py", signal.SIGTERM, 0),
        ("serve.py", signal.SIGKILL, -signal.SIGKILL),
        ("-m gunicorn", signal.SIGKILL, 1),
        ("nginx: master", signal.SIGKILL, 1),
    ],
)
def test_both_end_together(tmp_path: Path, part: str, number: int, code: int) -> None:
    with served(tmp_path) as (process, address):
        everything = family(process.pid)
        host, port = address.split(":")
        # Half a request keeps nothing from ending.
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\n")
            os.kill(next(pid for pid in everything if part in command_of(pid)), number)
            ended(everything)
        assert process.wait() == code
    configuration = re.search(r"unix:(\S+)/gunicorn.sock", (tmp_path / "log").read_text())
    assert configuration
    until(lambda: not Path(configuration[1]).exists(), "its folder to go")


def test_a_request_under_way_is_answered_before_the_end(tmp_path: Path) -> None:
    with served(tmp_path, "--grace", "8") as (process, address):
        with requests.get(f"http://{address}/slowly/", stream=True, timeout=60) as answer:
            process.send_signal(signal.SIGTERM)
            assert answer.content.endswith(b"2\n")
        assert process.wait(timeout=60) == 0


def test_without_nginx_it_says_so_and_serves(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    hide = "import sys; sys.path.insert(0, 'bin'); import serve; serve.find_nginx = str; sys.exit(serve.main())"
    command = [sys.executable, "-c", hide, *SERVE[2:], "--bind", address]
    log = tmp_path / "log"
    with started(command, log, cwd=ROOT, env=plain_environment()):
        until(lambda: answers(address), "gunicorn alone")
    assert "nginx is not installed" in log.read_text()


def test_four_hundred_slow_connections_leave_pages_quick() -> None:
    done = subprocess.run(
        [sys.executable, "bin/bench_slow_clients.py", "--only", "front", "--seconds", "1"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": "", "REDIS_URL": ""},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
