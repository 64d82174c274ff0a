"""Write the audit log: the only module that does. `services.verification` checks its chain."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from contacts_ui import request_id
from contacts_ui.models import LedgerEntry, LedgerHead
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff

HISTORY_MAX_ENTRIES = 200
# The hash before the first entry.
NOTHING_BEFORE = "0" * 64
HASHED_FIELDS = (
    "at", "asked_at", "action", "staff_id", "staff_name", "number", "contact_id", "vendor",
    "channel", "reason", "before", "after", "answer", "request_id", "previous_hash",
)  # fmt: skip
# The mark of entries that are invented, among what an entry holds as an answer.
PRACTICE = "practice"
_is_practice: ContextVar[bool] = ContextVar("is_practice", default=False)


def record(
    *,
    action: Action,
    staff: Staff | None,
    number: str = "",
    contact_id: int | None = None,
    vendor: str = "",
    channel: str = "",
    reason: str = "",
    asked_at: datetime | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    answer: Mapping[str, Any] | None = None,
) -> LedgerEntry:
    """Append one entry and chain it to the one before.

    `staff` None is the dashboard itself (its worker). Commits with the caller's transaction, if there is one.
    """
    # Without a savepoint of its own: an entry that cannot be written takes its whole transaction along.
    with transaction.atomic(savepoint=False):
        head = take_turn()
        entry = LedgerEntry(
            at=timezone.now(),
            asked_at=asked_at,
            action=action,
            staff_id=staff.pk if staff else None,
            staff_name=name_of(staff),
            number=number,
            contact_id=contact_id,
            vendor=vendor,
            channel=channel,
            reason=_storable(reason),
            before=_storable(dict(before or {})),
            after=_storable(dict(after or {})),
            answer=_storable(
                {**(answer or {}), **({PRACTICE: True} if _is_practice.get() else {})}
            ),
            request_id=request_id.current(),
            previous_hash=head.hash,
        )
        entry.hash = entry_hash(entry)
        entry.save(force_insert=True)
        LedgerHead.objects.filter(pk=head.pk).update(hash=entry.hash)
    return entry


@contextmanager
def marked_as_practice() -> Iterator[None]:
    """Mark every entry that is recorded inside as invented for practice."""
    token = _is_practice.set(True)
    try:
        yield
    finally:
        _is_practice.reset(token)


def holds_practice() -> bool:
    """Return True if the audit log begins with invented entries: they are only written into an empty one. One query."""
    first = LedgerEntry.objects.order_by("pk").values_list("answer", flat=True).first()
    return bool(first and first.get(PRACTICE))


def take_turn() -> LedgerHead:
    """Lock the end of the chain until this transaction ends, and return it.

    A transaction that locks other rows before it records calls this first: writers then wait for each other here, in
    one queue, and never for each other's rows in a circle.
    """
    heads = LedgerHead.objects.select_for_update()
    try:
        return heads.get(pk=1)
    except LedgerHead.DoesNotExist:
        newest = LedgerEntry.objects.order_by("-pk").values_list("hash", flat=True).first()
        LedgerHead.objects.get_or_create(pk=1, defaults={"hash": newest or NOTHING_BEFORE})
        return heads.get(pk=1)


def entry_hash(entry: LedgerEntry) -> str:
    """Return the SHA-256, in hex, of every field of `entry` and the hash of the entry before it."""
    values = {name: getattr(entry, name) for name in HASHED_FIELDS}
    fields = {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def history(*, contact_id: int, number: str | None = None) -> list[LedgerEntry]:
    """Return the entries about a person, newest first: by contact id, and by every number they ever had. Two queries.

    With the first inside the second, PostgreSQL would read the whole log.
    """
    own = LedgerEntry.objects.filter(contact_id=contact_id).values_list("number", flat=True)
    numbers = {*own.distinct(), number or ""} - {""}
    about = Q(contact_id=contact_id) | Q(number__in=numbers)
    return list(LedgerEntry.objects.filter(about).order_by("-pk")[:HISTORY_MAX_ENTRIES])


def entries_about(number: str) -> list[LedgerEntry]:
    """Return every entry about one number (E.164), the oldest first."""
    return list(LedgerEntry.objects.filter(number=number).order_by("pk"))


def name_of(staff: Staff | None) -> str:
    """Return the name that an entry keeps; "" for the dashboard itself."""
    if staff is None:
        return ""
    full = staff.get_full_name() if isinstance(staff, AbstractUser) else ""
    return full or staff.get_username()


def _storable(value: Any) -> Any:
    """Return `value` as every database stores it: a stop must not fail over a vendor's odd character.

    PostgreSQL takes no NUL, UTF-8 no lone surrogate, and JSON columns write numbers with a point in their own way.
    """
    if isinstance(value, dict):
        return {str(_storable(key)): _storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(each) for each in value]
    if isinstance(value, float):
        return str(value)
    if isinstance(value, str):
        return value.replace("\x00", "").encode(errors="replace").decode()
    return value
