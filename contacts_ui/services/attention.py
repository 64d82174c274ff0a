"""What needs a manager's attention: wishes that a vendor refused, to be tried again or settled by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from contacts_ui.models import LedgerEntry, Vendor, Wish
from contacts_ui.models.ledger import Action
from contacts_ui.models.wish import WishState
from contacts_ui.permissions import Staff, require
from contacts_ui.services import consent, ledger, opt_outs, wishes

REFUSALS = (Action.STOP_REFUSED, Action.CONSENT_REFUSED)


class NotRefusedNow(Exception):
    """Somebody tried it again, settled it or wished anew meanwhile; `wish` is how it stands."""

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish.pk)
        self.wish = wish


@dataclass(frozen=True)
class Refusal:
    """A wish that its vendor said no to: whose, since when (None: not known), in which words."""

    wish: Wish
    label: str
    since: datetime | None

    @property
    def vendor(self) -> str:
        return Vendor(self.wish.vendor).label


def refusals(*, limit: int = 500) -> list[Refusal]:
    """What is refused and neither tried again nor settled: stops first, then the oldest."""
    refused = Wish.objects.filter(state=WishState.REFUSED).select_related("ledger_entry")
    rows = list(refused.order_by("-do_not_text", "wished_at")[:limit])
    since = _since(rows)
    return [Refusal(row, label_of(row), since.get((row.number, row.vendor))) for row in rows]


def refusal(pk: int) -> Refusal:
    """One of them. Raises Wish.DoesNotExist, NotRefusedNow."""
    row = Wish.objects.select_related("ledger_entry").get(pk=pk)
    if row.state != WishState.REFUSED:
        raise NotRefusedNow(row)
    return Refusal(row, label_of(row), _since([row]).get((row.number, row.vendor)))


def label_of(wish: Wish) -> str:
    """The name that was on the screen when it was wished; empty where there was none."""
    return str(wish.ledger_entry.before.get("label") or "")


def try_again(*, staff: Staff, pk: int, version: int) -> Wish:
    """Send a refused wish to its vendor once more; return it as it stands when the deadline of a click is over.

    `version` is the one that the manager saw. Raises NotAllowed, Wish.DoesNotExist, NotRefusedNow.
    """
    _may(staff, pk)
    with transaction.atomic():
        row = _refused(pk, version)
        _record(row, Action.STOP_RETRIED if row.do_not_text else Action.CONSENT_RETRIED, staff)
        wishes.wish_for(
            number=row.number,
            vendor=Vendor(row.vendor),
            do_not_text=row.do_not_text,
            opt_in_status=row.opt_in_status,
            entry=row.ledger_entry,
        )
        opt_outs.tried_again(row)
    consent.deliver_now([pk])
    return Wish.objects.select_related("ledger_entry").get(pk=pk)


def settle(*, staff: Staff, pk: int, version: int, note: str) -> Wish:
    """Close a refused wish by hand, with a note on what was done instead; nothing more is sent for it.

    Raises NotAllowed, Wish.DoesNotExist, NotRefusedNow.
    """
    _may(staff, pk)
    with transaction.atomic():
        row = _refused(pk, version)
        _record(
            row, Action.STOP_SETTLED if row.do_not_text else Action.CONSENT_SETTLED, staff, note
        )
        row.state, row.settled_version, row.due_at = WishState.SETTLED, row.version, None
        row.answer = note[:500]
        row.save(update_fields=["state", "settled_version", "due_at", "answer"])
        opt_outs.outcome(row)
    return row


def _may(staff: Staff, pk: int) -> None:
    require(staff, "review_opt_outs")
    if not Wish.objects.get(pk=pk).do_not_text:
        require(staff, "lift_stops")


def _refused(pk: int, version: int) -> Wish:
    ledger.take_turn()
    row = Wish.objects.select_for_update(of=("self",)).select_related("ledger_entry").get(pk=pk)
    if row.state != WishState.REFUSED or row.version != version:
        raise NotRefusedNow(row)
    return row


def _record(row: Wish, action: Action, staff: Staff, note: str = "") -> None:
    ledger.record(
        action=action,
        staff=staff,
        number=row.number,
        contact_id=row.ledger_entry.contact_id,
        vendor=row.vendor,
        reason=note,
        before={"state": row.state, "words": row.answer},
        after={"do_not_text": row.do_not_text, "opt_in_status": row.opt_in_status},
        answer={"request": row.ledger_entry_id},
    )


def _since(rows: Iterable[Wish]) -> dict[tuple[str, str], datetime]:
    """When each was refused last, by number and vendor."""
    refused = LedgerEntry.objects.filter(
        action__in=REFUSALS, number__in={row.number for row in rows}
    )
    latest = refused.order_by().values_list("number", "vendor").annotate(at=Max("at"))
    return {(number, vendor): at for number, vendor, at in latest}
