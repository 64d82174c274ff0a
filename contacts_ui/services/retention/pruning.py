"""Remove old entries of the audit log, so that the rest can still be verified.

The id and the two hashes of each removed entry stay, so that the chain can be checked. A new entry says how many were
removed, with a digest of what stays of them. Only `manage.py prune_ledger` calls this.
"""

# ruff: noqa: S608 - the only names in the SQL are our own constants

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, ForeignObjectRel, OuterRef, Q
from django.utils import timezone

from contacts_ui.models import (
    DesiredState,
    LedgerEntry,
    LiftRequest,
    OptOut,
    PrunedEntry,
    ledger_guards,
)
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, LedgerQuerySet
from contacts_ui.models.opt_out import OptOutState
from contacts_ui.services import audit_log
from contacts_ui.services.consent.rules import STOPPED_STATUSES

# Writers wait, so a long past is removed in many short transactions.
BATCH_ENTRIES = 5_000
LIFTS = (
    Action.LIFT_ASKED,
    Action.LIFT_APPROVED,
    Action.LIFT_DECLINED,
    Action.LIFT_WITHDRAWN,
    Action.LIFT_EXPIRED,
)
ENDED = (OptOutState.LIFTED, OptOutState.UNDONE, OptOutState.RENEWED)


class NoRetention(Exception):
    """LEDGER_RETENTION_DAYS is not set: entries are kept forever."""


def oldest_kept() -> datetime:
    """Return the time since which every entry is kept. Raises NoRetention."""
    days = settings.LEDGER_RETENTION_DAYS
    if not days or days < 0:
        raise NoRetention
    return timezone.now() - timedelta(days=days)


def prunable(before: datetime) -> LedgerQuerySet:
    """Return the entries from before `before` that nothing needs anymore, the oldest first."""
    entries = LedgerEntry.objects.filter(at__lt=before).exclude(action=Action.LEDGER_PRUNED)
    asked = LiftRequest.objects.filter(number=OuterRef("number"))
    entries = entries.exclude(_number_is_stopped_or_open())
    entries = entries.exclude(Exists(asked), action__in=LIFTS)
    # "It does not follow them": a late delivery of the old stop goes by this.
    entries = entries.exclude(answer__has_key="stop_follows")
    for field in LedgerEntry._meta.get_fields(include_hidden=True):
        if isinstance(field, ForeignObjectRel):
            pointing = field.related_model._default_manager
            there = pointing.filter(**{field.field.attname: OuterRef("pk")})
            entries = entries.exclude(Exists(there))
    return entries.order_by("pk")


def prune(before: datetime) -> LedgerEntry | None:
    """Remove up to BATCH_ENTRIES of the `prunable` entries; return the entry that says so, or None."""
    with transaction.atomic():
        # From here on no one writes a desired state, so what is spared stays spared.
        audit_log.take_turn()
        found = prunable(before).values_list("pk", "previous_hash", "hash")[:BATCH_ENTRIES]
        kept = [PrunedEntry(pk=key, previous_hash=old, hash=own) for key, old, own in found]
        if not kept:
            return None
        entry = audit_log.record(
            action=Action.LEDGER_PRUNED,
            staff=None,
            after={
                "older_than": before.isoformat(),
                "pruned": len(kept),
                "first_pruned": kept[0].pk,
                "last_pruned": kept[-1].pk,
                "last_hash": kept[-1].hash,
                "digest": digest_of(kept),
            },
        )
        for row in kept:
            row.prune_id = entry.pk
        with ledger_guards.pruning_allowed(connection):
            PrunedEntry.objects.bulk_create(kept, batch_size=500)
            _remove(entry, len(kept))
    return entry


def digest_of(kept: list[PrunedEntry]) -> str:
    """Return the SHA-256, in hex, of what stays of the entries of one prune, in the order of their ids."""
    return hashlib.sha256(b"".join(row.line for row in kept)).hexdigest()


def _remove(entry: LedgerEntry, expected: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {ledger_guards.ENTRIES} WHERE id IN"
            f" (SELECT id FROM {ledger_guards.PRUNED} WHERE prune_id = %s)",
            [entry.pk],
        )
        if cursor.rowcount != expected:
            raise RuntimeError(f"{cursor.rowcount} entries were to go, not {expected}.")


def _number_is_stopped_or_open() -> Q:
    """Filter by numbers with a stop that we want or a vendor confirmed, or with work to do."""
    desired_states = DesiredState.objects.filter(number=OuterRef("number")).filter(
        Q(do_not_text=True)
        | Q(confirmed_do_not_text=True)
        | Q(confirmed_opt_in_status__in=STOPPED_STATUSES)
        | Q(state__in=(DeliveryState.ON_ITS_WAY, DeliveryState.REFUSED))
    )
    opt_outs = OptOut.objects.filter(number=OuterRef("number")).exclude(state__in=ENDED)
    return Q(Exists(desired_states)) | Q(Exists(opt_outs))
