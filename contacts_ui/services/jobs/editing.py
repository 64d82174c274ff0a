"""One field of one contact: read, compare, send, and compare again where an answer was lost."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.manner import BULK_READ, BULK_WRITE
from contacts_ui.integrations.types import Contact
from contacts_ui.models import Job, JobRow
from contacts_ui.models.job import RowState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff
from contacts_ui.services import index, last_known, ledger
from contacts_ui.services.editing import editable_values, for_vendor, label_of
from contacts_ui.services.jobs.outcomes import Outcome, done, skipped
from contacts_ui.services.vendors import to_slicktext


def edit(job: Job, row: JobRow, staff: Staff) -> Outcome:
    """Give one contact the job's value.

    What it was before is kept with the row until the ledger has it. So a value that is there already when the row is
    looked at again is known to be ours. Raises VendorError where the vendor has to be asked again later.
    """
    field, value = job.param("field"), job.param("value")
    if row.contact_id is None:
        return skipped("Nobody has this number at SlickText, as far as we know.")
    fresh = slicktext.get_contact(to_slicktext(), row.contact_id, manner=BULK_READ)
    now = editable_values(fresh).get(field, "")
    before = row.data.get("before")
    if now == value:
        if before is None:
            return skipped("It is so already.")
        return _record(job, row, staff, fresh, before, settled=True)
    if before is None:
        row.data = {**row.data, "before": now}
        row.save(update_fields=["data"])
    changes = for_vendor({field: value}, fresh)
    contact = slicktext.edit_contact(to_slicktext(), row.contact_id, changes, manner=BULK_WRITE)
    return _record(job, row, staff, contact, row.data["before"])


def _record(
    job: Job, row: JobRow, staff: Staff, contact: Contact, before: str, *, settled: bool = False
) -> Outcome:
    """The ledger entry and the end of the row, in one transaction."""
    field, value = job.param("field"), job.param("value")
    last_known.keep_contact(contact)
    index.learn([contact], timezone.now())
    held = editable_values(contact).get(field, "")
    answer: dict[str, Any] = {"contact_id": contact.contact_id}
    if settled:
        answer["settled"] = "by look-up"
    with transaction.atomic():
        entry = ledger.record(
            action=Action.CONTACT_EDITED,
            staff=staff,
            number=contact.number or contact.mobile_number or row.number,
            contact_id=contact.contact_id,
            vendor="slicktext",
            reason=job.reason,
            before={field: before},
            after={field: value},
            answer=answer,
        )
        outcome = done(f"{label_of(field)}: “{before}” became “{value}”.", entry)
        if held != value:
            words = f"SlickText answered, but still shows “{held}”."
            outcome = Outcome(RowState.FAILED, words, entry)
        outcome.write(row)
    return outcome
