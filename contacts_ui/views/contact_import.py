"""Importing contacts, in three steps: the file, its columns, and a look at everything before the confirming press."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from contacts_ui.forms.importing import ColumnsForm, UploadForm
from contacts_ui.models import Upload
from contacts_ui.phone import pretty
from contacts_ui.services import imports, index
from contacts_ui.services.editing import LABELS
from contacts_ui.services.files.columns import FULL_NAME, LAST_FIRST, NUMBER, label_of, sample_of
from contacts_ui.services.imports import Changed, Check, Choice, Fate, Remark, Unreadable
from contacts_ui.services.spreadsheets import csv_chunks
from contacts_ui.views.guards import StaffRequest, permission

SHOWN = 200
FIRSTS = 5
PROBLEM_HEADINGS = ("Row", "Column", "As typed", "Kept out", "What it is")


@require_http_methods(["GET", "HEAD", "POST"])
@permission("import_contacts")
def contact_import(request: StaffRequest) -> HttpResponse:
    """The first step: the file. It is read at once, and nothing else happens."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            # One byte more than may be, so that the reader can tell.
            content = file.read(imports.MOST_BYTES + 1)
            upload = imports.keep(staff=request.user, file_name=file.name, content=content)
        except Unreadable as error:
            form.add_error("file", error.sentence)
        else:
            return redirect("import-columns", upload.pk)
    context = {"form": form, "hours": int(imports.KEPT.total_seconds() // 3600)}
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, "imports/upload.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("import_contacts")
def import_columns(request: StaffRequest, pk: int) -> HttpResponse:
    """The second step: which column is which field, and what about those who exist."""
    upload = _upload(request, pk)
    table = imports.table_of(upload)
    form = ColumnsForm(
        request.POST if request.method == "POST" else None,
        headings=table.headings,
        samples=[sample_of(table, at) for at in range(len(table.headings))],
        mapping=upload.mapping,
        choice=upload.choice,
    )
    if form.is_bound and form.is_valid():
        imports.choose(upload, form.mapping(), Choice(form.cleaned_data["choice"]))
        return redirect("import-check", pk)
    context = {"form": form, "upload": upload, "notes": table.notes}
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, "imports/columns.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("import_contacts")
def import_check(request: StaffRequest, pk: int) -> HttpResponse:
    """The third step: everything that would happen. The press below it begins."""
    upload = _upload(request, pk)
    if NUMBER not in upload.mapping:
        return redirect("import-columns", pk)
    if request.method != "POST":
        return _check_page(request, upload, imports.check_upload(upload))
    try:
        job = imports.confirm(
            staff=request.user, upload=upload, expected=request.POST.get("expected", "")
        )
    except Changed as changed:
        return _check_page(request, upload, changed.check, changed=True)
    return redirect("job-detail", job.pk)


@require_GET
@permission("import_contacts")
def import_problems(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Everything there is to say about the cells, as CSV, to be mended beside the file."""
    upload = _upload(request, pk)
    lines = (_cells(remark) for remark in imports.check_upload(upload).remarks)
    chunks = csv_chunks(PROBLEM_HEADINGS, lines)
    response = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{pk}-problems.csv"'
    return response


def _check_page(
    request: StaffRequest, upload: Upload, check: Check, *, changed: bool = False
) -> HttpResponse:
    # What keeps a row out comes first; what is only worth knowing, after it.
    remarks = sorted(check.remarks, key=lambda remark: not remark.is_problem)
    context = {
        "upload": upload,
        "check": check,
        "counts": _counts(check),
        "changed": changed,
        "expected": imports.fingerprint(check),
        "button": _button(check),
        "firsts": _firsts(upload, check),
        "remarks": remarks[:SHOWN],
        "more": max(len(remarks) - SHOWN, 0),
        "index_ready": index.is_ready(),
        "update_words": _choice_words(upload, check),
        "problems_url": reverse("import-problems", args=[upload.pk]),
        "columns_url": reverse("import-columns", args=[upload.pk]),
    }
    status = 409 if changed else 200
    return TemplateResponse(request, "imports/check.html", context, status=status)


def _counts(check: Check) -> list[tuple[str, int]]:
    """How many lines meet which fate, in words. A stop may come with any of the first two."""
    many = check.counts
    return [
        ("To be created", many[Fate.CREATE]),
        ("To be updated", many[Fate.UPDATE]),
        ("Stops to be recorded", check.stops),
        ("Left as they are", many[Fate.SKIP]),
        ("In the file twice", many[Fate.SAME]),
        ("Kept out by a problem", many[Fate.INVALID]),
    ]


def _firsts(upload: Upload, check: Check) -> dict[str, Any]:
    """A few rows as they are read: names split, days and states in one spelling."""
    lines = [line for line in check.lines if line.values][:FIRSTS]
    there = {field for line in lines for field in line.values}
    fields = [field for field in {**LABELS, **dict.fromkeys(upload.mapping)} if field in there]
    return {
        "headings": ["Row", label_of(NUMBER), *map(label_of, fields)],
        "rows": [
            {
                "line": line.line,
                "cells": [pretty(line.number), *(line.values.get(field) for field in fields)],
            }
            for line in lines
        ],
        "split": {FULL_NAME, LAST_FIRST} & {*upload.mapping},
    }


def _button(check: Check) -> str:
    """Exactly what the press will do."""
    counts = check.counts
    parts = [
        _many(counts[Fate.CREATE], "create {} contact"),
        _many(counts[Fate.UPDATE], "update {} contact"),
        _many(check.stops, "stop {} number"),
    ]
    words = _and([part for part in parts if part])
    return words[:1].upper() + words[1:]


def _many(number: int, words: str) -> str:
    return f"{words.format(f'{number:,}')}{'' if number == 1 else 's'}" if number else ""


def _and(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _choice_words(upload: Upload, check: Check) -> str:
    if index.is_ready() or upload.choice == Choice.ONLY_UPDATE:
        return ""
    if upload.choice == Choice.UPDATE:
        return "Whoever turns out to be there is updated instead of created."
    return "Whoever turns out to be there is left as they are." if check.acts else ""


def _cells(remark: Remark) -> list[str]:
    kept_out = "yes" if remark.is_problem else "no"
    return [str(remark.line), remark.column, remark.typed, kept_out, remark.sentence]


def _upload(request: StaffRequest, pk: int) -> Any:
    try:
        return imports.get(staff=request.user, pk=pk)
    except Upload.DoesNotExist as error:
        raise Http404 from error
