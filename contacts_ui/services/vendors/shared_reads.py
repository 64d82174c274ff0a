"""Share reads: people who want the same page at once cost one vendor call, and a fresh answer serves for seconds.

Every kept answer belongs to a generation, and whatever may have changed a contact begins the next one. So no answer is
shared across a change, however late it came, and no clock decides. Generations are counted, so a save knows
if its change was the only one, and then shares its answer. What must be true now is asked past all this.
"""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from contacts_ui.integrations.call_policy import READ
from contacts_ui.integrations.errors import NoAnswer, Unreachable
from contacts_ui.models import Vendor

GENERATION_KEY: Final = "reads:generation"
GENERATION_MAX_SECONDS: Final = 24 * 3600

T = TypeVar("T")


@dataclass(frozen=True)
class Copy(Generic[T]):
    """What a vendor answered, and when it was asked."""

    value: T
    as_of: datetime


_in_flight: dict[tuple[str, int], Future[Copy[Any]]] = {}
_lock = threading.Lock()


def read(key: str, ask: Callable[[], T]) -> Copy[T]:
    """Return what `ask` returns, or what was just answered to the same question.

    `key` names the question. Threads of this process share a call in flight; all processes share what was answered
    within READ_CACHE_SECONDS. Raises what `ask` raises, also if another thread asked.
    """
    generation = present_generation()
    if generation is None:
        return _ask(ask)
    if copy := _kept(key, generation):
        return copy
    with _lock:
        in_flight = _in_flight.get((key, generation))
        if in_flight is None:
            own = _in_flight[key, generation] = Future()
    if in_flight is not None:
        try:
            return in_flight.result(timeout=READ.total_timeout)
        except TimeoutError:
            raise NoAnswer(Vendor.SLICKTEXT.value) from None
    try:
        copy = _ask(ask)
        _keep(key, generation, copy)
        own.set_result(copy)
        return copy
    except BaseException as error:
        # The end of this thread alone says nothing to the threads that wait for it.
        shown = error if isinstance(error, Exception) else Unreachable(Vendor.SLICKTEXT.value)
        own.set_exception(shown)
        raise
    finally:
        with _lock:
            del _in_flight[key, generation]


def read_now(key: str, ask: Callable[[], T]) -> Copy[T]:
    """Return what `ask` returns now, for what must be true now; other people may get the answer afterward."""
    generation = present_generation()
    copy = _ask(ask)
    if generation is not None:
        _keep(key, generation, copy)
    return copy


def share_change(key: str, copy: Copy[Any], since: int | None) -> None:
    """Share the answer to a change, if it was the only one since the generation `since` and no one has read since."""
    if since is None or present_generation() != since + 1:
        return
    if _kept(key, since + 1) is None:
        _keep(key, since + 1, copy)


def changed() -> None:
    """Begin the next generation: something at the vendor has changed, or may have, so no kept answer is fresh."""
    try:
        cache.incr(GENERATION_KEY)
    except (TypeError, ValueError):
        # None is kept, or the name that an older version of this dashboard gave; or a full disk takes no number.
        cache.delete(GENERATION_KEY)
        cache.set(GENERATION_KEY, time.time_ns(), GENERATION_MAX_SECONDS)


def present_generation() -> int | None:
    """Return the present generation; None if the cache is away, and nothing can be shared safely."""
    found = cache.get(GENERATION_KEY)
    if isinstance(found, int):
        return found
    # A cache that forgot the generation may have forgotten a change, too: a later number is safe.
    with _lock:
        # On the file cache, `add` is not safe against other threads.
        cache.add(GENERATION_KEY, time.time_ns(), GENERATION_MAX_SECONDS)
        found = cache.get(GENERATION_KEY)
    return found if isinstance(found, int) else None


def _ask(ask: Callable[[], T]) -> Copy[T]:
    # The answer may be as old as the question, so it claims no younger age.
    asked_at = timezone.now()
    return Copy(ask(), asked_at)


def _keep(key: str, generation: int, copy: Copy[Any]) -> None:
    seconds = settings.READ_CACHE_SECONDS
    if seconds > 0:
        cache.set(f"read:{generation}:{key}", copy, math.ceil(seconds))


def _kept(key: str, generation: int) -> Copy[Any] | None:
    seconds = settings.READ_CACHE_SECONDS
    copy = cache.get(f"read:{generation}:{key}") if seconds > 0 else None
    if not isinstance(copy, Copy):
        return None
    age = timezone.now() - copy.as_of
    return copy if timedelta() <= age < timedelta(seconds=seconds) else None
