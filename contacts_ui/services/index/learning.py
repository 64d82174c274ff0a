"""What was read anywhere is learned by the index: by the walk, by pages, by edits, by webhooks."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import CharField

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexedContact
from contacts_ui.services.index.folding import folded_text, name_key

_PLAIN = (
    "mobile_number",
    "first_name",
    "last_name",
    "email",
    "city",
    "state",
    "zip",
    "country",
    "source",
    "language",
    "timezone",
)

_LONGEST = {
    field.name: field.max_length
    for field in IndexedContact._meta.fields
    if isinstance(field, CharField)
}


def learn(contacts: Iterable[Contact], read_at: datetime) -> None:
    """Keep these contacts as they were when SlickText was asked at `read_at`; what was read later stays."""
    if not settings.CONTACT_INDEX:
        return
    people = {contact.contact_id: contact for contact in contacts}
    newer = set(
        IndexedContact.objects.filter(pk__in=people, read_at__gt=read_at).values_list(
            "pk", flat=True
        )
    )
    rows = [_row(contact, read_at) for key, contact in people.items() if key not in newer]
    if not rows:
        return
    fields = [field.name for field in IndexedContact._meta.fields if not field.primary_key]
    with transaction.atomic():
        IndexedContact.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["contact_id"], update_fields=fields
        )


def forget(contact_id: int) -> None:
    """Take out somebody who is gone from SlickText."""
    IndexedContact.objects.filter(pk=contact_id).delete()


def _row(contact: Contact, read_at: datetime) -> IndexedContact:
    facts: dict[str, Any] = {name: _cut(name, getattr(contact, name)) for name in _PLAIN}
    return IndexedContact(
        contact_id=contact.contact_id,
        number=contact.number or "",
        status=_cut("status", contact.opt_in_status),
        custom_fields=contact.custom_fields,
        status_changed_at=contact.last_opt_in_status_change,
        created=contact.created,
        last_updated=contact.last_updated,
        name_key=_cut("name_key", name_key(contact)),
        folded=folded_text(contact),
        read_at=read_at,
        **facts,
    )


def _cut(field: str, text: str | None) -> str:
    """As much as the column holds; PostgreSQL knows no NUL."""
    return (text or "").replace("\0", "")[: _LONGEST[field]]
