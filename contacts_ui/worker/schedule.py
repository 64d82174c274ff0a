"""Everything that a worker runs again and again, with its interval: one thread for each group.

Tasks that wait for a vendor or take long have a thread of their own. Each task looks in the database for what is due,
so any number of workers may run, and a failure keeps no other task waiting. For those that people wait for, one
question finds out which have something to do.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from django.db import close_old_connections, connections

from contacts_ui.models.job import JobKind
from contacts_ui.services import index, jobs, retention, verification
from contacts_ui.services.consent import (
    desired_state,
    held_presses,
    inbound_texts,
    lift_requests,
    record,
    renewal,
    slicktext_readings,
)
from contacts_ui.services.imports.rows import import_row
from contacts_ui.services.jobs import row_handlers
from contacts_ui.services.messages import sent_texts, slicktext_sync
from contacts_ui.services.operations import abilities, counts, heartbeats, register_pages
from contacts_ui.services.retention.forgetting import forget_again
from contacts_ui.services.review import answers, reconcile
from contacts_ui.services.webhooks import inbox, processing
from contacts_ui.worker.delivery_pool import DeliveryPool
from contacts_ui.worker.due import DueRows, Question

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# How soon a thread that waits for work notices that the worker stops.
STOP_CHECK_SECONDS: Final = 0.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """Something to run every so many seconds, first when the worker starts."""

    every_seconds: float
    run: Callable[[], object]


@dataclass(frozen=True)
class UrgentTask:
    """Something to run as soon as the query `due` finds a row."""

    due: DueRows
    run: Callable[[], object]
    is_due: threading.Event = field(default_factory=threading.Event)


ROW_HANDLERS: Final = {
    JobKind.STOP: row_handlers.stop,
    JobKind.ASK_LIFT: row_handlers.ask_lift,
    JobKind.EDIT: row_handlers.edit,
    JobKind.IMPORT: import_row,
    JobKind.TELL: row_handlers.tell,
    JobKind.REPAIR: row_handlers.repair,
}
run_jobs: Final = partial(jobs.run_due, ROW_HANDLERS)

# By the name of the thread.
SCHEDULE: Final[dict[str, Sequence[Task]]] = {
    "minutely": (
        Task(MINUTE, desired_state.tell_vendors_connected_later),
        Task(MINUTE, slicktext_readings.first_sync_ended_at),
        Task(MINUTE, record.rebuild_for_vendors),
        Task(MINUTE, inbound_texts.stop_undecided),
        Task(5 * MINUTE, lift_requests.expire_old),
        Task(5 * MINUTE, answers.note_today),
    ),
    "reconcile": (Task(5, reconcile.run_due),),
    "messages": (Task(5, slicktext_sync.run_due), Task(MINUTE, counts.check)),
    "sent texts": (Task(5, sent_texts.check_new_statements), Task(30, sent_texts.raise_alarms)),
    "vendors": (
        Task(10, abilities.probe),
        Task(5, register_pages.run_due),
        Task(5, renewal.run_due),
    ),
    "retention": (
        Task(HOUR, verification.note_head),
        Task(HOUR, retention.run),
        Task(DAY, retention.clean_stored),
        Task(DAY, index.prune_words),
        Task(DAY, forget_again),
    ),
}


def urgent_tasks(pool: DeliveryPool) -> dict[str, UrgentTask]:
    """Return what is run as soon as it is due, by the name of its thread."""
    return {
        "delivery": UrgentTask(desired_state.due, pool.wake),
        "held presses": UrgentTask(held_presses.due, held_presses.send_due),
        "webhooks": UrgentTask(inbox.due, processing.process_due),
        "jobs": UrgentTask(jobs.open_jobs, run_jobs),
    }


def timed_tasks(
    urgent: Sequence[UrgentTask], stopping: threading.Event, *, look_every_seconds: float
) -> dict[str, Sequence[Task]]:
    """Return what is run again and again, by the name of its thread."""
    question = Question([task.due for task in urgent])
    sync = partial(index.run_due, stopping, on_page=slicktext_readings.hear)
    return SCHEDULE | {
        "due": (
            Task(look_every_seconds, partial(wake_due, urgent, question)),
            Task(heartbeats.HEARTBEAT_SECONDS, heartbeats.record),
        ),
        "index": (Task(5, sync),),
    }


def start(
    pool: DeliveryPool, stopping: threading.Event, *, look_every_seconds: float
) -> list[threading.Thread]:
    """Start a thread for each group of tasks; they end soon after `stopping` is set."""
    urgent = urgent_tasks(pool)
    groups = timed_tasks(list(urgent.values()), stopping, look_every_seconds=look_every_seconds)
    threads = [
        threading.Thread(target=_repeat, args=(tasks, stopping), daemon=True, name=name)
        for name, tasks in groups.items()
    ]
    threads += [
        threading.Thread(target=_run_when_due, args=(task, stopping), daemon=True, name=name)
        for name, task in urgent.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def wake_due(tasks: Sequence[UrgentTask], question: Question) -> None:
    """Wake the threads of the tasks that have something to do."""
    for task, is_due in zip(tasks, question.ask(), strict=True):
        if is_due:
            task.is_due.set()


def _repeat(tasks: Sequence[Task], stopping: threading.Event) -> None:
    due_at = dict.fromkeys(tasks, 0.0)
    while not stopping.is_set():
        for task in tasks:
            if time.monotonic() >= due_at[task]:
                due_at[task] = time.monotonic() + task.every_seconds
                _run(task)
        stopping.wait(max(min(due_at.values()) - time.monotonic(), 0.05))


def _run_when_due(task: UrgentTask, stopping: threading.Event) -> None:
    while not stopping.is_set():
        if task.is_due.wait(STOP_CHECK_SECONDS):
            task.is_due.clear()
            _run(task)


def _run(task: Task | UrgentTask) -> None:
    try:
        close_old_connections()
        task.run()
    except Exception:
        # The database may be restarting. The task runs again when its time comes.
        logger.exception("a scheduled task failed")
        connections.close_all()
