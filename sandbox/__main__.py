"""`python -m sandbox serve` and `load`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from sandbox.app import Sandbox
from sandbox.server import SandboxServer
from sandbox.store import Store, build, is_empty
from sandbox.switches import Switches
from sandbox.webhooks import METHODS


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.command == "load":
        return load(options.db, options.people, options.seed)
    return serve(options)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer as both vendors")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    serve.add_argument("--generation", choices=("new", "old"), default="new")
    serve.add_argument("--slicktext-hook", default="", help="where SlickText's webhooks go")
    serve.add_argument("--ccai-hook", default="", help="where CloudContactAI's webhooks go")
    serve.add_argument("--ccai-hook-secret", default="", help="what those are signed with")
    serve.add_argument(
        "--ccai-hook-method", choices=METHODS, default="POST", help="how those are sent"
    )
    serve.add_argument("--quiet", action="store_true", help="no line for each call")
    load = commands.add_parser("load", help="write the people of a seed into a fresh file")
    for command in (serve, load):
        command.add_argument("--db", type=Path, default=Path("var/sandbox.sqlite3"))
        command.add_argument("--people", type=int, default=5000)
        command.add_argument("--seed", type=int, default=1)
    return top


def load(db: Path, people: int, seed: int) -> int:
    start = time.monotonic()
    build(db, people, seed)
    print(f"{people:,} people in {time.monotonic() - start:.1f} s: {db}", flush=True)
    return 0


def serve(options: argparse.Namespace) -> int:
    if is_empty(options.db):
        load(options.db, options.people, options.seed)
    store = Store(options.db)
    sandbox = Sandbox(store, Switches(generation=options.generation), options.seed)
    sandbox.webhooks.addresses = sandbox.webhooks.addresses.changed(
        {
            "slicktext_url": options.slicktext_hook,
            "ccai_url": options.ccai_hook,
            "ccai_secret": options.ccai_hook_secret,
            "ccai_method": options.ccai_hook_method,
        }
    )
    server = SandboxServer((options.host, options.port), sandbox, options.quiet)
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    server.start()
    print(f"sandbox listening on {server.url} ({server.url}/_sandbox/)", flush=True)
    stop.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
