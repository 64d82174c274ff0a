"""Import one line: record its stop first, then create or update the contact. Doing it again changes nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from contacts_ui.contact_fields import editable_values, for_vendor
from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import BULK_READ, BULK_WRITE
from contacts_ui.integrations.errors import BadCredentials, Refused
from contacts_ui.integrations.types import Contact
from contacts_ui.models import DesiredState, Job, JobRow, LedgerEntry
from contacts_ui.models.job import RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff
from contacts_ui.services import audit_log
from contacts_ui.services.consent import record
from contacts_ui.services.consent.doors import record_stop
from contacts_ui.services.consent.record import is_stopped
from contacts_ui.services.consent.rules import Said, is_later
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.contacts import editing
from contacts_ui.services.contacts.editing import NumberTaken
from contacts_ui.services.imports.checking import LEFT, Choice
from contacts_ui.services.jobs.outcomes import Outcome, done, skipped
from contacts_ui.services.jobs.row_handlers import update_contact
from contacts_ui.services.vendors import to_slicktext

CLOCK_DIFFERENCE_MAX = timedelta(minutes=2)
NO_MATCH = "No contact in SlickText has this number, and you chose not to create any."
RECORDED = "The stop is recorded and on its way to both vendors."
OUTDATED = "The stop is recorded, but newer consent is on record, so texts stay allowed."


def import_row(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Import one line. Raises VendorError where the vendor has to be asked again later."""
    stopped = _record_stop(job, row, staff)
    if stopped and row.data.get("stop_only"):
        return _end(row, done(stopped, _stop_entry(row)))
    try:
        outcome = _Import(job, row, staff).run()
    except BadCredentials:
        raise
    except Refused as error:
        outcome = Outcome(RowState.FAILED, error.words or error.person)
    if stopped:
        state = RowState.DONE if outcome.state == RowState.SKIPPED else outcome.state
        entry = outcome.entry or _stop_entry(row)
        outcome = Outcome(state, f"{stopped} {outcome.words}", entry)
    return _end(row, outcome)


def _record_stop(job: Job, row: JobRow, staff: Staff) -> str:
    """Record the stop that the file asks for, once; return what was done, in words."""
    if not row.data.get("stop"):
        return ""
    if "stopped" in row.data:
        return str(row.data["stopped"])
    with transaction.atomic():
        # In the chain first, like everything that locks other rows after it.
        audit_log.take_turn()
        words, entry = "Already stopped here.", None
        # A held press may still be undone, so a vendor must have been told.
        told = DesiredState.objects.filter(number=row.number, do_not_text=True)
        stopped = record.standing_of(row.number).stopped and told.exists()
        said = _said(job, row)
        newest = record.newest_stops([row.number]).get(row.number)
        if not stopped or is_later(said, newest):
            words = f"Imported as unsubscribed: {job.param('file')}"
            request = Request(reason=words, by_person=False)
            seen = Seen(row.number, row.contact_id, row.label)
            # As a batch: thousands must not delay stops made by people, or exceed the plan.
            record_stop(staff=staff, seen=seen, request=request, said=said, batch=True)
            entry = LedgerEntry.objects.filter(number=row.number).latest("pk").pk
            words = RECORDED if record.standing_of(row.number).stopped else OUTDATED
        # Written to the row only at its end: `complete_delivered` ends every row that has an entry.
        row.remember(stopped=words, stop_entry=entry)
    return words


def _said(job: Job, row: JobRow) -> Said:
    """Return when the file says that they asked; else any time until the press that began the import."""
    if not row.data.get("said"):
        return Said(None, job.created_at)
    earliest, latest = row.data["said"]
    # A time in the future is a mistake: it was said before the file came.
    until = min(datetime.fromisoformat(latest), job.created_at)
    return Said(min(datetime.fromisoformat(earliest), until) if earliest else None, until)


def _stop_entry(row: JobRow) -> LedgerEntry | None:
    return LedgerEntry.objects.filter(pk=row.data.get("stop_entry") or 0).first()


