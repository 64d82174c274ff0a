"""What the views about one person's consent share: whom the page showed, and the row or card as the answer."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from contacts_ui.services import contacts
from contacts_ui.services.consent import Seen, judge_one
from contacts_ui.services.troubles import NotFound, VendorError
from contacts_ui.services.verdicts import Judgement, VendorState
from contacts_ui.views.addresses import safe_next
from contacts_ui.views.consent_panel import (
    REASONS,
    ConsentPanel,
    Powers,
    panel,
    read_ticket,
    seen_of,
)
from contacts_ui.views.guards import StaffRequest
from contacts_ui.views.troubles import trouble_of


def seen_by(request: StaffRequest, contact_id: int) -> Seen:
    """What the page had shown, by its ticket, so that no vendor is asked first; else as `read_now`.

    Raises Http404, or the VendorError where there is no copy either.
    """
    seen = read_ticket(request.POST.get("ticket") or request.GET.get("ticket", ""))
    return seen if seen and seen.contact_id == contact_id else read_now(contact_id)


def read_now(contact_id: int) -> Seen:
    """What SlickText says of a contact, or said when it was read last.

    Raises Http404, or the VendorError where there is no copy either.
    """
    try:
        reading = contacts.read(contact_id, now=True)
    except NotFound as error:
        raise Http404(error.person) from error
    return seen_of(reading.contact, reading.as_of)


def unavailable(request: StaffRequest, contact_id: int, error: VendorError) -> HttpResponse:
    """The page for a person who cannot be read just now."""
    context = {"trouble": trouble_of(error, request.path), "contact_id": contact_id}
    return TemplateResponse(request, "contacts/unavailable.html", context)


def view_of(request: StaffRequest) -> str:
    """Where the answer goes: into a row of the table, or onto a card."""
    wanted = request.POST.get("view") or request.GET.get("view")
    return "row" if wanted == "row" else "card"


def panel_of(
    request: StaffRequest, seen: Seen, judgement: Judgement, *, asked: bool = False, **more: Any
) -> ConsentPanel:
    """The row or card of a person whose judgement is known; `more` as for `panel`.

    A card says where their lift request stands; a row does only where it was `asked` for just now.
    """
    view = view_of(request)
    about = seen.number if asked or view == "card" else ""
    powers = Powers.of(request.user, [judgement], about=about)
    return panel(seen, judgement, powers, view=view, **more)


def panel_now(request: StaffRequest, seen: Seen, *, error: str = "") -> ConsentPanel:
    """The row or card of a person as our records have it now."""
    # What is still on its way was clicked a moment ago: its receipt stays until it is settled.
    receipt = request.GET.get("ticket") is not None
    return panel_of(request, seen, judge_one(seen), receipt=receipt, error=error)


def home_of(request: StaffRequest, contact_id: int | None) -> str:
    """Where a form about this person wants to go afterwards."""
    return safe_next(request, reverse("contact-detail", args=[contact_id or 0]))


def answer(
    request: StaffRequest, consent: ConsentPanel, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The row's or card's consent alone for htmx; a page of its own without JavaScript."""
    context = {
        "consent": consent,
        "view": view_of(request),
        "refusals": REASONS,
        "here": home_of(request, consent.contact_id),
        **more,
    }
    if not request.htmx:
        return TemplateResponse(request, "contacts/do_not_text.html", context, status=status)
    response = TemplateResponse(
        request, "contacts/_consent.html", context, status=status, using="jinja2"
    )
    # The history on a contact's page asks for itself again.
    response["HX-Trigger-After-Settle"] = "consent-changed"
    if status >= 400:
        # htmx swaps a refusal only when told so; the reason belongs beside the switch.
        response["HX-Reswap"] = "outerHTML"
    return response


def receipt(request: StaffRequest, seen: Seen, judgement: Judgement) -> HttpResponse:
    """Each vendor's answer after a click: in its row or card, or as a message where the reader comes from."""
    if request.htmx:
        return answer(request, panel_of(request, seen, judgement, receipt=True))
    messages.success(request, f"{seen.label}: {receipt_words(judgement)}")
    return redirect(home_of(request, seen.contact_id))


def out_of_the_dialog(response: HttpResponse, contact_id: int) -> HttpResponse:
    """Let the answer to a form in the dialog replace the row or card behind it."""
    response["HX-Retarget"] = f"#consent-{contact_id}"
    response["HX-Reswap"] = "outerHTML"
    return response


def receipt_words(judgement: Judgement) -> str:
    """Each vendor's answer in one sentence, for the message after a reload."""
    answers = "; ".join(f"{state.name}: {_state_words(state)}" for state in judgement.vendors)
    return f"{judgement.verdict.label}. {answers}."


def _state_words(state: VendorState) -> str:
    if state.state == "on_its_way":
        return "on its way"
    if state.state == "refused":
        return f"refused ({state.words})"
    return state.says.lower()
