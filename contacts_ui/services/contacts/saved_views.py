"""Saved views: who sees which, who may change them, and how many contacts each shows."""

import hashlib
from collections.abc import Callable

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from contacts_ui.models import SavedView
from contacts_ui.permissions import NotAllowed, Staff, may
from contacts_ui.services import index

# A count may be as old as this; what the table itself says is always counted again.
COUNT_MAX_AGE_SECONDS = 60
# The page of views has the rest.
MAX_LINKS_ABOVE_TABLE = 12


class NameTaken(Exception):
    """This person has another view of this name."""


def views_for(staff: Staff) -> "QuerySet[SavedView]":
    """Return this person's own views and the shared ones."""
    return SavedView.objects.filter(Q(owner_id=staff.pk) | Q(shared=True))


def may_change(staff: Staff, view: SavedView) -> bool:
    """Return True if this person may rename or share the view: only its owner may."""
    return bool(view.owner_id == staff.pk)


def may_delete(staff: Staff, view: SavedView) -> bool:
    """Return True if this person may delete the view: its owner, or for shared views a manager."""
    return view.owner_id == staff.pk or (view.shared and may(staff, "bulk_work"))


def save_view(*, staff: Staff, name: str, query: str, shared: bool) -> SavedView:
    """Save a view under a name. Raises NameTaken."""
    view = SavedView(owner_id=staff.pk, name=name, query=query, shared=shared)
    _save(view)
    return view


def change_view(*, staff: Staff, pk: int, name: str, shared: bool) -> SavedView:
    """Rename or share a view. Raises SavedView.DoesNotExist, NotAllowed, NameTaken."""
    view = views_for(staff).get(pk=pk)
    if not may_change(staff, view):
        raise NotAllowed("change_view")
    view.name, view.shared = name, shared
    _save(view)
    return view


def delete_view(*, staff: Staff, pk: int) -> SavedView:
    """Delete a view. Raises SavedView.DoesNotExist, NotAllowed."""
    view = views_for(staff).get(pk=pk)
    if not may_delete(staff, view):
        raise NotAllowed("delete_view")
    SavedView.objects.filter(pk=pk).delete()
    return view


def count_of(
    view: SavedView, question_of: Callable[[str], index.IndexQuery | None]
) -> index.Total | None:
    """Return how many contacts the view shows, counted within the last minute; None if its query makes no sense."""
    key = f"view-count:{hashlib.sha256(view.query.encode()).hexdigest()}"
    total: index.Total | None = cache.get(key)
    if total is None and (question := question_of(view.query)) is not None:
        total = index.count(question)
        cache.set(key, total, COUNT_MAX_AGE_SECONDS)
    return total


def _save(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise NameTaken(view.name) from error
