"""Repairing a disagreement: always towards *stop*, whichever vendor holds it."""

from collections.abc import Sequence

from django.db import transaction

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import Disagreement, Wish
from contacts_ui.models.disagreement import DisagreementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.wish import WishState
from contacts_ui.permissions import Staff, require
from contacts_ui.services import disagreements, ledger
from contacts_ui.services.consent import Request, Seen, deliver_now, record_stop
from contacts_ui.services.verdicts import STOPPED_STATUSES

WHY = {
    DisagreementKind.REAPPEARED: "Repair: they were stopped, and SlickText could text them again.",
    DisagreementKind.ONLY_SLICKTEXT: "Repair: only SlickText held their stop.",
    DisagreementKind.ONLY_CLOUDCONTACTAI: "Repair: only CloudContactAI held their stop.",
}


def repair(*, staff: Staff, keys: Sequence[int]) -> list[Disagreement]:
    """Stop these people at every connected vendor again; return those that were still open, as they are now.

    All stops are committed before any vendor is called, and the vendors are waited for no longer than for one click.
    Raises NotAllowed.
    """
    require(staff, "review_opt_outs")
    require(staff, "stop_texts")
    repaired, wishes = [], []
    for key in keys:
        begun = _begin(staff, key)
        if begun is not None:
            repaired.append(key)
            wishes += begun
    deliver_now(wishes)
    disagreements.close_agreed()
    return list(Disagreement.objects.filter(pk__in=repaired))


def on_their_way(rows: Sequence[Disagreement]) -> set[str]:
    """The numbers among `rows` whose stop is on its way to a vendor."""
    waiting = Wish.objects.filter(
        number__in={row.number for row in rows}, do_not_text=True, state=WishState.ON_ITS_WAY
    )
    return set(waiting.values_list("number", flat=True))


def _begin(staff: Staff, key: int) -> list[int] | None:
    """Write the stop and its entry; None where it is over already, or its stop is on its way."""
    with transaction.atomic():
        ledger.take_turn()
        row = Disagreement.objects.select_for_update().filter(pk=key, closed_at=None).first()
        if row is None or on_their_way([row]):
            return None
        entry = ledger.record(
            action=Action.DISAGREEMENT_REPAIRED,
            staff=staff,
            number=row.number,
            contact_id=row.contact_id,
            before={"opt_in_status": row.status, "kind": row.kind},
            after={"do_not_text": True},
        )
        row.closed_by = entry.staff_name
        row.save(update_fields=["closed_by"])
        return record_stop(
            staff=staff,
            seen=Seen(row.number, row.contact_id, row.label, row.status, row.found_at),
            request=Request(Channel.UNRECORDED, None, WHY[DisagreementKind(row.kind)]),
            status=row.status if row.status in STOPPED_STATUSES else OptInStatus.UNSUBSCRIBED,
        )
