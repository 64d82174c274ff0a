"""Everything that a worker runs again and again, with its interval: one thread for each group.

Tasks that wait for a vendor or take long have a thread of their own. Each task looks in the database for what is due,
so any number of workers may run, and a failure keeps no other task waiting.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from contacts_ui.services.webhooks import processing
from contacts_ui.worker.delivery_pool import DeliveryPool

MINUTE, HOUR, DAY = 60, 3_600, 86_400

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """Something to run every so many seconds, first when the worker starts."""

    every_seconds: float
    run: Callable[[], object]


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
    "held presses": (Task(0.5, held_presses.send_due),),
    "webhooks": (Task(1, processing.process_due),),
    "jobs": (Task(0.5, run_jobs),),
    "minutely": (
        Task(MINUTE, desired_state.tell_vendors_connected_later),
        Task(MINUTE, slicktext_readings.first_sync_ended_at),
        Task(MINUTE, record.rebuild_for_vendors),
        Task(MINUTE, inbound_texts.stop_undecided),
        Task(5 * MINUTE, lift_requests.expire_old),
        Task(5 * MINUTE, answers.note_today),
    ),
    "reconcile": (Task(2, reconcile.run_due),),
    "messages": (Task(2, slicktext_sync.run_due), Task(MINUTE, counts.check)),
    "sent texts": (Task(2, sent_texts.check_new_statements), Task(30, sent_texts.raise_alarms)),
    "vendors": (
        Task(10, abilities.probe),
        Task(2, register_pages.run_due),
        Task(2, renewal.run_due),
    ),
    "retention": (
        Task(HOUR, verification.note_head),
        Task(HOUR, retention.run),
        Task(DAY, retention.clean_stored),
        Task(DAY, index.prune_words),
        Task(DAY, forget_again),
    ),
}


def start(
    pool: DeliveryPool, stopping: threading.Event, *, deliver_every_seconds: float
) -> list[threading.Thread]:
    """Start a thread for each group of tasks; they end soon after `stopping` is set."""
    schedule = SCHEDULE | {
        "delivery": (
            Task(deliver_every_seconds, pool.wake),
            Task(heartbeats.HEARTBEAT_SECONDS, heartbeats.record),
        ),
        "index": (Task(1, partial(index.run_due, stopping, on_page=slicktext_readings.hear)),),
    }
    threads = [
        threading.Thread(target=_repeat, args=(tasks, stopping), daemon=True, name=name)
        for name, tasks in schedule.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def _repeat(tasks: Sequence[Task], stopping: threading.Event) -> None:
    due_at = dict.fromkeys(tasks, 0.0)
    while not stopping.is_set():
        for task in tasks:
            if time.monotonic() >= due_at[task]:
                due_at[task] = time.monotonic() + task.every_seconds
                try:
                    close_old_connections()
                    task.run()
                except Exception:
                    # The database may be restarting. The task runs again when its time comes.
                    logger.exception("a scheduled task failed")
                    connections.close_all()
        stopping.wait(max(min(due_at.values()) - time.monotonic(), 0.05))
