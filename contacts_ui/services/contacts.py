"""Contacts at SlickText: read, create, edit, delete. Listing and searching are in `listing`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import NotFound, NumberExists, VendorError
from contacts_ui.integrations.manner import GLANCE, READ, WRITE, Manner
from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import LedgerEntry
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import to_e164
from contacts_ui.services import index, last_known, ledger, shared_reads
from contacts_ui.services.consent import lifting, number_doors, raising, readings
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.rules import EvidenceRefused
from contacts_ui.services.consent.types import Evidence, Seen
from contacts_ui.services.editing import Merge, editable_values, for_vendor, merge
from contacts_ui.services.vendors import how_to_read, known_trouble, to_slicktext


class NumberTaken(Exception):
    """Somebody with this number is in SlickText already. `contact` is None where it could not be read."""

    def __init__(self, contact: Contact | None) -> None:
        self.contact = contact
        super().__init__("the number is taken")


class EditConflict(Exception):
    """Somebody else changed the same fields since the form was opened."""

    def __init__(self, merged: Merge, fresh: Contact) -> None:
        self.merged = merged
        self.fresh = fresh
        super().__init__("changed by somebody else")


class StoppedNumber(Exception):
    """This number is stopped, so nothing may be sent that texts it (rule 9)."""


class OtherNumber(Exception):
    """The number typed to confirm a deletion is not the contact's."""


@dataclass(frozen=True)
class Reading:
    """One contact and when it was read; `trouble` when that was not just now.

    `not_kept` are the fields that this copy does not hold, whatever SlickText has in them.
    """

    contact: Contact
    as_of: datetime
    trouble: VendorError | None = None
    not_kept: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Saved:
    """A contact as it is after saving, and what was sent; `not_taken` are fields that it still does not hold.

    `stopped`: the number is stopped, and so is the contact. `unsubscribed_here`: they are not subscribed at their new
    number. `asked`: a second person decides about the consent that came with it. `consent_refused`: why that consent
    could not be recorded after all.
    """

    contact: Contact
    changes: Mapping[str, str]
    stopped: bool = False
    unsubscribed_here: bool = False
    asked: bool = False
    not_taken: tuple[str, ...] = ()
    consent_refused: str = ""


def read(contact_id: int, *, now: bool = False, patiently: bool = False) -> Reading:
    """Read one contact from SlickText, or the newest copy there is, marked by `trouble`, when that is down.

    It may be seconds old unless it must be true `now`, for whoever decides by it. While SlickText is known to be
    failing, a copy is shown at once, unless somebody wants it asked `patiently`. Raises NotFound when SlickText knows
    no such contact, and another VendorError when no copy is known either.
    """
    known = None if patiently else known_trouble()
    if known and (copy := _copy(contact_id, known)):
        return copy
    share = shared_reads.read_now if now else shared_reads.read
    manner = READ if patiently else _manner()
    try:
        fresh = share(f"contact:{contact_id}", lambda: _ask(contact_id, manner))
    except NotFound:
        last_known.forget_contact(contact_id)
        raise
    except VendorError as trouble:
        if copy := _copy(contact_id, trouble):
            return copy
        raise
    return Reading(fresh.value, fresh.as_of)


def _manner() -> Manner:
    """How long to wait: not long where the index nearly always has a copy."""
    manner = how_to_read()
    return GLANCE if manner is READ and settings.CONTACT_INDEX else manner


def _ask(contact_id: int, manner: Manner) -> Contact:
    asked_at = timezone.now()
    contact = slicktext.get_contact(to_slicktext(), contact_id, manner=manner)
    last_known.keep_contact(contact, asked_at)
    return contact


def _copy(contact_id: int, trouble: VendorError) -> Reading | None:
    """The contact as it was read last: whole, or the fields that the index keeps, where that was read later.

    The index also hears what others' readings mean for somebody. Whose status it does not know, or whom it has
    forgotten, is not known to be textable, whatever an older copy says.
    """
    whole, standing = last_known.contact(contact_id), index.state()
    if standing.started_at is None:
        return Reading(whole.value, whole.as_of, trouble) if whole else None
    indexed = index.by_ids([contact_id]).get(contact_id)
    if indexed and (whole is None or whole.as_of < indexed.read_at):
        return Reading(indexed.contact, indexed.read_at, trouble, index.NOT_KEPT)
    if whole is None:
        return None
    contact = whole.value
    if indexed is None or indexed.contact.opt_in_status is None:
        contact = replace(contact, opt_in_status=None)
    return Reading(contact, whole.as_of, trouble)


