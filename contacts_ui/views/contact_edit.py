"""Editing and creating a contact: nothing typed is lost, nothing is overwritten silently."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import strip_tags
from django.views.decorators.http import require_http_methods

from contacts_ui.forms import ContactForm, EditContactForm, NewContactForm
from contacts_ui.permissions import may
from contacts_ui.phone import pretty
from contacts_ui.services import contacts
from contacts_ui.services.consent.looking import is_stopped
from contacts_ui.services.consent.raising import RecordChanged
from contacts_ui.services.consent.rules import EvidenceRefused
from contacts_ui.services.consent.verdicts import STOPPED_STATUSES, OptInStatus
from contacts_ui.services.contacts import (
    Contact,
    EditConflict,
    NumberTaken,
    Saved,
    StoppedNumber,
)
from contacts_ui.services.editing import CUSTOM, Conflict, Merge, editable_values, label_of
from contacts_ui.services.troubles import Invalid, NotFound, VendorError
from contacts_ui.views.contact import copy_words, read_or_404, wants_live
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.statement_words import said_at, source_of
from contacts_ui.views.troubles import trouble_of, unavailable

NAME = ("first_name", "last_name")
STOPPED_NUMBER = (
    "This number is stopped, so no text may be sent to it, not even one that asks. "
    "Choose another answer: they stay stopped."
)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("edit_contacts")
def contact_edit(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Edit a contact; what somebody else changed meanwhile is shown, never overwritten."""
    if request.method == "POST":
        return _save_edit(request, contact_id)
    reading = read_or_404(contact_id, now=True, live=wants_live(request))
    if isinstance(reading, VendorError):
        return unavailable(request, reading, contact_id)
    # Safe on a copy, too: saving reads SlickText first, and asks about whatever differs.
    values = editable_values(reading.contact)
    form = _edit_form(
        request, opened={field: values[field] for field in values.keys() - reading.not_kept}
    )
    return _edit_page(request, form, contact=reading.contact, **copy_words(request, reading))


def _edit_form(request: StaffRequest, data: Any = None, **kwargs: Any) -> EditContactForm:
    return EditContactForm(data, may_subscribe=may(request.user, "lift_stops"), **kwargs)


def _save_edit(request: StaffRequest, contact_id: int) -> HttpResponse:
    form = _edit_form(request, request.POST)
    page: dict[str, Any] = {
        "contact": contacts.last_known_contact(contact_id),
        "contact_id": contact_id,
    }
    if not form.is_valid():
        return _edit_page(request, form, status=422, **page)
    undecided = [field for field in form.conflicts if f"resolve_{field}" not in request.POST]
    if undecided:
        form.add_error(None, "Choose for each field that somebody else changed, too.")
        return _edit_page(request, form, status=409, **page, **_still_conflicts(form, undecided))
    try:
        saved = contacts.edit(
            staff=request.user,
            contact_id=contact_id,
            original=form.opened,
            typed=form.typed() | _theirs_chosen(request, form),
            evidence=form.evidence() if form.may_subscribe and form.has_evidence() else None,
            version=form.cleaned_data.get("version"),
        )
    except VendorError as error:
        return _refused_by_vendor(request, form, error, **page)
    except EvidenceRefused as refused:
        form.refuse(refused)
        return _edit_page(request, form, status=422, **page)
    except RecordChanged as changed:
        form.show_stop(_stop_in_words(changed), changed.version)
        return _edit_page(request, form, status=409, **page)
    except (EditConflict, NumberTaken) as question:
        return _not_saved(request, form, question, page)
    messages.success(request, _saved_words(saved))
    _say_what_became_of_consent(request, saved)
    if saved.not_taken:
        fields = ", ".join(label_of(field) for field in saved.not_taken)
        messages.warning(request, f"SlickText answered, but did not take this over: {fields}.")
    return redirect("contact-detail", contact_id=contact_id)


def _not_saved(
    request: StaffRequest,
    form: EditContactForm,
    question: EditConflict | NumberTaken,
    page: dict[str, Any],
) -> HttpResponse:
    """What stands in the way of saving and is for the person to decide; everything typed stays."""
    if isinstance(question, EditConflict):
        shown = {**_conflicts(question.merged, form.opened), "contact": question.fresh}
        form = _reopened(request, question)
    else:
        form.add_error("mobile_number", "Another contact has this number.")
        shown = {"existing": _existing(question)}
    return _edit_page(request, form, status=409, **{**page, **shown})


@require_http_methods(["GET", "HEAD", "POST"])
@permission("edit_contacts")
def contact_new(request: StaffRequest) -> HttpResponse:
    """Create a contact: *not subscribed*, unless a manager brings the evidence."""
    may_subscribe = may(request.user, "lift_stops")
    if request.method != "POST":
        initial = {
            "mobile_number": request.GET.get("number", ""),
            "country": "US",
            "language": "en",
        }
        form = NewContactForm(may_subscribe=may_subscribe, initial=initial)
        return _edit_page(request, form)
    form = NewContactForm(request.POST, may_subscribe=may_subscribe)
    if not form.is_valid():
        return _edit_page(request, form, status=422)
    wanted = form.cleaned_data.get("consent")
    try:
        saved = contacts.create(
            staff=request.user,
            typed=form.typed(),
            evidence=form.evidence() if wanted == form.SUBSCRIBED else None,
            double_opt_in=wanted == form.DOUBLE_OPT_IN,
            version=form.cleaned_data.get("version"),
        )
    except NumberTaken as taken:
        form.add_error("mobile_number", "Another contact has this number.")
        return _edit_page(request, form, status=409, existing=_existing(taken))
    except StoppedNumber:
        form.add_error("consent", STOPPED_NUMBER)
        return _edit_page(request, form, status=409)
    except EvidenceRefused as refused:
        form.refuse(refused)
        return _edit_page(request, form, status=422)
    except RecordChanged as changed:
        form.show_stop(_stop_in_words(changed), changed.version)
        return _edit_page(request, form, status=409)
    except VendorError as error:
        return _refused_by_vendor(request, form, error)
    messages.success(request, _created_words(saved))
    _say_what_became_of_consent(request, saved)
    return redirect("contact-detail", contact_id=saved.contact.contact_id)


