"""Accidents for `make chaos`: kill processes, and restart the database or cut its connections."""

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

from stack import Stack

# A program that stops PostgreSQL, with `immediate` as in a crash or `fast` as by an administrator, and starts it again
# after so many seconds.
RESTART = "TEST_DATABASE_RESTART"
DATABASE_EVERY = 5
LONGEST_OUTAGE = 4.0


@dataclass
class Accidents:
    """Accidents, one after the other; what died is started again."""

    stack: Stack
    workers: list[str]
    every: float
    chance: random.Random
    happened: Counter[str]
    _modes: Iterator[str] = field(default_factory=lambda: cycle(["immediate", "fast"]))

    def until(self, end: float) -> None:
        """Let accidents happen until `end`, on the monotonic clock."""
        count = 0
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, self.chance.uniform(0.5, 1.5) * self.every))
            count += 1
            struck = self._database() if count % DATABASE_EVERY == 2 else ""
            if not struck:
                victim = self.chance.choice(["web child", "web child", "web", *self.workers])
                self.stack.strike(victim)
                struck = victim.split("-")[0]
            self.happened[struck] += 1

    def _database(self) -> str:
        """Restart PostgreSQL or cut its connections; return what happened, "" on SQLite."""
        from django.db import connection

        if connection.vendor != "postgresql":
            return ""
        restart = os.environ.get(RESTART)
        if not restart:
            cut_connections()
            return "database connections"
        mode = next(self._modes)
        away = f"{self.chance.uniform(0, LONGEST_OUTAGE):.1f}"
        subprocess.run([restart, mode, away], check=True, timeout=60)
        # Ours died with the others.
        connection.close()
        return f"database ({mode} restart)"


def cut_connections() -> None:
    """End every connection to PostgreSQL but our own."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