def last_known_contact(contact_id: int) -> Contact | None:
    """The copy of a contact read last, to name the person while a form is shown again; no vendor is asked."""
    known = last_known.contact(contact_id)
    return known.value if known else None


def edit(
    *,
    staff: Staff,
    contact_id: int,
    original: Mapping[str, str],
    typed: Mapping[str, str],
    evidence: Evidence | None = None,
    version: int | None = None,
) -> Saved:
    """Send what `typed` changes of `original` (both as `editing.editable_values`), and only that.

    Consent belongs to the number (rule 8): with another one, a stopped contact stays stopped, and a subscribed one is
    *not subscribed* there unless `evidence` comes with it. `version` is as for `create`. Raises NotAllowed;
    EditConflict when someone changed the same fields since; rules.EvidenceRefused; raising.RecordChanged; NumberTaken;
    or a VendorError.
    """
    require(staff, "edit_contacts")
    if evidence:
        _require_consent(staff)
    asked_at = timezone.now()
    fresh = _fresh(contact_id)
    merged = merge(original, editable_values(fresh), typed)
    if merged.conflicts:
        last_known.keep_contact(fresh, asked_at)
        raise EditConflict(merged, fresh)
    move = _move(fresh, original, typed, asked_at)
    if move:
        _leave(staff, move, evidence, version)
    contact = fresh
    if merged.changes or move:
        contact = _send_edit(staff, fresh, merged.changes, move, consented=bool(evidence))
    last_known.keep_contact(contact)
    values = editable_values(contact)
    not_taken = tuple(name for name, text in merged.changes.items() if values.get(name, "") != text)
    moved = move if move and contact.number == move.new else None
    consent = _record_consent(staff, contact, evidence) if moved and evidence else _NO_CONSENT
    stopped = bool(moved and moved.plan.stopped and not consent.given)
    return Saved(
        contact,
        {**merged.changes, **({"mobile_number": move.new} if move else {})},
        stopped=stopped,
        unsubscribed_here=bool(moved and moved.plan.status and not stopped and not consent.given),
        asked=consent.asked,
        not_taken=not_taken,
        consent_refused=consent.refused,
    )


@dataclass(frozen=True)
class _Move:
    """A contact gets another number: the one it leaves, the new one, and what SlickText shall hold there.

    `arrived`: SlickText has it already, by an earlier save whose answer was lost.
    """

    left: Seen
    new: str
    plan: number_doors.StatusFor
    arrived: bool


def _move(
    fresh: Contact, original: Mapping[str, str], typed: Mapping[str, str], asked_at: datetime
) -> _Move | None:
    new, opened = to_e164(typed.get("mobile_number")), to_e164(original.get("mobile_number"))
    arrived = bool(new and new == fresh.number and opened and opened != new)
    if not new or (new == fresh.number and not arrived):
        return None
    left = replace(Seen.of(fresh, asked_at), number=(opened if arrived else fresh.number) or "")
    plan = number_doors.status_for_new_number(old=left.number, new=new, status=fresh.opt_in_status)
    return _Move(left, new, plan, arrived)


def _leave(staff: Staff, move: _Move, evidence: Evidence | None, version: int | None) -> None:
    """Record the stop of the number that is left, which outlives that whatever becomes of the save; then the evidence
    has to answer it, and those of the new number.
    """
    if not move.arrived:
        leaving = number_doors.number_leaves(
            staff=staff, seen=move.left, why="the number was changed"
        )
        deliver_now(leaving)
    if evidence:
        numbers = list(filter(None, (move.left.number, move.new)))
        for number in numbers:
            raising.check_evidence_for(number, evidence)
        raising.check_shown(numbers, version)


class _Consent(NamedTuple):
    """What became of the consent that came with a contact."""

    given: bool = False
    asked: bool = False
    refused: str = ""


_NO_CONSENT: Final = _Consent()


