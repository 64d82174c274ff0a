"""Export a view of the contacts, or a list of numbers: first the reason and the format, then the file."""

from dataclasses import replace
from typing import Any, Final

from django.http import Http404, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts_ui.forms.exporting import ExportForm
from contacts_ui.forms.finder import index_question
from contacts_ui.models import Upload
from contacts_ui.services import index
from contacts_ui.services.exports import lists
from contacts_ui.services.exports.contacts import Outlook, export, outlook
from contacts_ui.services.exports.lists import SORTS, Listed
from contacts_ui.services.files.workbook_writing import Full
from contacts_ui.services.files.writing import Format
from contacts_ui.services.index import IndexQuery, Total
from contacts_ui.services.people.preferences import table_look
from contacts_ui.services.vendors.vendor_errors import VendorError
from contacts_ui.sign_in.confirmation import confirmed_recently
from contacts_ui.views.columns import COLUMNS, DEFAULT_COLUMNS
from contacts_ui.views.downloads import sent
from contacts_ui.views.errors import error_notice
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.totals import total_words
from contacts_ui.views.view_words import view_words

# The 250 rows of the longest page, each with the longest id.
IDS_MAX_CHARACTERS: Final = 250 * 19
# Lines of each sort on the page. All are in the file.
LINES_SHOWN_MAX: Final = 100


@require_http_methods(["GET", "HEAD", "POST"])
@permission("export_contacts")
@confirmed_recently
def contact_export(request: StaffRequest) -> HttpResponseBase:
    """Ask for the reason, then stream the contacts that match the view in the address or were ticked there."""
    question = index_question(_view_of(request))
    ids = request.GET.get("ids", "")[:IDS_MAX_CHARACTERS]
    if question is None or (ids and not index.is_ready()):
        return redirect(f"{reverse('contact-list')}?{_without(request, 'ids', 'why').urlencode()}")
    if ids:
        question = replace(question, filters={**question.filters, "contact_id": ids})
    columns = table_look(request.user, tuple(COLUMNS), DEFAULT_COLUMNS).columns
    # Never from the address: a link on another site could choose the reason and export.
    form = ExportForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _ask(request, form, question, columns)
    try:
        made = export(staff=request.user, question=question, columns=columns, **form.what_and_why())
    except Full as full:
        form.add_error("format", full.sentence)
        return _ask(request, form, question, columns)
    except VendorError as error:
        return _ask(request, form, question, columns, error)
    return sent(made)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("export_contacts")
@confirmed_recently
def list_export(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Show what was found of a pasted or uploaded list and ask for the reason, then stream it."""
    try:
        listed = lists.look_up(staff=request.user, pk=pk)
    except Upload.DoesNotExist as error:
        raise Http404 from error
    columns = table_look(request.user, tuple(COLUMNS), DEFAULT_COLUMNS).columns
    form = ExportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return sent(
            lists.export(staff=request.user, listed=listed, columns=columns, **form.what_and_why())
        )
    context = {
        "form": form,
        "listed": listed,
        "headings": lists.headings(columns),
        "parts": _parts_of(listed),
        "outlook": None,
        "started": f"Your export of {len(listed.lines):,} lines started.",
        "error_notice": None,
        "back_url": f"{reverse('job-new')}?kind=export",
    }
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, "contacts/export_list.html", context, status=status)


def _parts_of(listed: Listed) -> list[dict[str, Any]]:
    """Count the lines of each sort; of lines without a contact, show the first."""
    lines_of = {sort: [line for line in listed.lines if line.sort == sort] for sort in SORTS}
    return [
        {
            "label": sort.label,
            "many": len(lines),
            "lines": [] if sort is SORTS[0] else lines[:LINES_SHOWN_MAX],
            "more": max(len(lines) - LINES_SHOWN_MAX, 0),
        }
        for sort, lines in lines_of.items()
        if lines
    ]


def _ask(
    request: StaffRequest,
    form: ExportForm,
    question: IndexQuery,
    columns: list[str],
    error: VendorError | None = None,
) -> HttpResponseBase:
    outlook_ = outlook(staff=request.user, question=question, columns=columns)
    if not outlook_.fits_a_workbook:
        form.initial["format"] = Format.CSV
    filters = view_words(request.GET)
    if ids := question.filters.get("contact_id", ""):
        filters = [*filters, ("Selected rows", str(ids.count(",") + 1))]
    context = {
        "form": form,
        "outlook": outlook_,
        "headings": outlook_.headings,
        "about": _about(outlook_),
        "started": _started(outlook_.total),
        "filters": filters,
        "error_notice": error_notice(error),
        "back_url": f"{reverse('contact-list')}?{_without(request, 'ids', 'why').urlencode()}",
    }
    status = 503 if error else 422 if form.is_bound and not form.is_valid() else 200
    return TemplateResponse(request, "contacts/export.html", context, status=status)


def _started(total: Total | None) -> str:
    """Return what the page says once the file was asked for."""
    if total is None:
        return "Your export started."
    one = total.exact and total.number == 1
    return f"Your export of {total_words(total)} contact{'' if one else 's'} started."


def _about(outlook_: Outlook) -> str:
    total = outlook_.total
    if total is None:
        return f"At most the first {outlook_.limit:,} contacts"
    if not total.exact:
        return f"{total_words(total).capitalize()} contacts"
    return f"{total.number:,} contact{'' if total.number == 1 else 's'}"


def _view_of(request: StaffRequest) -> QueryDict:
    """Return the view in the address; `custom.member=1` is the custom field `member`, as in the table."""
    data = request.GET.copy()
    for name, value in request.GET.items():
        if name.startswith("custom.") and value:
            data["custom_field"], data["custom_value"] = name.removeprefix("custom."), str(value)
    return data


def _without(request: StaffRequest, *names: str) -> QueryDict:
    data = request.GET.copy()
    for name in names:
        data.pop(name, None)
    return data
