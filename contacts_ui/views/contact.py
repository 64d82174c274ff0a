"""One contact: read and delete. Editing and creating are in `contact_edit`."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_safe

from contacts_ui.forms.consent import DeleteForm, StopForm
from contacts_ui.permissions import may
from contacts_ui.services import audit_log
from contacts_ui.services.consent.record import is_stopped, judge_one
from contacts_ui.services.consent.rules import STOPPED_STATUSES
from contacts_ui.services.contacts.deleting import OtherNumber, delete
from contacts_ui.services.contacts.reading import Contact, Reading, read
from contacts_ui.services.vendors.vendor_errors import NotFound, VendorError
from contacts_ui.sign_in.confirmation import confirmed_recently
from contacts_ui.views.addresses import way_back
from contacts_ui.views.consent_panel import REASONS, Powers, panel
from contacts_ui.views.contact_facts import groups_of, left_out
from contacts_ui.views.errors import error_notice, unavailable
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.history import timeline_of


@require_safe
@permission("view_contacts")
def contact_detail(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Show everything about one person: both vendors' states, all fields, and what this dashboard did to them."""
    reading = read_or_404(contact_id, live=wants_live(request))
    if isinstance(reading, VendorError):
        return unavailable(request, reading, contact_id)
    contact, staff, seen = reading.contact, request.user, reading.seen
    judgment = judge_one(seen)
    powers = Powers.of(staff, [judgment], about=seen.number)
    consent = panel(seen, judgment, powers, view="card")
    back = way_back(request)
    context = {
        "contact": contact,
        "contact_id": contact_id,
        "groups": groups_of(contact, reading.not_kept),
        "consent": consent,
        "history": timeline_of(audit_log.history(contact_id=contact_id, number=contact.number)),
        **copy_words(request, reading),
        "back": back,
        "here": f"{request.path}{back.query}",
        "view": "card",
        "refusals": REASONS,
        "can_edit": may(staff, "edit_contacts"),
        "can_delete": may(staff, "delete_contacts"),
        "can_change_consent": powers.lift,
        "stop_form": StopForm() if consent.can_stop else None,
    }
    return TemplateResponse(request, "contacts/detail.html", context)


@require_safe
@permission("view_contacts")
def contact_history(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Show what this dashboard did to one person; the page loads it again after a change. Call no vendor."""
    context = {
        "contact_id": contact_id,
        "history": timeline_of(audit_log.history(contact_id=contact_id)),
    }
    template = "contacts/_history.html" if request.htmx else "contacts/history.html"
    return TemplateResponse(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("delete_contacts")
@confirmed_recently
def contact_delete(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Delete a contact from SlickText, after its number was typed again."""
    form = DeleteForm(request.POST if request.method == "POST" else None)
    failure: VendorError | None = None
    if form.is_bound and form.is_valid():
        try:
            gone = delete(contact_id, staff=request.user, typed_number=form.cleaned_data["number"])
        except OtherNumber:
            form.add_error("number", "This is not the number of this contact.")
        except NotFound as error:
            raise Http404(error.person) from error
        except VendorError as error:
            failure = error
        else:
            messages.success(request, f"{gone.name or 'The contact'} was deleted from SlickText.")
            return redirect(way_back(request).url)
    reading = read_or_404(contact_id, now=True, live=wants_live(request))
    if isinstance(reading, VendorError):
        return unavailable(request, reading, contact_id)
    context = {
        "contact": reading.contact,
        "form": form,
        **copy_words(request, reading, failure),
        "back": way_back(request),
        "explanation": _what_deleting_does(reading.contact),
    }
    return TemplateResponse(
        request, "contacts/delete.html", context, status=422 if form.errors else 200
    )


def wants_live(request: StaffRequest) -> bool:
    """Return True if SlickText itself is to be asked, however long that takes."""
    return request.GET.get("live") == "1"


def read_or_404(contact_id: int, *, now: bool = False, live: bool = False) -> Reading | VendorError:
    """Return the contact, or why it cannot be shown. Raises Http404 if SlickText has no such person."""
    try:
        return read(contact_id, now=now or live, patiently=live)
    except NotFound as error:
        raise Http404(error.person) from error
    except VendorError as error:
        return error


def copy_words(
    request: StaffRequest, reading: Reading, failure: VendorError | None = None
) -> dict[str, Any]:
    """Return what a page says above a copy: why it is one, how old, what it lacks, and the link that reads it live.

    `failure` is the error of something else that was just tried.
    """
    return {
        "error_notice": error_notice(failure or reading.error, f"{request.path}?live=1"),
        "copy": {"as_of": reading.as_of, "left_out": left_out(reading.not_kept)}
        if reading.error
        else None,
    }


def _what_deleting_does(contact: Contact) -> str:
    stop = ""
    at_slicktext = contact.opt_in_status in STOPPED_STATUSES
    if contact.number and (at_slicktext or is_stopped(contact.number)):
        stop = " This number is stopped, and it stays stopped, even if the person is added again."
    return (
        "SlickText deletes this person: name, address, fields, and opt-in status. They get no message.\n\n"
        "The audit log here keeps its entries, and CloudContactAI keeps what it holds." + stop
    )
