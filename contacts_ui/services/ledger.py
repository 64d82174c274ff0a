"""The one door to the ledger, and the check of its chain."""

import hashlib
import json
from collections.abc import Iterator, Mapping
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

HASHED_FIELDS = (
    "at", "asked_at", "action", "staff_id", "staff_name", "number", "contact_id", "vendor",
    "channel", "reason", "before", "after", "answer", "request_id", "previous_hash",
)  # fmt: skip


def record(
    *,
    action: Action,
    staff: Staff | None,
    number: str,
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
    with transaction.atomic():
        LedgerHead.objects.get_or_create(pk=1)
        head = LedgerHead.objects.select_for_update().get(pk=1)
        entry = LedgerEntry(
            at=timezone.now(),
            asked_at=asked_at,
            action=action,
            staff_id=staff.pk if staff else None,
            staff_name=_name(staff),
            number=number,
            contact_id=contact_id,
            vendor=vendor,
            channel=channel,
            reason=reason,
            before=dict(before or {}),
            after=dict(after or {}),
            answer=dict(answer or {}),
            request_id=request_id.current(),
            previous_hash=head.hash,
        )
        entry.hash = entry_hash(entry)
        entry.save(force_insert=True)
        head.hash = entry.hash
        head.save(update_fields=["hash"])
    return entry


def entry_hash(entry: LedgerEntry) -> str:
    """SHA-256, in hex, over every field of `entry` and the hash of the entry before it."""
    fields = {name: _hashable(getattr(entry, name)) for name in HASHED_FIELDS}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def broken_links() -> Iterator[str]:
    """Walk the chain and say, in words, where it was changed, cut or re-ordered."""
    expected, last = "0" * 64, None
    for entry in LedgerEntry.objects.order_by("pk").iterator(chunk_size=2000):
        if entry.previous_hash != expected:
            yield f"Entry {entry.pk}: an entry before it is missing, or it was moved."
        if entry_hash(entry) != entry.hash:
            yield f"Entry {entry.pk}: it was changed after it was written."
        expected, last = entry.hash, entry
    head = LedgerHead.objects.filter(pk=1).first()
    if head and head.hash != expected:
        yield f"Entries after {last.pk if last else 'the start'} are missing."


def history(*, contact_id: int, number: str | None = None) -> list[LedgerEntry]:
    """Everything this dashboard did to a person, newest first: by contact id, and by every number they ever had."""
    own = LedgerEntry.objects.filter(contact_id=contact_id).exclude(number="").values("number")
    about = Q(contact_id=contact_id) | Q(number__in=own)
    if number:
        about |= Q(number=number)
    return list(LedgerEntry.objects.filter(about).order_by("-pk")[:200])


def _name(staff: Staff | None) -> str:
    if staff is None:
        return ""
    full = staff.get_full_name() if isinstance(staff, AbstractUser) else ""
    return full or staff.get_username()


def _hashable(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
