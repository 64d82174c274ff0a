"""Messages that may be opt-outs, and the decision about each: a stop, or not a request."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.views.decorators.http import require_POST, require_safe

from contacts_ui.models import IncomingMessage, Vendor
from contacts_ui.models.messages import MessageState
from contacts_ui.permissions import Staff, may
from contacts_ui.phone import pretty
from contacts_ui.services.consent import inbound_texts
from contacts_ui.services.consent.rules import Judgment
from contacts_ui.services.consent.types import AlreadyDecided
from contacts_ui.services.review import possible_opt_outs
from contacts_ui.template_filters import when
from contacts_ui.views.addresses import person_url, safe_next
from contacts_ui.views.consent_answer import receipt_words
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.paging import Page

# Longer messages are folded.
UNFOLDED_MAX_LETTERS: Final = 300
UNFOLDED_MAX_LINES: Final = 6
NOT_DECIDED: Final = "No decision in two business days"
Decide = Callable[..., Judgment]


@require_safe
@permission("stop_texts")
def possible_opt_out_list(request: StaffRequest) -> HttpResponse:
    """List the messages that wait for a decision, by due date, then those decided lately."""
    page = Page.of(request)
    found = possible_opt_outs.find(limit=page.size, offset=page.offset)
    context = {
        "waiting": [row_of(each, request.user) for each in found.waiting],
        "decided": [row_of(each, request.user) for each in found.decided],
        "may_dismiss": may(request.user, "lift_stops"),
        "here": request.get_full_path(),
        **page.context(request, shown=len(found.waiting), total=found.total),
    }
    return TemplateResponse(request, "possible_opt_outs/list.html", context)


@require_POST
@permission("stop_texts")
def possible_opt_out_stop(request: StaffRequest, pk: int) -> HttpResponse:
    """Decide that a message asks for texts to stop."""
    return _decide(request, pk, inbound_texts.stop_texts, _stopped)


@require_POST
@permission("lift_stops")
def possible_opt_out_dismiss(request: StaffRequest, pk: int) -> HttpResponse:
    """Decide that a message is not a request."""
    return _decide(request, pk, inbound_texts.dismiss, "Not a request. {0.verdict.label}.".format)


@require_POST
@permission("lift_stops")
def possible_opt_out_reopen(request: StaffRequest, pk: int) -> HttpResponse:
    """Take *Not a request* back: the message waits for a decision again."""
    words = "Waiting for a decision again. {0.verdict.label}."
    return _decide(request, pk, inbound_texts.reopen, words.format)


def _stopped(judgment: Judgment) -> str:
    """Return the result of a stop: each vendor's answer, or the newer consent that answers it."""
    if judgment.stop is None:
        return f"Recorded. Their newer consent still counts: {judgment.verdict.label}."
    return f"Texts stopped. {receipt_words(judgment)}"


def _decide(
    request: StaffRequest, pk: int, decide: Decide, in_words: Callable[[Judgment], str]
) -> HttpResponse:
    try:
        judgment = decide(staff=request.user, pk=pk)
    except IncomingMessage.DoesNotExist as error:
        raise Http404 from error
    except AlreadyDecided as late:
        return _answer(request, pk, f"No changes. {decided_first(late.row)}", late=True)
    return _answer(request, pk, in_words(judgment))


def _answer(request: StaffRequest, pk: int, words: str, *, late: bool = False) -> HttpResponse:
    """Return the message as it is now to htmx; else redirect to the page, with `words` on top."""
    [shown] = possible_opt_outs.show([IncomingMessage.objects.get(pk=pk)])
    if not request.htmx:
        level = messages.WARNING if late else messages.SUCCESS
        messages.add_message(request, level, f"{shown.seen.label}: {words}")
        return redirect(safe_next(request, reverse("possible-opt-out-list")))
    context = {
        "row": row_of(shown, request.user),
        "note": words,
        "late": late,
        "total": inbound_texts.waiting().count(),
        "may_dismiss": may(request.user, "lift_stops"),
        # The page on which it was pressed, for a press without scripts afterwards.
        "here": safe_next(request, reverse("possible-opt-out-list")),
    }
    # A conflict comes with the message as it is now, and is swapped in.
    status = 409 if late else 200
    return TemplateResponse(request, "possible_opt_outs/_answer.html", context, status=status)


def row_of(shown: possible_opt_outs.Shown, staff: Staff) -> dict[str, Any]:
    """Return one message, ready to print."""
    message, seen = shown.message, shown.seen
    name = seen.label if seen.label != pretty(message.number) else ""
    words, waits = message.words.strip(), message.state == MessageState.WAITING
    return {
        "message": message,
        "words": words,
        "is_long": len(words) > UNFOLDED_MAX_LETTERS or words.count("\n") >= UNFOLDED_MAX_LINES,
        "vendor": Vendor(message.vendor).label,
        "name": name,
        "label": seen.label,
        "url": person_url(seen.contact_id if name else None, message.number),
        "verdict": shown.judgment.verdict,
        "reason": shown.judgment.reason,
        "stopped": shown.judgment.stopped,
        "waits": waits,
        "is_due": waits and message.due_at <= timezone.now(),
        "decision": "" if waits else decision_of(message),
        "may_reopen": message.state == MessageState.NOT_A_REQUEST and may(staff, "lift_stops"),
    }


def decision_of(message: IncomingMessage) -> str:
    """Return what was decided and who decided, without the time."""
    state = MessageState(message.state).label
    if message.state == MessageState.NOT_A_REQUEST:
        state = f"Marked “{state}”"
    if message.decided_by_name:
        return f"{state} by {message.decided_by_name}"
    return f"{state}: {NOT_DECIDED.lower()}"


def decided_first(message: IncomingMessage) -> str:
    """Return who decided first, and when."""
    if message.state == MessageState.WAITING:
        return "It already waits for a decision again."
    at = strip_tags(when(message.decided_at))
    return f"{decision_of(message)}, {at}."
