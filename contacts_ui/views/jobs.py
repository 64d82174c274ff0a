"""Many at once: jobs prepared from a selection, a pasted list or a file, looked at, started, and watched."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from contacts_ui.forms.finder import index_question
from contacts_ui.forms.jobs import EXPORT, OPTIONS, NewJobForm, SelectionForm
from contacts_ui.models import Job
from contacts_ui.models.job import JobKind
from contacts_ui.permissions import may
from contacts_ui.services import index, jobs, list_export
from contacts_ui.services.files import MOST_BYTES, Unreadable
from contacts_ui.services.jobs import NoNumbers, Source, reading, sources
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.job_panel import panel_of, preview_of, rows_of, summary_of
from contacts_ui.views.paging import Slice, pages_of

PANEL, ROWS = "job-panel", "rows"
NOT_READY = (
    "The local copy of the contacts is not complete yet, so nobody can say who matches. "
    "Tick rows instead, or try again once Status shows that it is."
)
SWITCHED_OFF = "The local copy of the contacts is switched off here. Tick rows, or paste numbers."
NOBODY_TICKED = "Nobody was ticked, so nothing was prepared."


@require_safe
@permission("bulk_work")
def job_list(request: StaffRequest) -> HttpResponse:
    """Every job, the newest first."""
    part = Slice.of(request)
    found, total = reading.newest(limit=part.size, offset=part.offset)
    context = {
        "jobs": [summary_of(job) for job in found],
        **pages_of(request, part, shown=len(found), total=total),
    }
    return TemplateResponse(request, "jobs/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("bulk_work")
def job_new(request: StaffRequest) -> HttpResponse:
    """Prepare a job from what was ticked, pasted or uploaded. Nothing happens to anybody yet."""
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
        except (NoNumbers, Unreadable, jobs.CannotMake) as error:
            form.add_error("file" if form.cleaned_data["file"] else "numbers", error.sentence)
    context = {"form": form, "index_ready": index.is_ready()}
    return TemplateResponse(request, "jobs/new.html", context, status=422 if form.is_bound else 200)


@require_safe
@permission("bulk_work")
def job_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One job: its preview, or how it stands, and its rows."""
    job = _job(pk)
    if request.htmx and request.htmx.target == PANEL:
        panel = panel_of(job)
        response = TemplateResponse(request, "jobs/detail.html#panel", {"panel": panel})
        if not panel.polls:
            # The lines below say how they ended, too.
            response["HX-Refresh"] = "true"
        return response
    if request.htmx and request.htmx.target == ROWS:
        return _detail_page(request, job, template="jobs/_rows.html")
    return _detail_page(request, job)


@require_POST
@permission("bulk_work")
def job_start(request: StaffRequest, pk: int) -> HttpResponse:
    """The second press: from here on people are stopped."""
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
        messages.warning(request, _stands(late.job))
    return redirect("job-detail", pk)


@require_POST
@permission("bulk_work")
def job_pause(request: StaffRequest, pk: int) -> HttpResponse:
    """Begin no further rows."""
    return _moved(
        request, pk, jobs.pause, "Paused. Nobody further is begun until somebody goes on."
    )


@require_POST
@permission("bulk_work")
def job_resume(request: StaffRequest, pk: int) -> HttpResponse:
    """Go on where it stands."""
    return _moved(request, pk, jobs.resume, "It goes on.")


