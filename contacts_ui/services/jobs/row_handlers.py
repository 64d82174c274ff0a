"""What a job does for one row, by kind of job.

A stop, a lift request, a vendor told, and a repair are recorded in the transaction that moves the row on, and then
delivered like every other stop. An edit is a call to SlickText.
"""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from contacts_ui.contact_fields import editable_values, for_vendor, label_of
from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import BULK_READ, BULK_WRITE
from contacts_ui.integrations.types import Contact
from contacts_ui.models import DesiredState, Job, JobRow, LedgerEntry
from contacts_ui.models.job import RowState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import Staff
from contacts_ui.services import audit_log
from contacts_ui.services.consent import lift_requests, record, stops
from contacts_ui.services.consent.doors import record_stop, repair_one, tell_untold
from contacts_ui.services.consent.opt_in import RecordChanged
from contacts_ui.services.consent.rules import EvidenceRefused, is_later
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.contacts import last_known
from contacts_ui.services.jobs import evidence
from contacts_ui.services.jobs.outcomes import Outcome, done, skipped
from contacts_ui.services.vendors import to_slicktext

ON_ITS_WAY = "On its way to the vendors."
ASKED_AGAIN = "Already stopped. That they asked again is recorded."
NOT_CONNECTED = "Recorded. No vendor is connected."
UNTOLD = "On record as stopped, and a vendor had not been told."
SAME = "Already in SlickText, with the same values."
STOPPED_BEFORE = "Another person stopped them first."


def stop(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Record one stop for every vendor."""
    last = parse_datetime(job.param("asked_last"))
    request = Request(Channel(job.channel), job.asked_at, job.reason, last)
    said = request.said(job.started_at or timezone.now())
    told, newest = stops.is_told(row.number), record.newest_stops([row.number]).get(row.number)
    if told and not is_later(said, newest):
        return skipped(STOPPED_BEFORE)
    keys = record_stop(staff=staff, seen=_seen(row), request=request, said=said, batch=True)
    own = LedgerEntry.objects.filter(number=row.number, action=Action.STOP_REQUESTED)
    entry = own.order_by("-pk").first()
    if not keys:
        return done(ASKED_AGAIN if told else NOT_CONNECTED, entry)
    return Outcome(RowState.WORKING, ON_ITS_WAY, entry)


def tell(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Send a stop on record to the vendors that were never told."""
    entry = tell_untold(staff=staff, seen=_seen(row), reason=job.reason or UNTOLD)
    if entry is None:
        return skipped("No stop is on record that a vendor still has to be told about.")
    return Outcome(RowState.WORKING, ON_ITS_WAY, entry)


def repair(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Stop one person at every vendor where the vendors disagree."""
    keys = repair_one(staff=staff, key=row.data["disagreement"], batch=True)
    if keys is None:
        return skipped("The vendors agree again, or the stop was already on its way.")
    desired = DesiredState.objects.filter(pk__in=keys).select_related("ledger_entry").first()
    if desired is None:
        return done(NOT_CONNECTED)
    return Outcome(RowState.WORKING, ON_ITS_WAY, desired.ledger_entry)


def ask_lift(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Ask the managers for one lift, with the row's own evidence (rule 7)."""
    try:
        lift_requests.ask(
            staff=staff,
            seen=_seen(row),
            status=job.param("status"),
            evidence=evidence.of(row),
        )
    except lift_requests.AlreadyAsked:
        return skipped("A request for this number is already waiting.")
    except lift_requests.NothingToLift:
        return skipped("No stop is on record for this number anymore.")
    except EvidenceRefused as refused:
        return skipped(refused.sentence)
    except RecordChanged:
        return skipped(STOPPED_BEFORE)
    own = LedgerEntry.objects.filter(number=row.number, action=Action.LIFT_ASKED)
    return done("Requested. A manager decides.", own.order_by("-pk").first())


def edit(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Set the job's value on one contact. Raise VendorError if the vendor must be asked again later."""
    if row.contact_id is None:
        return skipped("No contact in SlickText has this number, as far as we know.")
    fresh = slicktext.get_contact(to_slicktext(), row.contact_id, policy=BULK_READ)
    values = {job.param("field"): job.param("value")}
    return update_contact(row, staff, fresh, values, reason=job.reason)


def update_contact(
    row: JobRow, staff: Staff, fresh: Contact, values: Mapping[str, str], *, reason: str
) -> Outcome:
    """Send the values that differ from a contact just read. Raise VendorError.

    The values before are kept with the row until the audit log has them. If the new ones are already there when the
    row is looked at again, they are known to be ours.
    """
    now = editable_values(fresh)
    changes = {name: text for name, text in values.items() if now.get(name, "") != text}
    before: dict[str, str] | None = row.data.get("before")
    if not changes:
        if before is None:
            return skipped(SAME)
        return _record_update(row, staff, fresh, before, values, reason, settled=True)
    if before is None:
        before = {name: now.get(name, "") for name in changes}
        row.remember(before=before)
    contact = slicktext.edit_contact(
        to_slicktext(), fresh.contact_id, for_vendor(changes, fresh), policy=BULK_WRITE
    )
    return _record_update(row, staff, contact, before, values, reason)


def _record_update(
    row: JobRow,
    staff: Staff,
    contact: Contact,
    before: Mapping[str, str],
    values: Mapping[str, str],
    reason: str,
    *,
    settled: bool = False,
) -> Outcome:
    """Write the audit log entry and the end of the row in one transaction."""
    last_known.keep_contact(contact, timezone.now())
    after = {name: values[name] for name in before if name in values}
    held = editable_values(contact)
    left = [label_of(name) for name, text in after.items() if held.get(name, "") != text]
    with transaction.atomic():
        entry = audit_log.record(
            action=Action.CONTACT_EDITED,
            staff=staff,
            number=contact.number or contact.mobile_number or row.number,
            contact_id=contact.contact_id,
            vendor="slicktext",
            reason=reason,
            before=before,
            after=after,
            answer={
                "contact_id": contact.contact_id,
                **({"settled": "by look-up"} if settled else {}),
            },
        )
        words = f"Updated: {', '.join(map(label_of, after))}."
        if len(after) == 1:
            [(name, value)] = after.items()
            words = f"{label_of(name)} changed from “{before[name]}” to “{value}”."
        outcome = done(words, entry)
        if left:
            words = f"SlickText answered, but still shows another {', '.join(left)}."
            outcome = Outcome(RowState.FAILED, words, entry)
        if not row.data.get("stop"):
            # With a stop, an import has more to say.
            outcome.write(row)
    return outcome


def _seen(row: JobRow) -> Seen:
    """Return the person as the preview showed them, with what SlickText had said then."""
    read_at = row.data.get("read_at")
    return Seen(
        row.number,
        row.contact_id,
        row.label,
        row.data.get("status"),
        parse_datetime(read_at) if read_at else None,
    )
