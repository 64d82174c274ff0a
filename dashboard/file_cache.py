"""The cache in files, for one machine without Redis."""

import random
from typing import Final

from django.core.cache.backends.filebased import FileBasedCache

WRITES_PER_CULL: Final = 100


class FileCache(FileBasedCache):
    """Django's cache, which lists all its files to count them before each write: here before one write in a hundred."""

    def _cull(self) -> None:
        if random.randrange(WRITES_PER_CULL) == 0:  # noqa: S311 - no secret
            super()._cull()  # type: ignore[misc]
