"""Measure what an idle worker asks of database and processor, and the memory of worker and web process under load.

Real processes on DATABASE_URL's database, which may hold a million contacts already, or on a new SQLite one.
"""

import argparse
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from stack import (
    ROOT,
    Stack,
    answers,
    children_of,
    collect_static,
    log_in,
    make_people,
    running_stack,
    until,
    use_database,
)

SETTINGS = {"LOG_LEVEL": "ERROR", "MFA_REQUIRED": "off"}
# The worker as it is, with a count of statements that it prints when it is told to.
WORKER = """
import signal, threading
import django
django.setup()
from django.core.management import call_command
from django.db.backends.signals import connection_created
made = []
def count(execute, *statement):
    made.append(threading.current_thread().name)
    return execute(*statement)
def watch(connection, **kwargs):
    connection.execute_wrappers[:] = [count]
def tell(*args):
    print(*(name.replace(" ", "_") for name in made), flush=True)
    made.clear()
connection_created.connect(watch)
signal.signal(signal.SIGUSR1, tell)
call_command("worker")
"""
PAGES = ("/contacts/", "/contacts/?offset=500", "/contacts/?q=ann", "/contacts/?may=no", "/overview/", "/status/",
         "/opt-outs/", "/audit/", "/jobs/")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300, help="contacts of the sandbox (300)")
    parser.add_argument("--idle", type=int, default=60, help="seconds to watch the worker (60)")
    parser.add_argument("--requests", type=int, default=2_000, help="of the web process (2000)")
    parser.add_argument("--browsers", type=int, default=50, help="that ask at once (50)")
    options = parser.parse_args()
    with running_stack(people=options.people, settings=SETTINGS) as stack:
        idle_worker(stack, options.idle)
        busy_web(stack, options.requests, options.browsers)


def idle_worker(stack: Stack, seconds: int) -> None:
    """Print statements and processor time of a worker that has nothing to do."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=ROOT,
        env=stack.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    stack.processes["worker"] = worker  # type: ignore[assignment]
    # It reads everyone first, and does what it does once a minute.
    time.sleep(seconds / 2)
    told(worker)
    started, before = time.monotonic(), cpu_seconds(worker.pid)
    time.sleep(seconds)
    threads = told(worker)
    took, worked = time.monotonic() - started, cpu_seconds(worker.pid) - before
    print(
        f"idle worker: {threads.total() / took:.1f} statements a second, {worked / took:.2%} of a processor"
    )
    print("  " + ", ".join(f"{name} {many / took:.2f}" for name, many in threads.most_common()))
    print(f"worker: {memory(worker.pid)}", flush=True)
    worker.terminate()
    worker.wait(20)


def told(worker: "subprocess.Popen[str]") -> Counter[str]:
    """Return how many statements each thread made since the last time."""
    worker.send_signal(signal.SIGUSR1)
    line = worker.stdout.readline() if worker.stdout else ""
    # Other lines are of its log.
    return Counter(line.split()) if not line.startswith("{") else told(worker)


def busy_web(stack: Stack, many: int, browsers: int) -> None:
    """Print the memory of the web processes after many requests of browsers at once, some exports among them."""
    use_database(stack)
    name = make_people(agents=0, managers=1)[0]
    collect_static(stack)
    stack.spawn("web")
    until(lambda: answers(f"{stack.url}/readyz"), "the dashboard")
    print(f"web, started: {web_memory(stack)}")
    cookies = log_in(stack, name).cookies

    def browse(first: int) -> None:
        browser = requests.Session()
        browser.trust_env, browser.cookies = False, cookies.copy()
        for number in range(first, many, browsers):
            browser.get(stack.url + PAGES[number % len(PAGES)], timeout=60)
            if number % 200 == 100:
                export(stack, browser)

    with ThreadPoolExecutor(browsers) as pool:
        list(pool.map(browse, range(browsers)))
    print(f"web, after {many:,} requests: {web_memory(stack)}")


def export(stack: Stack, browser: requests.Session) -> None:
    url = f"{stack.url}/contacts/export/"
    for kind in ("csv", "xlsx"):
        token = {"X-CSRFToken": browser.cookies.get("csrftoken") or "", "Referer": url}
        form = {"why": "To measure memory.", "format": kind}
        with browser.post(url, form, headers=token, timeout=600, stream=True) as answer:
            answer.raise_for_status()
            for _ in answer.iter_content(1 << 16):
                pass


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def web_memory(stack: Stack) -> str:
    return "; ".join(map(memory, children_of(stack.processes["web"])))


def memory(pid: int) -> str:
    """Return the memory of a process now and at most, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    now, most = (
        int(re.findall(rf"{name}:\s+(\d+)", text)[0]) / 1024 for name in ("VmRSS", "VmHWM")
    )
    return f"{now:.0f} MB, at most {most:.0f} MB"


if __name__ == "__main__":
    main()
