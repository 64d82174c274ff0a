"""Bulk work: a job is prepared, previewed, started by a second press, and run by the worker, each row exactly once.

`sources` reads who it is about, `creation` prepares it, `controls` starts, pauses and cancels it, `running` moves it
along with a handler for each kind (`row_handlers`), and `progress` reports its state.
"""

from contacts_ui.services.jobs.controls import NotNow, cancel, pause, resume, start
from contacts_ui.services.jobs.creation import create
from contacts_ui.services.jobs.running import open_jobs, run_due
from contacts_ui.services.jobs.sources import CannotCreate

__all__ = [
    "CannotCreate",
    "NotNow",
    "cancel",
    "create",
    "open_jobs",
    "pause",
    "resume",
    "run_due",
    "start",
]
