"""Put what waits for a decision into words, each item with the presses that its own page has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from textwrap import shorten
from typing import Any, Final

from django.urls import reverse

from contacts_ui.models import LiftRequest, OptOut
from contacts_ui.models.ledger import Channel
from contacts_ui.models.opt_out import OptOutState
from contacts_ui.permissions import Staff, may
from contacts_ui.phone import pretty
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.review import attention, possible_opt_outs
from contacts_ui.services.review import disagreements as disagreed
from contacts_ui.services.review.inbox import Inbox, Kind
from contacts_ui.services.review.opt_outs import DUE_SOON, PAST_DUE, Found
from contacts_ui.services.review.texts_after_stop import TextAfterStop
from contacts_ui.views.addresses import person_url
from contacts_ui.views.disagreements import kind_of
from contacts_ui.views.lift_requests import wants
from contacts_ui.views.opt_out_rows import rows_of
from contacts_ui.views.text_words import text_in_words

WORDS_MAX_LETTERS: Final = 120
# Kind: its title, the page that has all of them, and the query of that page.
TITLES: Final[Mapping[Kind, tuple[str, str, str]]] = {
    Kind.TEXTED: ("Texted after a stop", "attention", ""),
    Kind.DISAGREE: ("Vendors disagree", "disagreement-list", ""),
    Kind.REFUSED: ("Refused by a vendor", "attention", ""),
    Kind.UNPLACED: ("Reported stops to match", "attention", ""),
    Kind.REASSIGNED: ("Numbers that passed to another person", "attention", ""),
    Kind.ASKED: ("May have asked us to stop", "possible-opt-out-list", ""),
    Kind.LIFTS: ("Lift requests", "lift-request-list", ""),
    Kind.PAST_DUE: ("Opt-outs past due", "opt-out-list", f"?state={PAST_DUE}"),
    Kind.DUE_SOON: ("Opt-outs due soon", "opt-out-list", f"?state={DUE_SOON}"),
    Kind.UNREVIEWED: ("Opt-outs to review", "opt-out-list", "?reviewed=no&kind=requests"),
}
ALARMS: Final = (Kind.TEXTED, Kind.DISAGREE, Kind.PAST_DUE)
# All say that a stop is not in force at a vendor: a person is shown once, under the first of them.
NOT_IN_FORCE: Final = (Kind.DISAGREE, Kind.REFUSED, Kind.PAST_DUE, Kind.DUE_SOON)


@dataclass(frozen=True)
class Press:
    """A button that posts `hidden` to an address; the name of the person follows `words` for screen readers."""

    words: str
    url: str
    hidden: Mapping[str, Any] = field(default_factory=dict)
    style: str = ""


@dataclass(frozen=True)
class Item:
    """One person and what is to be decided; `link` leads to where it takes more than a press."""

    name: str
    url: str
    number: str
    what: str
    since: datetime | None
    presses: Sequence[Press] = ()
    link: tuple[str, str] | None = None


def sections_of(inbox: Inbox, staff: Staff) -> list[dict[str, Any]]:
    """Return a section for each kind of which any waits, the most urgent first; none if all of it is shown above."""
    sections = []
    numbers: set[str] = set()
    for kind, count in inbox.counts.items():
        items = [_ITEM[kind](each, inbox, staff) for each in inbox.items.get(kind, ())]
        more = count > len(items)
        if kind in NOT_IN_FORCE:
            items = [item for item in items if item.number not in numbers]
            numbers.update(item.number for item in items)
        if items or more:
            sections.append(section(kind, count, items))
    return sections


def section(kind: Kind, count: int, items: list[Item]) -> dict[str, Any]:
    """Return one section: its title, its first items, how many there are in all, and where."""
    title, page, query = TITLES[kind]
    return {
        "kind": kind.value,
        "title": title,
        "count": count,
        "items": items,
        "url": f"{reverse(page)}{query}",
        "alarm": kind in ALARMS,
    }


def message_item(shown: possible_opt_outs.Shown, staff: Staff) -> Item:
    """Return a message that may be an opt-out, in their words."""
    message, seen = shown.message, shown.seen
    presses = [
        Press("Stop texts", reverse("possible-opt-out-stop", args=[message.pk]), style="danger")
    ]
    if may(staff, "lift_stops"):
        url = reverse("possible-opt-out-dismiss", args=[message.pk])
        presses.append(Press("Not a request", url))
    words = shorten(message.words, WORDS_MAX_LETTERS, placeholder="…")
    name, url = _person(message.number, seen)
    return Item(name, url, pretty(message.number), f"“{words}”", message.moment, presses)


def changed_item(row: OptOut, refusals: Mapping[str, str]) -> Item:
    """Return what became of a stop: refused, completed, lifted, or asked again."""
    [shown] = rows_of(Found([row], 1, refusals))
    refused = [f"{each.name} {each.words}" for each in shown["vendors"] if each.state == "refused"]
    words = [shown["state"], *refused] if refused else [shown["state"], shown["clock"].words]
    item = _opt_out(row, ". ".join(filter(None, words)), ())
    return replace(item, since=row.ended_at or row.completed_at or row.recorded_at)


def _person(number: str, seen: Seen | None) -> tuple[str, str]:
    """Return the name of the person with a number ("" if unknown), and their page."""
    named = seen is not None and seen.label != pretty(number)
    contact_id = seen.contact_id if seen and named else None
    return (seen.label if seen and named else ""), person_url(contact_id, number)


def _stop_number(number: str, words: str, staff: Staff, **hidden: Any) -> list[Press]:
    if not may(staff, "stop_texts"):
        return []
    style = "primary" if hidden else "danger"
    return [Press(words, reverse("number-do-not-text", args=[number]), hidden, style)]


def _texted(found: TextAfterStop, inbox: Inbox, staff: Staff) -> Item:
    words, text = text_in_words(found), found.text
    name, url = _person(text.number, inbox.people.get(text.number))
    what = f"{words['vendor']} texted them {words['after_stop']} after their stop"
    presses: list[Press] = []
    if not found.held_since:
        presses = _stop_number(text.number, f"Tell {words['vendor']} now", staff, again=1)
    link = ("Close with a note", f"{reverse('attention')}#text-{text.pk}")
    return Item(name, url, pretty(text.number), what, text.sent_at, presses, link)


def _disagree(shown: disagreed.Shown, inbox: Inbox, staff: Staff) -> Item:
    row = shown.row
    presses: list[Press] = []
    what = kind_of(row)
    if shown.on_its_way:
        what += ". The stop is on its way"
    elif may(staff, "stop_texts"):
        presses = [
            Press("Stop at both", reverse("disagreement-repair", args=[row.pk]), style="danger")
        ]
    name = row.label if row.label != pretty(row.number) else ""
    url = person_url(row.contact_id, row.number)
    return Item(name, url, pretty(row.number), what, row.found_at, presses)


def _refused(refused: attention.Refusal, inbox: Inbox, staff: Staff) -> Item:
    desired = refused.desired
    who, number = attention.who_of(desired), pretty(desired.number)
    what = f"{'Stop' if desired.do_not_text else 'Change'} refused by {refused.vendor}: “{desired.answer}”"
    press = Press(
        "Try again", reverse("attention-retry", args=[desired.pk]), {"version": desired.version}
    )
    link = ("Resolve by hand", f"{reverse('attention')}#refusal-{desired.pk}")
    url = person_url(desired.ledger_entry.contact_id, desired.number)
    return Item(who if who != number else "", url, number, what, refused.since, [press], link)


def _unplaced(found: attention.Unplaced, inbox: Inbox, staff: Staff) -> Item:
    here = f"{reverse('attention')}#event-{found.event.pk}"
    what = f"{found.vendor} reported a stop. {found.event.outcome}"
    at = found.said_at or found.event.received_at
    if not found.number:
        return Item("Unknown person", here, "", what, at, link=("Match to a number", here))
    name, url = _person(found.number, inbox.people.get(found.number))
    return Item(name, url, pretty(found.number), what, at, link=("Match to a number", here))


def _reassigned(found: attention.Reassigned, inbox: Inbox, staff: Staff) -> Item:
    name, url = _person(found.number, inbox.people.get(found.number))
    what = "Passed to another person, and the vendors may still text it"
    presses = _stop_number(found.number, "Stop texts", staff)
    link = None
    if may(staff, "lift_stops"):
        link = ("Record consent", reverse("number-opt-in", args=[found.number]))
    return Item(name, url, pretty(found.number), what, found.at, presses, link)


def _asked(shown: possible_opt_outs.Shown, inbox: Inbox, staff: Staff) -> Item:
    return message_item(shown, staff)


def _lift(asked: LiftRequest, inbox: Inbox, staff: Staff) -> Item:
    number = pretty(asked.number)
    who = f"They texted {asked.texted_to}" if asked.texted_to else f"{asked.asked_by_name} asks"
    name = asked.label if asked.label != number else ""
    link = ("Review the request", f"{reverse('lift-request-list')}#request-{asked.pk}")
    url = person_url(asked.contact_id, asked.number)
    return Item(name, url, number, f"{who}: {wants(asked)}", asked.asked_at, link=link)


def _opt_out(row: OptOut, words: str, presses: Sequence[Press]) -> Item:
    name = row.label if row.label != pretty(row.number) else ""
    url = person_url(row.contact_id, row.number)
    return Item(name, url, pretty(row.number), words, row.asked_at, presses)


def _due(row: OptOut, inbox: Inbox, staff: Staff) -> Item:
    [shown] = rows_of(Found([row], 1, {}))
    waiting = [f"{each.name} {each.words}" for each in shown["vendors"] if each.words]
    presses: list[Press] = []
    link = None
    if row.state == OptOutState.WAITING:
        presses = _stop_number(row.number, "Send again", staff, again=1)
    else:
        link = ("Resolve the refusal", reverse("attention"))
    return replace(
        _opt_out(row, f"{shown['clock'].words}. {', '.join(waiting)}", presses), link=link
    )


def _unreviewed(row: OptOut, inbox: Inbox, staff: Staff) -> Item:
    [shown] = rows_of(Found([row], 1, {}))
    words = f"Recorded by {shown['taken_by']}"
    if row.channel != Channel.UNRECORDED:
        words = f"{shown['channel']}, recorded by {shown['taken_by']}"
    if row.reason:
        words += f": {shorten(shown['reason'], WORDS_MAX_LETTERS, placeholder='…')}"
    press = Press("Mark reviewed", reverse("opt-outs-reviewed"), {"opt_out": row.pk})
    return _opt_out(row, words, [press])


_ITEM: Final[Mapping[Kind, Callable[[Any, Inbox, Staff], Item]]] = {
    Kind.TEXTED: _texted,
    Kind.DISAGREE: _disagree,
    Kind.REFUSED: _refused,
    Kind.UNPLACED: _unplaced,
    Kind.REASSIGNED: _reassigned,
    Kind.ASKED: _asked,
    Kind.LIFTS: _lift,
    Kind.PAST_DUE: _due,
    Kind.DUE_SOON: _due,
    Kind.UNREVIEWED: _unreviewed,
}
