"""Undoing a stop that was made by a slip: by whoever made it, for a few minutes, if they knew the person as textable.

A person's own STOP is never undone here. What the rules need is in the ledger, and one query brings it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import NotFound, VendorError
from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import LedgerEntry, Vendor
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.permissions import Staff, may, require
from contacts_ui.services import consent, index, ledger, opt_outs, wishes
from contacts_ui.services.consent import Seen
from contacts_ui.services.vendors import connected, to_slicktext
from contacts_ui.services.verdicts import STOPPED_STATUSES, Judgement

_ASKED_FOR = (
    Action.STOP_REQUESTED, Action.STOP_RETRIED, Action.STOP_UNDONE, Action.CONSENT_REQUESTED,
)  # fmt: skip
_STOPS = (Action.STOP_REQUESTED, Action.STOP_RETRIED)
# SlickText writes whole seconds, and no two clocks agree.
CLOCKS_DIFFER = timedelta(seconds=5)

NEWER = "Something newer is on record for this number, so this stop can no longer be undone."
NOT_YOURS = "Only who made this stop can undo it."
NOT_TEXTABLE = "They were not known as textable before, so there is nothing to go back to."
THEIR_OWN = "They stopped texts themselves, and that cannot be undone here."
TOO_LATE = "The time in which this stop could be undone is over. Ask for it to be lifted instead."
UNREADABLE = (
    "SlickText does not answer, so we cannot see whether they stopped texts themselves. "
    "Nothing was changed; try again in a moment."
)


class CannotUndo(Exception):
    """This stop cannot be undone. `sentence` says why, for the screen."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


def offers(staff: Staff, judgements: Iterable[Judgement]) -> dict[int, datetime]:
    """Which of these people's stops `staff` may undo, by the stop's ledger entry, and until when.

    One query for a whole page, and none where nobody was stopped in the last minutes.
    """
    if not may(staff, "stop_texts"):
        return {}
    since = timezone.now() - window()
    fresh = [
        judgement.stop_entry
        for judgement in judgements
        if judgement.stop_entry and judgement.stopped_at and judgement.stopped_at > since
    ]
    if not fresh:
        return {}
    own = _with_what_counts(LedgerEntry.objects.filter(pk__in=fresh, staff_id=staff.pk))
    return {entry.pk: entry.at + window() for entry in own if not _why_not(entry, staff)}


def window() -> timedelta:
    """For how long a stop can be undone."""
    return timedelta(minutes=settings.UNDO_MINUTES)


def undo_stop(*, staff: Staff, seen: Seen) -> Judgement:
    """Take back the stop that `staff` made a moment ago; return what we may claim now.

    SlickText is asked first whether the person stopped texts themselves meanwhile. Raises NotAllowed, CannotUndo.
    """
    require(staff, "stop_texts")
    stop = _stop_to_undo(staff, seen.number)
    if _stopped_themselves(seen, stop):
        raise CannotUndo(THEIR_OWN)
    with transaction.atomic():
        # The entry takes its place in the chain first: what is checked next is still true when it commits.
        entry = ledger.record(
            action=Action.STOP_UNDONE,
            staff=staff,
            number=seen.number,
            contact_id=stop.contact_id,
            before={"do_not_text": True, "stop": stop.pk},
            after={"do_not_text": False, "opt_in_status": OptInStatus.SUBSCRIBED},
        )
        if _stop_to_undo(staff, seen.number).pk != stop.pk:
            raise CannotUndo(NEWER)
        opt_outs.ended(seen.number, by="undone")
        keys = wishes.wish_everywhere(entry, do_not_text=False, status=OptInStatus.SUBSCRIBED)
    consent.deliver_now(keys)
    return consent.judge_one(seen)


def _stop_to_undo(staff: Staff, number: str) -> Any:
    """The newest stop of the number, if `staff` may undo it; raises CannotUndo with the reason."""
    newest = consent.judge_one(Seen(number)).stop_entry
    if newest is None:
        raise CannotUndo(NEWER)
    entry = _with_what_counts(LedgerEntry.objects.filter(pk=newest)).get()
    if reason := _why_not(entry, staff):
        raise CannotUndo(reason)
    return entry


def _with_what_counts(entries: QuerySet[LedgerEntry]) -> QuerySet[Any]:
    """Each entry with `held`, what was asked for before it, and `spoken`, whether the vendors told of a STOP since."""
    same_number = LedgerEntry.objects.filter(number=OuterRef("number")).order_by("-pk")
    earlier = same_number.filter(pk__lt=OuterRef("pk"), action__in=_ASKED_FOR)
    since = same_number.filter(pk__gt=OuterRef("pk"), channel=Channel.VENDOR)
    none = Value("", output_field=CharField())
    return entries.annotate(
        held=Coalesce(Subquery(earlier.values("action")[:1]), none), spoken=Exists(since)
    )


def _why_not(entry: Any, staff: Staff) -> str:
    """Why `staff` may not undo this stop, a row of `_with_what_counts`, as a sentence; empty when they may."""
    if entry.action != Action.STOP_REQUESTED:
        return NEWER
    if entry.channel == Channel.VENDOR or entry.spoken:
        return THEIR_OWN
    if entry.staff_id is None or entry.staff_id != staff.pk:
        return NOT_YOURS
    if entry.before.get("status") in STOPPED_STATUSES:
        return THEIR_OWN
    if entry.before.get("status") != OptInStatus.SUBSCRIBED or entry.held in _STOPS:
        return NOT_TEXTABLE
    if entry.at + window() <= timezone.now():
        return TOO_LATE
    return ""


def _stopped_themselves(seen: Seen, stop: LedgerEntry) -> bool:
    """Whether SlickText held a stop already when ours was made: then it is the person's own."""
    contact = _contact_now(seen)
    if contact is None or contact.number != seen.number:
        return False
    changed = contact.last_opt_in_status_change
    stopped = contact.opt_in_status in STOPPED_STATUSES
    return bool(stopped and changed and changed < stop.at - CLOCKS_DIFFER)


def _contact_now(seen: Seen) -> Contact | None:
    if Vendor.SLICKTEXT not in connected():
        return None
    asked_at = timezone.now()
    contact: Contact | None
    try:
        if seen.contact_id:
            contact = slicktext.get_contact(to_slicktext(), seen.contact_id)
        else:
            contact = slicktext.find_contact(to_slicktext(), seen.number)
    except NotFound:
        index.forget(seen.contact_id or 0)
        return None
    except VendorError as error:
        raise CannotUndo(UNREADABLE) from error
    index.learn([contact] if contact else [], asked_at)
    return contact
