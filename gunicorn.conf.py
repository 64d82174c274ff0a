"""How gunicorn serves the dashboard; read by itself from the directory it is started in. Command-line options win."""

import gc
import os
from pathlib import Path
from typing import Any

from dashboard.logs import logging_config
from dashboard.memory import share_arenas

# Before there are threads.
share_arenas()
# Most of a request is waiting for a vendor, so threads.
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = 8
# The code is there before the port is: a proxy before several web processes asks another one until then.
preload_app = True
# Longer than a page takes whose vendors do not answer; on SIGTERM, shorter than a supervisor waits before it kills.
timeout = 60
graceful_timeout = 20
# The dashboard writes one line for each request itself, without what was searched.
accesslog = None
logconfig_dict = {
    **logging_config(
        form=os.environ.get("LOG_FORMAT") or "auto", level=os.environ.get("LOG_LEVEL") or "INFO"
    ),
    "loggers": {
        "gunicorn.error": {"propagate": True},
        "gunicorn.access": {"handlers": [], "propagate": False},
    },
}
control_socket_disable = True
# Signs of life go to memory rather than to a disk, which may stand still for a second.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes it private


def on_starting(server: Any) -> None:
    """Import the views before the port is there, and before the first person waits for them."""
    from django.urls import resolve

    resolve("/")


def post_worker_init(worker: Any) -> None:
    """Send the held presses of a process before this one, and keep the garbage collector off what stays anyway.

    Else every now and then a page waits until it has walked through all that is loaded. Presses are sent in time also
    where no worker runs.
    """
    from contacts_ui.services.consent import held_presses

    held_presses.resume()
    gc.collect()
    gc.freeze()
