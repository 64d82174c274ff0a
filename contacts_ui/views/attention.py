"""Needs attention: refusals, events that we could not act on, texts after a stop, and reassigned numbers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from contacts_ui.forms.attention import (
    AttentionForm,
    CloseForm,
    CloseTextForm,
    MatchForm,
    SettleForm,
)
from contacts_ui.models import DesiredState, SentText, WebhookEvent
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.permissions import may
from contacts_ui.phone import pretty
from contacts_ui.services.consent import doors, vendor_events
from contacts_ui.services.consent.doors import NotRefusedNow
from contacts_ui.services.consent.rules import STATUS_WORDS
from contacts_ui.services.consent.vendor_events import AlreadyDecided
from contacts_ui.services.messages import sent_texts
from contacts_ui.services.review import attention, texts_after_stop
from contacts_ui.services.review.attention import Refusal, Unplaced
from contacts_ui.services.review.texts_after_stop import TextAfterStop
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.text_words import text_in_words


@require_safe
@permission("review_opt_outs")
def attention_list(request: StaffRequest) -> HttpResponse:
    """List what waits for a person's decision."""
    return _page(request)


@require_POST
@permission("review_opt_outs")
def attention_retry(request: StaffRequest, pk: int) -> HttpResponse:
    """Retry a refused delivery."""
    form = AttentionForm(request.POST)
    try:
        if not form.is_valid():
            DesiredState.objects.get(pk=pk)
            return _page(request, form)
        tried = doors.retry_refused(staff=request.user, pk=pk, version=form.cleaned_data["version"])
    except DesiredState.DoesNotExist as error:
        raise Http404 from error
    except NotRefusedNow as late:
        return _back(request, _too_late(late.desired), messages.WARNING)
    level, words = messages.SUCCESS, "has not answered yet. It is on its way."
    if tried.state == DeliveryState.CONFIRMED:
        words = "confirmed it."
    elif tried.state == DeliveryState.REFUSED:
        level, words = messages.WARNING, f"refused it again: “{tried.answer}”"
    return _back(request, f"{attention.who_of(tried)}: {tried.get_vendor_display()} {words}", level)


@require_POST
@permission("review_opt_outs")
def attention_resolve(request: StaffRequest, pk: int) -> HttpResponse:
    """Close a refusal by hand, with a note on what was done instead."""
    form = SettleForm(request.POST, auto_id=f"settle-{pk}-%s")
    try:
        if not form.is_valid():
            DesiredState.objects.get(pk=pk)
            return _page(request, form)
        data = form.cleaned_data
        settled = doors.resolve_refused(
            staff=request.user, pk=pk, version=data["version"], note=data["note"]
        )
    except DesiredState.DoesNotExist as error:
        raise Http404 from error
    except NotRefusedNow as late:
        return _back(request, _too_late(late.desired), messages.WARNING)
    stays = " They stay stopped here." if settled.do_not_text else ""
    who, vendor = attention.who_of(settled), settled.get_vendor_display()
    return _back(request, f"{who}: resolved by hand for {vendor}.{stays}")


@require_POST
@permission("review_opt_outs")
@permission("stop_texts")
def attention_match(request: StaffRequest, pk: int) -> HttpResponse:
    """Record an event as the stop of the number that was typed."""
    form = MatchForm(request.POST, auto_id=f"event-{pk}-%s")
    try:
        if not form.is_valid():
            WebhookEvent.objects.get(pk=pk)
            return _page(request, form)
        number = form.cleaned_data["number"]
        judgment = attention.match(staff=request.user, pk=pk, number=number)
    except WebhookEvent.DoesNotExist as error:
        raise Http404 from error
    except AlreadyDecided as late:
        return _already_decided(request, late.event)
    return _back(request, f"{pretty(number)}: {judgment.reason}")


