"""The managers' review of opt-outs: the list, what is marked as reviewed, and the table for a spreadsheet."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST, require_safe

from contacts_ui.forms.opt_outs import OptOutFilterForm
from contacts_ui.services.opt_out_export import export
from contacts_ui.services.opt_out_review import (
    CLOSE_TO_DUE,
    PAST_DUE,
    Found,
    find,
    mark_reviewed,
    on_the_clock,
    staff_names,
)
from contacts_ui.views.addresses import safe_next, with_changes
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.opt_out_rows import rows_of
from contacts_ui.views.paging import Slice, chips_of, pages_of

LEADS = (
    (PAST_DUE, "Past due"),
    (CLOSE_TO_DUE, "Close to due"),
    ("refused", "Refused"),
    ("waiting", "Waiting"),
)


@require_safe
@permission("review_opt_outs")
def opt_out_list(request: StaffRequest) -> HttpResponse:
    """Every opt-out: past due and close first, then the newest; every filter and page is in the address."""
    form = OptOutFilterForm(request.GET, staff_names=staff_names())
    part = Slice.of(request)
    found = find(form.filters(), limit=part.size, offset=part.offset) if form.is_valid() else None
    context = {
        "form": form,
        "here": request.get_full_path(),
        "active_filters": chips_of(request, form),
        "leads": _leads(request),
        "export_url": _export_url(request),
        **_results(request, part, found),
    }
    template = "opt_outs/list.html"
    if request.htmx and not request.htmx.history_restore_request:
        template += "#results"
    return TemplateResponse(request, template, context)


@require_POST
@permission("review_opt_outs")
def opt_outs_reviewed(request: StaffRequest) -> HttpResponse:
    """Mark the ticked opt-outs as reviewed, or all that the page showed."""
    chosen = request.POST.getlist("shown" if "all" in request.POST else "opt_out")
    keys = [int(key) for key in chosen if key.isascii() and key.isdigit() and len(key) < 19]
    many = mark_reviewed(staff=request.user, keys=keys)
    if not keys:
        messages.warning(request, "Nothing was ticked, so nothing was marked.")
    elif many:
        messages.success(request, f"{many} opt-out{'' if many == 1 else 's'} marked as reviewed.")
    else:
        messages.info(request, "They had been reviewed already.")
    return redirect(safe_next(request, reverse("opt-out-list")))


@require_GET
@permission("review_opt_outs")
def opt_outs_export(request: StaffRequest) -> HttpResponseBase:
    """The filtered opt-outs as CSV. Whoever may review them may take them along; the ledger keeps who did."""
    form = OptOutFilterForm(request.GET, staff_names=staff_names())
    if not form.is_valid():
        return redirect(f"{reverse('opt-out-list')}?{request.GET.urlencode()}")
    made = export(staff=request.user, filters=form.filters())
    response = StreamingHttpResponse(made.chunks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    return response


def _results(request: StaffRequest, part: Slice, found: Found | None) -> dict[str, Any]:
    if found is None:
        return {"found": None}
    rows = rows_of(found)
    return {
        "found": found,
        "rows": rows,
        "unreviewed": sum(row["opt_out"].reviewed_at is None for row in rows),
        **pages_of(request, part, shown=len(rows), total=found.total),
    }


def _leads(request: StaffRequest) -> list[dict[str, Any]]:
    """The numbers on top, each a link to its rows."""
    numbers = on_the_clock()
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


def _export_url(request: StaffRequest) -> str:
    here = with_changes(request, offset=None, size=None)
    return here.replace(request.path, reverse("opt-outs-export"), 1)
