"""Read one contact: from SlickText, or the newest copy there is while SlickText is down."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import READ, READ_BRIEFLY, CallPolicy
from contacts_ui.integrations.errors import NotFound, VendorError
from contacts_ui.integrations.types import Contact
from contacts_ui.services import index
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.contacts import last_known
from contacts_ui.services.vendors import how_to_read, recent_error, shared_reads, to_slicktext


@dataclass(frozen=True)
class Reading:
    """One contact as SlickText showed it at `as_of`; `error` says why it was not read just now.

    `not_kept` names the fields that this copy does not hold, whatever SlickText has in them.
    """

    contact: Contact
    as_of: datetime
    error: VendorError | None = None
    not_kept: frozenset[str] = frozenset()

    @property
    def seen(self) -> Seen:
        """Return the person as this reading shows them."""
        return Seen.of(self.contact, self.as_of)


def read(contact_id: int, *, now: bool = False, patiently: bool = False) -> Reading:
    """Read one contact from SlickText, or return the newest copy with its `error` while SlickText is down.

    The answer may be seconds old, unless a decision needs it `now`. While SlickText is known to fail, a copy comes at
    once, unless SlickText is to be asked `patiently`. Raises NotFound if SlickText has no such contact, and another
    VendorError if there is no copy either.
    """
    known = None if patiently else recent_error()
    if known and (copy := _newest_copy(contact_id, known)):
        return copy
    policy = READ if patiently else how_to_read()
    if policy is READ and not patiently and settings.CONTACT_INDEX:
        # The index nearly always has a copy.
        policy = READ_BRIEFLY
    share = shared_reads.read_now if now else shared_reads.read
    try:
        fresh = share(f"contact:{contact_id}", lambda: _read_and_keep(contact_id, policy))
    except NotFound:
        last_known.forget_contact(contact_id)
        raise
    except VendorError as error:
        if copy := _newest_copy(contact_id, error):
            return copy
        raise
    return Reading(fresh.value, fresh.as_of)


def _read_and_keep(contact_id: int, policy: CallPolicy) -> Contact:
    asked_at = timezone.now()
    contact = slicktext.get_contact(to_slicktext(), contact_id, policy=policy)
    return last_known.keep_contact(contact, asked_at)


def _newest_copy(contact_id: int, error: VendorError) -> Reading | None:
    """Return the contact as it was read last: whole, or the fields that the index keeps if those are newer.

    The index also hears what other readings say about a person. If it does not know their status, or has forgotten
    them, an older copy does not show them as textable.
    """
    whole, state = last_known.contact(contact_id), index.state()
    if state.started_at is None:
        return Reading(whole.value, whole.as_of, error) if whole else None
    indexed = index.by_ids([contact_id]).get(contact_id)
    if indexed and (whole is None or whole.as_of < indexed.read_at):
        return Reading(indexed.contact, indexed.read_at, error, index.NOT_KEPT)
    if whole is None:
        return None
    contact = whole.value
    if indexed is None or indexed.contact.opt_in_status is None:
        contact = replace(contact, opt_in_status=None)
    return Reading(contact, whole.as_of, error)


__all__ = ["Contact", "Reading", "read"]
