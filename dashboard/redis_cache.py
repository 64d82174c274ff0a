"""The shared cache in Redis."""

from django.core.cache.backends.redis import RedisCache as DjangosRedisCache
from redis.exceptions import RedisError

from dashboard.caching import ForgivingCache


class RedisCache(ForgivingCache, DjangosRedisCache):
    """Django's cache, but a failure looks like an empty cache."""

    failures = (RedisError, OSError)
