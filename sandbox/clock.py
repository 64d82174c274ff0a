"""The sandbox's clock: the computer's, or a moment that stands still while a history is being made."""

from __future__ import annotations

from datetime import UTC, datetime

_stopped_at: datetime | None = None


def now() -> datetime:
    """Return the moment, in UTC."""
    return _stopped_at or datetime.now(UTC)


def stop_at(text: str) -> None:
    """Stand still at an ISO time (UTC without a zone); run again if it is empty. Raises ValueError."""
    global _stopped_at
    at = datetime.fromisoformat(text) if text else None
    _stopped_at = at and at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
