"""Whether this process can serve: asked every few seconds by a load balancer, so it costs three small questions."""

from functools import cache as remembered
from uuid import uuid4

from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def problems() -> list[str]:
    """What keeps us from serving, one line each; empty when all is well. Asks no vendor."""
    return [*_database(), *_cache()]


def _database() -> list[str]:
    try:
        applied = set(MigrationRecorder(connection).applied_migrations())
    except Exception as error:
        return [f"database: {type(error).__name__}"]
    return [] if _wanted() <= applied else ["database: migrations are missing"]


@remembered
def _wanted() -> frozenset[tuple[str, str]]:
    """The last migration of every app, by the files; they do not change while we run."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def _cache() -> list[str]:
    mark = uuid4().hex
    try:
        cache.set("readyz", mark, 10)
        kept = cache.get("readyz")
    except Exception as error:
        return [f"cache: {type(error).__name__}"]
    # Another process may have written its own mark in between; nothing at all is a cache that keeps nothing.
    return [] if kept else ["cache: it does not keep what it is given"]
