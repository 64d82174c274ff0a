"""Delete one contact from SlickText; its stop stays on record."""

from typing import Any

from django.utils import timezone

from contacts_ui.contact_fields import editable_values
from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import NotFound, VendorError
from contacts_ui.integrations.types import Contact
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.phone import to_e164
from contacts_ui.services import audit_log
from contacts_ui.services.consent import phone_numbers
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.contacts import last_known
from contacts_ui.services.vendors import how_to_read, to_slicktext


class OtherNumber(Exception):
    """The number typed to confirm a deletion is not the contact's."""


def delete(contact_id: int, *, staff: Staff, typed_number: str) -> Contact:
    """Delete a contact from SlickText once its number was typed again; return who it was.

    The ledger and every stop stay. Raises NotAllowed, OtherNumber, or a VendorError.
    """
    require(staff, "delete_contacts")
    try:
        contact = slicktext.get_contact(to_slicktext(), contact_id, policy=how_to_read())
    except NotFound:
        last_known.forget_contact(contact_id)
        raise
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
            phone_numbers.number_leaves(staff=staff, seen=seen, why="the contact was deleted")
        )
    try:
        slicktext.delete_contact(to_slicktext(), contact_id)
    except VendorError as error:
        if not error.outcome_unknown:
            raise
        # Its answer was lost: deleted only if SlickText no longer has the contact.
        try:
            slicktext.get_contact(to_slicktext(), contact_id)
            gone = False
        except VendorError as read:
            gone = isinstance(read, NotFound)
        if not gone:
            audit_log.record(**about, answer={"outcome": "unknown"})
            raise
    audit_log.record(**about, answer={"outcome": "deleted"})
    last_known.forget_contact(contact_id)
    return contact
