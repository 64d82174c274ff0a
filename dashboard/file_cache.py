"""The cache in files, for one machine without Redis."""

import random
from pathlib import Path
from typing import Any, Final

from django.core.cache.backends.filebased import FileBasedCache
from django.core.files import locks

from dashboard.caching import ForgivingCache

WRITES_PER_CULL: Final = 100


class Files(FileBasedCache):
    """Django's cache, but it counts its files before one write in a hundred, and adds to a number under a lock."""

    def _cull(self) -> None:
        if random.randrange(WRITES_PER_CULL) == 0:  # noqa: S311 - no secret
            super()._cull()  # type: ignore[misc]

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number, and keep it from now on. Raises ValueError if there is none."""
        self._createdir()  # type: ignore[attr-defined]
        with (Path(self._dir) / "incr.lock").open("ab") as file:  # type: ignore[attr-defined]
            locks.lock(file, locks.LOCK_EX)
            # Not `self.get`: what forgives a failure there would hide it here.
            number = Files.get(self, key, None, version)
            if number is None:
                raise ValueError("No number is kept.")
            Files.set(self, key, number + delta, None, version)
        return int(number + delta)


class FileCache(ForgivingCache, Files):
    """The same, but a failure looks like an empty cache."""
