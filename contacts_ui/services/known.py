"""Something that was read, and when: what copies of readings are kept as."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Known(Generic[T]):
    """Something as it was read at `as_of`."""

    value: T
    as_of: datetime
