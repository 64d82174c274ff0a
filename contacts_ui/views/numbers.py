"""The page of a number, with or without a contact: may we text it, and why."""

from typing import Any, Final

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from contacts_ui.forms.consent import StopForm
from contacts_ui.models import Vendor
from contacts_ui.models.abilities import FactKind
from contacts_ui.permissions import Staff, may
from contacts_ui.phone import pretty
from contacts_ui.services.consent.rules import Verdict
from contacts_ui.services.messages.number_facts import facts_about
from contacts_ui.services.messages.sent_texts import last_text
from contacts_ui.services.review.numbers import NumberFacts, entries_for, facts_of
from contacts_ui.views.addresses import way_back
from contacts_ui.views.consent_answer import panel_of
from contacts_ui.views.consent_panel import REASONS
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.history import timeline_of
from contacts_ui.views.statement_words import since_in_words, statement_in_words
from contacts_ui.views.text_words import sent_at

WHY: Final = {
    Verdict.MAY_TEXT: "Why we may text this number",
    Verdict.DO_NOT_TEXT: "Why we may not text this number",
    Verdict.DISAGREE: "Why we may not text this number",
}


@require_safe
@permission("view_contacts")
def number_detail(request: StaffRequest, number: str) -> HttpResponse:
    """Show verdict, vendors, switch, who has the number, and as much of its record as the reader may see."""
    facts, staff = facts_of(number), request.user
    shown = panel_of(request, facts.seen, facts.judgment)
    back = way_back(request)
    context = {
        "number": number,
        "back": back,
        "name": facts.name,
        "label": facts.name or pretty(number),
        "facts": facts,
        "consent": shown,
        "view": "card",
        "here": f"{request.path}{back.query}",
        "refusals": REASONS,
        "can_change_consent": may(staff, "lift_stops"),
        "stop_form": StopForm() if shown.can_stop else None,
        **_record(staff, facts),
        **_history(staff, number),
        **_reported(staff, number),
    }
    return TemplateResponse(request, "numbers/detail.html", context)


@require_safe
@permission("view_contacts")
def number_history(request: StaffRequest, number: str) -> HttpResponse:
    """Show the record and the history by themselves: the page reads them again after a change."""
    staff = request.user
    context = {
        "number": number,
        "label": pretty(number),
        **_record(staff, facts_of(number)),
        **_history(staff, number),
    }
    template = "numbers/_changed.html" if request.htmx else "numbers/history.html"
    return TemplateResponse(request, template, context)


def _record(staff: Staff, facts: NumberFacts) -> dict[str, Any]:
    """Return the newest stop and the consent that answers it: dates for all, names for agents, words for managers."""
    words = may(staff, "view_audit")
    rights = {"names": words or may(staff, "stop_texts"), "words": words}
    since = facts.stopped_since
    tells_more = rights["names"] or not since or since != facts.stop
    return {
        "facts": facts,
        "why": WHY.get(facts.judgment.verdict, "Consent record"),
        "since": since_in_words(since, names=rights["names"]) if since else "",
        "stop": statement_in_words(facts.stop, **rights) if facts.stop and tells_more else None,
        "answer": statement_in_words(facts.consent, **rights) if facts.consent else None,
    }


def _reported(staff: Staff, number: str) -> dict[str, Any]:
    """Return the last text and what vendors report of the number; the text's words only for managers."""
    last = last_text(number)
    return {
        "last_text": last,
        "last_text_sent": sent_at(last) if last else "",
        "last_text_vendor": Vendor(last.vendor).label if last else "",
        "last_text_words": last.words if last and may(staff, "view_audit") else "",
        "number_facts": [
            {
                "label": FactKind(each.kind).label,
                "words": each.words,
                "vendor": Vendor(each.vendor).label,
                "at": each.at,
            }
            for each in facts_about(number)
        ],
    }


def _history(staff: Staff, number: str) -> dict[str, Any]:
    everything = may(staff, "view_audit")
    return {
        "history": timeline_of(entries_for(staff, number)),
        "sees_all": everything,
        "sees_own": everything or may(staff, "stop_texts"),
    }
