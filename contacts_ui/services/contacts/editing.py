"""Create and edit one contact at SlickText, with the consent that may come with its number."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.utils import timezone

from contacts_ui.contact_fields import Merge, for_vendor, merge
from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import READ, WRITE, CallPolicy
from contacts_ui.integrations.errors import NotFound, NumberExists, VendorError
from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import LedgerEntry
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.services import audit_log
from contacts_ui.services.consent import lift_requests, opt_in, phone_numbers
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.rules import EvidenceRefused
from contacts_ui.services.consent.types import Evidence, Seen
from contacts_ui.services.contacts import last_known
from contacts_ui.services.vendors import how_to_read, shared_reads, to_slicktext

# For a conflict: edits from before the form was opened don't matter.
EDITS_LOOKED_AT_MAX = 50


@dataclass(eq=False)
class NumberTaken(Exception):
    """Another contact at SlickText has this number; `contact` is None if it could not be read."""

    contact: Contact | None


@dataclass(eq=False)
class EditConflict(Exception):
    """Another person changed the same fields since the form was opened; `fresh` is the contact as it is now."""

    merged: Merge
    fresh: Contact


def edits_here(contact_id: int, fields: Mapping[str, str]) -> dict[str, LedgerEntry]:
    """Return the edit that gave each of these fields its present value, if it was the newest made through here.

    The others were changed at SlickText.
    """
    edits = LedgerEntry.objects.filter(contact_id=contact_id, action=Action.CONTACT_EDITED)
    newest: dict[str, LedgerEntry] = {}
    for entry in edits.order_by("-pk")[:EDITS_LOOKED_AT_MAX]:
        for field in fields.keys() & entry.after.keys():
            newest.setdefault(field, entry)
    return {field: entry for field, entry in newest.items() if entry.after[field] == fields[field]}


class StoppedNumber(Exception):
    """This number is stopped, so nothing may be sent that texts it (rule 9)."""


@dataclass(frozen=True)
class Saved:
    """A contact as SlickText holds it after saving, and what was sent; `not_taken` are fields that it did not take.

    `stopped`: the number is stopped, and so is the contact. `unsubscribed_here`: they are not subscribed at their new
    number. `asked`: a second person decides about the consent that came with it. `consent_refused`: why that consent
    could not be recorded.
    """

    contact: Contact
    changes: Mapping[str, str]
    stopped: bool = False
    unsubscribed_here: bool = False
    asked: bool = False
    not_taken: tuple[str, ...] = ()
    consent_refused: str = ""


def edit(
    contact_id: int,
    *,
    staff: Staff,
    original: Mapping[str, str],
    typed: Mapping[str, str],
    evidence: Evidence | None = None,
    version: int | None = None,
) -> Saved:
    """Send what `typed` changes of `original`, and only that; both are texts as in `contact_fields.editable_values`.

    Consent belongs to the number (rule 8): with another one, a stopped contact stays stopped, and a subscribed one is
    *not subscribed* there unless `evidence` comes with it. `version` is as for `create`. Raises NotAllowed;
    EditConflict if another person changed the same fields since; rules.EvidenceRefused; opt_in.RecordChanged;
    NumberTaken; or a VendorError.
    """
    require(staff, "edit_contacts")
    if evidence:
        _require_consent(staff)
    read_at = timezone.now()
    try:
        fresh = slicktext.get_contact(to_slicktext(), contact_id, policy=how_to_read())
    except NotFound:
        last_known.forget_contact(contact_id)
        raise
    merged = merge(original, fresh, typed)
    opened, wanted = original.get("mobile_number", ""), typed.get("mobile_number", "")
    move = phone_numbers.move_of(fresh, read_at, opened=opened, typed=wanted)
    if merged.conflicts or not (merged.changes or move):
        last_known.keep_changed(fresh, read_at)
        if merged.conflicts:
            raise EditConflict(merged, fresh)
        return Saved(fresh, {})
    if move:
        _leave_number(move, staff, evidence, version)
    began = timezone.now()
    since = shared_reads.present_generation() if merged.changes else None
    contact, entry = _send_edit(staff, fresh, merged, move)
    moved = move if move and contact.number == move.new else None
    stopped = bool(moved and moved.status.stopped)
    if moved and stopped:
        deliver_now(
            phone_numbers.number_taken(
                staff=staff,
                entry=entry,
                contact=contact,
                began=began,
                left=moved.left,
                consented=bool(evidence),
            )
        )
    shown = last_known.keep_changed(contact, timezone.now())
    # An answer may leave out the custom fields; the page then reads them.
    if fresh.custom_fields.keys() <= shown.custom_fields.keys():
        shared_reads.share_change(f"contact:{contact_id}", shared_reads.Copy(shown, began), since)
    saved = Saved(
        contact,
        {**merged.changes, **({"mobile_number": move.new} if move else {})},
        stopped=stopped,
        unsubscribed_here=bool(moved and moved.status.status and not stopped),
        not_taken=merged.missing_in(contact),
    )
    return _record_consent(staff, saved, evidence) if moved and evidence else saved


def create(
    *,
    staff: Staff,
    typed: Mapping[str, str],
    evidence: Evidence | None = None,
    double_opt_in: bool = False,
    version: int | None = None,
    reading: CallPolicy = READ,
    writing: CallPolicy = WRITE,
) -> Saved:
    """Create a contact, *not subscribed* unless a manager brings the evidence of consent.

    With `evidence`, consent is recorded after the contact exists, or a second person is asked. With `double_opt_in`
    SlickText asks the person by text, which no stopped number may get. Else a stopped number stays stopped. `version`
    is the record's if the form has shown that the number is stopped. A lost answer is resolved by looking the number
    up, never by sending again. `reading` and `writing` say how hard to try, and who goes first. Raises NotAllowed;
    NumberTaken; StoppedNumber; rules.EvidenceRefused; opt_in.RecordChanged; or a VendorError.
    """
    require(staff, "edit_contacts")
    if evidence or double_opt_in:
        _require_consent(staff)
    number, asked_at = typed["mobile_number"], timezone.now()
    if taken := slicktext.find_contact(to_slicktext(), number, policy=reading):
        raise NumberTaken(last_known.keep_contact(taken, asked_at))
    if evidence:
        opt_in.check_evidence_for(number, evidence)
        opt_in.check_shown([number], version)
    plan = phone_numbers.status_for_new_contact(number)
    fields = for_vendor({field: text for field, text in typed.items() if text})
    if double_opt_in and plan.stopped:
        raise StoppedNumber
    fields |= {"force_double_opt_in": "true"} if double_opt_in else plan.sent
    began = timezone.now()
    contact, entry = _send_create(staff, number, fields, writing)
    if plan.stopped:
        deliver_now(
            phone_numbers.number_taken(staff=staff, entry=entry, contact=contact, began=began)
        )
    last_known.keep_changed(contact, timezone.now())
    saved = Saved(contact, typed, stopped=plan.stopped)
    return _record_consent(staff, saved, evidence) if evidence else saved


def _require_consent(staff: Staff) -> None:
    """Raise NotAllowed unless `staff` may bring consent along: give it, or with four eyes ask for it."""
    require(staff, "lift_stops")
    require(staff, "ask_lift")


def _leave_number(
    move: phone_numbers.Move, staff: Staff, evidence: Evidence | None, version: int | None
) -> None:
    """Record and deliver the stop of the old number, which counts even if the save fails.

    Then check that the evidence answers it, and every stop of the new number.
    """
    if not move.arrived:
        deliver_now(
            phone_numbers.number_leaves(staff=staff, seen=move.left, why="the number was changed")
        )
    if evidence:
        numbers = list(filter(None, (move.left.number, move.new)))
        for number in numbers:
            opt_in.check_evidence_for(number, evidence)
        opt_in.check_shown(numbers, version)


def _send_edit(
    staff: Staff, fresh: Contact, merged: Merge, move: phone_numbers.Move | None
) -> tuple[Contact, LedgerEntry]:
    """Edit at SlickText and write the ledger; return the contact as SlickText holds it now."""
    about: dict[str, Any] = {
        "staff": staff,
        "action": Action.CONTACT_EDITED,
        "number": fresh.number or fresh.mobile_number or "",
        "contact_id": fresh.contact_id,
        "vendor": "slicktext",
        "before": merged.before,
        "after": merged.changes or ({"mobile_number": move.new} if move else {}),
    }
    contact, settled = fresh, {"settled": "by reading"}
    # Without changes, an earlier save whose answer was lost had sent it all.
    if merged.changes:
        sent = merged.sent | (move.status.sent if move else {})
        try:
            contact = slicktext.edit_contact(to_slicktext(), fresh.contact_id, sent)
            settled = {}
        except NumberExists as refusal:
            raise NumberTaken(_owner_of(merged.changes.get("mobile_number", ""))) from refusal
        except VendorError as error:
            if not error.outcome_unknown:
                raise
            with suppress(VendorError):
                contact = slicktext.get_contact(to_slicktext(), fresh.contact_id)
            if merged.missing_in(contact):
                audit_log.record(**about, answer={"outcome": "unknown"})
                raise
    return contact, audit_log.record(**about, answer=_answer(contact) | settled)


def _send_create(
    staff: Staff, number: str, fields: Mapping[str, Any], policy: CallPolicy
) -> tuple[Contact, LedgerEntry]:
    """Create at SlickText and write the ledger; return the contact as SlickText holds it now."""
    about: dict[str, Any] = {
        "staff": staff,
        "action": Action.CONTACT_CREATED,
        "number": number,
        "vendor": "slicktext",
        "after": fields,
    }
    try:
        created = slicktext.create_contact(to_slicktext(), fields, policy=policy)
    except NumberExists as refusal:
        raise NumberTaken(_owner_of(number)) from refusal
    except VendorError as error:
        if error.outcome_unknown:
            audit_log.record(**about, answer={"outcome": "unknown"})
        raise
    contact = created.contact
    answer = _answer(contact) | ({"settled": "by look-up"} if created.by_lookup else {})
    return contact, audit_log.record(**about, contact_id=contact.contact_id, answer=answer)


def _owner_of(number: str) -> Contact | None:
    """Return the contact who has a number at SlickText, if that can be read."""
    try:
        return slicktext.find_contact(to_slicktext(), number)
    except VendorError:
        return None


def _answer(contact: Contact) -> dict[str, Any]:
    """Return what the ledger keeps of SlickText's answer."""
    updated = contact.last_updated
    return {
        "contact_id": contact.contact_id,
        "opt_in_status": contact.opt_in_status,
        "last_updated": updated.isoformat() if updated else None,
    }


def _record_consent(staff: Staff, saved: Saved, evidence: Evidence) -> Saved:
    """Record the consent that came with a number, or ask a second person; the contact is saved either way."""
    # As SlickText just answered: what we had read of this number before may be about another contact.
    seen = Seen.of(saved.contact, timezone.now())
    record = lift_requests.ask if settings.FOUR_EYES else opt_in.change_opt_in_status
    asked = settings.FOUR_EYES
    try:
        record(staff=staff, seen=seen, status=OptInStatus.SUBSCRIBED, evidence=evidence)
    except lift_requests.NothingToLift:
        asked = False
    except EvidenceRefused as error:
        return replace(saved, consent_refused=error.sentence)
    except opt_in.RecordChanged:
        return replace(saved, consent_refused="A stop was just recorded for this number.")
    except lift_requests.AlreadyAsked:
        return replace(saved, consent_refused="A request for this number is already waiting.")
    if asked:
        return replace(saved, asked=True)
    return replace(saved, stopped=False, unsubscribed_here=False)
