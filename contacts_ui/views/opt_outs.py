"""The managers' review of opt-outs: the list, marking as reviewed, and the export."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from contacts_ui.forms.opt_outs import OptOutFilterForm
from contacts_ui.services.exports.opt_outs import export
from contacts_ui.services.files.workbook_writing import Full
from contacts_ui.services.files.writing import Format
from contacts_ui.services.review.opt_outs import (
    DUE_SOON,
    PAST_DUE,
    Found,
    find,
    mark_reviewed,
    not_completed_counts,
    staff_names,
)
from contacts_ui.sign_in.confirmation import confirmed_before_press
from contacts_ui.views.addresses import safe_next, with_changes
from contacts_ui.views.downloads import sent
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.opt_out_rows import rows_of
from contacts_ui.views.paging import Page, chips_of, ids_in, results_of

LEADS = (
    (PAST_DUE, "Past due"),
    (DUE_SOON, "Due soon"),
    ("refused", "Refused"),
    ("waiting", "Waiting"),
)


@require_safe
@permission("review_opt_outs")
def opt_out_list(request: StaffRequest) -> HttpResponse:
    """List opt-outs: past due and due soon first, then newest. Filters and page are in the address."""
    form = OptOutFilterForm(request.GET, staff_names=staff_names())
    page = Page.of(request)
    found = find(form.filters(), limit=page.size, offset=page.offset) if form.is_valid() else None
    context = {
        "form": form,
        "here": request.get_full_path(),
        "active_filters": chips_of(request, form),
        "leads": _leads(request),
        "export_url": with_changes(request, offset=None, size=None).replace(
            request.path, reverse("opt-outs-export"), 1
        ),
        **_results(request, page, found),
    }
    return results_of(request, "opt_outs/list.html", context)


@require_POST
@permission("review_opt_outs")
def opt_outs_reviewed(request: StaffRequest) -> HttpResponse:
    """Mark the ticked opt-outs as reviewed; or all that the page showed, and show the next ones."""
    chosen = request.POST.getlist("shown" if "all" in request.POST else "opt_out")
    keys = ids_in(chosen)
    many = mark_reviewed(staff=request.user, keys=keys)
    if not keys:
        messages.warning(request, "No opt-outs selected. Select some, then mark them as reviewed.")
    elif many:
        messages.success(request, f"{many} opt-out{'' if many == 1 else 's'} marked as reviewed.")
    else:
        messages.info(request, "Already reviewed.")
    here = urlsplit(safe_next(request, reverse("opt-out-list")))
    if "all" not in request.POST or here.path != reverse("opt-out-list"):
        return redirect(here.geturl())
    # The next ones, instead of the same page again.
    query = QueryDict(here.query, mutable=True)
    query["reviewed"] = "no"
    query.pop("offset", None)
    return redirect(f"{here.path}?{query.urlencode()}")


@require_POST
@permission("review_opt_outs")
@confirmed_before_press
def opt_outs_export(request: StaffRequest) -> HttpResponseBase:
    """Send the opt-outs that the address filters, in the chosen format. The audit log keeps who exported them."""
    form = OptOutFilterForm(request.GET, staff_names=staff_names())
    if not form.is_valid():
        return redirect(f"{reverse('opt-out-list')}?{request.GET.urlencode()}")
    kind = Format.XLSX if request.POST.get("format") == Format.XLSX else Format.CSV
    try:
        return sent(export(staff=request.user, filters=form.filters(), kind=kind))
    except Full as full:
        messages.warning(request, full.sentence)
        return redirect(f"{reverse('opt-out-list')}?{request.GET.urlencode()}")


def _results(request: StaffRequest, page: Page, found: Found | None) -> dict[str, Any]:
    if found is None:
        return {"found": None}
    rows = rows_of(found)
    return {
        "found": found,
        "rows": rows,
        "all_reviewed": request.GET.dict() == {"reviewed": "no"},
        "unreviewed": sum(row["opt_out"].reviewed_at is None for row in rows),
        **page.context(request, shown=len(rows), total=found.total),
    }


def _leads(request: StaffRequest) -> list[dict[str, Any]]:
    """Return the numbers on top, each with a link to its rows."""
    numbers = not_completed_counts()
    return [
        {
            "label": label,
            "number": numbers[state],
            "url": f"{request.path}?state={state}",
            "state": state,
            "current": request.GET.get("state") == state,
        }
        for state, label in LEADS
    ]
