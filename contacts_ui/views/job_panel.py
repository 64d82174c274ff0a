"""Show a job on its page and in the list: in words, with exact numbers."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from contacts_ui.contact_fields import label_of
from contacts_ui.forms.jobs import OPTIONS
from contacts_ui.models import Job, JobRow
from contacts_ui.models.job import JobKind, JobState, RowCategory, RowState
from contacts_ui.phone import pretty
from contacts_ui.services import index
from contacts_ui.services.jobs import progress as job_progress
from contacts_ui.services.jobs.creation import ACTS_ON
from contacts_ui.services.jobs.progress import Progress, progress_of
from contacts_ui.services.operations.system_state import system_state
from contacts_ui.views.addresses import with_changes
from contacts_ui.views.paging import Page

# The words of the button, for one row and for more.
BUTTONS: Final = {
    JobKind.STOP: ("Stop texts for 1 person", "Stop texts for {} people"),
    JobKind.ASK_LIFT: ("Ask for 1 lift", "Ask for {} lifts"),
    JobKind.EDIT: ("Edit 1 contact", "Edit {} contacts"),
    JobKind.IMPORT: ("Import 1 contact", "Import {} contacts"),
    JobKind.TELL: ("Tell vendors about 1 person", "Tell vendors about {} people"),
    JobKind.REPAIR: ("Stop 1 person at every vendor", "Stop {} people at every vendor"),
}
_ROW_STATES: Final = {
    JobKind.ASK_LIFT: {RowState.DONE: "Asked for"},
    JobKind.EDIT: {RowState.DONE: "Edited", RowState.WORKING: "Being edited"},
    JobKind.IMPORT: {RowState.DONE: "Imported", RowState.WORKING: "Being imported"},
}


@dataclass(frozen=True)
class Panel:
    """The part of the page that refreshes itself while rows move."""

    job: Job
    progress: Progress
    state: str
    title: str
    time_left: str
    polls: bool
    poll_url: str
    worker_silent: bool
    lines: list[dict[str, Any]]

    @property
    def is_preview(self) -> bool:
        return self.job.state == JobState.PREVIEW


def panel_of(job: Job) -> Panel:
    """Return the panel of a job's present state."""
    progress = progress_of(job)
    running = job.state == JobState.RUNNING
    stands = job.state in (JobState.PAUSED, JobState.CANCELLED)
    polls = running or (stands and progress.moving)
    url = reverse("job-detail", args=[job.pk])
    silent = polls and system_state().worker_silent(timezone.now())
    return Panel(
        job=job,
        progress=progress,
        state=job.get_state_display(),
        title=_title(job),
        time_left=about(progress.seconds_left) if running and not silent else "",
        polls=polls,
        poll_url=url,
        worker_silent=silent,
        lines=[
            {"label": _word(job, state), "many": many, "url": f"{url}?show={state.value}#rows"}
            for state, many in (
                (RowState.DONE, progress.done),
                (RowState.FAILED, progress.failed),
                (RowState.SKIPPED, progress.skipped),
                (RowState.WORKING, progress.working),
                (RowState.WAITING, progress.waiting),
            )
            if many
        ],
    )


def summary_of(job: Job) -> dict[str, Any]:
    """Return one line of the list of jobs."""
    return {"job": job, "progress": progress_of(job), "title": _title(job)}


def preview_of(job: Job, form: Any = None) -> dict[str, Any]:
    """Return exactly what the second press will do, and what to say before it."""
    kind = JobKind(job.kind)
    form_class = OPTIONS.get(kind)
    one, many = BUTTONS[kind]
    return {
        "form": form or (form_class() if form_class else None),
        "button": one if job.total == 1 else many.format(intcomma(job.total)),
        "danger": kind is JobKind.STOP,
        "lines": sum(job.counts.values()),
        "left_out": sum(job.counts.values()) - job.total,
        "index_ready": index.is_ready(),
    }


def rows_of(request: HttpRequest, job: Job, show: str, page: Page) -> dict[str, Any]:
    """Return a page of the rows, and the lists to choose from, each with its length."""
    by_state = job.state != JobState.PREVIEW
    counts = job_progress.counts_of(job, by_state=by_state)
    if show not in counts:
        show = ""
    total = counts[show] if show else sum(job.counts.values())
    rows = job_progress.rows(job, show)[page.offset : page.offset + page.size]
    shown = [
        {
            "row": row,
            "number": pretty(row.number) if row.number else "",
            "typed": _as_given(row),
            "url": reverse("contact-detail", args=[row.contact_id]) if row.contact_id else "",
            "state": _word(job, RowState(row.state)),
            "category": RowCategory(row.category).label,
        }
        for row in rows
    ]
    return {
        "rows": shown,
        # Ticked rows were never typed.
        "any_typed": any(each["typed"] for each in shown),
        "by_state": by_state,
        "show": show,
        "lists": _lists(request, job, counts, show, by_state=by_state),
        **page.context(request, shown=len(shown), total=total),
    }


def _as_given(row: JobRow) -> str:
    """Return the line as it was given; "" if it holds only the name and the number that stand beside it."""
    rest = row.typed
    for known in (row.label, pretty(row.number or ""), row.number):
        rest = rest.replace(known, "") if known else rest
    return row.typed if any(map(str.isalnum, rest)) else ""


def about(seconds: float | None) -> str:
    """Return a length of time in words: "about 21 minutes"; "" where it is unknown."""
    if seconds is None:
        return ""
    if seconds < 45:
        return "less than a minute"
    minutes = max(round(seconds / 60), 1)
    if minutes < 90:
        return f"about {minutes} minute{'' if minutes == 1 else 's'}"
    hours = round(minutes / 60)
    return f"about {hours} hours" if hours < 48 else f"about {round(hours / 24)} days"


def _lists(
    request: HttpRequest, job: Job, counts: dict[str, int], show: str, *, by_state: bool
) -> list[dict[str, Any]]:
    acts = ACTS_ON[JobKind(job.kind)]
    kinds = RowState if by_state else RowCategory
    return [
        {
            "label": "All lines",
            "many": sum(job.counts.values()),
            "url": f"{with_changes(request, show=None, offset=None)}#rows",
            "current": not show,
            "acts": False,
        },
        *(
            {
                "label": _word(job, RowState(value)) if by_state else RowCategory(value).label,
                "many": many,
                "url": f"{with_changes(request, show=value, offset=None)}#rows",
                "current": show == value,
                "acts": not by_state and RowCategory(value) in acts,
            }
            for value, many in counts.items()
            if value in kinds.values and many
        ),
    ]


def _word(job: Job, state: RowState) -> str:
    return _ROW_STATES.get(JobKind(job.kind), {}).get(state, state.label)


def _title(job: Job) -> str:
    """Return what the job does, in a few words."""
    if job.kind == JobKind.EDIT and job.param("field"):
        field, value = label_of(job.param("field")), job.param("value")
        return f"{field}: “{value}”" if value else f"{field}: emptied"
    return job.get_kind_display()
