"""The shared cache in Redis. If Redis is away, the cache is empty, and pages and sign-in work without it."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache as DjangosRedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
T = TypeVar("T")


class RedisCache(DjangosRedisCache):
    """Django's cache, but a failure looks like an empty cache."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return what is kept, or `default`."""
        return _unless_away(super().get, default, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Keep a value, if it can be kept."""
        _unless_away(super().set, None, *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Keep a value that is not there yet; True if that can't be known."""
        return bool(_unless_away(super().add, True, *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Remove a value."""
        return bool(_unless_away(super().delete, False, *args, **kwargs))


def _unless_away(ask: Callable[..., T], otherwise: T, *args: Any, **kwargs: Any) -> T:
    try:
        return ask(*args, **kwargs)
    except (RedisError, OSError) as error:
        logger.warning("the cache is away: %s", type(error).__name__)
        return otherwise
