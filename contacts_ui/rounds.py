"""What a worker does again and again, in a few threads.

The pulse looks for due wishes and says that this worker lives; the rounds are slower. Both ask the clock and not the
vendors. Webhooks, jobs, the sweep and the walk of the index wait for SlickText or take long, so they have threads of
their own. Each thing has its time, and none that fails keeps another from its turn.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import close_old_connections, connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from contacts_ui.services import beats, imports, index, jobs, sweep, webhooks
from contacts_ui.services.consent import (
    desired_state,
    held_presses,
    lift_requests,
    own_words,
    readings,
    record,
    renewal,
)
from contacts_ui.services.messages import reading, retention, sent
from contacts_ui.services.operations import abilities, counts, register_pages
from contacts_ui.tasks import deliver_due_wishes

# A task that no engine has taken after this time is no reason to wait for it.
TAKEN_WITHIN = timedelta(seconds=2)
KEPT = timedelta(hours=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Round:
    """Something to do every so many seconds, first at the start."""

    every: float
    do: Callable[[], object]


def look() -> None:
    """Have the engine look when something is due, unless one is about to."""
    if not desired_state.due_now(limit=1):
        return
    since = timezone.now() - TAKEN_WITHIN
    waiting = DBTaskResult.objects.ready().filter(task_path=deliver_due_wishes.module_path)
    if not waiting.filter(enqueued_at__gt=since).exists():
        deliver_due_wishes.enqueue()


def prune() -> None:
    """Forget tasks that ended, or that were left behind by a worker that was killed."""
    over = timezone.now() - KEPT
    DBTaskResult.objects.filter(
        task_path=deliver_due_wishes.module_path, enqueued_at__lt=over
    ).delete()
    DBTaskResult.objects.finished().filter(finished_at__lt=over).delete()


ROUNDS = (
    Round(60, desired_state.tell_vendors_connected_later),
    Round(60, prune),
    Round(60, readings.first_walk_ended_at),
    Round(60, record.rebuild_for_vendors),
    Round(300, lift_requests.expire_old),
    Round(60, own_words.stop_undecided),
    Round(600, imports.purge),
    Round(3600, retention.purge),
)
HOOKS = (Round(1, webhooks.work_due),)
PRESSES = (Round(0.5, held_presses.send_due),)
SWEEP = (Round(2, sweep.go_on),)
JOBS = (Round(0.5, jobs.go_on),)
TEXTS = (Round(2, sent.look_back), Round(30, sent.raise_alarms))
# What is due is in the database; a vendor in trouble is probed again in the next round.
VENDORS = (
    Round(10, abilities.probe),
    Round(2, register_pages.go_on),
    Round(2, renewal.go_on),
)
MESSAGES = (Round(2, reading.go_on), Round(60, counts.check))


def start(stopping: threading.Event, *, look_every: float) -> list[threading.Thread]:
    """Start the pulse and the rounds; they end soon after `stopping` is set."""
    pulse = (Round(look_every, look), Round(beats.BEAT_EVERY_SECONDS, beats.beat))
    walk = (Round(1, partial(index.go_on, stopping, heard=readings.hear)),)
    threads = [
        threading.Thread(target=_go_round, args=(what, stopping), daemon=True, name=name)
        for name, what in (
            ("pulse", pulse),
            ("rounds", ROUNDS),
            ("presses", PRESSES),
            ("hooks", HOOKS),
            ("sweep", SWEEP),
            ("walk", walk),
            ("jobs", JOBS),
            ("vendors", VENDORS),
            ("messages", MESSAGES),
            ("texts", TEXTS),
        )
    ]
    for thread in threads:
        thread.start()
    return threads


def _go_round(what: Sequence[Round], stopping: threading.Event) -> None:
    next_time = dict.fromkeys(what, 0.0)
    while not stopping.is_set():
        for each in what:
            if time.monotonic() >= next_time[each]:
                next_time[each] = time.monotonic() + each.every
                _try(each)
        stopping.wait(max(min(next_time.values()) - time.monotonic(), 0.05))


def _try(each: Round) -> None:
    try:
        close_old_connections()
        each.do()
    except Exception:
        # The database may be restarting: the next turn comes, for ever.
        logger.exception("a round of the worker failed")
        connections.close_all()
