"""Check if this process can serve: a load balancer asks every few seconds, so it costs a few small questions."""

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
    key = f"readyz:{uuid4().hex}"
    cache.set(key, 1, 10)
    if not cache.get(key):
        found.append("cache: it does not keep what it is given")
    cache.delete(key)
    return found


@remembered
def _newest_migrations() -> frozenset[tuple[str, str]]:
    """Return the last migration of every app, by the files; they do not change while we run."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())
