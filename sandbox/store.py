"""The sandbox's own SQLite file: many readers, one writer."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from bisect import bisect_right, insort
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

from sandbox import clock
from sandbox.schema import ADDED, fill, run

Contact = dict[str, Any]
# A file in the making needs no journal: if the load fails, it is thrown away.
LOADING = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "cache_size = -400000",
    "temp_store = MEMORY",
    "threads = 2",
)


def now() -> str:
    """Return a time as SlickText writes it: in UTC, without saying so."""
    return clock.now().strftime("%Y-%m-%d %H:%M:%S")


def exact_now() -> str:
    return clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def build(path: Path, people: int, seed: int) -> None:
    """Write a new file next to the old one and swap it in: a half-loaded file is never seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(fresh, isolation_level=None)
    for pragma in LOADING:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    fill(connection, people, seed)
    connection.execute("COMMIT")
    connection.close()
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    os.replace(fresh, path)


def is_empty(path: Path) -> bool:
    if not path.exists():
        return True
    with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.DatabaseError):
        return connection.execute("SELECT 1 FROM meta").fetchone() is None
    return True


class Store:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode = WAL")
        run(self._writer, ADDED)
        self._lock = threading.RLock()
        self._gaps = self._read_gaps()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in ("synchronous = NORMAL", "busy_timeout = 30000", "mmap_size = 1073741824"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def alone(self) -> AbstractContextManager[object]:
        """Lock out other writes while reading and then writing."""
        return self._lock

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().close()
        with self._lock:
            self._writer.close()

    def reset(self) -> None:
        """Bring back the people of the seed, and clear the history; fast if nothing was written."""
        with self._lock:
            tables = ("writes", "messages", "phones")
            sql = " UNION ALL ".join(f"SELECT 1 FROM {table}" for table in tables)  # noqa: S608
            if not self._writer.execute(f"{sql} LIMIT 1").fetchone():
                return
            with self.writing() as db:
                meta = db.execute("SELECT people, seed FROM meta").fetchone()
                fill(db, meta["people"], meta["seed"])
            self._gaps = self._read_gaps()

    def _read_gaps(self) -> list[int]:
        rows = self._writer.execute("SELECT contact_id FROM gaps ORDER BY contact_id")
        return [row[0] for row in rows]

    def note_gap(self, contact_id: int) -> None:
        """Forget a deleted id, after the commit. Makes a new list, since readers hold the old one."""
        with self._lock:
            gaps = self._gaps.copy()
            insort(gaps, contact_id)
            self._gaps = gaps

    def id_at(self, offset: int, first: int) -> int:
        """Return the id at a place of the whole list, without reading up to it.

        Ids are given one after the other and never twice, so only the deleted ones shift the rest.
        """
        gaps = self._gaps
        here = first + offset
        while (there := first + offset + bisect_right(gaps, here)) != here:
            here = there
        return here

    def record(
        self, db: sqlite3.Connection, vendor: str, number: str, action: str, detail: Contact
    ) -> None:
        db.execute(
            "INSERT INTO writes (at, vendor, number, action, detail) VALUES (?, ?, ?, ?, ?)",
            (exact_now(), vendor, number, action, json.dumps(detail, ensure_ascii=False)),
        )

    def count(self, table: str) -> int:
        with self.reading() as db:
            return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
