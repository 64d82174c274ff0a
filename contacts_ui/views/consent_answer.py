"""Shared by the views about one person's consent: who the page showed, and the row or card as the answer."""

from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, strip_tags

from contacts_ui.models.consent import Source
from contacts_ui.permissions import may
from contacts_ui.phone import pretty
from contacts_ui.services.consent.held_presses import CannotUnsend
from contacts_ui.services.consent.phone_numbers import number_of_contact
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import Judgment, VendorState
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.contacts import last_known
from contacts_ui.services.contacts.reading import read
from contacts_ui.services.review.numbers import seen_of
from contacts_ui.services.vendors.vendor_errors import NotFound, VendorError
from contacts_ui.template_filters import to_the_second
from contacts_ui.views.addresses import person_url, safe_next
from contacts_ui.views.consent_panel import (
    REASONS,
    ConsentPanel,
    Powers,
    panel,
    read_ticket,
)
from contacts_ui.views.guards import StaffRequest
from contacts_ui.views.list_frame import counts_after_press
from contacts_ui.views.statement_words import said_at, source_of

_SOURCES: Final = {Source.PERSON.value: "they asked", Source.STAFF.value: "stopped by hand"}


def seen_by(request: StaffRequest, contact_id: int, number: str = "") -> Seen:
    """Return what the page had shown, by its ticket, so that no vendor is asked first; otherwise as `read_now`.

    A press also counts for a contact that SlickText no longer knows. Raises Http404, or the VendorError if no number is
    known either.
    """
    seen = read_ticket(request.POST.get("ticket") or request.GET.get("ticket", ""))
    if seen and (seen.number == number if number else seen.contact_id == contact_id):
        return seen
    # Look first: reading forgets a contact that SlickText no longer knows.
    copy = last_known.contact(contact_id) if request.method == "POST" else None
    try:
        return read_now(contact_id, number)
    except Http404:
        number = (copy.value.number if copy else "") or number_of_contact(contact_id)
        if request.method != "POST" or not number:
            raise
        return Seen(number, contact_id, pretty(number))


def read_now(contact_id: int, number: str = "") -> Seen:
    """Return what SlickText says of a contact, or its last copy; for a `number` (E.164), what we know of it.

    Without a copy, our own record may still have their number. Raises Http404, or the VendorError if it does not.
    """
    if number:
        return seen_of(number)
    try:
        reading = read(contact_id, now=True)
    except NotFound as error:
        raise Http404(error.person) from error
    except VendorError:
        if number := number_of_contact(contact_id):
            return Seen(number, contact_id, pretty(number))
        raise
    return reading.seen


def as_it_is_now(seen: Seen, contact_id: int, number: str = "") -> Seen:
    """Return what `read_now` does, or what the page showed if SlickText can't be read; no status if they are gone."""
    try:
        return read_now(contact_id, number)
    except Http404:
        return replace(seen, status=None, read_at=timezone.now())
    except VendorError:
        return seen


def view_of(request: StaffRequest) -> str:
    """Return where the answer goes: into a row of the table, or onto a card."""
    wanted = request.POST.get("view") or request.GET.get("view")
    return "row" if wanted == "row" and request.htmx else "card"


def panel_of(
    request: StaffRequest, seen: Seen, judgment: Judgment, *, asked: bool = False, **more: Any
) -> ConsentPanel:
    """Return the row or card of a person whose judgment is known; `more` as for `panel`.

    A card shows the state of their lift request; a row does only if it was just `asked`.
    """
    view = view_of(request)
    about = seen.number if asked or view == "card" else ""
    powers = Powers.of(request.user, [judgment], about=about)
    number_page = _number_here(request)
    if number_page and powers.asked and powers.asked.asked_by_id != request.user.pk:
        # There, only those who read the audit log see other people's requests.
        powers = powers if may(request.user, "view_audit") else replace(powers, asked=None)
    return panel(seen, judgment, powers, view=view, address=number_page, **more)


def panel_now(request: StaffRequest, seen: Seen, *, error: str = "") -> ConsentPanel:
    """Return the row or card of a person as our records have it now."""
    # A poll follows a click: its receipt stays until the vendors have answered.
    receipt = request.GET.get("ticket") is not None
    return panel_of(request, seen, judge_one(seen), receipt=receipt, error=error)


def home_of(request: StaffRequest, contact_id: int | None) -> str:
    """Return where a form about this person, or about the number in the address, goes afterwards."""
    home = _number_here(request) or reverse("contact-detail", args=[contact_id or 0])
    return safe_next(request, home)


def _number_here(request: StaffRequest) -> str:
    """Return the page of the number in the address; "" if the address has a contact."""
    match = request.resolver_match
    number = match.kwargs.get("number") if match else ""
    return reverse("number-detail", args=[number]) if number else ""


def answer(
    request: StaffRequest, consent: ConsentPanel, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Return the row or card alone for htmx; a page of its own without JavaScript."""
    context = {
        "consent": consent,
        "view": view_of(request),
        "refusals": REASONS,
        "here": home_of(request, consent.contact_id),
        **more,
    }
    if not request.htmx:
        return TemplateResponse(request, "contacts/do_not_text.html", context, status=status)
    context["tab_counts"], context["total"] = counts_after_press(request)
    response = TemplateResponse(request, "contacts/_consent.html", context, status=status)
    # The history on a contact's page then reloads itself.
    response["HX-Trigger-After-Settle"] = "consent-changed"
    if status >= 400:
        # htmx swaps an error only on request; the reason belongs next to the switch.
        response["HX-Reswap"] = "outerHTML"
    return response


def receipt(
    request: StaffRequest, seen: Seen, judgment: Judgment, *, note: str = ""
) -> HttpResponse:
    """Return each vendor's answer after a click, or `note`: in the row or card, or as a message on the page before."""
    if request.htmx:
        return answer(request, panel_of(request, seen, judgment, receipt=True, note=note))
    home, page = home_of(request, seen.contact_id), person_url(seen.contact_id, seen.number)
    words = f"{seen.label}: {note or receipt_words(judgment)}"
    if not home.startswith(page):
        # The list may not show them anymore, or another person of this name.
        words = format_html('{} <a href="{}">Open {}</a>', words, page, pretty(seen.number))
    messages.success(request, words)
    return redirect(home)


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


def unsent_words(judgment: Judgment) -> str:
    """Return that a press was undone. If another stop remains, add its source and time, without names and words."""
    if judgment.stop:
        stop = judgment.stop
        source = _SOURCES.get(stop.source) or source_of(stop, names=False)
        why = f"{source}, {strip_tags(said_at(stop))}."
    elif judgment.stopped:
        why = judgment.reason
    else:
        return "Your stop was undone. Nothing was sent."
    return f"Your stop was undone. They stay stopped: {why}"


def receipt_words(judgment: Judgment) -> str:
    """Return each vendor's answer in one sentence, for the message after a reload."""
    if judgment.held:
        return f"Stopped. Sending at {to_the_second(judgment.held.send_at)}."
    answers = "; ".join(f"{state.name}: {_state_words(state)}" for state in judgment.vendors)
    return f"{judgment.verdict.label}. {answers}."


def _state_words(state: VendorState) -> str:
    if state.state == "on_its_way":
        return "on its way"
    if state.state == "refused":
        return f"refused ({state.words})"
    return state.says.lower()
