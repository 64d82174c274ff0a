"""Editing and creating a contact: nothing typed is lost, nothing is overwritten silently."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import strip_tags
from django.views.decorators.http import require_http_methods

from contacts_ui.contact_fields import CUSTOM, Conflict, editable_values, label_of
from contacts_ui.forms.contact import ContactForm, EditContactForm, NewContactForm
from contacts_ui.permissions import may
from contacts_ui.phone import pretty
from contacts_ui.services.consent.opt_in import RecordChanged
from contacts_ui.services.consent.record import is_stopped
from contacts_ui.services.consent.rules import STOPPED_STATUSES, EvidenceRefused, OptInStatus
from contacts_ui.services.contacts import last_known
from contacts_ui.services.contacts.editing import (
    EditConflict,
    NumberTaken,
    Saved,
    StoppedNumber,
    create,
    edit,
    edits_here,
)
from contacts_ui.services.contacts.reading import Contact
from contacts_ui.services.vendors.vendor_errors import Invalid, NotFound, VendorError
from contacts_ui.sign_in.confirmation import confirm_first, is_fresh_for_a_form
from contacts_ui.views.addresses import way_back
from contacts_ui.views.contact import copy_words, read_or_404, wants_live
from contacts_ui.views.contact_facts import in_words
from contacts_ui.views.errors import error_notice, unavailable
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.statement_words import is_quoted, said_at, source_of

STOPPED_NUMBER = (
    "This number is stopped, so no text may be sent to it, not even one that asks. "
    "Choose another answer: they stay stopped."
)
# What `edit` and `create` raise if nothing was saved; `_not_saved` shows each.
NOT_SAVED = (
    EditConflict,
    NumberTaken,
    StoppedNumber,
    EvidenceRefused,
    RecordChanged,
    VendorError,
)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("edit_contacts")
def contact_edit(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Edit a contact. What another person changed since is shown, never overwritten."""
    if request.method == "POST":
        return _save_edit(request, contact_id)
    reading = read_or_404(contact_id, now=True, live=wants_live(request))
    if isinstance(reading, VendorError):
        return unavailable(request, reading, contact_id)
    # Safe on a copy, too: saving reads SlickText first and asks about every difference.
    values = editable_values(reading.contact)
    form = _edit_form(
        request, opened={name: values[name] for name in values.keys() - reading.not_kept}
    )
    return _form_page(request, form, contact=reading.contact, **copy_words(request, reading))


def _edit_form(request: StaffRequest, data: Any = None, **kwargs: Any) -> EditContactForm:
    return EditContactForm(data, may_subscribe=may(request.user, "lift_stops"), **kwargs)


def _save_edit(request: StaffRequest, contact_id: int) -> HttpResponse:
    form, copy = _edit_form(request, request.POST), last_known.contact(contact_id)
    page: dict[str, Any] = {"contact_id": contact_id, "contact": copy.value if copy else None}
    if not form.is_valid():
        return _form_page(request, form, status=422, **page)
    evidence = form.evidence() if form.may_subscribe and form.has_evidence() else None
    if evidence and not is_fresh_for_a_form(request):
        form.add_error(None, confirm_first(request))
        return _form_page(request, form, status=409, **page)
    undecided = [field for field in form.conflicts if f"resolve_{field}" not in request.POST]
    if undecided:
        form.add_error(None, "Another person changed some of these fields, too. Choose for each.")
        page |= _still_conflicts(contact_id, form, undecided)
        return _form_page(request, form, status=409, **page)
    try:
        saved = edit(
            contact_id,
            staff=request.user,
            original=form.opened,
            typed=form.typed() | _theirs_chosen(request, form),
            evidence=evidence,
            version=form.cleaned_data.get("version"),
        )
    except NOT_SAVED as why:
        return _not_saved(request, form, why, **page)
    words = "Saved."
    if not saved.changes:
        words = "No changes, so nothing was sent."
    elif saved.stopped:
        words = "Saved. The new number is stopped, and the old number stays as it was."
    elif saved.unsubscribed_here:
        words = "Saved. They are not subscribed at the new number."
    return _saved(request, saved, words)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("edit_contacts")
def contact_new(request: StaffRequest) -> HttpResponse:
    """Create a contact: *not subscribed*, unless a manager brings the evidence."""
    may_subscribe = may(request.user, "lift_stops")
    if request.method != "POST":
        number = request.GET.get("number", "")
        initial = {"mobile_number": number, "country": "US", "language": "en"}
        form = NewContactForm(may_subscribe=may_subscribe, initial=initial)
        return _form_page(request, form)
    form = NewContactForm(request.POST, may_subscribe=may_subscribe)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    consent = form.cleaned_data.get("consent")
    if consent == form.SUBSCRIBED and not is_fresh_for_a_form(request):
        form.add_error(None, confirm_first(request))
        return _form_page(request, form, status=409)
    try:
        saved = create(
            staff=request.user,
            typed=form.typed(),
            evidence=form.evidence() if consent == form.SUBSCRIBED else None,
            double_opt_in=consent == form.DOUBLE_OPT_IN,
            version=form.cleaned_data.get("version"),
        )
    except NOT_SAVED as why:
        return _not_saved(request, form, why)
    words = "Created."
    if saved.stopped:
        words = (
            "Created as unsubscribed: this number was stopped here before, and it stays stopped."
        )
    return _saved(request, saved, words)


