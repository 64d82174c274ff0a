"""One line of an import at the vendors: a stop first, then create or update; done again, it does nothing twice."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import BadCredentials, Refused
from contacts_ui.integrations.manner import BULK_READ, BULK_WRITE
from contacts_ui.integrations.types import Contact
from contacts_ui.models import Job, JobRow, LedgerEntry, Wish
from contacts_ui.models.job import RowState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import Staff
from contacts_ui.services import contacts, last_known, ledger
from contacts_ui.services.consent import record
from contacts_ui.services.consent.doors import record_stop
from contacts_ui.services.consent.looking import is_stopped
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.contacts import NumberTaken
from contacts_ui.services.editing import editable_values, for_vendor, label_of
from contacts_ui.services.imports.checks import Choice
from contacts_ui.services.jobs.outcomes import Outcome, done, skipped
from contacts_ui.services.vendors import to_slicktext

CLOCKS_APART = timedelta(minutes=2)
NO_MATCH = "Nobody has this number at SlickText, and you chose to create nobody."
LEFT = "In SlickText already; left as it is there."
SAME = "In SlickText already, with all of this."


def import_line(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Import one line. Raises VendorError where the vendor has to be asked again later."""
    stopped = _stop(job, row, staff)
    if stopped and row.data.get("stop_only"):
        return _end(row, done(stopped, _stop_entry(row)))
    try:
        outcome = _import(job, row, staff)
    except BadCredentials:
        raise
    except Refused as error:
        outcome = Outcome(RowState.FAILED, error.words or error.person)
    if stopped:
        state = RowState.DONE if outcome.state == RowState.SKIPPED else outcome.state
        entry = outcome.entry or _stop_entry(row)
        outcome = Outcome(state, f"{stopped} {outcome.words}", entry)
    return _end(row, outcome)


def _import(job: Job, row: JobRow, staff: Staff) -> Outcome:
    values: Mapping[str, str] = row.data.get("values", {})
    choice = Choice(job.param("choice", Choice.CREATE))
    if row.contact_id is not None:
        return _update(job, row, staff, row.contact_id, values)
    if choice != Choice.ONLY_UPDATE:
        return _create(job, row, staff, values, choice)
    found = slicktext.find_contact(to_slicktext(), row.number, manner=BULK_READ)
    return _update(job, row, staff, found.contact_id, values) if found else skipped(NO_MATCH)


def _stop(job: Job, row: JobRow, staff: Staff) -> str:
    """Record the stop that the file asks for, once; in words, what was done."""
    if not row.data.get("stop"):
        return ""
    if "stopped" in row.data:
        return str(row.data["stopped"])
    with transaction.atomic():
        # In the chain first, as everybody who locks other rows after it.
        ledger.take_turn()
        words, entry = "Stopped here already.", None
        if not _is_told(row.number):
            request = Request(
                Channel.UNRECORDED, None, f"Imported as unsubscribed: {job.param('file')}"
            )
            seen = Seen(row.number, row.contact_id, row.label)
            # As a batch: thousands must not push people's stops aside, nor run past the plan.
            record_stop(staff=staff, seen=seen, request=request, batch=True)
            entry = LedgerEntry.objects.filter(number=row.number).latest("pk").pk
            words = "The stop is recorded, and on its way to both vendors."
        # The entry is written to the row at its end: a recorded row counts as one that waits for its wishes.
        _remember(row, stopped=words, stop_entry=entry)
    return words


def _is_told(number: str) -> bool:
    """Return True where the record holds a stop and a vendor was told. A press that is held may still be unsent."""
    told = Wish.objects.filter(number=number, do_not_text=True)
    return record.standing_of(number).stopped and told.exists()


def _stop_entry(row: JobRow) -> LedgerEntry | None:
    return LedgerEntry.objects.filter(pk=row.data.get("stop_entry") or 0).first()


def _create(
    job: Job, row: JobRow, staff: Staff, values: Mapping[str, str], choice: Choice
) -> Outcome:
    begun = bool(row.data.get("sent"))
    if not begun:
        _remember(row, sent=True)
    try:
        saved = contacts.create(
            staff=staff,
            typed={**values, "mobile_number": row.number},
            reading=BULK_READ,
            writing=BULK_WRITE,
        )
    except NumberTaken as taken:
        return _exists(job, row, staff, taken.contact, values, choice, begun=begun)
    row.contact_id = saved.contact.contact_id
    return done(_created(saved.stopped), _entry_of(job, row))


