"""The last known copy of what was read, for the hours when a vendor is down. Always shown as old, never as the truth.

Kept in Django's cache for a day (files under var/, or Redis), so it can be emptied without harm. What comes here was
just read or written, so this is also where the index learns it, whether or not the cache works.
"""

import logging
from datetime import datetime
from typing import TypeVar

from django.core.cache import cache
from django.utils import timezone

from contacts_ui.integrations.types import Contact, ContactPage
from contacts_ui.services import index
from contacts_ui.services.consent import readings
from contacts_ui.services.known import Known

KEPT_SECONDS = 24 * 3600
T = TypeVar("T")

logger = logging.getLogger(__name__)


def keep_page(key: str, page: ContactPage, as_of: datetime) -> None:
    """Keep a page of the list, asked for at `as_of`, under the question it answers."""
    _keep(f"page:{key}", page, as_of)
    readings.learn(page.contacts, as_of)


def page(key: str) -> Known[ContactPage] | None:
    """The page kept last for this question."""
    return _get(f"page:{key}", ContactPage)


def keep_contact(value: Contact, as_of: datetime | None = None) -> None:
    """Keep one contact, asked for at `as_of`; None: just now, in answer to a change of ours."""
    as_of = as_of or timezone.now()
    _keep(f"contact:{value.contact_id}", value, as_of)
    readings.learn([value], as_of)


def contact(contact_id: int) -> Known[Contact] | None:
    """The copy of a contact kept last."""
    return _get(f"contact:{contact_id}", Contact)


def forget_contact(contact_id: int) -> None:
    """Forget the copy of a contact who is gone."""
    index.forget(contact_id)
    cache.delete(f"contact:{contact_id}")


def _keep(key: str, value: object, as_of: datetime) -> None:
    try:
        cache.set(key, Known(value, as_of), KEPT_SECONDS)
    except Exception:
        # A full disk or a Redis that is away must not take the page down.
        logger.warning("the last known copy could not be kept", exc_info=True)


def _get(key: str, kind: type[T]) -> Known[T] | None:
    try:
        known = cache.get(key)
    except Exception:
        # Also a copy that an older version of this dashboard pickled.
        logger.warning("the last known copy could not be read", exc_info=True)
        return None
    return known if isinstance(known, Known) and isinstance(known.value, kind) else None
