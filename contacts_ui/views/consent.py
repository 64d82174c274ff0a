"""Stopping texts, undoing that, lifting a stop, changing the opt-in status."""

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from contacts_ui.forms import ConsentForm, StopForm
from contacts_ui.permissions import NotAllowed
from contacts_ui.services.consent import Seen, change_opt_in_status, stop_texts
from contacts_ui.services.troubles import VendorError
from contacts_ui.services.undo import CannotUndo
from contacts_ui.services.undo import undo_stop as undo
from contacts_ui.views.consent_answer import (
    answer,
    home_of,
    out_of_the_dialog,
    panel_now,
    read_now,
    receipt,
    seen_by,
    unavailable,
    view_of,
)
from contacts_ui.views.consent_panel import UNREADABLE_NUMBER
from contacts_ui.views.guards import StaffRequest, permission


@require_http_methods(["GET", "HEAD", "POST"])
@permission("view_contacts")
def do_not_text(request: StaffRequest, contact_id: int) -> HttpResponse:
    """GET tells where the stop of one person stands; POST stops texts to them at both vendors."""
    try:
        seen = seen_by(request, contact_id)
    except VendorError as error:
        return unavailable(request, contact_id, error)
    if request.method != "POST":
        return answer(request, panel_now(request, seen))
    return _stop(request, seen)


def _stop(request: StaffRequest, seen: Seen) -> HttpResponse:
    form = StopForm(request.POST)
    if not seen.number:
        return answer(request, panel_now(request, seen, error=UNREADABLE_NUMBER), status=422)
    if not form.is_valid():
        problem = " ".join(str(error) for errors in form.errors.values() for error in errors)
        shown = panel_now(request, seen, error=f"Not stopped yet. {problem}")
        return answer(request, shown, status=422, form=form)
    try:
        judgement = stop_texts(staff=request.user, seen=seen, request=form.request())
    except NotAllowed as refusal:
        return answer(request, panel_now(request, seen, error=refusal.sentence), status=403)
    return receipt(request, seen, judgement)


@require_POST
@permission("stop_texts")
def undo_stop(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Take back the stop that this member of staff made a moment ago by a slip."""
    try:
        seen = seen_by(request, contact_id)
        judgement = undo(staff=request.user, seen=seen)
    except VendorError as error:
        return unavailable(request, contact_id, error)
    except CannotUndo as refusal:
        return answer(request, panel_now(request, seen, error=refusal.sentence), status=409)
    return receipt(request, seen, judgement)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("lift_stops")
def consent(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Lift a stop or change the opt-in status, with the evidence of consent."""
    try:
        seen = read_now(contact_id)
    except VendorError as error:
        return unavailable(request, contact_id, error)
    form = ConsentForm(request.POST if request.method == "POST" else None)
    if form.is_bound and not seen.number:
        form.add_error(None, UNREADABLE_NUMBER)
    if not form.is_bound or not form.is_valid():
        return _consent_page(request, seen, form)
    judgement = change_opt_in_status(
        staff=request.user,
        seen=seen,
        status=form.cleaned_data["status"],
        evidence=form.evidence(),
    )
    return out_of_the_dialog(receipt(request, seen, judgement), contact_id)


def _consent_page(request: StaffRequest, seen: Seen, form: ConsentForm) -> HttpResponse:
    context = {
        "consent": panel_now(request, seen),
        "form": form,
        "form_url": reverse("consent", args=[seen.contact_id]),
        "heading": f"May we text {seen.label}?",
        "submit": "Save with this evidence",
        "view": view_of(request),
        "here": home_of(request, seen.contact_id),
        "explanation": (
            "Only with their own consent. Your name and this evidence go into the ledger; "
            "both vendors are told only the new status."
        ),
    }
    template = "contacts/consent.html#dialog" if request.htmx else "contacts/consent.html"
    return TemplateResponse(request, template, context, status=422 if form.errors else 200)
