"""Where the vendors disagree: stopped at one and textable at the other, or stopped here and textable again.

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
from contacts_ui.models import DesiredState, Disagreement, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.disagreement import DisagreementKind
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log
from contacts_ui.services.consent.rules import Judgment, Verdict
from contacts_ui.services.consent.types import Seen
from contacts_ui.services.vendors import connected

AGREED = "The vendors agree again"
# A person who is stopped, and can be texted at a vendor.
ALARMS = (DisagreementKind.REAPPEARED, DisagreementKind.GONE)
# How many are checked at a time for whether the vendors agree by now.
CLOSE_CHECK_MAX_ROWS = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One person as SlickText just showed them, the desired states of their number, and the verdict that follows."""

    person: Seen
    desired_states: Sequence[DesiredState]
    judgment: Judgment

    @property
    def slicktext(self) -> DesiredState | None:
        return next(
            (desired for desired in self.desired_states if desired.vendor == Vendor.SLICKTEXT), None
        )

    @property
    def confirmed_at(self) -> datetime | None:
        """Return when SlickText last confirmed our state."""
        return self.slicktext.confirmed_at if self.slicktext else None

    @property
    def fresh(self) -> bool:
        """Return True if SlickText was read after it last confirmed our state: before that it says nothing new."""
        read_at = self.person.read_at
        return bool(read_at and (self.confirmed_at is None or read_at > self.confirmed_at))


def notice(looks: Iterable[Comparison]) -> None:
    """Open and close disagreements by what was just read."""
    about = [look for look in looks if look.desired_states and look.fresh]
    if not about:
        return
    rows = present().filter(number__in=[look.person.number for look in about])
    held = {row.number: row for row in rows}
    for look in about:
        _compare(look, held.get(look.person.number))


def compare(look: Comparison) -> None:
    """Open or close the disagreement about one person by what CloudContactAI just showed."""
    _compare(look, present().filter(number=look.person.number).first())


def present() -> QuerySet[Disagreement]:
    """Return the open ones: first those with an alarm, then the newest."""
    alarms_first = Case(When(kind__in=ALARMS, then=0), default=1, output_field=IntegerField())
    return Disagreement.objects.filter(closed_at=None).order_by(alarms_first, "-found_at", "-pk")


def subscribed_again(number: str = "", *, limit: int = 50) -> list[Disagreement]:
    """Return stopped people who are *subscribed* at SlickText: staff decide, the status never does (rule 3)."""
    again = present().filter(kind=DisagreementKind.REAPPEARED, status=OptInStatus.SUBSCRIBED)
    return list((again.filter(number=number) if number else again)[:limit])


def recently_closed(limit: int = 20) -> list[Disagreement]:
    """Return those that were closed last, newest first."""
    return list(Disagreement.objects.exclude(closed_at=None).order_by("-closed_at")[:limit])


def close_agreed() -> int:
    """Close those whose stop every connected vendor holds, confirmed since by the one that did not; return how many."""
    rows = list(present()[:CLOSE_CHECK_MAX_ROWS])
    desired_states = {
        (desired.number, desired.vendor): desired
        for desired in DesiredState.objects.filter(number__in={row.number for row in rows})
    }
    count = 0
    for row in rows:
        held = [desired_states.get((row.number, vendor.value)) for vendor in connected()]
        gone = row.kind == DisagreementKind.GONE
        vendor = Vendor.CLOUDCONTACTAI if gone else Vendor.SLICKTEXT
        told = desired_states.get((row.number, vendor.value))
        since = told.confirmed_at if told else None
        everywhere = all(each and each.do_not_text and each.confirms_stop for each in held)
        if everywhere and since and since > row.found_at:
            _close(row)
            count += 1
    return count


def kind_of(look: Comparison) -> DisagreementKind | None:
    """Return the kind of disagreement a look shows; None if there is none, or a delivery is on its way."""
    if look.judgment.verdict is not Verdict.DISAGREE:
        return None
    desired, slicktext = look.slicktext, look.judgment.vendors[0]
    if slicktext.holds_stop is not False and any(each.shows_none for each in look.desired_states):
        return DisagreementKind.GONE
    if desired and desired.do_not_text and desired.state == DeliveryState.CONFIRMED:
        return DisagreementKind.REAPPEARED
    if look.judgment.on_its_way:
        return None
    if slicktext.holds_stop:
        return DisagreementKind.ONLY_SLICKTEXT
    return DisagreementKind.ONLY_CLOUDCONTACTAI


def _compare(look: Comparison, row: Disagreement | None) -> None:
    kind = kind_of(look)
    if row is None:
        if kind:
            _open(look, kind)
        return
    # A stop that is gone at CloudContactAI is the same finding, no matter what SlickText says.
    same_status = kind == DisagreementKind.GONE or row.status == (look.person.status or "")
    same = row.kind == kind and same_status
    settled_since = bool(look.confirmed_at and look.confirmed_at > row.found_at)
    if same and not settled_since:
        return
    if kind:
        # Another finding: the one that is listed is over, with or without a repair.
        _close(row)
        _open(look, kind)
        return
    read_at, verdict = look.person.read_at, look.judgment.verdict
    agrees = verdict not in (Verdict.DISAGREE, Verdict.NOT_KNOWN) and not look.judgment.on_its_way
    # Only a later look at the same contact says something: another one with the number says nothing about it.
    later = read_at is not None and read_at > row.found_at
    if agrees and later and row.contact_id in (None, look.person.contact_id):
        _close(row)


def _open(look: Comparison, kind: DisagreementKind) -> None:
    person, desired = look.person, look.slicktext
    before = desired.confirmed_opt_in_status if desired else ""
    gone = kind == DisagreementKind.GONE
    try:
        with transaction.atomic():
            # One order of locks for all: the audit log first.
            audit_log.take_turn()
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
            audit_log.record(
                action=Action.DISAGREEMENT_FOUND,
                staff=None,
                number=person.number,
                contact_id=person.contact_id,
                vendor=Vendor.CLOUDCONTACTAI if gone else Vendor.SLICKTEXT,
                reason=look.judgment.reason,
                before={"opt_in_status": before},
                after={"opt_in_status": row.status, "kind": kind.value, "source": row.source},
            )
    except IntegrityError:
        # Another process found it in the same moment.
        logger.info("this disagreement is listed already")


def _close(row: Disagreement) -> None:
    closed_by = row.closed_by or AGREED
    Disagreement.objects.filter(pk=row.pk, closed_at=None).update(
        closed_at=timezone.now(), closed_by=closed_by
    )
