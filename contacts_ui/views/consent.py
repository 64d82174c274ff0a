"""Stop texts to one person, and unsend that. Opting in is in `opt_in`."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from contacts_ui.forms.consent import StopForm
from contacts_ui.permissions import NotAllowed
from contacts_ui.services.consent import doors
from contacts_ui.services.consent.held_presses import CannotUnsend
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.vendors.vendor_errors import VendorError
from contacts_ui.views.consent_answer import (
    answer,
    as_it_is_now,
    panel_now,
    receipt,
    seen_by,
    too_late_words,
    unsent_words,
)
from contacts_ui.views.consent_panel import UNREADABLE_NUMBER
from contacts_ui.views.errors import unavailable
from contacts_ui.views.guards import StaffRequest, permission


@require_http_methods(["GET", "HEAD", "POST"])
@permission("view_contacts")
def do_not_text(request: StaffRequest, contact_id: int = 0, number: str = "") -> HttpResponse:
    """Show the stop of one person (GET), or stop texts to them at both vendors (POST)."""
    try:
        seen = seen_by(request, contact_id, number)
    except VendorError as error:
        return unavailable(request, error, contact_id)
    if request.method != "POST":
        return answer(request, panel_now(request, seen))
    form = StopForm(request.POST)
    if not seen.number:
        return answer(request, panel_now(request, seen, error=UNREADABLE_NUMBER), status=422)
    if not form.is_valid():
        problem = " ".join(str(error) for errors in form.errors.values() for error in errors)
        shown = panel_now(request, seen, error=f"Not stopped yet. {problem}")
        return answer(request, shown, status=422, form=form)
    asked = form.request()
    again = request.POST.get("again") or request.GET.get("again")
    try:
        if not asked.is_bare:
            judgment = doors.stop(staff=request.user, seen=seen, request=asked)
        elif again:
            judgment = doors.try_stop_again(staff=request.user, seen=seen)
        else:
            judgment = doors.press_stop(staff=request.user, seen=seen)
    except NotAllowed as refusal:
        request.refused_for = refusal.codename
        return answer(request, panel_now(request, seen, error=refusal.sentence), status=403)
    return receipt(request, seen, judgment)


@require_POST
@permission("stop_texts")
def unsend_stop(request: StaffRequest, contact_id: int = 0, number: str = "") -> HttpResponse:
    """Undo the press that this person just made."""
    try:
        seen = seen_by(request, contact_id, number)
        doors.unsend(staff=request.user, seen=seen)
    except VendorError as error:
        return unavailable(request, error, contact_id)
    except CannotUnsend as refusal:
        shown = panel_now(request, seen, error=too_late_words(refusal))
        return answer(request, shown, status=409)
    # No one waits for this answer, so it shows what SlickText says now, not what the page had shown.
    seen = as_it_is_now(seen, contact_id, number)
    judgment = judge_one(seen)
    return receipt(request, seen, judgment, note=unsent_words(judgment))


@require_POST
@permission("stop_texts")
def tell_now(request: StaffRequest, contact_id: int = 0, number: str = "") -> HttpResponse:
    """End the hold: tell the vendors now."""
    try:
        seen = seen_by(request, contact_id, number)
    except VendorError as error:
        return unavailable(request, error, contact_id)
    return receipt(request, seen, doors.tell_now(staff=request.user, seen=seen))
