"""What CloudContactAI's contacts mean for consent, if the account answers reads (`operations.register_pages`).

A reading counts from when its request was sent. A stop that is still there is noted as seen. One that is gone is a
disagreement with an alarm. One that the record does not hold is a statement (rule 10).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from contacts_ui.integrations.types import RegisteredContact
from contacts_ui.models import ConsentState, DesiredState, Statement, Vendor
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Channel
from contacts_ui.phone import pretty
from contacts_ui.services import audit_log, index
from contacts_ui.services.consent import desired_state, disagreements, phone_numbers, record, stops
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import (
    VENDOR_CLOCK_TOLERANCE,
    Said,
    by_vendor,
    is_as_new,
    unanswered,
    usable,
)
from contacts_ui.services.consent.stops import Stop, write_stop
from contacts_ui.services.consent.types import Request, Seen

REASSIGNED: Final = "CloudContactAI says that this number passed to another person."
LISTED: Final = "CloudContactAI lists them as a person not to be texted."
_PREFERRED: Final = {True: 2, False: 1, None: 0}


@dataclass(frozen=True)
class _Stop:
    """A stop that the page shows and the record does not hold."""

    number: str
    since: datetime | None
    said: Said
    key: str


@dataclass(frozen=True)
class _Findings:
    """What a page says about stops: rows whose stop was seen, rows that differ, and stops that are new here."""

    seen: Sequence[DesiredState]
    differing: Sequence[DesiredState]
    stops: Sequence[_Stop]

    @property
    def any(self) -> bool:
        return bool(self.seen or self.differing or self.stops)


def note(
    contacts: Sequence[RegisteredContact],
    sent_at: datetime,
    *,
    first_round_ended_at: datetime | None = None,
) -> None:
    """Record what CloudContactAI showed when it was asked at `sent_at`; the worker delivers what follows.

    Stops from before the first round had ended open no opt-outs: they are years of history.
    """
    # Of several contacts with one number, one that is stopped.
    in_order = sorted(contacts, key=lambda each: _PREFERRED[each.stopped])
    shown = {each.number: each for each in in_order if each.number}
    if _find(shown, sent_at).any:
        with transaction.atomic():
            audit_log.take_turn()
            _write(_find(shown, sent_at), shown, sent_at, first_round_ended_at)
    _note_reassigned(shown, sent_at)


def _find(shown: Mapping[str, RegisteredContact], sent_at: datetime) -> _Findings:
    desired_states = {
        desired.number: desired
        for desired in DesiredState.objects.filter(vendor=Vendor.CLOUDCONTACTAI, number__in=shown)
    }
    # Not where something was told, or is about to be, that a reading of `sent_at` can't show.
    told = [
        desired
        for desired in desired_states.values()
        if desired.settled
        and desired.due_at is None
        and not desired.lease
        and (desired.confirmed_at is None or desired.confirmed_at < sent_at)
    ]
    said = {desired.pk: shown[desired.number].stopped for desired in told}
    return _Findings(
        seen=[
            each
            for each in told
            if said[each.pk] and each.do_not_text and each.confirmed_do_not_text
        ],
        differing=[
            each
            for each in told
            if said[each.pk] is not None and said[each.pk] is not each.confirmed_do_not_text
        ],
        stops=_new_stops(shown, desired_states, sent_at),
    )


def _new_stops(
    shown: Mapping[str, RegisteredContact],
    desired_states: Mapping[str, DesiredState],
    sent_at: datetime,
) -> list[_Stop]:
    stopped: dict[str, datetime | None] = {}
    for number, each in shown.items():
        # None: it does not say since when, or names a time to come.
        since = each.unsubscribed_since
        if since and since > sent_at + VENDOR_CLOCK_TOLERANCE:
            since = None
        if each.stopped and _may_be_new(since, desired_states.get(number), sent_at):
            stopped[number] = since
    if not stopped:
        return []
    known = record.grouped(Statement.objects.filter(number__in=stopped).order_by("pk"))
    states = record.states_of(stopped.keys())
    found = (
        _new_stop(
            number, since, desired_states.get(number), known[number], states.get(number), sent_at
        )
        for number, since in stopped.items()
    )
    return [each for each in found if each]


def _may_be_new(since: datetime | None, told: DesiredState | None, sent_at: datetime) -> bool:
    """Return False if it shows what we told and CloudContactAI confirmed, or may be older than our last call."""
    if told is None or told.confirmed_at is None:
        return True
    if since and desired_state.is_in_a_call(told, since):
        return False
    if told.confirmed_do_not_text:
        return bool(since and since > told.confirmed_at + VENDOR_CLOCK_TOLERANCE)
    return bool(since) or told.confirmed_at < sent_at


def _new_stop(
    number: str,
    since: datetime | None,
    told: DesiredState | None,
    known: Sequence[Statement],
    state: ConsentState | None,
    sent_at: datetime,
) -> _Stop | None:
    """Return the stop, unless the record holds it, or one that is as new."""
    said = by_vendor(since, sent_at)
    standing = unanswered(known, state.reassigned_at if state else None)
    if is_as_new(said, standing):
        return None
    after = told.confirmed_at if told and told.confirmed_do_not_text is False else None
    since_words = since.isoformat() if since else f"after {after.isoformat()}" if after else ""
    key = f"ccai:read:{since_words}"
    on_record = any(
        each.key == key
        or (
            since
            and each.source == Source.VENDOR_MARK
            and abs(each.latest - said.latest) <= VENDOR_CLOCK_TOLERANCE
        )
        for each in known
    )
    return None if on_record else _Stop(number, since, said, key)


def _write(
    found: _Findings,
    shown: Mapping[str, RegisteredContact],
    sent_at: datetime,
    first_round_ended_at: datetime | None,
) -> None:
    same = {desired.pk for desired in found.seen}
    DesiredState.objects.filter(pk__in=same).update(confirmed_at=sent_at)
    for desired in found.differing:
        desired.confirmed_do_not_text, desired.confirmed_at = shown[desired.number].stopped, sent_at
        desired_state.note_held(desired)
        desired.save(update_fields=["confirmed_do_not_text", "confirmed_at", "held_since"])
    record.refresh_verdicts([desired.number for desired in found.differing])
    for stop in found.stops:
        moment = usable(stop.since, sent_at)
        is_history = first_round_ended_at is None or moment <= first_round_ended_at
        write_stop(
            Stop(
                Seen(stop.number, label=_label(stop.number)),
                Source.VENDOR_MARK,
                stop.said,
                request=Request(Channel.VENDOR, moment, LISTED),
                key=stop.key,
                batch=True,
                repeats=is_history and not stops.is_request_waiting(stop.number),
            )
        )
    for desired in found.differing:
        _compare(desired.number, sent_at)


def _compare(number: str, sent_at: datetime) -> None:
    """Open or close the disagreement about a number by what CloudContactAI showed."""
    state = record.state_of(number)
    status, contact_id = (state.status, state.contact_id) if state else ("", None)
    seen = Seen(number, contact_id, _label(number), status or None, sent_at)
    desired_states = list(DesiredState.objects.filter(number=number))
    judgment = judge_one(Seen(number, contact_id))
    disagreements.compare(disagreements.Comparison(seen, desired_states, judgment))


def _label(number: str) -> str:
    known = index.by_numbers([number]).get(number, [])
    return next((each.contact.name for each in known if each.contact.name), pretty(number))


def _note_reassigned(shown: Mapping[str, RegisteredContact], sent_at: datetime) -> None:
    passed = {
        number: each.reassigned_at
        for number, each in shown.items()
        if each.reassigned_at and each.reassigned_at <= sent_at + VENDOR_CLOCK_TOLERANCE
    }
    if not passed:
        return
    states = record.states_of(passed.keys())
    indexed = index.by_numbers(passed)
    for number, at in passed.items():
        state, contacts = states.get(number), indexed.get(number, [])
        if state and state.reassigned_at and state.reassigned_at >= at:
            continue
        changes = [each.contact.last_opt_in_status_change for each in contacts]
        if state is None and changes and all(changed and changed > at for changed in changes):
            # Their status at SlickText is newer, and nothing else is on record.
            continue
        with transaction.atomic():
            audit_log.take_turn()
            phone_numbers.reassign(number=number, at=at, words=REASSIGNED)
            record.note_readings(
                Seen.of(each.contact, each.read_at, number=number) for each in contacts
            )
