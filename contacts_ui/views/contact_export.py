"""Exporting a view of the contacts, or a list of numbers: first what for, then the file."""

from dataclasses import replace
from typing import Any, Final

from django.http import Http404, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts_ui.forms.exporting import ExportForm
from contacts_ui.forms.finder import index_question
from contacts_ui.models import Upload
from contacts_ui.services import index
from contacts_ui.services import list_export as list_exports
from contacts_ui.services.contact_export import Export, Outlook, export, outlook
from contacts_ui.services.index import IndexQuestion
from contacts_ui.services.list_export import SORTS, Listed
from contacts_ui.services.preferences import chosen_columns
from contacts_ui.services.troubles import VendorError
from contacts_ui.views.columns import COLUMNS, DEFAULT_COLUMNS
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.totals import total_words
from contacts_ui.views.troubles import trouble_of
from contacts_ui.views.view_words import view_words

# The 250 rows of the longest page, each with the longest id.
MOST_OF_IDS: Final = 250 * 19
# So many lines of each sort stand on the page; all of them are in the file.
SHOWN: Final = 100


@require_http_methods(["GET", "HEAD", "POST"])
@permission("export_contacts")
def contact_export(request: StaffRequest) -> HttpResponseBase:
    """Ask for the reason; then stream whoever matches the view in the address, or was ticked there, as CSV."""
    question = index_question(_view_of(request))
    ids = request.GET.get("ids", "")[:MOST_OF_IDS]
    if question is None or (ids and not index.is_ready()):
        return redirect(f"{reverse('contact-list')}?{_without(request, 'ids', 'why').urlencode()}")
    if ids:
        question = replace(question, filters={**question.filters, "contact_id": ids})
    columns = chosen_columns(request.user, tuple(COLUMNS), DEFAULT_COLUMNS)
    given = request.POST if request.method == "POST" else request.GET
    form = ExportForm(given if request.method == "POST" or "why" in request.GET else None)
    if not form.is_valid():
        return _ask(request, form, question, columns)
    try:
        made = export(
            staff=request.user, question=question, columns=columns, why=form.cleaned_data["why"]
        )
    except VendorError as error:
        return _ask(request, form, question, columns, error)
    return _sent(made)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("export_contacts")
def list_export(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Say what was found of a pasted or uploaded list, and ask for the reason; then stream it as CSV."""
    try:
        listed = list_exports.look_up(staff=request.user, pk=pk)
    except Upload.DoesNotExist as error:
        raise Http404 from error
    columns = chosen_columns(request.user, tuple(COLUMNS), DEFAULT_COLUMNS)
    form = ExportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        why = form.cleaned_data["why"]
        return _sent(
            list_exports.export(staff=request.user, listed=listed, columns=columns, why=why)
        )
    context = {
        "form": form,
        "listed": listed,
        "headings": list_exports.headings(columns),
        "parts": _parts_of(listed),
        "back_url": f"{reverse('job-new')}?kind=export",
    }
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, "contacts/export_list.html", context, status=status)


def _parts_of(listed: Listed) -> list[dict[str, Any]]:
    """How many lines there are of each sort; of those that hold nobody we know, the first by name."""
    lines_of = {sort: [line for line in listed.lines if line.sort == sort] for sort in SORTS}
    return [
        {
            "label": sort.label,
            "many": len(lines),
            "lines": [] if sort is SORTS[0] else lines[:SHOWN],
            "more": max(len(lines) - SHOWN, 0),
        }
        for sort, lines in lines_of.items()
        if lines
    ]


def _sent(made: Export) -> HttpResponseBase:
    response = StreamingHttpResponse(made.chunks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    # Compressing would take longer than everything else, and a proxy that collects it first would lose the stream.
    response["Content-Encoding"] = "identity"
    response["X-Accel-Buffering"] = "no"
    return response


def _ask(
    request: StaffRequest,
    form: ExportForm,
    question: IndexQuestion,
    columns: list[str],
    error: VendorError | None = None,
) -> HttpResponseBase:
    outlook_ = outlook(staff=request.user, question=question, columns=columns)
    context = {
        "form": form,
        "outlook": outlook_,
        "headings": outlook_.headings,
        "about": _about(outlook_),
        "filters": [*view_words(request.GET), *_ticked_words(question)],
        "trouble": trouble_of(error),
        "back_url": f"{reverse('contact-list')}?{_without(request, 'ids', 'why').urlencode()}",
    }
    status = 503 if error else 422 if form.is_bound and not form.is_valid() else 200
    return TemplateResponse(request, "contacts/export.html", context, status=status)


def _about(outlook_: Outlook) -> str:
    total = outlook_.total
    if total is None:
        return f"At most the first {outlook_.limit:,} contacts"
    if not total.exact:
        return f"{total_words(total).capitalize()} contacts"
    return f"{total.number:,} contact{'' if total.number == 1 else 's'}"


def _view_of(request: StaffRequest) -> QueryDict:
    """The view's own part of the address; `custom.member=1` is the custom field `member`, as in the table."""
    data = request.GET.copy()
    for name, value in request.GET.items():
        if name.startswith("custom.") and value:
            data["custom_field"], data["custom_value"] = name.removeprefix("custom."), str(value)
    return data


def _ticked_words(question: IndexQuestion) -> list[tuple[str, str]]:
    ids = question.filters.get("contact_id", "")
    return [("Ticked rows", str(ids.count(",") + 1))] if ids else []


def _without(request: StaffRequest, *names: str) -> QueryDict:
    data = request.GET.copy()
    for name in names:
        data.pop(name, None)
    return data
