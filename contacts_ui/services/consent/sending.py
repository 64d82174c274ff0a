"""Send one desired state to its vendor: which call says it, and what the answer means."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import cloudcontactai, slicktext
from contacts_ui.integrations.call_policy import CallPolicy
from contacts_ui.integrations.errors import BadCredentials, NotFound, Refused, VendorError
from contacts_ui.integrations.http import Connection
from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import ConsentState, DesiredState, Vendor
from contacts_ui.services import index
from contacts_ui.services.consent import slicktext_readings
from contacts_ui.services.consent.rules import STOPPED_STATUSES
from contacts_ui.services.vendors import to_cloudcontactai, to_slicktext

NOT_THERE = "No contact has this number there, so no text goes to it."
# How many contacts of one number are told.
OTHERS_MAX = 5
MOVED = "They have another number now; the stop follows them to it."


@dataclass(frozen=True)
class Answer:
    """What a vendor holds now, according to its answer. `words` is for the screen.

    `moved_to` is the present number of the person that the stop was about, where that is another one. `contact` is
    the whole contact as the vendor showed it at `at`, for the index.
    """

    do_not_text: bool
    opt_in_status: str = ""
    words: str = ""
    moved_to: str = ""
    contact: Contact | None = None
    at: datetime | None = None


def send(desired: DesiredState, policy: CallPolicy, once_more: Callable[[], None]) -> Answer:
    """Send a row's state; `once_more` is called before every further call, and may raise. Raises VendorError."""
    if desired.vendor == Vendor.CLOUDCONTACTAI:
        said = cloudcontactai.set_do_not_text(
            to_cloudcontactai(),
            do_not_text=desired.do_not_text,
            phone=desired.number,
            policy=policy,
        )
        return Answer(said.do_not_text)
    return _ToSlickText(desired, policy, once_more, to_slicktext()).send()


@dataclass(frozen=True)
class _ToSlickText:
    """Edit by number, as the vendor's page allows; by id, looked up, if an account does not take the number."""

    desired: DesiredState
    policy: CallPolicy
    once_more: Callable[[], None]
    connection: Connection

    def send(self) -> Answer:
        if blocked := self._blocked():
            return replace(self._read(blocked), contact=blocked, at=timezone.now())
        answer = self._tell()
        for other in self._others(answer.contact):
            self.once_more()
            self._edit(other.contact_id)
        return answer

    def _blocked(self) -> Contact | None:
        """Look first if we don't know what SlickText holds: a stop never weakens *blocked* (rule 9)."""
        desired = self.desired
        if not desired.do_not_text or desired.opt_in_status == OptInStatus.BLOCKED:
            return None
        known = desired.ledger_entry.before.get("status") or desired.confirmed_at
        state = ConsentState.objects.filter(number=desired.number).exclude(read_at=None)
        if known or state.exists() or _indexed(desired.number):
            return None
        try:
            found = slicktext.find_contact(self.connection, desired.number, policy=self.policy)
        except VendorError:
            # The stop itself must not wait for this.
            return None
        self.once_more()
        return found if found and found.opt_in_status == OptInStatus.BLOCKED else None

    def _others(self, contact: Contact | None) -> list[Contact]:
        """Return the other contacts with this number at SlickText now whose state differs (rule 8)."""
        at, others, told = timezone.now(), [], contact.contact_id if contact else 0
        if not settings.CONTACT_INDEX:
            self.once_more()
            found = slicktext.find_contacts(
                self.connection, self.desired.number, policy=self.policy
            )
            others = [each for each in found if each.contact_id != told]
        ids = {each.contact.contact_id for each in _indexed(self.desired.number)[:OTHERS_MAX]}
        for contact_id in sorted(ids - {told}):
            self.once_more()
            try:
                others.append(
                    slicktext.get_contact(self.connection, contact_id, policy=self.policy)
                )
            except NotFound:
                index.remove(contact_id)
        # Their stop that was never read is recorded before it is overwritten.
        slicktext_readings.learn(others, at, now=True)
        return [
            each
            for each in others
            if each.number == self.desired.number
            and (each.opt_in_status in STOPPED_STATUSES) != self.desired.do_not_text
        ]

    def _tell(self) -> Answer:
        try:
            contact = self._edit(self.desired.number)
        except BadCredentials:
            raise
        except Refused:
            self.once_more()
            found = slicktext.find_contact(self.connection, self.desired.number, policy=self.policy)
            if found is None and not self.desired.do_not_text:
                raise
            if found is None:
                # A list may miss a contact who has this number, and must not end a stop.
                found = self._person()
                if found is None or found.number != self.desired.number:
                    moved_to = self._moved_to(found)
                    return Answer(True, words=MOVED if moved_to else NOT_THERE, moved_to=moved_to)
            self.once_more()
            contact = self._edit(found.contact_id)
        # As of the answer: a page that was asked for while this call went through may still show the old status.
        at = timezone.now()
        return replace(self._read(contact), contact=contact, at=at)

    def _edit(self, id_or_number: int | str) -> Contact:
        changes = {"opt_in_status": self.desired.opt_in_status}
        return slicktext.edit_contact(self.connection, id_or_number, changes, policy=self.policy)

    def _read(self, contact: Contact) -> Answer:
        stronger = self.desired.do_not_text and contact.opt_in_status == OptInStatus.BLOCKED
        if contact.opt_in_status != self.desired.opt_in_status and not stronger:
            held = contact.opt_in_status or "nothing"
            raise Refused(
                Vendor.SLICKTEXT.value, words=f"SlickText answered, but still says “{held}”."
            )
        moved_to = ""
        if self.desired.ledger_entry.contact_id not in (None, contact.contact_id):
            moved_to = self._moved_to(self._person())
        stopped = contact.opt_in_status != OptInStatus.SUBSCRIBED
        return Answer(stopped, contact.opt_in_status or "", MOVED if moved_to else "", moved_to)

    def _person(self) -> Contact | None:
        """Return the person of a stop, as they are now; the stop was about the person, not the number."""
        contact_id = self.desired.ledger_entry.contact_id
        if contact_id is None or not self.desired.do_not_text:
            return None
        self.once_more()
        try:
            return slicktext.get_contact(self.connection, contact_id, policy=self.policy)
        except NotFound:
            index.remove(contact_id)
            return None

    def _moved_to(self, person: Contact | None) -> str:
        """Return the person's present number if it is another one."""
        number = person.number if person else None
        return number if number and number != self.desired.number else ""


def _indexed(number: str) -> list[index.Indexed]:
    return index.by_numbers([number]).get(number, [])
