"""*Stop a number* of somebody who may be in no contact list. The stop comes first, the looking after."""

from dataclasses import dataclass

from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import VendorError
from contacts_ui.integrations.types import Contact
from contacts_ui.permissions import Staff
from contacts_ui.services.consent import Request, Seen, judge_one, stop_texts
from contacts_ui.services.vendors import to_slicktext
from contacts_ui.services.verdicts import Judgement


@dataclass(frozen=True)
class Receipt:
    """Where the stop of a number stands; `contact` is who has it at SlickText, where that is known."""

    number: str
    judgement: Judgement
    contact: Contact | None = None


def stop_number(*, staff: Staff, number: str, request: Request) -> Receipt:
    """Stop texts to `number` (E.164) at every connected vendor, whether anybody has it or not.

    No vendor is asked before the stop is committed: its failure must not stand in the way. Raises NotAllowed.
    """
    return Receipt(number, stop_texts(staff=staff, seen=Seen(number), request=request))


def receipt_of(number: str, *, look_up: bool) -> Receipt:
    """Where the stop of `number` (E.164) stands now; `look_up` asks SlickText whose number it is."""
    contact = _who_has(number) if look_up else None
    if contact is None:
        return Receipt(number, judge_one(Seen(number)))
    seen = Seen(number, contact.contact_id, contact.name, contact.opt_in_status, timezone.now())
    return Receipt(number, judge_one(seen), contact)


def _who_has(number: str) -> Contact | None:
    try:
        return slicktext.find_contact(to_slicktext(), number)
    except VendorError:
        return None
