"""Numbers on which the vendors disagree: the list, and the repair, which always stops texts."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from contacts_ui.models import Disagreement
from contacts_ui.models.disagreement import DisagreementKind
from contacts_ui.permissions import may
from contacts_ui.phone import pretty
from contacts_ui.services.consent.disagreements import ALARMS, recently_closed
from contacts_ui.services.consent.doors import repair
from contacts_ui.services.consent.rules import STATUS_WORDS, OptInStatus
from contacts_ui.services.jobs import CannotCreate
from contacts_ui.services.review.disagreements import Shown, find, repair_all
from contacts_ui.views.addresses import person_url, safe_next
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.paging import Page, ids_in

NOTHING_LEFT = "Nothing left to repair."
BACK_BUT_SILENT = "No longer stopped at SlickText"


@require_safe
@permission("review_opt_outs")
def disagreement_list(request: StaffRequest) -> HttpResponse:
    """List the numbers that the vendors disagree about, reappearances on top, then those closed lately."""
    page = Page.of(request)
    found = find(limit=page.size, offset=page.offset)
    rows = [_row(shown) for shown in found.shown]
    context = {
        "rows": rows,
        "repairable": [row["pk"] for row in rows if not row["on_its_way"]],
        "may_repair": may(request.user, "stop_texts"),
        "closed": [_closed(row) for row in recently_closed()],
        "here": request.get_full_path(),
        **page.context(request, shown=len(rows), total=found.total),
    }
    return TemplateResponse(request, "disagreements/list.html", context)


@require_POST
@permission("review_opt_outs")
@permission("stop_texts")
def disagreement_repair(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop one person at both vendors again."""
    repaired = repair(staff=request.user, keys=[pk])
    for row in repaired:
        name = row.label or pretty(row.number)
        if row.closed_at is None:
            messages.info(request, f"{name}: stopped here. We are telling the vendors.")
        else:
            messages.success(request, f"{name}: stopped at both vendors.")
    if not repaired:
        messages.info(request, NOTHING_LEFT)
    return redirect(safe_next(request, reverse("disagreement-list")))


@require_POST
@permission("review_opt_outs")
@permission("stop_texts")
def disagreements_repair(request: StaffRequest) -> HttpResponse:
    """Start a job that stops everyone on the page at every vendor again: the page was its preview."""
    try:
        job = repair_all(staff=request.user, keys=ids_in(request.POST.getlist("shown")))
    except CannotCreate:
        messages.info(request, NOTHING_LEFT)
    else:
        people = "1 person is" if job.total == 1 else f"{job.total} people are"
        words = "{} being stopped at every vendor. <a href='{}'>See progress</a>"
        messages.info(request, format_html(words, people, reverse("job-detail", args=[job.pk])))
    return redirect(safe_next(request, reverse("disagreement-list")))


def _row(shown: Shown) -> dict[str, Any]:
    row = shown.row
    return {
        **_closed(row),
        "pk": row.pk,
        "alarm": row.kind in ALARMS,
        "gone": row.kind == DisagreementKind.GONE,
        "vendors": shown.vendors,
        "on_its_way": shown.on_its_way,
        "repaired_by": row.closed_by,
        "before": STATUS_WORDS.get(row.before_status, row.before_status),
        "status": STATUS_WORDS.get(row.status, row.status),
        "source": row.source,
        "changed_at": row.changed_at,
        "repair_url": reverse("disagreement-repair", args=[row.pk]),
    }


def _closed(row: Disagreement) -> dict[str, Any]:
    return {
        "name": row.label if row.label != pretty(row.number) else "",
        "number": pretty(row.number),
        "url": person_url(row.contact_id, row.number),
        "kind": kind_of(row),
        "found_at": row.found_at,
        "closed_at": row.closed_at,
        "closed_by": row.closed_by,
    }


def kind_of(row: Disagreement) -> str:
    """Return how the vendors disagree, in words."""
    silent = row.kind == DisagreementKind.REAPPEARED and row.status != OptInStatus.SUBSCRIBED
    return BACK_BUT_SILENT if silent else DisagreementKind(row.kind).label
