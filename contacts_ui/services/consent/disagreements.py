"""People whom one vendor holds as stopped and the other as textable, and stopped people who came back.

Every reading that says something new passes through `notice`, with what the vendors were told and the verdict that
follows (`readings`). No page calls it.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Case, IntegerField, QuerySet, When
from django.utils import timezone

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import Disagreement, Vendor, Wish
from contacts_ui.models.disagreement import DisagreementKind
from contacts_ui.models.ledger import Action
from contacts_ui.models.wish import WishState
from contacts_ui.services import ledger
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.consent.verdicts import Judgement, Verdict
from contacts_ui.services.vendors import connected

AGREED = "The vendors agree again"
# A person who is stopped, and can be texted at a vendor.
ALARMS = (DisagreementKind.REAPPEARED, DisagreementKind.GONE)
# What is looked at to find those that agree by now; the list itself is paged.
CHECKED_MAX = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """One person as SlickText was just read, our wishes for their number, and the verdict that follows."""

    person: Seen
    wishes: Sequence[Wish]
    judgement: Judgement

    @property
    def slicktext(self) -> Wish | None:
        return next((wish for wish in self.wishes if wish.vendor == Vendor.SLICKTEXT), None)

    @property
    def confirmed_at(self) -> datetime | None:
        """Return when SlickText last confirmed a wish of ours."""
        return self.slicktext.confirmed_at if self.slicktext else None

    @property
    def fresh(self) -> bool:
        """Return True if SlickText was read after it last confirmed a wish of ours: before that it says nothing new."""
        read_at = self.person.read_at
        return bool(read_at and (self.confirmed_at is None or read_at > self.confirmed_at))


def notice(looks: Iterable[Look]) -> None:
    """Open and close disagreements by what was just read."""
    about = [look for look in looks if look.wishes and look.fresh]
    if not about:
        return
    rows = present().filter(number__in=[look.person.number for look in about])
    held = {row.number: row for row in rows}
    for look in about:
        _compare(look, held.get(look.person.number))


def compare(look: Look) -> None:
    """Open or close the disagreement about one person by what CloudContactAI just showed."""
    _compare(look, present().filter(number=look.person.number).first())


def present() -> QuerySet[Disagreement]:
    """Return those that are open, those with an alarm on top, then the newest."""
    alarms_first = Case(When(kind__in=ALARMS, then=0), default=1, output_field=IntegerField())
    return Disagreement.objects.filter(closed_at=None).order_by(alarms_first, "-found_at", "-pk")


def subscribed_again(number: str = "", *, limit: int = 50) -> list[Disagreement]:
    """Return stopped people who are *subscribed* at SlickText: a question for people, never an answer (rule 3)."""
    again = present().filter(kind=DisagreementKind.REAPPEARED, status=OptInStatus.SUBSCRIBED)
    return list((again.filter(number=number) if number else again)[:limit])


def recently_closed(limit: int = 20) -> list[Disagreement]:
    """Return those that ended last, newest first."""
    return list(Disagreement.objects.exclude(closed_at=None).order_by("-closed_at")[:limit])


def close_agreed() -> int:
    """Close those whose number both vendors have confirmed as stopped since; return how many."""
    rows = list(present()[:CHECKED_MAX])
    wishes: dict[str, dict[str, Wish]] = {}
    for wish in Wish.objects.filter(number__in={row.number for row in rows}):
        wishes.setdefault(wish.number, {})[wish.vendor] = wish
    agreed = [row for row in rows if _is_stopped_everywhere(row, wishes.get(row.number, {}))]
    for row in agreed:
        _close(row)
    return len(agreed)


def kind_of(look: Look) -> DisagreementKind | None:
    """Return what kind of disagreement a look shows; None for none, and for one that is being settled right now."""
    if look.judgement.verdict is not Verdict.DISAGREE:
        return None
    wish, slicktext = look.slicktext, look.judgement.vendors[0]
    if slicktext.holds_stop is not False and any(each.shows_none for each in look.wishes):
        return DisagreementKind.GONE
    if wish and wish.do_not_text and wish.state == WishState.CONFIRMED:
        return DisagreementKind.REAPPEARED
    if look.judgement.on_its_way:
        return None
    if slicktext.holds_stop:
        return DisagreementKind.ONLY_SLICKTEXT
    return DisagreementKind.ONLY_CLOUDCONTACTAI


def _compare(look: Look, row: Disagreement | None) -> None:
    kind = kind_of(look)
    if row is None:
        if kind:
            _open(look, kind)
        return
    # A stop that is gone at CloudContactAI is the same finding, whatever SlickText says.
    same_status = kind == DisagreementKind.GONE or row.status == (look.person.status or "")
    same = row.kind == kind and same_status
    settled_since = bool(look.confirmed_at and look.confirmed_at > row.found_at)
    if same and not settled_since:
        return
    if kind:
        # Another finding than the one that is listed: that one is over, with or without a repair.
        _close(row)
        _open(look, kind)
    elif _agrees(look) and _speaks_about(look, row):
        _close(row)


def _speaks_about(look: Look, row: Disagreement) -> bool:
    """Return True for a later look at the same contact: another one with the number says nothing about it."""
    read_at = look.person.read_at
    later = read_at is not None and read_at > row.found_at
    return later and row.contact_id in (None, look.person.contact_id)


def _agrees(look: Look) -> bool:
    known = look.judgement.verdict not in (Verdict.DISAGREE, Verdict.NOT_KNOWN)
    return known and not look.judgement.on_its_way


def _open(look: Look, kind: DisagreementKind) -> None:
    person, wish = look.person, look.slicktext
    before = wish.confirmed_opt_in_status if wish else ""
    gone = kind == DisagreementKind.GONE
    try:
        with transaction.atomic():
            # One order of locks for all: the ledger first.
            ledger.take_turn()
            row = Disagreement.objects.create(
                number=person.number,
                contact_id=person.contact_id,
                label=person.label[:200],
                kind=kind,
                before_status=before[:40],
                status=(person.status or "")[:40],
                source=person.source[:80],
                changed_at=person.changed_at,
                found_at=timezone.now(),
            )
            ledger.record(
                action=Action.DISAGREEMENT_FOUND,
                staff=None,
                number=person.number,
                contact_id=person.contact_id,
                vendor=Vendor.CLOUDCONTACTAI if gone else Vendor.SLICKTEXT,
                reason=look.judgement.reason,
                before={"opt_in_status": before},
                after={"opt_in_status": row.status, "kind": kind.value, "source": row.source},
            )
    except IntegrityError:
        # Somebody else found it in this moment.
        logger.info("this disagreement is listed already")


def _close(row: Disagreement) -> None:
    closed_by = row.closed_by or AGREED
    Disagreement.objects.filter(pk=row.pk, closed_at=None).update(
        closed_at=timezone.now(), closed_by=closed_by
    )


def _is_stopped_everywhere(row: Disagreement, wishes: dict[str, Wish]) -> bool:
    """Return True if every connected vendor confirmed a stop, and the one that did not hold it after this was found."""
    held = [wishes.get(vendor.value) for vendor in connected()]
    if not all(each and each.do_not_text and each.confirms_stop for each in held):
        return False
    gone = row.kind == DisagreementKind.GONE
    told = wishes.get(Vendor.CLOUDCONTACTAI.value if gone else Vendor.SLICKTEXT.value)
    return bool(told and told.confirmed_at and told.confirmed_at > row.found_at)
