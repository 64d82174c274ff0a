"""What was read anywhere is learned by the index: by the walk, by pages, by edits, by webhooks."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexedContact
from contacts_ui.services.index import writing


def learn(contacts: Iterable[Contact], read_at: datetime) -> None:
    """Keep these contacts as they were when SlickText was asked at `read_at`; what was read later stays."""
    if not settings.CONTACT_INDEX:
        return
    people = {contact.contact_id: contact for contact in contacts}
    if people:
        writing.write(list(people.values()), read_at)


def forget(contact_id: int) -> None:
    """Take out somebody who is gone from SlickText."""
    IndexedContact.objects.filter(pk=contact_id).delete()