@require_POST
@permission("review_opt_outs")
def attention_close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close an event, with a reason."""
    form = CloseForm(request.POST, auto_id=f"event-{pk}-%s")
    try:
        if not form.is_valid():
            WebhookEvent.objects.get(pk=pk)
            return _page(request, form)
        vendor_events.close_event(staff=request.user, pk=pk, reason=form.cleaned_data["reason"])
    except WebhookEvent.DoesNotExist as error:
        raise Http404 from error
    except AlreadyDecided as late:
        return _already_decided(request, late.event)
    return _back(request, "Closed. Your reason is in the audit log.")


@require_POST
@permission("review_opt_outs")
def attention_text_close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close the alarm about a text, with a note on what was done."""
    form = CloseTextForm(request.POST, auto_id=f"text-{pk}-%s")
    try:
        if not form.is_valid():
            SentText.objects.get(pk=pk)
            return _page(request, form)
        closed = sent_texts.close(staff=request.user, pk=pk, note=form.cleaned_data["note"])
    except SentText.DoesNotExist as error:
        raise Http404 from error
    except sent_texts.AlreadyClosed as late:
        by = late.text.closed_by_name
        who = f"{by} already closed it." if by else "There is no open alarm about this text."
        return _back(request, f"No changes. {who}", messages.WARNING)
    return _back(request, f"{pretty(closed.number)}: closed. Your note is in the audit log.")


def _already_decided(request: StaffRequest, event: WebhookEvent) -> HttpResponse:
    by = event.decided_by_name
    who = f"{by} already decided." if by else "It does not need a decision anymore."
    return _back(request, f"No changes. {who}", messages.WARNING)


def _back(request: StaffRequest, words: str, level: int = messages.SUCCESS) -> HttpResponse:
    messages.add_message(request, level, words)
    return redirect("attention")


def _page(request: StaffRequest, invalid: forms.Form | None = None) -> HttpResponse:
    """Return the page; a form that was sent with errors takes the place of its own."""
    rows = [_refusal(each, invalid) for each in attention.refusals()]
    events = [_event(each, invalid) for each in attention.unplaced()]
    texts = [_text(each, invalid) for each in texts_after_stop.of_texts(sent_texts.alarms())]
    passed_on = attention.reassigned()
    context = {
        "rows": rows,
        "events": events,
        "texts": texts,
        "passed_on": passed_on,
        "count": len(rows) + len(events) + len(texts) + len(passed_on),
        "may_stop": may(request.user, "stop_texts"),
    }
    status = 422 if invalid else 200
    return TemplateResponse(request, "attention/list.html", context, status=status)


def _form(own: forms.Form, invalid: forms.Form | None) -> tuple[forms.Form, bool]:
    """Return which form to show, and whether its details are open."""
    if invalid and type(invalid) is type(own) and invalid.auto_id == own.auto_id:
        return invalid, True
    return own, False


def _refusal(refused: Refusal, invalid: forms.Form | None) -> dict[str, Any]:
    desired = refused.desired
    own = SettleForm(initial={"version": desired.version}, auto_id=f"settle-{desired.pk}-%s")
    form, opened = _form(own, invalid)
    contact_id, status = desired.ledger_entry.contact_id, STATUS_WORDS.get(desired.opt_in_status)
    wanted = f"Change to {status.lower()}" if status else "Allow texts again"
    return {
        "refused": refused,
        "desired": desired,
        "wanted": "Stop texts" if desired.do_not_text else wanted,
        "who": attention.who_of(desired),
        "asked_by": desired.ledger_entry.staff_name or "the dashboard",
        "person_url": reverse("number-detail", args=[desired.number])
        if contact_id is None
        else reverse("contact-detail", args=[contact_id]),
        "form": form,
        "opened": opened,
    }


def _event(found: Unplaced, invalid: forms.Form | None) -> dict[str, Any]:
    auto_id = f"event-{found.event.pk}-%s"
    initial = {"number": pretty(found.number)} if found.number else {}
    match_form, match_opened = _form(MatchForm(initial=initial, auto_id=auto_id), invalid)
    close_form, close_opened = _form(CloseForm(auto_id=auto_id), invalid)
    return {
        "found": found,
        "event": found.event,
        "match_form": match_form,
        "match_opened": match_opened,
        "close_form": close_form,
        "close_opened": close_opened,
    }


def _text(found: TextAfterStop, invalid: forms.Form | None) -> dict[str, Any]:
    form, opened = _form(CloseTextForm(auto_id=f"text-{found.text.pk}-%s"), invalid)
    return {**text_in_words(found), "form": form, "opened": opened}


def _too_late(desired: DesiredState) -> str:
    """Return the state of a refusal that another person decided first."""
    words = {
        DeliveryState.CONFIRMED: "It is confirmed now.",
        DeliveryState.ON_ITS_WAY: "It is already on its way again.",
        DeliveryState.SETTLED: "It was already resolved by hand.",
        DeliveryState.EXPIRED: "It has expired.",
        DeliveryState.REFUSED: "It was retried and refused again. Review it again.",
    }
    return f"{attention.who_of(desired)}: no changes. {words[DeliveryState(desired.state)]}"
