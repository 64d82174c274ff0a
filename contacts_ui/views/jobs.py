"""Bulk jobs: prepare one from a selection, a pasted list or a file, preview it, start it, and watch it."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from contacts_ui.forms.finder import index_question
from contacts_ui.forms.jobs import EXPORT, OPTIONS, NewJobForm, SelectionForm
from contacts_ui.models import Job
from contacts_ui.models.job import JobKind, JobState
from contacts_ui.permissions import may
from contacts_ui.services import index, jobs
from contacts_ui.services.exports import lists
from contacts_ui.services.files.table import FILE_MAX_BYTES, Unreadable
from contacts_ui.services.jobs import progress, sources
from contacts_ui.services.jobs.sources import CannotCreate, Source
from contacts_ui.sign_in.confirmation import confirmed_before_press
from contacts_ui.views.downloads import sent
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.job_panel import panel_of, preview_of, rows_of, summary_of
from contacts_ui.views.paging import Page, ids_in

PANEL, ROWS = "job-panel", "rows"
NOT_READY = (
    "The local copy of the contacts is not complete yet. "
    "Select rows instead, or try again when Status shows that it is complete."
)
SWITCHED_OFF = "The local copy of the contacts is turned off. Select rows or paste numbers."
PREPARED = "The list is ready. Nothing changes until you start it."
NONE_TICKED = "No rows were selected, so nothing was prepared."


@require_safe
@permission("bulk_work")
def job_list(request: StaffRequest) -> HttpResponse:
    """List the jobs, newest first."""
    page = Page.of(request)
    found, total = progress.newest(limit=page.size, offset=page.offset)
    context = {
        "jobs": [summary_of(job) for job in found],
        **page.context(request, shown=len(found), total=total),
    }
    return TemplateResponse(request, "jobs/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("bulk_work")
def job_new(request: StaffRequest) -> HttpResponse:
    """Prepare a job from what was ticked, pasted or uploaded. Nothing is changed yet."""
    if request.method == "POST" and "scope" in request.POST:
        return _from_selection(request)
    if JobKind.TELL in (request.GET.get("kind"), request.POST.get("kind")):
        return _tell(request)
    may_export = may(request.user, "export_contacts")
    if request.method == "POST":
        form = NewJobForm(request.POST, request.FILES, may_export=may_export)
    else:
        initial = {"kind": request.GET.get("kind") or JobKind.STOP}
        form = NewJobForm(initial=initial, may_export=may_export)
    if form.is_bound and form.is_valid():
        try:
            return redirect(_prepared(request, form, _given(form)))
        except (CannotCreate, Unreadable) as error:
            form.add_error("file" if form.cleaned_data["file"] else "numbers", error.sentence)
    context = {"form": form, "index_ready": index.is_ready()}
    return TemplateResponse(request, "jobs/new.html", context, status=422 if form.is_bound else 200)


@require_safe
@permission("bulk_work")
def job_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a job: its preview or its progress, and its rows."""
    job = _job(pk)
    if request.htmx and request.htmx.target == PANEL:
        panel = panel_of(job)
        response = TemplateResponse(request, "jobs/detail.html#panel", {"panel": panel})
        if not panel.polls:
            # The rows below say how they ended, too. A pause or a cancellation has its message already.
            if job.state == JobState.DONE:
                messages.success(request, "Finished. The lines below say what happened to each.")
            response["HX-Refresh"] = "true"
        return response
    if request.htmx and request.htmx.target == ROWS:
        return _detail_page(request, job, template="jobs/_rows.html")
    return _detail_page(request, job)


@require_POST
@permission("bulk_work")
def job_start(request: StaffRequest, pk: int) -> HttpResponse:
    """Start the job: from here on people are stopped."""
    job = _job(pk)
    form_class = OPTIONS.get(JobKind(job.kind))
    form = form_class(request.POST) if form_class else None
    if form is not None and not form.is_valid():
        return _detail_page(request, job, form=form, status=422)
    options: dict[str, Any] = {}
    if form:
        options = {"request": form.request(), "params": form.params()}
    try:
        jobs.start(staff=request.user, pk=pk, **options)
    except jobs.NotNow as late:
        messages.warning(request, _state_in_words(late.job))
    else:
        messages.success(request, "Started. You can leave this page: the job continues.")
    return redirect("job-detail", pk)


@require_POST
@permission("bulk_work")
def job_pause(request: StaffRequest, pk: int) -> HttpResponse:
    """Start no more rows."""
    return _moved(request, pk, jobs.pause, "Paused. No more rows start until you resume the job.")


@require_POST
@permission("bulk_work")
def job_resume(request: StaffRequest, pk: int) -> HttpResponse:
    """Resume the job."""
    return _moved(request, pk, jobs.resume, "Resumed. You can leave this page.")


@require_POST
@permission("bulk_work")
def job_cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Skip the rows that wait."""
    if _job(pk).started_at:
        words = "Canceled. Changes that were already recorded stay."
    else:
        words = "List discarded. No changes were made."
    return _moved(request, pk, jobs.cancel, words)


@require_POST
@permission("bulk_work")
@confirmed_before_press
def job_results(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Send the rows as CSV, filtered as on the page. The ledger records who exported them."""
    show = request.POST.get("show", "")
    return sent(progress.results(staff=request.user, job=_job(pk), show=show))


