"""Carry out the rules: a few rows in each transaction, with pauses for other writers."""

import logging
import time
from datetime import timedelta
from typing import Any, Final

from django.apps import apps
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts_ui.database import leave_room
from contacts_ui.services.retention.rules import RULES, Rule, days_of

BATCH_ROWS: Final = 500
# The rest comes an hour later.
BATCHES_MAX: Final = 1_000

logger = logging.getLogger(__name__)


def run() -> dict[str, int]:
    """Remove or empty what is over; return how many rows of each table. A rule that fails does not stop the others."""
    done: dict[str, int] = {}
    for rule in RULES:
        try:
            if rows := _carry_out(rule):
                done[rule.table] = done.get(rule.table, 0) + rows
        except Exception:
            logger.exception("retention of %s failed", rule.table)
    return done


def rows_over(rule: Rule) -> QuerySet[Any] | None:
    """Return the rows that a rule removes now; None if it never removes any."""
    days = days_of(rule)
    if rule.over is None or days is None or not rule.is_installed:
        return None
    rows: QuerySet[Any] = apps.get_model(rule.table)._default_manager.all()
    return rows.filter(rule.over(timezone.now() - timedelta(days=days)))


def _carry_out(rule: Rule) -> int:
    rows, done = rows_over(rule), 0
    if rows is None:
        return done
    for _ in range(BATCHES_MAX):
        keys = list(rows.values_list("pk", flat=True)[:BATCH_ROWS])
        if not keys:
            break
        began = time.monotonic()
        with transaction.atomic():
            # Not rows that changed in between.
            chosen = rows.filter(pk__in=keys)
            if rule.change:
                rule.change(chosen)
            else:
                chosen.delete()
        done += len(keys)
        leave_room(began)
    return done
