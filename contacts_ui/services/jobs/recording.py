"""The rows that are recorded here first, and delivered to the vendors as everything else is."""

from datetime import datetime

from django.utils.dateparse import parse_datetime

from contacts_ui.models import Job, JobRow, LedgerEntry, Wish
from contacts_ui.models.job import RowState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import Staff
from contacts_ui.services import consent, lifting
from contacts_ui.services.consent import Evidence, Request, Seen
from contacts_ui.services.jobs.outcomes import Outcome, done, skipped
from contacts_ui.services.vendors import connected

ON_ITS_WAY = "On its way to the vendors."
STOPPED_MEANWHILE = "Somebody else stopped them meanwhile."


def stop(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Stop one number everywhere."""
    if _told_everywhere(row.number):
        return skipped(STOPPED_MEANWHILE)
    request = Request(Channel(job.channel), job.asked_at, job.reason)
    keys = _record_stop(staff, seen_of(row), request)
    own = LedgerEntry.objects.filter(number=row.number, action=Action.STOP_REQUESTED)
    entry = own.order_by("-pk").first()
    if not keys:
        return done("Written down; no vendor is connected.", entry)
    return Outcome(RowState.WORKING, ON_ITS_WAY, entry)


def ask_lift(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Ask the managers for one lift, with the evidence of the whole job."""
    try:
        lifting.ask(
            staff=staff,
            seen=seen_of(row),
            status=job.param("status"),
            evidence=evidence_of(job),
        )
    except lifting.AlreadyAsked:
        return skipped("A request for this number waits already.")
    except lifting.NothingToLift:
        return skipped("Nobody holds a stop for this number any more.")
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


def evidence_of(job: Job) -> Evidence:
    """The evidence of consent that the job was started with."""
    at = datetime.fromisoformat(job.param("consent_at"))
    channel = Channel(job.param("consent_channel"))
    return Evidence(job.param("consent_who"), channel, at, job.param("consent_words"))


def _record_stop(staff: Staff, seen: Seen, request: Request) -> list[int]:
    """The one place where a job records a stop."""
    return consent.record_stop(staff=staff, seen=seen, request=request, batch=True)


def _told_everywhere(number: str) -> bool:
    """Whether every connected vendor has been told of a stop, or is being told."""
    stops = Wish.objects.filter(number=number, do_not_text=True).exclude(state="refused")
    there = set(connected())
    return bool(there) and set(stops.values_list("vendor", flat=True)) >= there
