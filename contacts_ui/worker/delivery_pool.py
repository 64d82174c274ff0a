"""The threads that call the vendors: a number of them for each, so that a slow vendor does not hold up the other."""

import logging
import threading
import time
from typing import Final

from django.db import close_old_connections, connections

from contacts_ui.models import Vendor
from contacts_ui.request_id import request_id
from contacts_ui.services.consent import delivery, desired_state

# The pause after each delivery of a bulk job: SQLite's lock is not fair, and CloudContactAI has no limit of its own.
BATCH_GAP_SECONDS: Final = 0.25

logger = logging.getLogger(__name__)


class DeliveryPool:
    """Delivers what is due whenever it is woken, until it is told to stop."""

    def __init__(self, threads_per_vendor: int) -> None:
        self._stopping = threading.Event()
        self._threads_per_vendor = threads_per_vendor
        # Half of the threads leave bulk jobs alone, so that people's changes never wait for thousands of others.
        self._batch_threads = max(threads_per_vendor // 2, 1)
        self._work_is_due = {
            (vendor, batch): threading.Condition() for vendor in Vendor for batch in (False, True)
        }
        # As daemons they let the process end: a lease covers a call that is still running then.
        self._threads = [
            threading.Thread(
                target=self._work,
                args=(vendor, n < self._batch_threads),
                daemon=True,
                name=f"{vendor}-{n}",
            )
            for vendor in Vendor
            for n in range(threads_per_vendor)
        ]

    def start(self) -> None:
        """Begin to deliver what is due."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Wake as many threads as there are deliveries due."""
        for vendor in Vendor:
            people = len(desired_state.due_now(vendor, batch=False, limit=self._threads_per_vendor))
            batch = len(desired_state.due_now(vendor, batch=True, limit=self._batch_threads))
            self._notify(vendor, False, people)
            self._notify(vendor, True, people + batch)

    def stop(self, *, within_seconds: float) -> bool:
        """Start nothing new, and wait for running calls; return True if all ended in time."""
        self._stopping.set()
        for vendor, batch in self._work_is_due:
            self._notify(vendor, batch, self._threads_per_vendor)
        deadline = time.monotonic() + within_seconds
        for thread in self._threads:
            thread.join(timeout=max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _notify(self, vendor: Vendor, batch: bool, threads: int) -> None:
        condition = self._work_is_due[vendor, batch]
        with condition:
            condition.notify(threads)

    def _work(self, vendor: Vendor, batch: bool) -> None:
        condition = self._work_is_due[vendor, batch]
        while not self._stopping.is_set():
            try:
                close_old_connections()
                deliver_all(vendor, self._stopping, batch=batch)
            except Exception:
                # The database may be restarting. What was leased is due again when its lease has run out.
                logger.exception("could not deliver; will try again")
            finally:
                # Idle threads hold no connection.
                connections.close_all()
            with condition:
                if not self._stopping.is_set():
                    condition.wait()


def deliver_all(
    vendor: Vendor, stopping: threading.Event | None = None, *, batch: bool = True
) -> int:
    """Deliver everything that is due for `vendor`, with `batch` also of bulk jobs; return how many were delivered."""
    delivered = 0
    while stopping is None or not stopping.is_set():
        with request_id():
            of_a_person = delivery.deliver_next(vendor, batch=False)
            if not of_a_person and not (batch and delivery.deliver_next(vendor)):
                break
        delivered += 1
        if stopping is not None and not of_a_person:
            stopping.wait(BATCH_GAP_SECONDS)
    return delivered
