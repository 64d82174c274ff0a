"""Saved views: who sees which, who may change them, and how many contacts each shows."""

import hashlib
from collections.abc import Callable

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from contacts_ui.models import SavedView
from contacts_ui.permissions import NotAllowed, Staff, may
from contacts_ui.services import index

# A count may be as old as this; what the table itself says is always counted anew.
COUNT_KEPT_SECONDS = 60
# So many have their place above the table; whoever has more finds them on the page of views.
SHOWN = 12


class NameTaken(Exception):
    """This person has another view of this name."""


def views_for(staff: Staff) -> "QuerySet[SavedView]":
    """One's own and the shared ones."""
    return SavedView.objects.filter(Q(owner_id=staff.pk) | Q(shared=True))


def may_change(staff: Staff, view: SavedView) -> bool:
    """Whether this person may give the view another name, or share it: only its owner."""
    return bool(view.owner_id == staff.pk)


def may_delete(staff: Staff, view: SavedView) -> bool:
    """Whether this person may delete the view: its owner, and of shared ones also whoever acts on many at once."""
    return view.owner_id == staff.pk or (view.shared and may(staff, "bulk_work"))


def save_view(*, staff: Staff, name: str, query: str, shared: bool) -> SavedView:
    """Keep a view under a name. Raises NameTaken."""
    view = SavedView(owner_id=staff.pk, name=name, query=query, shared=shared)
    _save(view)
    return view


def change_view(*, staff: Staff, pk: int, name: str, shared: bool) -> SavedView:
    """Give a view another name, or share it. Raises SavedView.DoesNotExist, NotAllowed, NameTaken."""
    view = views_for(staff).get(pk=pk)
    if not may_change(staff, view):
        raise NotAllowed("change_view")
    view.name, view.shared = name, shared
    _save(view)
    return view


def delete_view(*, staff: Staff, pk: int) -> SavedView:
    """Forget a view. Raises SavedView.DoesNotExist, NotAllowed."""
    view = views_for(staff).get(pk=pk)
    if not may_delete(staff, view):
        raise NotAllowed("delete_view")
    SavedView.objects.filter(pk=pk).delete()
    return view


def count_of(
    view: SavedView, question_of: Callable[[str], index.IndexQuestion | None]
) -> index.Total | None:
    """How many contacts the view shows, as counted within the last minute; None where its query makes no sense."""
    key = f"view-count:{hashlib.sha256(view.query.encode()).hexdigest()}"
    total: index.Total | None = cache.get(key)
    if total is None and (question := question_of(view.query)) is not None:
        total = index.count(question)
        cache.set(key, total, COUNT_KEPT_SECONDS)
    return total


def _save(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise NameTaken(view.name) from error
