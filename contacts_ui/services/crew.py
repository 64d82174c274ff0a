"""The worker's hands: threads that call the vendors, so many for each, so that one hanging does not keep the other."""

import logging
import threading
import time

from django.db import close_old_connections, connections

from contacts_ui.models import Vendor
from contacts_ui.request_id import request_id
from contacts_ui.services.consent import delivery, desired_state

# Without being told, each thread looks by itself this often: the engine may be in trouble.
LOOK_ANYWAY_SECONDS = 5.0
# After each of a bulk job's wishes a hand rests: SQLite's lock is not fair, and CloudContactAI has no limit of its own.
BATCH_GAP_SECONDS = 0.25

logger = logging.getLogger(__name__)


class Crew:
    """Delivers what is due whenever it is woken, and now and then by itself, until it is told to stop."""

    def __init__(self, at_once: int) -> None:
        self._stopping = threading.Event()
        self._at_once = at_once
        # Half of the hands leave bulk jobs alone, so that a person's wish never waits for thousands of others.
        self._for_batch = max(at_once // 2, 1)
        self._news = {
            (vendor, batch): threading.Condition() for vendor in Vendor for batch in (False, True)
        }
        # As daemons they do not keep the process from ending: a lease covers the call that is in hand then.
        self._threads = [
            threading.Thread(
                target=self._work,
                args=(vendor, n < self._for_batch),
                daemon=True,
                name=f"{vendor}-{n}",
            )
            for vendor in Vendor
            for n in range(at_once)
        ]

    def start(self) -> None:
        """Begin to deliver what is due already."""
        for thread in self._threads:
            thread.start()

    def look(self) -> int:
        """Wake a thread for each wish that is due; return how many there are, as far as there are threads."""
        return sum(self._wake(vendor) for vendor in Vendor)

    def stop(self, *, within: float) -> bool:
        """Take nothing new, and wait up to `within` seconds for the calls in hand; return whether all have ended."""
        self._stopping.set()
        for news in self._news.values():
            with news:
                news.notify_all()
        deadline = time.monotonic() + within
        for thread in self._threads:
            thread.join(timeout=max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _wake(self, vendor: Vendor) -> int:
        urgent = len(desired_state.due_now(vendor, batch=False, limit=self._at_once))
        patient = len(desired_state.due_now(vendor, batch=True, limit=self._for_batch))
        for batch, due in ((False, urgent), (True, urgent + patient)):
            with self._news[vendor, batch]:
                self._news[vendor, batch].notify(due)
        return urgent + patient

    def _work(self, vendor: Vendor, batch: bool) -> None:
        """Deliver people's wishes, and with `batch` those of bulk jobs whenever no person's is due."""
        news = self._news[vendor, batch]
        while not self._stopping.is_set():
            try:
                close_old_connections()
                deliver_all(vendor, self._stopping, batch=batch)
            except Exception:
                # The database may be restarting. What was leased is found again when the lease has run out.
                logger.exception("could not deliver; will look again")
            finally:
                # Idle threads hold no connection.
                connections.close_all()
            with news:
                if not self._stopping.is_set():
                    news.wait(LOOK_ANYWAY_SECONDS)


def deliver_all(
    vendor: Vendor, stopping: threading.Event | None = None, *, batch: bool = True
) -> int:
    """Deliver every due wish for `vendor`, one after the other, with `batch` of bulk jobs too; return how many."""
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