class _Import:
    """Creates or updates the contact of one line."""

    def __init__(self, job: Job, row: JobRow, staff: Staff) -> None:
        self._job, self._row, self._staff = job, row, staff
        self._values: Mapping[str, str] = row.data.get("values", {})
        self._choice = Choice(job.param("choice", Choice.CREATE))

    def run(self) -> Outcome:
        """Create or update as the person chose. Raises VendorError."""
        if self._row.contact_id is not None:
            return self._update(self._row.contact_id)
        if self._choice != Choice.ONLY_UPDATE:
            return self._create()
        found = slicktext.find_contact(to_slicktext(), self._row.number, policy=BULK_READ)
        return self._update(found.contact_id) if found else skipped(NO_MATCH)

    def _create(self) -> Outcome:
        begun = bool(self._row.data.get("sent"))
        if not begun:
            self._row.remember(sent=True)
        try:
            saved = editing.create(
                staff=self._staff,
                typed={**self._values, "mobile_number": self._row.number},
                reading=BULK_READ,
                writing=BULK_WRITE,
            )
        except NumberTaken as taken:
            return self._number_taken(taken.contact, begun=begun)
        self._row.contact_id = saved.contact.contact_id
        return done(_created(saved.stopped), self._entry())

    def _number_taken(self, contact: Contact | None, *, begun: bool) -> Outcome:
        """Handle a number that is taken: by our own call that got no answer, or by an older contact."""
        number = self._row.number
        contact = contact or slicktext.find_contact(to_slicktext(), number, policy=BULK_READ)
        if contact is None:
            words = "SlickText says the number is taken, but does not show the contact."
            return Outcome(RowState.FAILED, words)
        self._row.contact_id = contact.contact_id
        if begun and self._is_ours(contact):
            entry = self._entry() or audit_log.record(
                action=Action.CONTACT_CREATED,
                staff=self._staff,
                number=number,
                contact_id=contact.contact_id,
                vendor="slicktext",
                after=for_vendor({**self._values, "mobile_number": number}),
                answer={"contact_id": contact.contact_id, "settled": "by look-up"},
            )
            return done(_created(is_stopped(number)), entry)
        return skipped(LEFT) if self._choice == Choice.CREATE else self._update(contact.contact_id)

    def _is_ours(self, contact: Contact) -> bool:
        """Return True for a contact with these values that, as far as clocks can tell, is not older than the job."""
        started = self._job.started_at
        if contact.created and started and contact.created < started - CLOCK_DIFFERENCE_MAX:
            return False
        held = editable_values(contact)
        return all(held.get(name, "") == text for name, text in self._values.items())

    def _update(self, contact_id: int) -> Outcome:
        """Send what is different. Fields that the file leaves empty stay as they are."""
        fresh = slicktext.get_contact(to_slicktext(), contact_id, policy=BULK_READ)
        if fresh.number != self._row.number:
            words = "This contact has another number now. Nothing was sent."
            return Outcome(RowState.FAILED, words)
        self._row.contact_id = contact_id
        reason = f"Imported: {self._job.param('file')}"
        return update_contact(self._row, self._staff, fresh, self._values, reason=reason)

    def _entry(self) -> LedgerEntry | None:
        """Return the entry in which this job created this number."""
        entries = LedgerEntry.objects.filter(
            number=self._row.number, action=Action.CONTACT_CREATED, request_id=self._job.reference
        ).order_by("-pk")
        return next((each for each in entries if each.answer.get("outcome") != "unknown"), None)


def _created(stopped: bool) -> str:
    return "Created as unsubscribed: the number is stopped here." if stopped else "Created."


def _end(row: JobRow, outcome: Outcome) -> Outcome:
    """Write the end of the row, and delete what the file said about it."""
    with transaction.atomic():
        outcome.write(row)
        JobRow.objects.filter(pk=row.pk).update(data={}, contact_id=row.contact_id)
    return outcome
