"""Show and remove what is kept about a person. The consent record, the ledger, and their proof stay."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts_ui.models import (
    ConsentState,
    ForgottenPerson,
    IndexedContact,
    LedgerEntry,
    OptOut,
    SecurityEventKind,
    Statement,
    Vendor,
)
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import mask
from contacts_ui.services import audit_log, index, security
from contacts_ui.services.retention.personal_data import PLACES, Place, Who
from contacts_ui.services.vendors import connected, shared_reads

NUMBERS_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Forgotten:
    """What was found, or removed: how many rows of each place, by its words; and what stays."""

    number: str
    removed: Mapping[str, int]
    statements: int
    entries: int
    # Entries keep the name they were written with until the ledger's retention ends.
    ask_vendors: tuple[str, ...]
    already: bool = False


def look(number: str) -> Forgotten:
    """Return what is kept about a number (E.164). Remove nothing."""
    rows = _rows_of(_who([number]))
    return _found(number, {place.words: each.count() for place, each in rows})


def forget(*, staff: Staff | None, number: str) -> Forgotten:
    """Remove names and details of the person with `number` (E.164), and keep them out of the index from now on.

    `staff` None is a command. Nothing is sent to a vendor. Raises NotAllowed.
    """
    if staff is not None:
        require(staff, "manage_people")
    who = _who([number])
    # Webhooks and uploads are searched before, so that no writer waits for that.
    rows = _rows_of(who)
    with transaction.atomic():
        audit_log.take_turn()
        ForgottenPerson.objects.update_or_create(
            number=number,
            defaults={
                "contact_id": next(iter(who.ids), None),
                "forgotten_at": timezone.now(),
                "staff_id": staff.pk if staff else None,
            },
        )
        removed = _remove(rows)
        audit_log.record(
            action=Action.PERSON_FORGOTTEN,
            staff=staff,
            number=number,
            after={"removed": {words: count for words, count in removed.items() if count}},
        )
    # The last known pages, which can't be found one by one. Emptying the cache does no harm.
    cache.clear()
    shared_reads.changed()
    index.prune_words()
    security.record(SecurityEventKind.FORGOTTEN, account=staff, details={"number": mask(number)})
    return _found(number, removed)


def forget_again() -> None:
    """Remove what came back since: webhooks and jobs may have brought a forgotten person's name again."""
    numbers = list(ForgottenPerson.objects.values_list("number", flat=True))
    for start in range(0, len(numbers), NUMBERS_AT_ONCE):
        rows = _rows_of(_who(numbers[start : start + NUMBERS_AT_ONCE]))
        with transaction.atomic():
            _remove(rows)


def _rows_of(who: Who) -> list[tuple[Place, QuerySet[Any]]]:
    """Return the rows of each place that have details of them."""
    return [(place, place.model._default_manager.filter(place.rows(who))) for place in PLACES]


def _remove(rows: list[tuple[Place, QuerySet[Any]]]) -> dict[str, int]:
    """Remove what is kept; return how many rows of each place."""
    return {
        place.words: found.update(**place.blank) if place.blank else found.delete()[0]
        for place, found in rows
    }


def undo(*, staff: Staff | None, number: str) -> bool:
    """Let the person be read again; return False if the number was not forgotten. Raises NotAllowed."""
    if staff is not None:
        require(staff, "manage_people")
    with transaction.atomic():
        audit_log.take_turn()
        if not ForgottenPerson.objects.filter(number=number).delete()[0]:
            return False
        audit_log.record(
            action=Action.PERSON_FORGOTTEN, staff=staff, number=number, after={"undone": True}
        )
    return True


def _who(numbers: Collection[str]) -> Who:
    """Return the contacts that had the numbers, according to our records; the present ones first."""
    found = [
        *IndexedContact.objects.filter(number__in=numbers).values_list("pk", flat=True),
        *ConsentState.objects.filter(number__in=numbers).values_list("contact_id", flat=True),
        *OptOut.objects.filter(number__in=numbers)
        .order_by("-pk")
        .values_list("contact_id", flat=True),
        *ForgottenPerson.objects.filter(number__in=numbers).values_list("contact_id", flat=True),
    ]
    return Who(set(numbers), list(dict.fromkeys(key for key in found if key is not None)))


def _found(number: str, rows: Mapping[str, int]) -> Forgotten:
    return Forgotten(
        number,
        {words: count for words, count in rows.items() if count},
        statements=Statement.objects.filter(number=number).count(),
        entries=LedgerEntry.objects.filter(number=number).count(),
        ask_vendors=tuple(Vendor(vendor).label for vendor in connected()),
        already=ForgottenPerson.objects.filter(number=number).exists(),
    )
