"""Stopping texts, and unsending that. Raising consent is in `raise_consent`."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from contacts_ui.forms import StopForm
from contacts_ui.permissions import NotAllowed
from contacts_ui.services.consent.doors import (
    press_stop,
    stop,
    try_stop_again,
    unsend,
)
from contacts_ui.services.consent.doors import tell_now as tell_vendors_now
from contacts_ui.services.consent.held_presses import CannotUnsend
from contacts_ui.services.consent.looking import judge_one
from contacts_ui.services.consent.types import Request, Seen
from contacts_ui.services.consent.verdicts import Judgement
from contacts_ui.services.troubles import VendorError
from contacts_ui.views.consent_answer import (
    answer,
    as_it_is_now,
    panel_now,
    receipt,
    seen_by,
    too_late_words,
    unavailable,
    unsent_words,
)
from contacts_ui.views.consent_panel import UNREADABLE_NUMBER
from contacts_ui.views.guards import StaffRequest, permission


@require_http_methods(["GET", "HEAD", "POST"])
@permission("view_contacts")
def do_not_text(request: StaffRequest, contact_id: int = 0, number: str = "") -> HttpResponse:
    """GET tells where the stop of one person stands; POST stops texts to them at both vendors."""
    try:
        seen = seen_by(request, contact_id, number)
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
        judgement = _stopped(request, seen, form.request())
    except NotAllowed as refusal:
        return answer(request, panel_now(request, seen, error=refusal.sentence), status=403)
    return receipt(request, seen, judgement)


def _stopped(request: StaffRequest, seen: Seen, asked: Request) -> Judgement:
    """Stop with how they asked; else tell the vendors `again` where the page said so, or press."""
    if not asked.is_bare:
        return stop(staff=request.user, seen=seen, request=asked)
    again = request.POST.get("again") or request.GET.get("again")
    press = try_stop_again if again else press_stop
    return press(staff=request.user, seen=seen)


@require_POST
@permission("stop_texts")
def unsend_stop(request: StaffRequest, contact_id: int = 0, number: str = "") -> HttpResponse:
    """Take back the press that this person made a moment ago by a slip."""
    try:
        seen = seen_by(request, contact_id, number)
        unsend(staff=request.user, seen=seen)
    except VendorError as error:
        return unavailable(request, contact_id, error)
    except CannotUnsend as refusal:
        shown = panel_now(request, seen, error=too_late_words(refusal))
        return answer(request, shown, status=409)
    # Nothing waits for this answer, so it says what SlickText says now, and not what the page had shown.
    seen = as_it_is_now(seen, contact_id, number)
    judgement = judge_one(seen)
    return receipt(request, seen, judgement, note=unsent_words(judgement))


@require_POST
@permission("stop_texts")
def tell_now(request: StaffRequest, contact_id: int = 0, number: str = "") -> HttpResponse:
    """End the hold: tell the vendors at once."""
    try:
        seen = seen_by(request, contact_id, number)
    except VendorError as error:
        return unavailable(request, contact_id, error)
    return receipt(request, seen, tell_vendors_now(staff=request.user, seen=seen))