def _record_consent(staff: Staff, contact: Contact, evidence: Evidence) -> _Consent:
    """Record the consent that came with a number, or ask a second person; the contact is saved either way."""
    # As SlickText just answered: what we had read of this number before may be about another contact.
    seen = Seen.of(contact, timezone.now())
    try:
        asked = lifting.give_or_ask(
            staff=staff, seen=seen, status=OptInStatus.SUBSCRIBED, evidence=evidence
        )
    except lifting.NothingToLift:
        return _Consent(given=True)
    except EvidenceRefused as error:
        return _Consent(refused=error.sentence)
    except raising.RecordChanged:
        return _Consent(refused="A stop was recorded meanwhile.")
    except lifting.AlreadyAsked:
        return _Consent(refused="A request for this number is waiting already.")
    return _Consent(given=not asked, asked=asked)


def _require_consent(staff: Staff) -> None:
    """Raise NotAllowed unless `staff` may bring consent along: give it, or with four eyes ask for it."""
    require(staff, "lift_stops")
    require(staff, "ask_lift")


def _fresh(contact_id: int) -> Contact:
    """The contact as it is before we change it. Raises a VendorError."""
    try:
        return slicktext.get_contact(to_slicktext(), contact_id, manner=how_to_read())
    except NotFound:
        last_known.forget_contact(contact_id)
        raise


def _send_edit(
    staff: Staff,
    fresh: Contact,
    changes: Mapping[str, str],
    move: _Move | None,
    *,
    consented: bool,
) -> Contact:
    """Edit and write the ledger; a lost answer is settled by reading the contact again."""
    before = editable_values(fresh)
    about: dict[str, Any] = {
        "staff": staff,
        "action": Action.CONTACT_EDITED,
        "number": fresh.number or fresh.mobile_number or "",
        "contact_id": fresh.contact_id,
        "vendor": "slicktext",
        "before": {field: before.get(field, "") for field in changes},
        "after": changes or ({"mobile_number": move.new} if move else {}),
    }
    began = timezone.now()
    sent = for_vendor(changes, fresh) | (move.plan.sent if move else {})
    contact, settled = fresh, True
    if changes:
        contact, settled = _edit_at_slicktext(about, fresh, changes, sent)
    answer = {**_answer(contact), **({"settled": "by reading"} if settled else {})}
    entry = ledger.record(**about, answer=answer)
    if move and move.plan.stopped and contact.number == move.new:
        keys = number_doors.number_taken(
            staff=staff,
            entry=entry,
            contact=contact,
            began=began,
            left=move.left,
            consented=consented,
        )
        deliver_now(keys)
    return contact


def _edit_at_slicktext(
    about: Mapping[str, Any], fresh: Contact, changes: Mapping[str, str], sent: Mapping[str, Any]
) -> tuple[Contact, bool]:
    """The contact as SlickText holds it now, and whether that had to be read since the answer was lost."""
    try:
        return slicktext.edit_contact(to_slicktext(), fresh.contact_id, sent), False
    except NumberExists as refusal:
        raise _taken(changes.get("mobile_number", "")) from refusal
    except VendorError as error:
        if not error.outcome_unknown:
            raise
        found = _reread(fresh.contact_id)
        if found is None or not _holds(found, changes):
            ledger.record(**about, answer={"outcome": "unknown"})
            raise
        return found, True


def create(
    *,
    staff: Staff,
    typed: Mapping[str, str],
    evidence: Evidence | None = None,
    double_opt_in: bool = False,
    version: int | None = None,
    reading: Manner = READ,
    writing: Manner = WRITE,
) -> Saved:
    """Create a contact, *not subscribed* unless a manager brings the evidence of consent.

    With `evidence` consent is recorded after the contact exists, as any other, or a second person is asked; with
    `double_opt_in` SlickText asks the person by text, which no stopped number may get. A stopped number stays stopped
    otherwise. `version` is the record's, where the form has shown that the number is stopped. Raises NotAllowed;
    NumberTaken, with the contact who has it; StoppedNumber; rules.EvidenceRefused; raising.RecordChanged; or a
    VendorError. A lost answer is settled by looking the number up, never by sending again. `reading` and `writing` say
    how hard to try, and who goes first.
    """
    require(staff, "edit_contacts")
    if evidence or double_opt_in:
        _require_consent(staff)
    number, asked_at = typed["mobile_number"], timezone.now()
    if taken := slicktext.find_contact(to_slicktext(), number, manner=reading):
        readings.learn([taken], asked_at)
        raise NumberTaken(taken)
    if evidence:
        raising.check_evidence_for(number, evidence)
        raising.check_shown([number], version)
    plan = number_doors.status_for_new_contact(number)
    fields = for_vendor({field: text for field, text in typed.items() if text})
    if double_opt_in and plan.stopped:
        raise StoppedNumber
    if double_opt_in:
        fields["force_double_opt_in"] = "true"
    else:
        fields |= plan.sent
    began = timezone.now()
    contact, entry = _send_create(staff, number, fields, writing)
    if plan.stopped:
        deliver_now(
            number_doors.number_taken(staff=staff, entry=entry, contact=contact, began=began)
        )
    last_known.keep_contact(contact)
    consent = _record_consent(staff, contact, evidence) if evidence else _NO_CONSENT
    return Saved(
        contact,
        typed,
        stopped=plan.stopped and not consent.given,
        asked=consent.asked,
        consent_refused=consent.refused,
    )


