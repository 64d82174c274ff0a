"""The shared cache in Redis."""

from typing import Any

from django.core.cache.backends.redis import RedisCache as DjangosRedisCache
from django.core.cache.backends.redis import RedisCacheClient
from redis.exceptions import RedisError

from dashboard.caching import ForgivingCache


class OneClient(RedisCacheClient):
    """Django's way to Redis, but it makes its client once: making one takes longer than asking it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._one = super().get_client(write=True)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """Return the client, of the one server that there is."""
        return self._one


class RedisCache(ForgivingCache, DjangosRedisCache):
    """Django's cache, but a failure looks like an empty cache."""

    failures = (RedisError, OSError)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._class = OneClient