def _tell(request: StaffRequest) -> HttpResponse:
    """Prepare a job that tells vendors about stops on record that they never got."""
    if request.method != "POST":
        context = {"many": sources.untold_count()}
        return TemplateResponse(request, "jobs/tell.html", context)
    try:
        job = jobs.create(staff=request.user, kind=JobKind.TELL, source=sources.from_untold())
    except CannotCreate:
        messages.success(request, "Every connected vendor has every stop on record.")
        return redirect("job-list")
    messages.success(request, PREPARED)
    return redirect("job-detail", job.pk)


def _from_selection(request: StaffRequest) -> HttpResponse:
    form = SelectionForm(request.POST)
    view = QueryDict(request.POST.get("view", "")[:4000])
    back = f"{reverse('contact-list')}{f'?{view.urlencode()}' if view else ''}"
    if not form.is_valid():
        messages.warning(request, "Choose what to do, and for which contacts.")
        return redirect(back)
    try:
        scope = form.cleaned_data["scope"]
        if form.cleaned_data["kind"] == EXPORT:
            return redirect(_export_url(request, scope, view))
        return redirect(_prepared(request, form, _selected(request, scope, view)))
    except CannotCreate as error:
        messages.warning(request, error.sentence)
        return redirect(back)


def _export_url(request: StaffRequest, scope: str, view: QueryDict) -> str:
    """Return the page that exports the ticked rows or the view. Raises CannotCreate."""
    url = reverse("contact-export")
    if scope == SelectionForm.ALL:
        return f"{url}?{view.urlencode()}"
    if not index.is_ready():
        raise CannotCreate(
            "Selected rows are exported from the local copy, which is not ready yet."
        )
    return f"{url}?{urlencode({'ids': ','.join(map(str, _ticked(request)))})}"


def _ticked(request: StaffRequest) -> list[int]:
    """Return the ids of the ticked rows. Raises CannotCreate."""
    ids = ids_in(request.POST.getlist("ids"))
    if not ids:
        raise CannotCreate(NONE_TICKED)
    return ids


def _selected(request: StaffRequest, scope: str, view: QueryDict) -> Source:
    """Return the contacts that were ticked, or all that match. Raises CannotCreate."""
    if scope == SelectionForm.TICKED:
        ids = _ticked(request)
        words = f"{len(ids)} selected row{'' if len(ids) == 1 else 's'}"
        return Source(words, sources.from_ids(ids))
    state = index.state()
    if not state.ready:
        raise CannotCreate(NOT_READY if state.enabled else SWITCHED_OFF)
    question = index_question(view)
    if question is None:
        raise CannotCreate("A filter of this view is not valid. Fix it first.")
    if complaints := index.find(replace(question, limit=1)).complaints:
        # The table shows more than was asked for, and says so; a job would act on all of them.
        raise CannotCreate(f"{complaints[0]} Fix the search first.")
    words = ", ".join([f"“{question.search}”"] if question.search else [])
    filters = ", ".join(f"{name} “{value}”" for name, value in question.filters.items())
    what = " and ".join(filter(None, (words, filters)))
    words = f"All contacts that match {what}" if what else "All contacts"
    return Source(words, sources.from_view(question))


def _given(form: NewJobForm) -> Source:
    """Return what was pasted or uploaded. Raises CannotCreate, Unreadable."""
    upload = form.cleaned_data["file"]
    if not upload:
        return Source("A pasted list", sources.from_text(form.cleaned_data["numbers"]))
    # One byte more than the limit, so that the reader can tell.
    content = upload.read(FILE_MAX_BYTES + 1)
    lifts = form.cleaned_data["kind"] == JobKind.ASK_LIFT
    read = sources.lifts_from_file if lifts else sources.from_file
    return read(upload.name, content, leave_hidden=form.cleaned_data["leave_hidden"])


def _prepared(request: StaffRequest, form: NewJobForm | SelectionForm, source: Source) -> str:
    """Prepare the job or the export; return the page of its preview. Raises CannotCreate, CannotCreate."""
    kind = form.cleaned_data["kind"]
    if kind == EXPORT:
        stored = lists.store(staff=request.user, source=source)
        messages.success(request, "The list is ready. Give a reason, then export it.")
        return reverse("list-export", args=[stored.pk])
    job = jobs.create(staff=request.user, kind=JobKind(kind), source=source)
    messages.success(request, PREPARED)
    return reverse("job-detail", args=[job.pk])


def _detail_page(
    request: StaffRequest,
    job: Job,
    *,
    form: Any = None,
    status: int = 200,
    template: str = "jobs/detail.html",
) -> HttpResponse:
    page, show = Page.of(request), request.GET.get("show", "")
    panel = panel_of(job)
    listed = rows_of(request, job, show, page)
    context = {
        "job": job,
        "panel": panel,
        "preview": preview_of(job, form) if panel.is_preview else None,
        **listed,
    }
    return TemplateResponse(request, template, context, status=status)


def _moved(request: StaffRequest, pk: int, move: Any, words: str) -> HttpResponse:
    try:
        move(staff=request.user, pk=pk)
    except Job.DoesNotExist as error:
        raise Http404 from error
    except jobs.NotNow as late:
        messages.warning(request, _state_in_words(late.job))
    else:
        messages.success(request, words)
    return redirect("job-detail", pk)


def _state_in_words(job: Job) -> str:
    """Return the state of a job, for a press that came too late."""
    return f"No changes were made. This job is {job.get_state_display().lower()}."


def _job(pk: int) -> Job:
    try:
        return progress.get(pk)
    except Job.DoesNotExist as error:
        raise Http404 from error