def _saved(request: StaffRequest, saved: Saved, words: str) -> HttpResponse:
    """Redirect to the contact's page, with messages about what was saved and what was not."""
    messages.success(request, words)
    if saved.asked:
        messages.info(
            request, "A second person decides about their consent. Until then they get no texts."
        )
    if saved.consent_refused:
        messages.warning(request, f"Their consent was not recorded. {saved.consent_refused}")
    if saved.not_taken:
        fields = ", ".join(label_of(field) for field in saved.not_taken)
        messages.warning(request, f"SlickText answered, but did not save this: {fields}.")
    page = reverse("contact-detail", args=[saved.contact.contact_id])
    return redirect(f"{page}{way_back(request).query}")


def _not_saved(
    request: StaffRequest,
    form: EditContactForm | NewContactForm,
    why: Exception,
    **page: Any,
) -> HttpResponse:
    """Show the form again with the reason that nothing was saved; everything typed stays."""
    status = 409
    match why:
        case EditConflict():
            # A field that a copy left out was not changed since.
            theirs_only = [each for each in why.merged.theirs_only if each.field in form.opened]
            both = why.merged.conflicts
            page |= _conflicts(why.fresh.contact_id, both, theirs_only) | {"contact": why.fresh}
            form = _reopened(request, why)
        case NumberTaken():
            form.add_error("mobile_number", "Another contact has this number.")
            if other := why.contact:
                label = other.name or pretty(other.number or "")
                url = reverse("contact-detail", args=[other.contact_id])
                page["existing"] = {"label": label, "url": url}
        case StoppedNumber():
            form.add_error("consent", STOPPED_NUMBER)
        case RecordChanged():
            form.show_stop(_stop_in_words(why), why.version)
        case EvidenceRefused():
            form.refuse(why)
            status = 422
        case Invalid():
            form.place_complaints(why.fields or {"": [why.words or why.person]})
            status = 422
        case VendorError():
            page["error_notice"] = error_notice(why)
            status = 404 if isinstance(why, NotFound) else 200
    return _form_page(request, form, status=status, **page)


def _form_page(
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
    # Without a copy, the form itself still knows the name it was opened with.
    name = (
        contact.name
        if contact
        else f"{form.opened.get('first_name', '')} {form.opened.get('last_name', '')}"
    )
    who = name.strip() or pretty(form.opened.get("mobile_number", "")) or "this contact"
    context = {
        "form": form,
        "heading": f"Edit {who}" if contact_id else "New contact",
        "contact_id": contact_id,
        "back": way_back(request),
        **dict.fromkeys(("error_notice", "copy", "existing", "conflicts", "also_changed")),
        **more,
    }
    return TemplateResponse(request, "contacts/edit.html", context, status=status)


def _stop_in_words(changed: RecordChanged) -> str:
    """Return the stop that the evidence would lift; only people who may lift it give evidence."""
    stop, why = changed.judgment.stop, changed.judgment.reason
    if stop:
        said = f" “{stop.words}”" if stop.words and is_quoted(stop) else ""
        why = f"by {source_of(stop)}, {strip_tags(said_at(stop))}.{said}"
    return f"This number is stopped: {why} If their consent is newer, save again."


def _theirs_chosen(request: StaffRequest, form: ContactForm) -> dict[str, str]:
    """Return the fields for which the person chose to keep what another person had saved."""
    return {
        field: form.opened.get(field, "")
        for field in form.conflicts
        if request.POST.get(f"resolve_{field}") == "theirs"
    }


def _reopened(request: StaffRequest, conflict: EditConflict) -> EditContactForm:
    """Return the form with what was typed, now over the contact as another person saved it."""
    data = request.POST.copy()
    for versions in conflict.merged.theirs_only:
        data[versions.field.replace(CUSTOM, "custom-", 1)] = versions.theirs
    conflicts = {versions.field: versions.original for versions in conflict.merged.conflicts}
    data["base"] = ContactForm.sign(editable_values(conflict.fresh), conflicts)
    form = _edit_form(request, data)
    form.is_valid()
    return form


def _still_conflicts(contact_id: int, form: ContactForm, undecided: list[str]) -> dict[str, Any]:
    """Return the conflicts that are not decided yet, to show them again."""
    typed = form.typed()
    conflicts = [
        Conflict(field, form.conflicts[field], form.opened.get(field, ""), typed.get(field, ""))
        for field in undecided
    ]
    return _conflicts(contact_id, conflicts)


def _conflicts(
    contact_id: int, conflicts: Sequence[Conflict], theirs_only: Sequence[Conflict] = ()
) -> dict[str, Any]:
    """Return what has to be chosen, and what else was changed; each with the edit, if it was made here."""
    theirs = {versions.field: versions.theirs for versions in (*conflicts, *theirs_only)}
    edits = edits_here(contact_id, theirs)
    return {
        "conflicts": [
            {
                "label": versions.label,
                "original": in_words(versions.field, versions.original),
                "theirs": in_words(versions.field, versions.theirs),
                "mine": in_words(versions.field, versions.mine),
                "name": f"resolve_{versions.field}",
                "edit": edits.get(versions.field),
            }
            for versions in conflicts
        ],
        "also_changed": [
            {
                "label": versions.label,
                "before": in_words(versions.field, versions.original),
                "after": in_words(versions.field, versions.theirs),
                "edit": edits.get(versions.field),
            }
            for versions in theirs_only
        ],
    }


def _what_moving_does(contact: Contact) -> str:
    """Return what a new number means for consent, to show before saving (rule 8)."""
    if contact.opt_in_status in STOPPED_STATUSES or is_stopped(contact.number or ""):
        return "They are stopped: they stay stopped at a new number, and the old number does, too."
    if contact.opt_in_status == OptInStatus.SUBSCRIBED:
        return "Consent belongs to the number: they are not subscribed at a new one."
    return ""
