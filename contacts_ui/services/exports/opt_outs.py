"""Export the opt-outs."""

from datetime import datetime, tzinfo
from typing import Final

from django.utils import timezone

from contacts_ui.models import OptOut
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import pretty
from contacts_ui.services import audit_log
from contacts_ui.services.files.workbook_writing import MAX_ROWS, Full
from contacts_ui.services.files.writing import Download, Format, blocks_of, parts_of
from contacts_ui.services.review.opt_outs import Filters, in_order
from contacts_ui.services.security import exported

HEADINGS = (
    "Person", "Number", "Contact id", "Asked at", "Recorded at", "Channel", "Recorded by", "Their words", "State",
    "Due at", "Completed at", "Seconds to complete", "In time", "SlickText confirmed at", "CloudContactAI confirmed at",
    "Refused by", "Resolved by hand for", "Ended at", "Ended by", "Reviewed at", "Reviewed by", "Audit log entry",
)  # fmt: skip
NUMBERS: Final = ("Number",)
# Rows read and sent together.
BLOCK_ROWS: Final = 500


def export(*, staff: Staff, filters: Filters, kind: Format = Format.CSV) -> Download:
    """Export the opt-outs that match, in the order of the list. The audit log has who, which filters and how many.

    Times are in the current time zone, which is named in the headings. Raises NotAllowed; Full if a workbook cannot
    hold them.
    """
    require(staff, "review_opt_outs")
    newest = OptOut.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    # Opt-outs that arrive during the export are left out, so that the recorded count is true.
    parts = [part.filter(pk__lte=newest) for part in in_order(filters)]
    count = sum(part.count() for part in parts)
    if kind == Format.XLSX and count > MAX_ROWS:
        raise Full
    audit_log.record(
        action=Action.OPT_OUTS_EXPORTED,
        staff=staff,
        after={"filters": filters.as_recorded(), "count": count, "format": str(kind)},
    )
    exported(staff, "opt-outs", rows=count)
    zone = timezone.get_current_timezone()
    rows = (_cells(row, zone) for part in parts for row in part.iterator(chunk_size=BLOCK_ROWS))
    heads = [f"{each} ({zone})" if each.endswith(" at") else each for each in HEADINGS]
    made = parts_of(kind, heads, blocks_of(rows, BLOCK_ROWS), NUMBERS)
    chunks = (content for content, _ in made)
    return Download(f"opt-outs-{timezone.localdate():%Y-%m-%d}", kind, chunks)


def _cells(row: OptOut, zone: tzinfo) -> list[str]:
    def at(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""

    took = row.seconds_to_complete
    in_time = "" if row.completed_at is None else "yes" if row.completed_at <= row.due_at else "no"
    return [
        row.label, pretty(row.number), str(row.contact_id or ""), at(row.asked_at), at(row.recorded_at),
        row.get_channel_display(), row.staff_name or "The dashboard", row.reason, row.get_state_display(),
        at(row.due_at), at(row.completed_at), "" if took is None else f"{took:.1f}", in_time,
        at(row.slicktext_confirmed_at), at(row.cloudcontactai_confirmed_at), row.refused_by, row.settled_for,
        at(row.ended_at), row.ended_by, at(row.reviewed_at), row.reviewed_by_name, str(row.ledger_entry_id),
    ]  # fmt: skip
