"""Check if this process can serve: a load balancer asks every few seconds, so it costs three small questions."""

from functools import cache as remembered
from uuid import uuid4

from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def problems() -> list[str]:
    """Return what keeps us from serving, one line each. Asks no vendor."""
    found = []
    try:
        if not _newest_migrations() <= set(MigrationRecorder(connection).applied_migrations()):
            found.append("database: migrations are missing")
    except Exception as error:
        found.append(f"database: {type(error).__name__}")
    try:
        cache.set("readyz", uuid4().hex, 10)
        # Another process may have written its own value in between.
        if not cache.get("readyz"):
            found.append("cache: it does not keep what it is given")
    except Exception as error:
        found.append(f"cache: {type(error).__name__}")
    return found


@remembered
def _newest_migrations() -> frozenset[tuple[str, str]]:
    """Return the last migration of every app, by the files; they do not change while we run."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())