def _exists(
    job: Job,
    row: JobRow,
    staff: Staff,
    contact: Contact | None,
    values: Mapping[str, str],
    choice: Choice,
    *,
    begun: bool,
) -> Outcome:
    """Somebody has the number: we, a moment ago and without an answer; or somebody else, before."""
    contact = contact or slicktext.find_contact(to_slicktext(), row.number, manner=BULK_READ)
    if contact is None:
        return Outcome(
            RowState.FAILED, "SlickText says that the number is taken, and does not show by whom."
        )
    row.contact_id = contact.contact_id
    if begun and not _was_before(job, contact) and _holds(contact, values):
        entry = _entry_of(job, row) or ledger.record(
            action=Action.CONTACT_CREATED,
            staff=staff,
            number=row.number,
            contact_id=contact.contact_id,
            vendor="slicktext",
            after=for_vendor({**values, "mobile_number": row.number}),
            answer={"contact_id": contact.contact_id, "settled": "by look-up"},
        )
        return done(_created(is_stopped(row.number)), entry)
    if choice == Choice.CREATE:
        return skipped(LEFT)
    return _update(job, row, staff, contact.contact_id, values)


def _update(
    job: Job, row: JobRow, staff: Staff, contact_id: int, values: Mapping[str, str]
) -> Outcome:
    """Send only what is different; what the file leaves empty stays as it is."""
    fresh = slicktext.get_contact(to_slicktext(), contact_id, manner=BULK_READ)
    if fresh.number != row.number:
        return Outcome(RowState.FAILED, "This contact has another number by now. Nothing was sent.")
    row.contact_id = contact_id
    now = editable_values(fresh)
    changes = {name: text for name, text in values.items() if now.get(name, "") != text}
    before: dict[str, str] | None = row.data.get("before")
    if not changes:
        if before is None:
            return skipped(SAME)
        return _record_update(job, row, staff, fresh, before, values, settled=True)
    if before is None:
        before = {name: now.get(name, "") for name in changes}
        _remember(row, before=before)
    contact = slicktext.edit_contact(
        to_slicktext(), contact_id, for_vendor(changes, fresh), manner=BULK_WRITE
    )
    return _record_update(job, row, staff, contact, before, values)


def _record_update(
    job: Job,
    row: JobRow,
    staff: Staff,
    contact: Contact,
    before: Mapping[str, str],
    values: Mapping[str, str],
    *,
    settled: bool = False,
) -> Outcome:
    """The ledger entry and the end of the row, in one transaction."""
    last_known.keep_contact(contact)
    after = {name: values[name] for name in before if name in values}
    held = editable_values(contact)
    left = [label_of(name) for name, text in after.items() if held.get(name, "") != text]
    answer: dict[str, Any] = {"contact_id": contact.contact_id}
    with transaction.atomic():
        entry = ledger.record(
            action=Action.CONTACT_EDITED,
            staff=staff,
            number=row.number,
            contact_id=contact.contact_id,
            vendor="slicktext",
            reason=f"Imported: {job.param('file')}",
            before=before,
            after=after,
            answer={**answer, **({"settled": "by look-up"} if settled else {})},
        )
        outcome = done(f"Updated: {', '.join(label_of(name) for name in after)}.", entry)
        if left:
            words = f"SlickText answered, but still shows another {', '.join(left)}."
            outcome = Outcome(RowState.FAILED, words, entry)
        if not row.data.get("stop"):
            outcome.write(row)
    return outcome


def _entry_of(job: Job, row: JobRow) -> LedgerEntry | None:
    """The entry of this job that says that this number was created."""
    entries = LedgerEntry.objects.filter(
        number=row.number, action=Action.CONTACT_CREATED, request_id=job.reference
    ).order_by("-pk")
    return next((entry for entry in entries if entry.answer.get("outcome") != "unknown"), None)


def _was_before(job: Job, contact: Contact) -> bool:
    """Whether somebody had created them before the import began, as far as clocks can tell."""
    if contact.created is None or job.started_at is None:
        return False
    return contact.created < job.started_at - CLOCKS_APART


def _holds(contact: Contact, values: Mapping[str, str]) -> bool:
    held = editable_values(contact)
    return all(held.get(name, "") == text for name, text in values.items())


def _created(stopped: bool) -> str:
    return "Created as unsubscribed: the number is stopped here." if stopped else "Created."


def _remember(row: JobRow, **facts: Any) -> None:
    row.data = {**row.data, **facts}
    row.save(update_fields=["data"])


def _end(row: JobRow, outcome: Outcome) -> Outcome:
    """The row's end; what the file had brought along for it is needed no longer."""
    with transaction.atomic():
        outcome.write(row)
        JobRow.objects.filter(pk=row.pk).update(data={}, contact_id=row.contact_id)
    return outcome
