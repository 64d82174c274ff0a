"""Importing contacts: the file, its columns where they are in doubt, and a look at everything before the press."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from contacts_ui.forms.importing import AnswersForm, ColumnsForm, ReadingForm, UploadForm
from contacts_ui.models import Upload
from contacts_ui.models.upload import UPLOAD_LIFETIME
from contacts_ui.services import index
from contacts_ui.services.files.columns import NUMBER, is_certain, sample_of
from contacts_ui.services.files.table import FILE_MAX_BYTES, Table, Unreadable
from contacts_ui.services.files.writing import csv_download
from contacts_ui.services.imports import uploads
from contacts_ui.services.imports.checking import Check, Choice
from contacts_ui.services.imports.uploads import Changed, check_upload
from contacts_ui.views import import_words
from contacts_ui.views.downloads import sent
from contacts_ui.views.guards import StaffRequest, permission

UPLOAD_HOURS = int(UPLOAD_LIFETIME.total_seconds() // 3600)
PROBLEM_HEADINGS = ("Row", "Column", "As typed", "Kept out", "What it is")
# Where the page continues after answers, with or without JavaScript.
TOP = "#import-state"


def own_upload(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Pass this person's upload to the view. If it is gone, return a page that explains it."""

    @wraps(view)
    def found(request: StaffRequest, pk: int) -> HttpResponseBase:
        try:
            upload = uploads.get(staff=request.user, pk=pk)
        except Upload.DoesNotExist:
            return _gone(request)
        return view(request, upload)

    return found


@require_http_methods(["GET", "HEAD", "POST"])
@permission("import_contacts")
def contact_import(request: StaffRequest) -> HttpResponse:
    """Take a file and read it. Nothing else happens yet."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            # One byte more than the limit, so that the reader can tell.
            content = file.read(FILE_MAX_BYTES + 1)
            upload = uploads.store(staff=request.user, file_name=file.name, content=content)
        except Unreadable as error:
            form.add_error("file", error.sentence)
        else:
            certain = is_certain(Table.unpacked(upload.table), upload.mapping)
            following = "Check what will happen" if certain else "Say which column is which"
            messages.success(request, f"{upload.file_name} is uploaded. {following}.")
            return redirect("import-check" if certain else "import-columns", upload.pk)
    context = {"form": form, "hours": UPLOAD_HOURS}
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, "imports/upload.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("import_contacts")
@own_upload
def import_columns(request: StaffRequest, upload: Upload) -> HttpResponse:
    """Choose how the file is read, which column is which field, and what to do about existing contacts."""
    table = Table.unpacked(upload.table)
    again = request.method == "POST" and "read_again" in request.POST
    encoding = upload.options.get("encoding", "")
    reading = ReadingForm(request.POST if again else None, table=table, encoding=encoding)
    if again and reading.is_valid():
        try:
            uploads.read_again(upload, reading.options())
        except Unreadable as error:
            reading.add_error(None, error.sentence)
        else:
            messages.success(request, "The file was read again. Check the columns below.")
            return redirect("import-columns", upload.pk)
    form = ColumnsForm(
        request.POST if request.method == "POST" and not again else None,
        headings=table.headings,
        samples=[sample_of(table, at) for at in range(len(table.headings))],
        mapping=upload.mapping,
        choice=upload.choice,
    )
    if form.is_bound and form.is_valid():
        uploads.choose(upload, form.mapping(), Choice(form.cleaned_data["choice"]))
        messages.success(request, "Columns saved. Check what will happen.")
        return redirect("import-check", upload.pk)
    context = {"form": form, "reading": reading, "upload": upload, "notes": table.notes}
    status = 422 if form.is_bound or reading.is_bound else 200
    return TemplateResponse(request, "imports/columns.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("import_contacts")
@own_upload
def import_check(request: StaffRequest, upload: Upload) -> HttpResponse:
    """Show everything that would happen. The press starts it."""
    if NUMBER not in upload.mapping:
        return redirect("import-columns", upload.pk)
    if request.method != "POST":
        return _check_page(request, upload, check_upload(upload))
    if "decide" in request.POST:
        return _decide(request, upload)
    try:
        job = uploads.confirm(
            staff=request.user, upload=upload, expected=request.POST.get("expected", "")
        )
    except Changed as changed:
        if not Upload.objects.filter(pk=upload.pk, rows__gt=0).exists():
            # Another press was first.
            return _gone(request)
        return _check_page(request, upload, changed.check, not_started=True)
    messages.success(request, "Import started. You can leave this page: the job continues.")
    return redirect("job-detail", job.pk)


def _decide(request: StaffRequest, upload: Upload) -> HttpResponse:
    """Save the answers to the file's questions, and check again with them."""
    check = check_upload(upload)
    form = AnswersForm(request.POST, questions=check.questions)
    if not form.is_valid():
        return _check_page(request, upload, check, data=request.POST)
    uploads.answer(upload, form.answers())
    return redirect(reverse("import-check", args=[upload.pk]) + TOP)


@require_POST
@permission("import_contacts")
@own_upload
def import_problems(request: StaffRequest, upload: Upload) -> HttpResponseBase:
    """Send every remark about a cell as CSV, for fixing the file."""
    lines = (
        [str(each.line), each.column, each.typed, "yes" if each.keeps_out else "no", each.sentence]
        for each in check_upload(upload).remarks
    )
    return sent(
        csv_download(f"import-{upload.pk}-problems", PROBLEM_HEADINGS, lines, ("As typed",))
    )


def _check_page(
    request: StaffRequest,
    upload: Upload,
    check: Check,
    *,
    not_started: bool = False,
    data: Any = None,
) -> HttpResponse:
    """Show a check; also after a press that could not start (409), or with invalid answers (422, `data`)."""
    rows = import_words.rows_in_doubt(check)
    waiting = import_words.not_understood(check, rows)
    headings = check.table.headings
    context = {
        "form": AnswersForm(data, questions=check.questions, rows=rows, headings=headings),
        "upload": upload,
        "check": check,
        "waiting": waiting,
        "lost": import_words.lost_stops(check),
        "summary": import_words.summary(check, upload.choice, known=index.is_ready()),
        "not_started": not_started,
        "expected": uploads.fingerprint(check),
        "button": import_words.button(check),
        "firsts": import_words.first_rows(upload, check),
        "sections": import_words.sections(check),
        "reading": import_words.how_it_is_read(upload, check),
    }
    status = 409 if not_started else 422 if data is not None else 200
    return TemplateResponse(request, "imports/check.html", context, status=status)


def _gone(request: StaffRequest) -> HttpResponse:
    return TemplateResponse(request, "imports/gone.html", {"hours": UPLOAD_HOURS}, status=404)
