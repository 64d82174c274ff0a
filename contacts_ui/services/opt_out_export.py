"""The opt-outs as a table for a spreadsheet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db.models import QuerySet
from django.utils import timezone

from contacts_ui.models import OptOut
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.services import ledger
from contacts_ui.services.opt_out_review import Filters, in_order
from contacts_ui.services.spreadsheets import CHUNK, csv_chunks

HEADINGS = (
    "Person", "Number", "Contact id", "Asked at", "Recorded at", "Channel", "Taken by", "In their words", "State",
    "Due at", "Honoured at", "Seconds to honour", "In time", "SlickText confirmed at", "CloudContactAI confirmed at",
    "Refused by", "Settled by hand for", "Ended at", "Ended by", "Reviewed at", "Reviewed by", "Ledger entry",
)  # fmt: skip


@dataclass(frozen=True)
class Export:
    """A table on its way out. `chunks` may be read once."""

    file_name: str
    count: int
    chunks: Iterator[str]


def export(*, staff: Staff, filters: Filters) -> Export:
    """Export the opt-outs that match, in the order of the list; the ledger keeps who, which filters and how many.

    Times are in the zone that is active now, which the file's name for them says. Raises NotAllowed.
    """
    require(staff, "review_opt_outs")
    newest = OptOut.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    # What comes in while the file is written stays out of it, so that the count in the ledger is true.
    parts = [part.filter(pk__lte=newest) for part in in_order(filters)]
    count = sum(part.count() for part in parts)
    ledger.record(
        action=Action.OPT_OUTS_EXPORTED,
        staff=staff,
        number="",
        after={"filters": filters.as_recorded(), "count": count},
    )
    zone = timezone.get_current_timezone()
    return Export(f"opt-outs-{timezone.localdate():%Y-%m-%d}.csv", count, _chunks(parts, zone))


def _chunks(parts: list[QuerySet[OptOut]], zone: tzinfo) -> Iterator[str]:
    rows = (_cells(row, zone) for part in parts for row in part.iterator(chunk_size=CHUNK))
    return csv_chunks([_with_zone(heading, zone) for heading in HEADINGS], rows)


def _with_zone(heading: str, zone: tzinfo) -> str:
    return f"{heading} ({zone})" if heading.endswith(" at") else heading


def _cells(row: OptOut, zone: tzinfo) -> list[str]:
    def at(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""

    took = row.seconds_to_honour
    in_time = "" if row.honoured_at is None else "yes" if row.honoured_at <= row.due_at else "no"
    return [
        row.label, row.number, str(row.contact_id or ""), at(row.asked_at), at(row.recorded_at),
        row.get_channel_display(), row.staff_name or "The dashboard", row.reason, row.get_state_display(),
        at(row.due_at), at(row.honoured_at), "" if took is None else f"{took:.1f}", in_time,
        at(row.slicktext_confirmed_at), at(row.cloudcontactai_confirmed_at), row.refused_by, row.settled_for,
        at(row.ended_at), row.ended_by, at(row.reviewed_at), row.reviewed_by_name, str(row.ledger_entry_id),
    ]  # fmt: skip
