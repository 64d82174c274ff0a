"""Many at once: a job is prepared, looked at, started, and then moved along by the worker, each row exactly once.

`sources` reads what it is about, `making` prepares it, `controls` starts, pauses and cancels it, `working` does the
rows, `reading` tells how it stands. Another kind of job registers who does its rows: see `working.DOERS`.
"""

from contacts_ui.services.jobs.controls import NotNow, cancel, pause, resume, start
from contacts_ui.services.jobs.making import ACTS_ON, CannotMake, create
from contacts_ui.services.jobs.sources import Candidate, NoNumbers, Source
from contacts_ui.services.jobs.working import DOERS, Outcome, go_on

__all__ = [
    "ACTS_ON",
    "DOERS",
    "Candidate",
    "CannotMake",
    "NoNumbers",
    "NotNow",
    "Outcome",
    "Source",
    "cancel",
    "create",
    "go_on",
    "pause",
    "resume",
    "start",
]
