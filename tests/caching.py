"""A cache that is away, beneath what we put over it."""

from typing import Any

import pytest
from django.core.cache import caches


def take_away(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let these of Django's own methods fail, as with a full disk."""

    def fail(*_: Any, **__: Any) -> None:
        raise OSError

    for name in names or ("get", "set", "add", "incr", "delete"):
        monkeypatch.setattr(type(caches["default"]).__bases__[1], name, fail)
