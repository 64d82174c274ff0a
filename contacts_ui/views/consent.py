"""Stopping texts, lifting a stop, changing the opt-in status."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts_ui.forms import ConsentForm, StopForm
from contacts_ui.permissions import NotAllowed
from contacts_ui.services import contacts
from contacts_ui.services.consent import Seen, change_opt_in_status, judge_one, stop_texts
from contacts_ui.services.troubles import NotFound, VendorError
from contacts_ui.views.addresses import safe_next
from contacts_ui.views.consent_panel import (
    REASONS,
    UNREADABLE_NUMBER,
    ConsentPanel,
    Powers,
    panel,
    read_ticket,
    seen_of,
)
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.troubles import trouble_of


@require_http_methods(["GET", "HEAD", "POST"])
@permission("view_contacts")
def do_not_text(request: StaffRequest, contact_id: int) -> HttpResponse:
    """GET tells where the stop of one person stands; POST stops texts to them at both vendors."""
    try:
        seen = _seen(request, contact_id)
    except VendorError as error:
        context = {"trouble": trouble_of(error, request.path), "contact_id": contact_id}
        return TemplateResponse(request, "contacts/unavailable.html", context)
    if request.method != "POST":
        return _answer(request, _panel_now(request, seen))
    return _stop(request, seen)


def _stop(request: StaffRequest, seen: Seen) -> HttpResponse:
    form = StopForm(request.POST)
    if not seen.number:
        return _answer(request, _panel_now(request, seen, error=UNREADABLE_NUMBER), status=422)
    if not form.is_valid():
        problem = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _answer(
            request,
            _panel_now(request, seen, error=f"Not stopped yet. {problem}"),
            status=422,
            form=form,
        )
    try:
        judgement = stop_texts(staff=request.user, seen=seen, request=form.request())
    except NotAllowed as refusal:
        return _answer(request, _panel_now(request, seen, error=refusal.sentence), status=403)
    powers, view = Powers.of(request.user), _view(request)
    consent = panel(seen, judgement, powers, view=view, receipt=True)
    if request.htmx:
        return _answer(request, consent)
    messages.success(request, f"{seen.label}: {_receipt(consent)}")
    return redirect(safe_next(request, reverse("contact-detail", args=[seen.contact_id])))


@require_http_methods(["GET", "HEAD", "POST"])
@permission("lift_stops")
def consent(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Lift a stop or change the opt-in status, with the evidence of consent."""
    try:
        reading = contacts.read(contact_id)
    except NotFound as error:
        raise Http404(error.person) from error
    except VendorError as error:
        context = {"trouble": trouble_of(error, request.path), "contact_id": contact_id}
        return TemplateResponse(request, "contacts/unavailable.html", context)
    seen = seen_of(reading.contact, reading.as_of)
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
    view = _view(request)
    answer = panel(seen, judgement, Powers.of(request.user), view=view, receipt=True)
    if request.htmx:
        response = _answer(request, answer)
        response["HX-Retarget"] = f"#consent-{contact_id}"
        response["HX-Reswap"] = "outerHTML"
        return response
    messages.success(request, f"{seen.label}: {_receipt(answer)}")
    return redirect(safe_next(request, reverse("contact-detail", args=[contact_id])))


def _consent_page(request: StaffRequest, seen: Seen, form: ConsentForm) -> HttpResponse:
    context = {
        "consent": _panel_now(request, seen),
        "form": form,
        "view": _view(request),
        "here": safe_next(request, reverse("contact-detail", args=[seen.contact_id])),
        "explanation": (
            "Only with their own consent. Your name and this evidence go into the ledger; "
            "both vendors are told only the new status."
        ),
    }
    template = "contacts/consent.html#dialog" if request.htmx else "contacts/consent.html"
    return TemplateResponse(request, template, context, status=422 if form.errors else 200)


def _seen(request: StaffRequest, contact_id: int) -> Seen:
    """What the page had shown, by its ticket, so that a stop asks no vendor first; else what SlickText says now."""
    seen = read_ticket(request.POST.get("ticket") or request.GET.get("ticket", ""))
    if seen and seen.contact_id == contact_id:
        return seen
    try:
        reading = contacts.read(contact_id)
    except NotFound as error:
        raise Http404(error.person) from error
    return seen_of(reading.contact, reading.as_of)


def _panel_now(request: StaffRequest, seen: Seen, *, error: str = "") -> ConsentPanel:
    powers, view = Powers.of(request.user), _view(request)
    # What is still on its way was clicked a moment ago: its receipt stays until it is settled.
    receipt = request.GET.get("ticket") is not None
    return panel(seen, judge_one(seen), powers, view=view, receipt=receipt, error=error)


def _view(request: StaffRequest) -> str:
    wanted = request.POST.get("view") or request.GET.get("view")
    return "row" if wanted == "row" else "card"


def _answer(
    request: StaffRequest, consent: ConsentPanel, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The row's or card's consent alone for htmx; a page of its own without JavaScript."""
    context = {
        "consent": consent,
        "view": _view(request),
        "refusals": REASONS,
        "here": safe_next(request, reverse("contact-detail", args=[consent.contact_id])),
        **more,
    }
    if not request.htmx:
        return TemplateResponse(request, "contacts/do_not_text.html", context, status=status)
    response = TemplateResponse(request, "contacts/_consent.html", context, status=status)
    # The history on a contact's page asks for itself again.
    response["HX-Trigger-After-Settle"] = "consent-changed"
    if status >= 400:
        # htmx swaps a refusal only when told so; the reason belongs beside the switch.
        response["HX-Reswap"] = "outerHTML"
    return response


def _receipt(consent: ConsentPanel) -> str:
    """Each vendor's answer in one sentence, for the message after a reload."""
    answers = "; ".join(f"{state.name}: {_state_words(state)}" for state in consent.vendors)
    return f"{consent.verdict_label}. {answers}."


def _state_words(state: Any) -> str:
    if state.state == "on_its_way":
        return "on its way"
    if state.state == "refused":
        return f"refused ({state.words})"
    return str(state.says).lower()
