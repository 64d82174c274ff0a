"""The rows that are recorded here first, and delivered to the vendors as everything else is."""

from django.utils.dateparse import parse_datetime

from contacts_ui.models import Job, JobRow, LedgerEntry, Wish
from contacts_ui.models.job import RowState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import Staff
from contacts_ui.services.consent import lifting
from contacts_ui.services.consent.doors import record_stop, repair_one, tell_untold
from contacts_ui.services.consent.raising import RecordChanged
from contacts_ui.services.consent.rules import EvidenceRefused
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.jobs import evidence
from contacts_ui.services.jobs.outcomes import Outcome, done, skipped
from contacts_ui.services.vendors import connected

ON_ITS_WAY = "On its way to the vendors."
UNTOLD = "On record as stopped, and a vendor had not been told."
STOPPED_MEANWHILE = "Another person stopped them meanwhile."


def stop(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Stop one number everywhere."""
    if _told_everywhere(row.number):
        return skipped(STOPPED_MEANWHILE)
    last = parse_datetime(job.param("asked_last"))
    request = Request(Channel(job.channel), job.asked_at, job.reason, last)
    keys = _record_stop(staff, seen_of(row), request)
    own = LedgerEntry.objects.filter(number=row.number, action=Action.STOP_REQUESTED)
    entry = own.order_by("-pk").first()
    if not keys:
        return done("Written down; no vendor is connected.", entry)
    return Outcome(RowState.WORKING, ON_ITS_WAY, entry)


def tell(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Tell the vendors that were never told of a stop on record."""
    entry = tell_untold(staff=staff, seen=seen_of(row), reason=job.reason or UNTOLD)
    if entry is None:
        return skipped("No stop is on record that a connected vendor was not told of.")
    return Outcome(RowState.WORKING, ON_ITS_WAY, entry)


def repair(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Stop one person at every vendor where the vendors disagree."""
    keys = repair_one(staff=staff, key=row.data["disagreement"], batch=True)
    if keys is None:
        return skipped("The vendors agree again, or the stop was on its way already.")
    wish = Wish.objects.filter(pk__in=keys).select_related("ledger_entry").first()
    if wish is None:
        return done("Written down; no vendor is connected.")
    return Outcome(RowState.WORKING, ON_ITS_WAY, wish.ledger_entry)


def ask_lift(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Ask the managers for one lift, with the row's own evidence."""
    try:
        lifting.ask(
            staff=staff,
            seen=seen_of(row),
            status=job.param("status"),
            evidence=evidence.of(row),
        )
    except lifting.AlreadyAsked:
        return skipped("A request for this number waits already.")
    except lifting.NothingToLift:
        return skipped("No stop is on record for this number anymore.")
    except EvidenceRefused as refused:
        return skipped(refused.sentence)
    except RecordChanged:
        return skipped(STOPPED_MEANWHILE)
    own = LedgerEntry.objects.filter(number=row.number, action=Action.LIFT_ASKED)
    return done("Asked for; a manager decides.", own.order_by("-pk").first())


def seen_of(row: JobRow) -> Seen:
    """Whom the preview showed, and what SlickText had said of them then."""
    read_at = row.data.get("read_at")
    return Seen(
        row.number,
        row.contact_id,
        row.label,
        row.data.get("status"),
        parse_datetime(read_at) if read_at else None,
    )


def _record_stop(staff: Staff, seen: Seen, request: Request) -> list[int]:
    """The one place where a job records a stop."""
    return list(record_stop(staff=staff, seen=seen, request=request, batch=True))


def _told_everywhere(number: str) -> bool:
    """Whether every connected vendor has been told of a stop, or is being told."""
    stops = Wish.objects.filter(number=number, do_not_text=True).exclude(state="refused")
    there = set(connected())
    return bool(there) and set(stops.values_list("vendor", flat=True)) >= there
