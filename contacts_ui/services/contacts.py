"""Contacts at SlickText: read, create, edit, delete. Listing and searching are in `listing`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import NotFound, NumberExists, VendorError
from contacts_ui.integrations.manner import GLANCE, READ, WRITE, Manner
from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import to_e164
from contacts_ui.services import consent, index, last_known, ledger, shared_reads
from contacts_ui.services.consent import Evidence, Seen
from contacts_ui.services.editing import Follow, Merge, editable_values, for_vendor, merge
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


class FollowUndecided(Exception):
    """The old number is stopped here: does the stop go with the person to their new number?"""

    def __init__(self, contact: Contact, number: str) -> None:
        self.contact = contact
        self.number = number
        super().__init__("does the stop follow?")


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
    """A contact as it is after saving, and what was sent; `not_taken` are fields that it still does not hold."""

    contact: Contact
    changes: Mapping[str, str]
    stop_followed: bool = False
    not_taken: tuple[str, ...] = ()


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
    follow: Follow | None = None,
) -> Saved:
    """Send what `typed` changes of `original` (both as `editing.editable_values`), and only that.

    A stop of the old number stays; `follow` says whether it goes with the person to a new one, too. Raises NotAllowed;
    EditConflict when somebody changed the same fields since; FollowUndecided; NumberTaken; or a VendorError.
    """
    require(staff, "edit_contacts")
    asked_at = timezone.now()
    fresh = _fresh(contact_id)
    merged = merge(original, editable_values(fresh), typed)
    if merged.conflicts:
        last_known.keep_contact(fresh, asked_at)
        raise EditConflict(merged, fresh)
    asked = _stop_may_follow(original, typed)
    if asked and follow is None:
        raise FollowUndecided(fresh, typed["mobile_number"])
    contact = fresh
    if merged.changes:
        contact = _send_edit(staff, fresh, merged.changes, follow if asked else None)
    last_known.keep_contact(contact)
    values = editable_values(contact)
    not_taken = tuple(name for name, text in merged.changes.items() if values.get(name, "") != text)
    followed = bool(asked and follow and follow.follows and _stop_too(staff, typed, contact))
    return Saved(contact, merged.changes, followed, not_taken)


def _fresh(contact_id: int) -> Contact:
    """The contact as it is before we change it. Raises a VendorError."""
    try:
        return slicktext.get_contact(to_slicktext(), contact_id, manner=how_to_read())
    except NotFound:
        last_known.forget_contact(contact_id)
        raise


def _send_edit(
    staff: Staff, fresh: Contact, changes: Mapping[str, str], follow: Follow | None
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
        "after": changes,
    }
    stays = {"stop_follows": False} if follow and not follow.follows else {}
    if follow and stays:
        about["reason"] = f"The stop of the old number does not follow them: {follow.why}"
    try:
        contact = slicktext.edit_contact(
            to_slicktext(), fresh.contact_id, for_vendor(changes, fresh)
        )
    except NumberExists as refusal:
        raise _taken(changes.get("mobile_number", "")) from refusal
    except VendorError as error:
        if not error.outcome_unknown:
            raise
        found = _reread(fresh.contact_id)
        if found is None or not _holds(found, changes):
            ledger.record(**about, answer={"outcome": "unknown", **stays})
            raise
        contact = found
    ledger.record(**about, answer={**_answer(contact), **stays})
    return contact


def create(
    *,
    staff: Staff,
    typed: Mapping[str, str],
    evidence: Evidence | None = None,
    double_opt_in: bool = False,
    reading: Manner = READ,
    writing: Manner = WRITE,
) -> Saved:
    """Create a contact, *not subscribed* unless a manager brings the evidence of consent.

    With `evidence` the wish to subscribe is written and sent after the contact exists, as any other change of consent;
    with `double_opt_in` SlickText asks the person by text. A number that we hold as stopped stays stopped otherwise.
    Raises NotAllowed; NumberTaken, with the contact who has it; or a VendorError. A lost answer is settled by looking
    the number up, never by sending again. `reading` and `writing` say how hard to try, and who goes first.
    """
    require(staff, "edit_contacts")
    if evidence or double_opt_in:
        require(staff, "lift_stops")
    number, asked_at = typed["mobile_number"], timezone.now()
    if taken := slicktext.find_contact(to_slicktext(), number, manner=reading):
        index.learn([taken], asked_at)
        raise NumberTaken(taken)
    stopped = consent.is_stopped(number) and not evidence
    fields = for_vendor({field: text for field, text in typed.items() if text})
    if stopped:
        fields["opt_in_status"] = OptInStatus.UNSUBSCRIBED
    elif double_opt_in:
        fields["force_double_opt_in"] = "true"
    else:
        fields["opt_in_status"] = OptInStatus.NOT_SUBSCRIBED
    contact = _send_create(staff, number, fields, writing)
    last_known.keep_contact(contact)
    if evidence:
        consent.change_opt_in_status(
            staff=staff,
            seen=Seen(number, contact.contact_id, contact.name, contact.opt_in_status),
            status=OptInStatus.SUBSCRIBED,
            evidence=evidence,
        )
    return Saved(contact, typed, stopped)


def _send_create(staff: Staff, number: str, fields: Mapping[str, Any], manner: Manner) -> Contact:
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
    ledger.record(**about, contact_id=contact.contact_id, answer=answer)
    return contact


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


def _stop_may_follow(original: Mapping[str, str], typed: Mapping[str, str]) -> bool:
    """Whether the number changes, and the old one is stopped here, and the new one is not.

    By what the form had shown, so that saving once more after a lost answer still asks.
    """
    new, old = (to_e164(values.get("mobile_number")) for values in (typed, original))
    if not new or not old or new == old:
        return False
    return consent.is_stopped(old) and not consent.is_stopped(new)


def _stop_too(staff: Staff, typed: Mapping[str, str], after: Contact) -> bool:
    """A stopped person who gets another number is still the person who asked for no texts."""
    if not after.number or after.number != to_e164(typed["mobile_number"]):
        return False
    # Without the status: this stop is nobody's slip of a moment ago, so it cannot be undone as one.
    seen = Seen(after.number, after.contact_id, after.name)
    reason = "The stop of the old number follows the person to the new one."
    consent.write_stop(
        staff=staff, seen=seen, request=consent.Request(Channel.UNRECORDED, None, reason)
    )
    return True


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
    "Follow",
    "FollowUndecided",
    "NumberTaken",
    "OtherNumber",
    "Reading",
    "Saved",
    "create",
    "delete",
    "edit",
    "last_known_contact",
    "read",
]