def _stop_in_words(changed: RecordChanged) -> str:
    """Say which stop the evidence would answer; only those who may lift it bring evidence."""
    stop, why = changed.judgement.stop, changed.judgement.reason
    if stop:
        said = f" “{stop.words}”" if stop.words else ""
        why = f"by {source_of(stop)}, {strip_tags(said_at(stop))}.{said}"
    return f"This number is stopped: {why} If their consent is newer, save again."


def _edit_page(
    request: StaffRequest,
    form: ContactForm,
    *,
    contact: Contact | None = None,
    contact_id: int | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    contact_id = contact.contact_id if contact else contact_id
    if contact and "mobile_number" in form.fields:
        form.fields["mobile_number"].help_text += f" {_what_moving_does(contact)}"
    # Without a copy the form itself still knows whom it was opened for.
    name = contact.name if contact else " ".join(form.opened.get(part, "") for part in NAME)
    who = name.strip() or pretty(form.opened.get("mobile_number", "")) or "this contact"
    context = {
        "form": form,
        "heading": f"Edit {who}" if contact_id else "New contact",
        "contact_id": contact_id,
        **more,
    }
    return TemplateResponse(request, "contacts/edit.html", context, status=status)


def _refused_by_vendor(
    request: StaffRequest, form: ContactForm, error: VendorError, **page: Any
) -> HttpResponse:
    """The vendor's complaints at their fields, or its failure on top; everything typed stays."""
    if isinstance(error, Invalid):
        form.place_complaints(error.fields or {"": [error.words or error.person]})
        return _edit_page(request, form, status=422, **page)
    status = 404 if isinstance(error, NotFound) else 200
    return _edit_page(request, form, status=status, trouble=trouble_of(error), **page)


def _theirs_chosen(request: StaffRequest, form: ContactForm) -> dict[str, str]:
    """The fields for which the person chose to keep what somebody else had saved."""
    return {
        field: form.opened.get(field, "")
        for field in form.conflicts
        if request.POST.get(f"resolve_{field}") == "theirs"
    }


def _reopened(request: StaffRequest, conflict: EditConflict) -> EditContactForm:
    """The form with what was typed, now over the contact as somebody else saved it."""
    data = request.POST.copy()
    fresh = editable_values(conflict.fresh)
    for versions in conflict.merged.theirs_only:
        data[versions.field.replace(CUSTOM, "custom-", 1)] = versions.theirs
    conflicts = {versions.field: versions.original for versions in conflict.merged.conflicts}
    data["base"] = ContactForm.sign(fresh, conflicts)
    form = _edit_form(request, data)
    form.is_valid()
    return form


def _still_conflicts(form: ContactForm, undecided: list[str]) -> dict[str, Any]:
    """The conflicts nobody has decided yet, shown once more."""
    typed = form.typed()
    versions = [
        Conflict(field, form.conflicts[field], form.opened.get(field, ""), typed.get(field, ""))
        for field in undecided
    ]
    return _conflicts(Merge({}, versions, []), form.opened)


def _conflicts(merged: Merge, opened: Mapping[str, str]) -> dict[str, Any]:
    """What has to be chosen, and what else changed since; a field that was not shown then tells nothing of that."""
    return {
        "conflicts": [
            {
                "label": versions.label,
                "original": versions.original,
                "theirs": versions.theirs,
                "mine": versions.mine,
                "name": f"resolve_{versions.field}",
            }
            for versions in merged.conflicts
        ],
        "also_changed": [
            {"label": versions.label, "before": versions.original, "after": versions.theirs}
            for versions in merged.theirs_only
            if versions.field in opened
        ],
    }


def _existing(taken: NumberTaken) -> dict[str, str] | None:
    if taken.contact is None:
        return None
    label = taken.contact.name or pretty(taken.contact.number or "")
    return {"label": label, "url": reverse("contact-detail", args=[taken.contact.contact_id])}


def _what_moving_does(contact: Contact) -> str:
    """What another number means for consent, said before it is saved (rule 8)."""
    if contact.opt_in_status in STOPPED_STATUSES or is_stopped(contact.number or ""):
        return "They are stopped: they stay stopped at a new number, and the old number does, too."
    if contact.opt_in_status == OptInStatus.SUBSCRIBED:
        return "Consent belongs to the number: they are not subscribed at a new one."
    return ""


def _saved_words(saved: Saved) -> str:
    if not saved.changes:
        return "No changes, so nothing was sent."
    if saved.stopped:
        return "Saved. The new number is stopped, and the old number stays as it was."
    if saved.unsubscribed_here:
        return "Saved. They are not subscribed at the new number."
    return "Saved."


def _created_words(saved: Saved) -> str:
    if saved.stopped:
        return "Created as unsubscribed: this number was stopped here before, and it stays stopped."
    return "Created."


def _say_what_became_of_consent(request: StaffRequest, saved: Saved) -> None:
    if saved.asked:
        messages.info(
            request, "A second person decides about their consent. Until then they get no texts."
        )
    if saved.consent_refused:
        messages.warning(request, f"Their consent was not recorded. {saved.consent_refused}")
