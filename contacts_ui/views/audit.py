"""The audit: the whole ledger, searched."""

from typing import Any

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from contacts_ui.forms.audit import AuditForm
from contacts_ui.services.audit import Found, search, staff_names
from contacts_ui.services.proof import pruned_so_far
from contacts_ui.views.addresses import with_changes
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.ledger_words import entry_in_full
from contacts_ui.views.paging import FIRST_PAGE, Slice, chips_of


@require_safe
@permission("view_audit")
def audit(request: StaffRequest) -> HttpResponse:
    """The ledger's entries, the newest first; every filter and the page are in the address."""
    form = AuditForm(request.GET, staff_names=staff_names())
    found = search(form.wanted(**_page(request))) if form.is_valid() else None
    context = {
        "form": form,
        "here": request.get_full_path(),
        "active_filters": chips_of(request, form),
        "found": found,
        "entries": [entry_in_full(entry) for entry in found.entries] if found else [],
        # Told where the entries end, and where somebody may wonder that there are none.
        "pruned": pruned_so_far() if found and not found.older else None,
        **_pages(request, found),
    }
    template = "audit/list.html"
    if request.htmx and not request.htmx.history_restore_request:
        template += "#results"
    return TemplateResponse(request, template, context)


def _page(request: StaffRequest) -> dict[str, Any]:
    """Where the page begins or ends, by an entry's id; whatever makes no sense is taken for the first page."""
    before, after = (_entry_id(request.GET.get(name)) for name in ("before", "after"))
    return {"before": before, "after": after, "size": Slice.of(request).size}


def _entry_id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _pages(request: StaffRequest, found: Found | None) -> dict[str, str | None]:
    """Where "newer" and "older" lead. Nobody counts millions, so there is no last page."""
    if not found or not found.entries:
        return {"first_url": with_changes(request, **FIRST_PAGE)}
    newest, oldest = found.entries[0].pk, found.entries[-1].pk
    newer = with_changes(request, **{**FIRST_PAGE, "after": newest})
    older = with_changes(request, **{**FIRST_PAGE, "before": oldest})
    return {
        "first_url": with_changes(request, **FIRST_PAGE) if found.newer else None,
        "newer_url": newer if found.newer else None,
        "older_url": older if found.older else None,
    }
