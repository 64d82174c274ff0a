"""Needs attention: refusals, events that we could not act on, texts after a stop, and reassigned numbers."""

from collections.abc import Callable
from functools import wraps
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
from contacts_ui.services.consent.types import AlreadyDecided
from contacts_ui.services.messages import sent_texts
from contacts_ui.services.review import attention, texts_after_stop
from contacts_ui.services.review.attention import Refusal, Unplaced
from contacts_ui.services.review.numbers import seen_of_many
from contacts_ui.services.review.texts_after_stop import TextAfterStop
from contacts_ui.views.addresses import person_url, safe_next
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.text_words import text_in_words


def press(view: Callable[[StaffRequest, int], HttpResponse]) -> Any:
    """Guard a press: 404 for what is not there, and where another person was first, say who."""

    @require_POST
    @permission("review_opt_outs")
    @wraps(view)
    def pressed(request: StaffRequest, pk: int) -> HttpResponse:
        try:
            return view(request, pk)
        except (
            DesiredState.DoesNotExist,
            WebhookEvent.DoesNotExist,
            SentText.DoesNotExist,
        ) as error:
            raise Http404 from error
        except NotRefusedNow as late:
            words = _too_late(late.desired)
        except AlreadyDecided as late:
            by = late.row.decided_by_name
            who = f"{by} already decided." if by else "It does not need a decision anymore."
            words = f"No changes. {who}"
        except sent_texts.AlreadyClosed as late:
            by = late.text.closed_by_name
            who = f"{by} already closed it." if by else "There is no open alarm about this text."
            words = f"No changes. {who}"
        return _back(request, words, messages.WARNING)

    return pressed


@require_safe
@permission("review_opt_outs")
def attention_list(request: StaffRequest) -> HttpResponse:
    """List what waits for a person's decision."""
    return _page(request)


@press
def attention_retry(request: StaffRequest, pk: int) -> HttpResponse:
    """Retry a refused delivery."""
    form = AttentionForm(request.POST)
    if not form.is_valid():
        DesiredState.objects.get(pk=pk)
        return _page(request, form)
    tried = doors.retry_refused(staff=request.user, pk=pk, version=form.cleaned_data["version"])
    level, words = messages.SUCCESS, "has not answered yet. It is on its way."
    if tried.state == DeliveryState.CONFIRMED:
        words = "confirmed it."
    elif tried.state == DeliveryState.REFUSED:
        level, words = messages.WARNING, f"refused it again: “{tried.answer}”"
    return _back(request, f"{attention.who_of(tried)}: {tried.get_vendor_display()} {words}", level)


@press
def attention_resolve(request: StaffRequest, pk: int) -> HttpResponse:
    """Close a refusal by hand, with a note on what was done instead."""
    form = SettleForm(request.POST, auto_id=f"settle-{pk}-%s")
    if not form.is_valid():
        DesiredState.objects.get(pk=pk)
        return _page(request, form)
    settled = doors.resolve_refused(staff=request.user, pk=pk, **form.cleaned_data)
    stays = " They stay stopped here." if settled.do_not_text else ""
    who, vendor = attention.who_of(settled), settled.get_vendor_display()
    return _back(request, f"{who}: resolved by hand for {vendor}.{stays}")


@press
@permission("stop_texts")
def attention_match(request: StaffRequest, pk: int) -> HttpResponse:
    """Record an event as the stop of the number that was typed."""
    form = MatchForm(request.POST, auto_id=f"event-{pk}-%s")
    if not form.is_valid():
        WebhookEvent.objects.get(pk=pk)
        return _page(request, form)
    number = form.cleaned_data["number"]
    judgment = attention.match(staff=request.user, pk=pk, number=number)
    return _back(request, f"{pretty(number)}: {judgment.reason}")


@press
def attention_close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close an event, with a reason."""
    form = CloseForm(request.POST, auto_id=f"event-{pk}-%s")
    if not form.is_valid():
        WebhookEvent.objects.get(pk=pk)
        return _page(request, form)
    vendor_events.close_event(staff=request.user, pk=pk, reason=form.cleaned_data["reason"])
    return _back(request, "Closed. Your reason is in the audit log.")


@press
def attention_text_close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close the alarm about a text, with a note on what was done."""
    form = CloseTextForm(request.POST, auto_id=f"text-{pk}-%s")
    if not form.is_valid():
        SentText.objects.get(pk=pk)
        return _page(request, form)
    closed = sent_texts.close(staff=request.user, pk=pk, note=form.cleaned_data["note"])
    return _back(request, f"{pretty(closed.number)}: closed. Your note is in the audit log.")


def _back(request: StaffRequest, words: str, level: int = messages.SUCCESS) -> HttpResponse:
    messages.add_message(request, level, words)
    return redirect(safe_next(request, reverse("attention")))


def _page(request: StaffRequest, invalid: forms.Form | None = None) -> HttpResponse:
    """Return the page; a form that was sent with errors takes the place of its own."""
    rows = [_refusal(each, invalid) for each in attention.refusals()]
    events = [_event(each, invalid) for each in attention.unplaced()]
    alarms = texts_after_stop.of_texts(sent_texts.alarms())
    people = seen_of_many({each.text.number for each in alarms})
    texts = [_text(each, invalid) | {"who": people[each.text.number].label} for each in alarms]
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
    status = STATUS_WORDS.get(desired.opt_in_status)
    wanted = f"Change to {status.lower()}" if status else "Allow texts again"
    return {
        "refused": refused,
        "desired": desired,
        "wanted": "Stop texts" if desired.do_not_text else wanted,
        "who": attention.who_of(desired),
        "asked_by": desired.ledger_entry.staff_name or "the dashboard",
        "person_url": person_url(desired.ledger_entry.contact_id, desired.number),
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
