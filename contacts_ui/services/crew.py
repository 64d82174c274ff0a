"""The worker's hands: threads that call the vendors, so many for each, so that one hanging does not keep the other."""

import logging
import threading
import time

from django.db import close_old_connections, connections

from contacts_ui.models import Vendor
from contacts_ui.request_id import request_id
from contacts_ui.services import delivery, wishes

# Without being told, each thread looks by itself this often: the engine may be in trouble.
LOOK_ANYWAY_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Crew:
    """Delivers what is due whenever it is woken, and now and then by itself, until it is told to stop."""

    def __init__(self, at_once: int) -> None:
        self._stopping = threading.Event()
        self._at_once = at_once
        self._news = {vendor: threading.Condition() for vendor in Vendor}
        # As daemons they do not keep the process from ending: a lease covers the call that is in hand then.
        self._threads = [
            threading.Thread(target=self._work, args=(vendor,), daemon=True, name=f"{vendor}-{n}")
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
        due = len(wishes.due_now(vendor, limit=self._at_once))
        with self._news[vendor]:
            self._news[vendor].notify(due)
        return due

    def _work(self, vendor: Vendor) -> None:
        while not self._stopping.is_set():
            try:
                close_old_connections()
                deliver_all(vendor, self._stopping)
            except Exception:
                # The database may be restarting. What was leased is found again when the lease has run out.
                logger.exception("could not deliver; will look again")
            finally:
                # Idle threads hold no connection.
                connections.close_all()
            with self._news[vendor]:
                if not self._stopping.is_set():
                    self._news[vendor].wait(LOOK_ANYWAY_SECONDS)


def deliver_all(vendor: Vendor, stopping: threading.Event | None = None) -> int:
    """Deliver every due wish for `vendor`, one after the other; return how many."""
    delivered = 0
    while stopping is None or not stopping.is_set():
        with request_id():
            if not delivery.deliver_next(vendor):
                break
        delivered += 1
    return delivered