def _send_create(
    staff: Staff, number: str, fields: Mapping[str, Any], manner: Manner
) -> tuple[Contact, LedgerEntry]:
    about: dict[str, Any] = {
        "staff": staff,
        "action": Action.CONTACT_CREATED,
        "number": number,
        "vendor": "slicktext",
        "after": fields,
    }
    try:
        created = slicktext.create_contact(to_slicktext(), fields, manner=manner)
    except NumberExists as refusal:
        raise _taken(number) from refusal
    except VendorError as error:
        if error.outcome_unknown:
            ledger.record(**about, answer={"outcome": "unknown"})
        raise
    contact = created.contact
    answer = {**_answer(contact), **({"settled": "by look-up"} if created.settled else {})}
    return contact, ledger.record(**about, contact_id=contact.contact_id, answer=answer)


def delete(*, staff: Staff, contact_id: int, typed_number: str) -> Contact:
    """Delete a contact from SlickText once its number was typed again; return who it was.

    The ledger and every stop stay. Raises NotAllowed, OtherNumber, or a VendorError.
    """
    require(staff, "delete_contacts")
    contact = _fresh(contact_id)
    held = contact.number or contact.mobile_number
    if not held or (to_e164(typed_number) or typed_number.strip()) != held:
        raise OtherNumber
    about: dict[str, Any] = {
        "staff": staff,
        "action": Action.CONTACT_DELETED,
        "number": held,
        "contact_id": contact_id,
        "vendor": "slicktext",
        "before": {**editable_values(contact), "opt_in_status": contact.opt_in_status},
    }
    if contact.number:
        seen = Seen.of(contact, timezone.now())
        deliver_now(
            number_doors.number_leaves(staff=staff, seen=seen, why="the contact was deleted")
        )
    try:
        slicktext.delete_contact(to_slicktext(), contact_id)
    except VendorError as error:
        if not error.outcome_unknown or not _gone(contact_id):
            if error.outcome_unknown:
                ledger.record(**about, answer={"outcome": "unknown"})
            raise
    ledger.record(**about, answer={"outcome": "deleted"})
    last_known.forget_contact(contact_id)
    return contact


def _taken(number: str) -> NumberTaken:
    try:
        return NumberTaken(slicktext.find_contact(to_slicktext(), number))
    except VendorError:
        return NumberTaken(None)


def _reread(contact_id: int) -> Contact | None:
    try:
        return slicktext.get_contact(to_slicktext(), contact_id)
    except VendorError:
        return None


def _holds(contact: Contact, changes: Mapping[str, str]) -> bool:
    values = editable_values(contact)
    return all(values.get(field, "") == text for field, text in changes.items())


def _gone(contact_id: int) -> bool:
    try:
        slicktext.get_contact(to_slicktext(), contact_id)
    except NotFound:
        return True
    except VendorError:
        return False
    return False


def _answer(contact: Contact) -> dict[str, Any]:
    updated = contact.last_updated
    return {
        "contact_id": contact.contact_id,
        "opt_in_status": contact.opt_in_status,
        "last_updated": updated.isoformat() if updated else None,
    }


__all__ = [
    "Contact",
    "EditConflict",
    "NumberTaken",
    "OtherNumber",
    "Reading",
    "Saved",
    "StoppedNumber",
    "create",
    "delete",
    "edit",
    "last_known_contact",
    "read",
]
