"""Ledger entries in words, for the history on a contact's page."""

from typing import Any

from contacts_ui.contact_fields import LABELS, label_of
from contacts_ui.models import LedgerEntry, Vendor
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import OWN_TEXT, LiftRequestKind
from contacts_ui.services import audit_log
from contacts_ui.services.consent.rules import STATUS_WORDS
from contacts_ui.views.contact_facts import in_words

# What a vendor did itself, by answering or by texting.
BY_VENDORS = {
    Action.STOP_CONFIRMED,
    Action.STOP_REFUSED,
    Action.CONSENT_CONFIRMED,
    Action.CONSENT_REFUSED,
    Action.TEXT_AFTER_STOP,
}
# What happened elsewhere: the dashboard only noted it.
NOTED = {Action.DISAGREEMENT_FOUND, Action.NUMBER_REASSIGNED}

# How a request ended at a vendor, before its name.
OUTCOMES: dict[str, str] = {
    Action.STOP_CONFIRMED: "Confirmed by",
    Action.STOP_REFUSED: "Refused by",
    Action.STOP_RETRIED: "Retried at",
    Action.STOP_SETTLED: "Resolved by hand for",
    Action.CONSENT_CONFIRMED: "Confirmed by",
    Action.CONSENT_REFUSED: "Refused by",
    Action.CONSENT_EXPIRED: "Not confirmed in time by",
    Action.CONSENT_RETRIED: "Retried at",
    Action.CONSENT_SETTLED: "Resolved by hand for",
}


def timeline_of(entries: list[LedgerEntry]) -> list[dict[str, Any]]:
    """Return what the template prints for each request, with the entries about it, the newest first."""
    shown = []
    for item in audit_log.by_request(entries):
        about = history_of(item.about)
        words = history_of([item.entry])[0] | {"about": about, "outcome": _outcome(item.about)}
        # How they asked, if that was recorded after the press.
        for entry, details in zip(item.about, about, strict=True):
            if entry.action == Action.STOP_DETAILED:
                words |= {"how": details["how"], "reason": details["reason"]}
        shown.append(words)
    return shown


def _outcome(entries: list[LedgerEntry]) -> str:
    """Return how a request ended at each vendor, by its last answer."""
    last = {_vendor(each): OUTCOMES[each.action] for each in entries if each.action in OUTCOMES}
    return " ".join(
        f"{words} {' and '.join(vendor for vendor in last if last[vendor] == words)}."
        for words in dict.fromkeys(last.values())
    )


def history_of(entries: list[LedgerEntry]) -> list[dict[str, Any]]:
    """Return what the template prints for each entry."""
    return [
        {
            "id": entry.pk,
            "number": entry.number,
            "at": entry.at,
            "asked_at": entry.asked_at,
            "actor": _actor(entry),
            # As "by" and the actor follow it.
            "action_label": f"{entry.get_action_display()}{', noted' if entry.action in NOTED else ''}",
            "summary": _summary(entry),
            "vendor": _vendor(entry),
            "channel": entry.get_channel_display().lower(),
            "how": _how(entry),
            "reason": entry.reason,
            "quoted": is_quoted(entry),
            "changes": _changes(entry),
            "answer": _answer(entry),
        }
        for entry in entries
    ]


def is_quoted(entry: LedgerEntry) -> bool:
    """Return True if the reason is what the person said: not a vendor's words, our own, or a colleague's note."""
    if entry.action == Action.STOP_REQUESTED:
        # Old entries name no source.
        source = entry.after.get("source", Source.PERSON)
        return entry.channel != Channel.VENDOR and source == Source.PERSON
    return entry.action == Action.STOP_DETAILED or bool(entry.after.get("consented"))


def _how(entry: LedgerEntry) -> str:
    """Return how the person told us; for a stop by staff also that this was not recorded."""
    if entry.channel == Channel.VENDOR:
        return "Reported by a vendor."
    if entry.channel in ("", Channel.UNRECORDED):
        pressed = entry.action == Action.STOP_REQUESTED and entry.after.get("source")
        return "How they asked: not recorded." if pressed == Source.STAFF else ""
    asked = entry.action in (Action.STOP_REQUESTED, Action.STOP_DETAILED)
    verb = "asked" if asked else "consented"
    return f"How they {verb}: {entry.get_channel_display().lower()}."


def _vendor(entry: LedgerEntry) -> str:
    return str(dict(Vendor.choices).get(entry.vendor, entry.vendor))


def _actor(entry: LedgerEntry) -> str:
    """Return who did it and, if only one vendor is concerned, which."""
    vendor = _vendor(entry)
    if vendor and entry.action in BY_VENDORS:
        return vendor
    if _is_own_text(entry):
        return f"the person, at {vendor}"
    who = entry.staff_name or "the dashboard"
    return f"{who}, {vendor}" if vendor else who


def _is_own_text(entry: LedgerEntry) -> bool:
    """Return True for a request that the person's own START opened."""
    return entry.action == Action.LIFT_ASKED and bool(entry.vendor) and not entry.staff_name


def _summary(entry: LedgerEntry) -> str:
    if entry.after.get("kind") == LiftRequestKind.WRONG_PERSON:
        return LiftRequestKind.WRONG_PERSON.label + "."
    if entry.action in (Action.CONSENT_REQUESTED, Action.LIFT_ASKED):
        status = str(entry.after.get("opt_in_status", ""))
        words = STATUS_WORDS.get(status, status)
        if _is_own_text(entry):
            return f"To {words.lower()}."
        return f"To {words.lower()}; {entry.after.get('consented', 'the person')} consented."
    if entry.action == Action.LEDGER_PRUNED:
        return f"{entry.after.get('pruned')} that were older than LEDGER_RETENTION_DAYS."
    if entry.action.startswith("account:"):
        return _account(entry)
    if asked_by := str(entry.after.get("asked_by") or ""):
        if asked_by.startswith(OWN_TEXT):
            return f"They texted {asked_by.removeprefix(OWN_TEXT)}."
        return f"Asked for by {asked_by}."
    return ""


def _account(entry: LedgerEntry) -> str:
    """Return whose account it was, and which role changed to which."""
    name = str(entry.after.get("username", ""))
    before, after = (str(each.get("role") or "no role") for each in (entry.before, entry.after))
    if entry.action == Action.ACCOUNT_INVITED:
        return f"{name}, into {after}."
    return f"{name}: {before} to {after}." if entry.before and before != after else f"{name}."


def _changes(entry: LedgerEntry) -> list[dict[str, str]]:
    if entry.action != Action.CONTACT_EDITED:
        return []
    known = {name: place for place, name in enumerate(LABELS)}
    return [
        {
            "label": label_of(field),
            "before": in_words(field, entry.before.get(field)),
            "after": in_words(field, value),
        }
        for field, value in sorted(
            entry.after.items(), key=lambda item: (known.get(item[0], len(known)), item[0])
        )
    ]


def _answer(entry: LedgerEntry) -> str:
    if entry.answer.get("outcome") == "unknown":
        return "SlickText never answered. We don't know whether it went through."
    if entry.answer.get("settled"):
        return "The answer was lost. A lookup showed that it went through."
    return str(entry.answer.get("words") or "")
