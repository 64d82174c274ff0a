"""A cache that fails is an empty cache: pages, sign-in, and stops work without it."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.base import BaseCache

logger = logging.getLogger(__name__)
T = TypeVar("T")


class ForgivingCache(BaseCache):
    """Makes a failure of one of Django's caches look like an empty cache. It comes first in the bases."""

    failures: tuple[type[Exception], ...] = (OSError,)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return what is kept, or `default`."""
        try:
            return super().get(key, default, version)
        except Exception as error:
            # What an older version of this dashboard kept can be of classes that are gone, which fails in many ways.
            logger.warning("the cache could not be read: %s", type(error).__name__)
            return default

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Keep a value, if it can be kept."""
        self._unless_away(super().set, None, *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Keep a value that is not there yet; True if that can't be known."""
        return bool(self._unless_away(super().add, True, *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Remove a value."""
        return bool(self._unless_away(super().delete, False, *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        """Add to a number. Raises ValueError if none is kept."""
        if (number := self._unless_away(super().incr, None, *args, **kwargs)) is None:
            raise ValueError("No number is kept.")
        return number

    def _unless_away(self, ask: Callable[..., T], otherwise: T, *args: Any, **kwargs: Any) -> T:
        try:
            return ask(*args, **kwargs)
        except self.failures as error:
            logger.warning("the cache could not be used: %s", type(error).__name__)
            return otherwise
