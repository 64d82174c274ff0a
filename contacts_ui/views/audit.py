"""Search the audit log and the security events."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from contacts_ui.forms.audit import AuditForm, SecurityEventsForm
from contacts_ui.permissions import may, require
from contacts_ui.services.audit_log.search import Found, search, staff_names
from contacts_ui.services.security import searching
from contacts_ui.services.verification import pruned_so_far
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.ledger_words import entry_in_full
from contacts_ui.views.paging import Page, Pager, chips_of, ids_in, pager, results_of
from contacts_ui.views.security_words import event_in_words


@require_safe
def audit(request: StaffRequest) -> HttpResponse:
    """Show the entries, the newest first; every filter and the page are in the address.

    People who may read only the security events are sent there.
    """
    if may(request.user, "view_security_events") and not may(request.user, "view_audit"):
        return redirect("security-events")
    require(request.user, "view_audit")
    form = AuditForm(request.GET, staff_names=staff_names())
    found = search(form.wanted(**_page(request))) if form.is_valid() else None
    context = {
        "form": form,
        "here": request.get_full_path(),
        "active_filters": chips_of(request, form),
        "found": found,
        "entries": [entry_in_full(entry) for entry in found.entries] if found else [],
        # Shown where the entries end, and where there are none.
        "pruned": pruned_so_far() if found and not found.older else None,
        "pager": _pager(request, found),
    }
    return results_of(request, "audit/list.html", context)


@require_safe
@permission("view_security_events")
def security_events(request: StaffRequest) -> HttpResponse:
    """Show what happened around accounts, the newest first; every filter and the page are in the address."""
    form = SecurityEventsForm(request.GET)
    found = None
    if form.is_valid():
        found = searching.search(request.user, form.wanted(**_page(request)))
    context = {
        "form": form,
        "active_filters": chips_of(request, form),
        "found": found,
        "events": [event_in_words(event) for event in found.entries] if found else [],
        "days_kept": settings.RETENTION_DAYS_SECURITY_EVENTS,
        "pruned": None,
        "pager": _pager(request, found),
    }
    return results_of(request, "audit/security.html", context)


def _page(request: StaffRequest) -> dict[str, Any]:
    """Return where the page begins or ends, by an entry's id; the first page if that makes no sense."""
    ids = {name: ids_in(request.GET.getlist(name)) for name in ("before", "after")}
    return {"size": Page.of(request).size} | {
        name: found[-1] if found else None for name, found in ids.items()
    }


def _pager(request: StaffRequest, found: Found[Any] | None) -> Pager:
    """Return the pager. Millions are not counted, so there is no last page."""
    entries = found.entries if found else []
    return pager(
        request,
        Page.of(request).size,
        rows=len(entries),
        shown="" if found and found.older else "This is the oldest.",
        previous={"after": entries[0].pk} if found and found.newer and entries else None,
        next_={"before": entries[-1].pk} if found and found.older and entries else None,
    )
