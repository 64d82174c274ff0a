"""Reads that several people want at once cost one call: those in flight are shared, fresh answers kept for seconds.

Everything kept belongs to a generation, and whatever may have changed a contact begins a new one. So an answer is never
shared across a change, however slowly it came, and no clock decides. What needs the truth asks past all this.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from contacts_ui.integrations.errors import NoAnswer, Unreachable
from contacts_ui.integrations.http import READ
from contacts_ui.models import Vendor
from contacts_ui.services.known import Known

GENERATION = "reads:generation"
GENERATION_KEPT_SECONDS = 24 * 3600
# How long another process may keep us waiting; most reads take a tenth of it.
HEAR_SECONDS = 2.0
HEAR_EVERY_SECONDS = 0.05

T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Kept:
    known: Known[Any]
    generation: str


_flights: dict[tuple[str, str], Future[Known[Any]]] = {}
_boarding = threading.Lock()


def read(key: str, ask: Callable[[], T]) -> Known[T]:
    """What `ask` returns, or what somebody was answered to the same question, and when the vendor was asked.

    `key` names the question. Raises what `ask` raises, also where somebody else asked.
    """
    generation = _generation()
    if generation is None:
        return _ask(ask)
    kept = _kept(key, generation)
    if kept is not None:
        return kept
    with _boarding:
        flight = _flights.get((key, generation))
        if flight is None:
            own = _flights[key, generation] = Future()
    if flight is not None:
        return _join(flight)
    try:
        known = _ask_or_hear(key, generation, ask)
    except BaseException as problem:
        # That this thread is told to end is no news for the others.
        told = problem if isinstance(problem, Exception) else Unreachable(Vendor.SLICKTEXT.value)
        own.set_exception(told)
        raise
    else:
        own.set_result(known)
        return known
    finally:
        with _boarding:
            del _flights[key, generation]


def read_now(key: str, ask: Callable[[], T]) -> Known[T]:
    """As `read`, but asked now by us, for what must be true now; others may have the answer afterwards."""
    generation = _generation()
    known = _ask(ask)
    if generation is not None:
        _keep(key, generation, known)
    return known


def changed() -> None:
    """Something at the vendor has changed, or may have: nothing read before is fresh any more."""
    _quietly(lambda: cache.set(GENERATION, uuid4().hex, GENERATION_KEPT_SECONDS))


def _join(flight: Future[Known[T]]) -> Known[T]:
    try:
        return flight.result(timeout=READ.total_timeout)
    except TimeoutError:
        raise NoAnswer(Vendor.SLICKTEXT.value) from None


def _ask_or_hear(key: str, generation: str, ask: Callable[[], T]) -> Known[T]:
    """Ask, unless another process is just asking and is answered soon."""
    if settings.READ_CACHE_SECONDS <= 0:
        return _ask(ask)
    asking = f"reading:{key}:{generation}"
    mine = _quietly(lambda: cache.add(asking, True, math.ceil(READ.total_timeout)))
    if mine is False:
        heard = _hear(key, generation, asking)
        if heard is not None:
            return heard
    try:
        known = _ask(ask)
        _keep(key, generation, known)
        return known
    finally:
        if mine:
            _quietly(lambda: cache.delete(asking))


def _hear(key: str, generation: str, asking: str) -> Known[Any] | None:
    """What another process is answered, if that comes soon; None when it failed, too."""
    deadline = time.monotonic() + HEAR_SECONDS
    while time.monotonic() < deadline:
        time.sleep(HEAR_EVERY_SECONDS)
        still_asking = _quietly(lambda: cache.get(asking))
        kept = _kept(key, generation)
        if kept is not None or not still_asking:
            return kept
    return None


def _ask(ask: Callable[[], T]) -> Known[T]:
    # What was read may be as old as the question, so it claims no younger age.
    asked_at = timezone.now()
    return Known(ask(), asked_at)


def _generation() -> str | None:
    """The present generation; None where the cache is away, and nothing can be shared safely."""
    found = _quietly(lambda: cache.get(GENERATION))
    if isinstance(found, str):
        return found
    # A cache that forgot it may have forgotten a change, too: a name that was never used is safe.
    with _boarding:
        # Files know no `add` that is safe from other threads.
        _quietly(lambda: cache.add(GENERATION, uuid4().hex, GENERATION_KEPT_SECONDS))
        found = _quietly(lambda: cache.get(GENERATION))
    return found if isinstance(found, str) else None


def _keep(key: str, generation: str, known: Known[Any]) -> None:
    seconds = settings.READ_CACHE_SECONDS
    if seconds > 0:
        kept = _Kept(known, generation)
        _quietly(lambda: cache.set(f"read:{key}", kept, math.ceil(seconds)))


def _kept(key: str, generation: str) -> Known[Any] | None:
    seconds = settings.READ_CACHE_SECONDS
    if seconds <= 0:
        return None
    kept = _quietly(lambda: cache.get(f"read:{key}"))
    if not isinstance(kept, _Kept) or kept.generation != generation:
        return None
    age = timezone.now() - kept.known.as_of
    return kept.known if timedelta() <= age < timedelta(seconds=seconds) else None


def _quietly(use: Callable[[], Any]) -> Any:
    """What the cache says; None when it is away, or holds what an older version of this dashboard kept."""
    try:
        return use()
    except Exception:
        logger.warning("the cache of reads could not be used", exc_info=True)
        return None
