"""What the views about one person's consent share: who the page showed, and the row or card as the answer."""

from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from contacts_ui.models.consent import Source
from contacts_ui.permissions import may
from contacts_ui.services import contacts
from contacts_ui.services.consent.held_presses import CannotUnsend
from contacts_ui.services.consent.looking import judge_one
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.consent.verdicts import Judgement, VendorState
from contacts_ui.services.review.number_page import seen_of
from contacts_ui.services.troubles import NotFound, VendorError
from contacts_ui.templatetags.dashboard import to_the_second
from contacts_ui.views.addresses import safe_next
from contacts_ui.views.consent_panel import (
    REASONS,
    ConsentPanel,
    Powers,
    panel,
    read_ticket,
)
from contacts_ui.views.guards import StaffRequest
from contacts_ui.views.statement_words import said_at, source_of
from contacts_ui.views.troubles import trouble_of

NOTHING_RECORDED: Final = "Nothing was recorded."
OTHER_WAY: Final = "If you know their number, use Stop a number: it needs no answer from SlickText."
_SOURCES: Final = {Source.PERSON.value: "they asked", Source.STAFF.value: "stopped by hand"}


def seen_by(request: StaffRequest, contact_id: int, number: str = "") -> Seen:
    """Return what the page had shown, by its ticket, so that no vendor is asked first; else as `read_now`.

    Raises Http404, or the VendorError where there is no copy either.
    """
    seen = read_ticket(request.POST.get("ticket") or request.GET.get("ticket", ""))
    same = seen and (seen.number == number if number else seen.contact_id == contact_id)
    return seen if seen and same else read_now(contact_id, number)


def read_now(contact_id: int, number: str = "") -> Seen:
    """Return what SlickText says of a contact, or said when it was read last; what is known here of a `number` (E.164).

    Raises Http404, or the VendorError where there is no copy either.
    """
    if number:
        return seen_of(number)
    try:
        reading = contacts.read(contact_id, now=True)
    except NotFound as error:
        raise Http404(error.person) from error
    return Seen.of(reading.contact, reading.as_of)


def as_it_is_now(seen: Seen, contact_id: int, number: str = "") -> Seen:
    """As `read_now`; what the page had shown where SlickText cannot be read, without a status where they are gone."""
    try:
        return read_now(contact_id, number)
    except Http404:
        return replace(seen, status=None, read_at=timezone.now())
    except VendorError:
        return seen


def unavailable(request: StaffRequest, contact_id: int, error: VendorError) -> HttpResponse:
    """Return the answer for a person who cannot be read just now: a page, or a sentence where htmx asked."""
    pressed = request.method == "POST"
    if request.htmx:
        words = f"{NOTHING_RECORDED} {error.person} {OTHER_WAY}" if pressed else error.person
        return HttpResponse(words, status=503, content_type="text/plain")
    if pressed:
        messages.error(request, f"{NOTHING_RECORDED} {OTHER_WAY}")
    context = {"trouble": trouble_of(error, request.path), "contact_id": contact_id}
    status = 503 if pressed else 200
    return TemplateResponse(request, "contacts/unavailable.html", context, status=status)


def view_of(request: StaffRequest) -> str:
    """Return where the answer goes: into a row of the table, or onto a card. A page of its own shows a card."""
    wanted = request.POST.get("view") or request.GET.get("view")
    return "row" if wanted == "row" and request.htmx else "card"


def panel_of(
    request: StaffRequest, seen: Seen, judgement: Judgement, *, asked: bool = False, **more: Any
) -> ConsentPanel:
    """Return the row or card of a person whose judgement is known; `more` as for `panel`.

    A card says where their lift request stands; a row does only where it was `asked` for just now.
    """
    view = view_of(request)
    about = seen.number if asked or view == "card" else ""
    powers = Powers.of(request.user, [judgement], about=about)
    number_page = _number_here(request)
    if number_page and powers.asked and powers.asked.asked_by_id != request.user.pk:
        # There, other people's requests are for those who read the audit.
        powers = powers if may(request.user, "view_audit") else replace(powers, asked=None)
    return panel(seen, judgement, powers, view=view, address=number_page, **more)


def panel_now(request: StaffRequest, seen: Seen, *, error: str = "") -> ConsentPanel:
    """Return the row or card of a person as our records have it now."""
    # What is still on its way was clicked a moment ago: its receipt stays until it is settled.
    receipt = request.GET.get("ticket") is not None
    return panel_of(request, seen, judge_one(seen), receipt=receipt, error=error)


def home_of(request: StaffRequest, contact_id: int | None) -> str:
    """Return where a form about this person, or about the number in the address, wants to go afterwards."""
    home = _number_here(request) or reverse("contact-detail", args=[contact_id or 0])
    return safe_next(request, home)


def _number_here(request: StaffRequest) -> str:
    """Return the page of the number in the address; "" where a contact is in it."""
    match = request.resolver_match
    number = match.kwargs.get("number") if match else ""
    return reverse("number-detail", args=[number]) if number else ""


def answer(
    request: StaffRequest, consent: ConsentPanel, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Return the row's or card's consent alone for htmx; a page of its own without JavaScript."""
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


def receipt(
    request: StaffRequest, seen: Seen, judgement: Judgement, *, note: str = ""
) -> HttpResponse:
    """Each vendor's answer after a click, or `note`: in the row or card, or as a message where they come from."""
    if request.htmx:
        return answer(request, panel_of(request, seen, judgement, receipt=True, note=note))
    messages.success(request, f"{seen.label}: {note or receipt_words(judgement)}")
    return redirect(home_of(request, seen.contact_id))


def out_of_the_dialog(response: HttpResponse, contact_id: int | None) -> HttpResponse:
    """Let the answer to a form in the dialog replace the row or card behind it."""
    response["HX-Retarget"] = f"#consent-{contact_id or 0}"
    response["HX-Reswap"] = "outerHTML"
    return response


def too_late_words(refusal: CannotUnsend) -> str:
    """Return why a press cannot be taken back, and when it was sent."""
    if refusal.sent_at is None:
        return refusal.sentence
    return f"Too late to unsend: it was sent {to_the_second(refusal.sent_at)}."


def unsent_words(judgement: Judgement) -> str:
    """Say what came of taking a press back. Another stop stays: all may know whose and when, but no names and words."""
    if judgement.stop:
        stop = judgement.stop
        source = _SOURCES.get(stop.source) or source_of(stop, names=False)
        why = f"{source}, {strip_tags(said_at(stop))}."
    elif judgement.stopped:
        why = judgement.reason
    else:
        return "Your press is taken back. Nothing was sent."
    return f"Your press is taken back. They stay stopped: {why}"


def receipt_words(judgement: Judgement) -> str:
    """Each vendor's answer in one sentence, for the message after a reload."""
    if judgement.held:
        return f"Stopped. Sending at {to_the_second(judgement.held.send_at)}."
    answers = "; ".join(f"{state.name}: {_state_words(state)}" for state in judgement.vendors)
    return f"{judgement.verdict.label}. {answers}."


def _state_words(state: VendorState) -> str:
    if state.state == "on_its_way":
        return "on its way"
    if state.state == "refused":
        return f"refused ({state.words})"
    return state.says.lower()