@require_POST
@permission("bulk_work")
def job_cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Never begin the rows that wait."""
    return _moved(request, pk, jobs.cancel, "Cancelled. What was recorded before stays recorded.")


@require_GET
@permission("bulk_work")
def job_results(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The rows as CSV, filtered as on the page; the ledger keeps who took them along."""
    made = reading.results(staff=request.user, job=_job(pk), show=request.GET.get("show", ""))
    response = StreamingHttpResponse(made.chunks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    return response


def _tell(request: StaffRequest) -> HttpResponse:
    """Tell vendors of stops on record that they were never told of: what it is about, and then its preview."""
    if request.method != "POST":
        context = {"many": sources.untold_count()}
        return TemplateResponse(request, "jobs/tell.html", context)
    try:
        job = jobs.create(staff=request.user, kind=JobKind.TELL, source=sources.from_untold())
    except jobs.CannotMake:
        messages.success(request, "Every connected vendor knows of every stop on record.")
        return redirect("job-list")
    return redirect("job-detail", job.pk)


def _from_selection(request: StaffRequest) -> HttpResponse:
    form = SelectionForm(request.POST)
    view = QueryDict(request.POST.get("view", "")[:4000])
    back = f"{reverse('contact-list')}{f'?{view.urlencode()}' if view else ''}"
    if not form.is_valid():
        messages.warning(request, "Say what to do, and for whom.")
        return redirect(back)
    try:
        scope = form.cleaned_data["scope"]
        if form.cleaned_data["kind"] == EXPORT:
            return redirect(_export_url(request, scope, view))
        return redirect(_prepared(request, form, _selected(request, scope, view)))
    except (NoNumbers, jobs.CannotMake) as error:
        messages.warning(request, error.sentence)
        return redirect(back)


def _export_url(request: StaffRequest, scope: str, view: QueryDict) -> str:
    """Where the ticked rows, or the view, are exported. Raises NoNumbers."""
    url = reverse("contact-export")
    if scope == SelectionForm.ALL:
        return f"{url}?{view.urlencode()}"
    if not index.is_ready():
        raise NoNumbers("Ticked rows are exported from the local copy, which is not ready.")
    return f"{url}?{urlencode({'ids': ','.join(map(str, _ticked(request)))})}"


def _ticked(request: StaffRequest) -> list[int]:
    """The ids of the ticked rows. Raises NoNumbers."""
    typed = request.POST.getlist("ids")
    ids = [int(each) for each in typed if each.isascii() and each.isdigit() and len(each) < 19]
    if not ids:
        raise NoNumbers(NOBODY_TICKED)
    return ids


def _selected(request: StaffRequest, scope: str, view: QueryDict) -> Source:
    """Whoever was ticked, or all who match. Raises NoNumbers."""
    if scope == SelectionForm.TICKED:
        ids = _ticked(request)
        words = f"{len(ids)} ticked row{'' if len(ids) == 1 else 's'}"
        return Source(words, sources.from_ids(ids))
    state = index.state()
    if not state.ready:
        raise NoNumbers(NOT_READY if state.enabled else SWITCHED_OFF)
    question = index_question(view)
    if question is None:
        raise NoNumbers("A filter of this view makes no sense, so nobody can say who matches.")
    if complaints := index.find(replace(question, limit=1)).complaints:
        # The table shows more than was asked for, and says so; a job would act on all of them.
        raise NoNumbers(
            f"{complaints[0]} Mend the search first, so that nobody is in it by mistake."
        )
    words = ", ".join([f"“{question.search}”"] if question.search else [])
    filters = ", ".join(f"{name} “{value}”" for name, value in question.filters.items())
    what = " and ".join(filter(None, (words, filters)))
    words = f"All contacts that match {what}" if what else "All contacts"
    return Source(words, sources.from_view(question))


def _given(form: NewJobForm) -> Source:
    """What was pasted or uploaded. Raises NoNumbers, Unreadable."""
    upload = form.cleaned_data["file"]
    if not upload:
        return Source("A pasted list", sources.from_text(form.cleaned_data["numbers"]))
    # One byte more than may be, so that the reader can tell.
    content = upload.read(MOST_BYTES + 1)
    if form.cleaned_data["kind"] == JobKind.ASK_LIFT:
        return sources.lifts_from_file(upload.name, content)
    return sources.from_file(upload.name, content)


def _prepared(request: StaffRequest, form: NewJobForm | SelectionForm, source: Source) -> str:
    """Where the preview of what was asked for is. Raises CannotMake, NoNumbers."""
    kind = form.cleaned_data["kind"]
    if kind == EXPORT:
        kept = list_export.keep(staff=request.user, source=source)
        return reverse("list-export", args=[kept.pk])
    job = jobs.create(staff=request.user, kind=JobKind(kind), source=source)
    return reverse("job-detail", args=[job.pk])


def _detail_page(
    request: StaffRequest,
    job: Job,
    *,
    form: Any = None,
    status: int = 200,
    template: str = "jobs/detail.html",
) -> HttpResponse:
    part, show = Slice.of(request), request.GET.get("show", "")
    panel = panel_of(job)
    listed = rows_of(request, job, show, part)
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
        messages.warning(request, _stands(late.job))
    else:
        messages.success(request, words)
    return redirect("job-detail", pk)


def _stands(job: Job) -> str:
    """Where it stands, for somebody who comes too late."""
    return f"Nothing was changed. Where this job stands: {job.get_state_display().lower()}."


def _job(pk: int) -> Job:
    try:
        return reading.get(pk)
    except Job.DoesNotExist as error:
        raise Http404 from error
