"""The last known copy of what was read, for the hours when a vendor is down. Always shown as old, never as the truth.

Copies stay in Django's cache for a day (files under var/, or Redis), so it can be emptied without harm. What comes here
was just read or written, so the index learns it here, too, even if the cache is away.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from django.core.cache import cache

from contacts_ui.integrations.types import Contact, ContactPage
from contacts_ui.services import index
from contacts_ui.services.consent import slicktext_readings
from contacts_ui.services.vendors.shared_reads import Copy

COPY_MAX_SECONDS: Final = 24 * 3600
T = TypeVar("T")


def keep_page(key: str, page: ContactPage, as_of: datetime) -> ContactPage:
    """Keep a page of the list, read at `as_of`, under the query it answers; return it as it may be shown."""
    page = replace(page, contacts=tuple(index.hide_forgotten(page.contacts)))
    _keep(f"page:{key}", page, as_of)
    slicktext_readings.learn(page.contacts, as_of)
    return page


def page(key: str) -> Copy[ContactPage] | None:
    """Return the page kept last for this query."""
    return _get(f"page:{key}", ContactPage)


def keep_contact(value: Contact, as_of: datetime) -> Contact:
    """Keep one contact, read at `as_of`, and return it as it may be shown."""
    [value] = index.hide_forgotten([value])
    _keep(f"contact:{value.contact_id}", value, as_of)
    slicktext_readings.learn([value], as_of)
    return value


def keep_changed(value: Contact, as_of: datetime) -> Contact:
    """Keep one contact as an edit or a creation left it, and return it as it may be shown.

    A worker finds out what that means for consent.
    """
    [value] = index.hide_forgotten([value])
    _keep(f"contact:{value.contact_id}", value, as_of)
    slicktext_readings.leave_to_worker([value], as_of)
    return value


def contact(contact_id: int) -> Copy[Contact] | None:
    """Return the copy of a contact kept last."""
    return _get(f"contact:{contact_id}", Contact)


def forget_contact(contact_id: int) -> None:
    """Forget the copy of a contact who is gone."""
    index.remove(contact_id)
    cache.delete(f"contact:{contact_id}")


def _keep(key: str, value: object, as_of: datetime) -> None:
    cache.set(key, Copy(value, as_of), COPY_MAX_SECONDS)


def _get(key: str, kind: type[T]) -> Copy[T] | None:
    copy = cache.get(key)
    return copy if isinstance(copy, Copy) and isinstance(copy.value, kind) else None
