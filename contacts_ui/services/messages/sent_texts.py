"""Texts that vendors sent: list each that was sent after a stop, by kind, and raise an alarm for some.

Each vendor tells what it sent (CloudContactAI by events, SlickText in its list of messages), late, twice, or out of
order: so texts are kept for a while, and compared with stops that we hear of later.
"""

import textwrap
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef, Q
from django.utils import timezone

from contacts_ui.models import ConsentState, DesiredState, OptOut, SentText, Statement, Vendor
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.messages import TextKind
from contacts_ui.permissions import Staff, require
from contacts_ui.services import audit_log
from contacts_ui.services.consent import record
from contacts_ui.services.consent.business_days import BUSINESS_DAYS, due_after
from contacts_ui.services.consent.rules import unanswered, usable

# How soon after a stop a sender may confirm it by one text (47 CFR 64.1200(a)(12)).
CONFIRMATION_WITHIN: Final = timedelta(minutes=5)
# Sources of statements by which a vendor itself says that it holds a stop.
OWN_SOURCES: Final = {
    Vendor.SLICKTEXT.value: (Source.STATUS,),
    Vendor.CLOUDCONTACTAI.value: (Source.VENDOR_MARK, Source.VENDOR_CODE, Source.CARRIER),
}
STATEMENTS_BATCH: Final = 1_000
# Stops wait while a batch has the turn at the audit log.
NUMBERS_BATCH: Final = 100
ALARMS_MAX: Final = 500
# A stop that a vendor held by then was in time: business days take longer.
SURELY_IN_TIME: Final = timedelta(days=BUSINESS_DAYS)

# Statuses by which a vendor says that it sent nothing. A text that failed was tried, and counts.
NOT_SENT: Final = {"rejected", "blocked", "canceled", "cancelled", "excluded", "skipped"}
BY_PERSON: Final = ("inbox", "conversation", "agent", "manual")


class Text(NamedTuple):
    """One text as its vendor reports it; `number` is E.164, `sent_at` None if the vendor does not say.

    `source` is its campaign or where it came from; `by_person`: written in the vendor's inbox.
    """

    vendor: Vendor
    key: str
    number: str
    sent_at: datetime | None
    heard_at: datetime
    source: str = ""
    words: str = ""
    by_person: bool = False


def was_sent(status: str) -> bool:
    """Return False if a vendor's status says that a text was not sent. The words are not documented."""
    return status.strip().lower() not in NOT_SENT


def is_by_person(source: str) -> bool:
    """Return True if a text's source says that a person wrote it in the vendor's inbox."""
    return any(word in source.lower() for word in BY_PERSON)


def keep(texts: Iterable[Text]) -> int:
    """Store these texts, each once, and classify those to stopped numbers. Return how many are newly listed."""
    rows = {}
    for text in texts:
        sent_at = usable(text.sent_at, text.heard_at)
        rows[text.vendor, text.key[:200]] = SentText(
            vendor=text.vendor,
            key=text.key[:200],
            number=text.number,
            sent_at=sent_at,
            dated=sent_at == text.sent_at,
            heard_at=text.heard_at,
            source=text.source[:200],
            words=textwrap.shorten(text.words, 160, placeholder="…"),
            by_person=text.by_person,
        )
    SentText.objects.bulk_create(rows.values(), ignore_conflicts=True, batch_size=500)
    numbers = {row.number for row in rows.values()}
    stopped = ConsentState.objects.filter(number__in=numbers, stop__isnull=False)
    return classify(list(stopped.values_list("number", flat=True)))


def classify(numbers: Collection[str]) -> int:
    """List the texts to these numbers that were sent after a stop, by kind; return how many are new.

    A text that raised an alarm, or was closed, stays as it is.
    """
    each = sorted(set(numbers))
    parts = range(0, len(each), NUMBERS_BATCH)
    return sum(_classify(each[start : start + NUMBERS_BATCH]) for start in parts)


def _classify(numbers: Sequence[str]) -> int:
    open_ = SentText.objects.filter(number__in=numbers, alarm_at=None, closed_at=None)
    if not open_.exists():
        return 0
    added = 0
    with transaction.atomic():
        audit_log.take_turn()
        texts = record.grouped(open_.order_by("sent_at", "pk"))
        history = _History(texts.keys())
        states = record.states_of(texts.keys())
        for number, rows in texts.items():
            state = states.get(number)
            reassigned_at = state.reassigned_at if state else None
            for row in rows:
                stop = history.stop_at(number, row.sent_at, reassigned_at)
                added += _place(row, stop, history.held_since(row, stop) if stop else None)
    return added


class _History:
    """Statements about some numbers, and what vendors reported about their stops. Read in three queries."""

    def __init__(self, numbers: Collection[str]) -> None:
        said = Statement.objects.filter(number__in=numbers).select_related("ledger_entry")
        self.said = record.grouped(said.order_by("pk"))
        desired_states = DesiredState.objects.filter(number__in=numbers)
        self.desired_states = {(each.number, each.vendor): each for each in desired_states}
        opt_outs = OptOut.objects.filter(number__in=numbers)
        self.opt_outs = {(each.number, each.ledger_entry_id): each for each in opt_outs}

    def stop_at(
        self, number: str, moment: datetime, reassigned_at: datetime | None
    ) -> Statement | None:
        """Return the first stop that stood unanswered at `moment`, None if there was none."""
        before = [each for each in self.said[number] if each.moment <= moment]
        passed = reassigned_at if reassigned_at and reassigned_at < moment else None
        return min(unanswered(before, passed), key=lambda each: each.moment, default=None)

    def held_since(self, row: SentText, stop: Statement) -> datetime | None:
        """Return when a text's vendor first held a stop, by confirming or reporting it; None: not yet."""
        desired = self.desired_states.get((row.number, row.vendor))
        opt_out = self.opt_outs.get((row.number, stop.ledger_entry_id))
        moments = [
            desired.held_since if desired else None,
            opt_out.confirmed_at(row.vendor) if opt_out else None,
            *(
                each.moment
                for each in self.said[row.number]
                if each.kind == StatementKind.STOP
                and each.source in OWN_SOURCES[row.vendor]
                and each.moment >= stop.moment
            ),
        ]
        return min(filter(None, moments), default=None)

    def is_refused_or_late(self, row: SentText, stop: Statement, now: datetime) -> bool:
        """Return True if a text's vendor refused a stop, or did not hold it by its due date."""
        held = self.held_since(row, stop)
        desired = self.desired_states.get((row.number, row.vendor))
        if (
            held is None
            and desired
            and desired.do_not_text
            and desired.state == DeliveryState.REFUSED
        ):
            return True
        due_at = due_after(stop.moment)
        return now > due_at and (held is None or held > due_at)


def _place(row: SentText, stop: Statement | None, held: datetime | None) -> bool:
    """Set the kind of a text by the stop before it; return True if it is newly listed."""
    if stop is None:
        if not row.kind:
            return False
        # Late evidence shows that they had consented by then.
        row.kind, row.stop = "", None
        row.save(update_fields=["kind", "stop"])
        return False
    grace = timedelta(minutes=settings.TEXT_GRACE_MINUTES)
    if row.by_person:
        kind = TextKind.BY_PERSON
    elif _is_confirmation(row, stop):
        kind = TextKind.CONFIRMATION
    elif held is None or row.sent_at < held:
        kind = TextKind.BEFORE_HELD
    else:
        kind = TextKind.ON_ITS_WAY if row.sent_at <= held + grace else TextKind.AFTER_HELD
    if (row.kind, row.stop_id) == (kind, stop.pk):
        return False
    is_new = not row.kind
    row.kind, row.stop = kind, stop
    if kind == TextKind.AFTER_HELD:
        row.alarm_at = timezone.now()
    if is_new:
        row.ledger_entry = audit_log.record(
            action=Action.TEXT_AFTER_STOP,
            staff=None,
            number=row.number,
            vendor=row.vendor,
            before={"stop": stop.ledger_entry_id, "stop_said": stop.moment.isoformat()},
            after={
                "kind": kind.value,
                "sent_at": row.sent_at.isoformat(),
                "held_since": held.isoformat() if held else None,
                "source": row.source,
                "dated": row.dated,
            },
        )
    row.save(update_fields=["kind", "stop", "alarm_at", "ledger_entry"])
    return is_new


def _is_confirmation(row: SentText, stop: Statement) -> bool:
    """Return True for the first text that no campaign sent, within five minutes after they asked by text."""
    by_vendor = stop.source not in (Source.PERSON, Source.STAFF, Source.CARRIED_OVER)
    by_text = by_vendor or stop.ledger_entry.channel == Channel.TEXT
    soon = row.sent_at <= stop.moment + CONFIRMATION_WITHIN
    if not (by_text and soon and not row.source.startswith("Campaign")):
        return False
    others = SentText.objects.filter(number=row.number, stop=stop, kind=TextKind.CONFIRMATION)
    return not others.exclude(pk=row.pk).exists()


def held_for(texts: Sequence[SentText]) -> dict[int, datetime | None]:
    """Return since when the vendor of each of these listed texts has held its stop, by id; None: not yet."""
    history = _History({text.number for text in texts})
    return {text.pk: history.held_since(text, text.stop) for text in texts if text.stop}


# --- The worker's tasks -------------------------------------------------------------------------------


def check_new_statements() -> int:
    """Compare texts with the statements recorded since the last time; return how many are newly listed."""
    news = record.statements_to_check(STATEMENTS_BATCH)
    if not news:
        return 0
    added = classify({number for _, number in news})
    record.note_texts_checked(news[-1][0])
    return added


def raise_alarms() -> int:
    """Raise the alarm for texts before the vendor held the stop, once it was refused or is past due."""
    now = timezone.now()
    surely = ExpressionWrapper(OuterRef("stop__latest") + SURELY_IN_TIME, DateTimeField())
    told = DesiredState.objects.filter(number=OuterRef("number"), vendor=OuterRef("vendor"))
    completed = OptOut.objects.filter(
        ledger_entry=OuterRef("stop__ledger_entry"),
        number=OuterRef("number"),
        completed_at__lte=surely,
    )
    in_time = Exists(told.filter(held_since__lte=surely)) | Exists(completed)
    refused = Exists(told.filter(do_not_text=True, state=DeliveryState.REFUSED))
    # Most texts never raise one. Written as the index's condition, or SQLite reads every text.
    listed = SentText.objects.filter(~Q(kind=""), kind=TextKind.BEFORE_HELD)
    texts = listed.filter(alarm_at=None, closed_at=None).filter(
        ~in_time, refused | Q(stop__latest__lt=now - SURELY_IN_TIME)
    )
    rows = list(texts.select_related("stop").order_by("-sent_at")[:ALARMS_MAX])
    if not rows:
        return 0
    history = _History({row.number for row in rows})
    late = [row.pk for row in rows if row.stop and history.is_refused_or_late(row, row.stop, now)]
    return SentText.objects.filter(pk__in=late, alarm_at=None).update(alarm_at=now)


# --- Review -----------------------------------------------------------------------


class AlreadyClosed(Exception):
    """Another person closed this alarm first; `text` is its present state."""

    def __init__(self, text: SentText) -> None:
        self.text = text
        super().__init__(text.pk)


def alarms(limit: int = ALARMS_MAX) -> list[SentText]:
    """Return the texts that raised an alarm and are not closed, the newest first."""
    open_ = SentText.objects.filter(alarm_at__isnull=False, closed_at=None)
    rows = open_.select_related("stop__ledger_entry", "ledger_entry").order_by("-sent_at")
    return list(rows[:limit])


def texts_after_stop(number: str) -> list[SentText]:
    """Return the texts to a number (E.164) that were sent after a stop, the oldest first."""
    listed = SentText.objects.filter(number=number).exclude(kind="")
    return list(
        listed.select_related("stop__ledger_entry", "ledger_entry").order_by("sent_at", "pk")
    )


def last_text(number: str) -> SentText | None:
    """Return the last text to a number (E.164) that we know of, None if we know of none."""
    return SentText.objects.filter(number=number).order_by("-sent_at").first()


def close(*, staff: Staff, pk: int, note: str) -> SentText:
    """Close an alarm with a note on what was done about it. Raise NotAllowed, SentText.DoesNotExist, AlreadyClosed."""
    require(staff, "review_opt_outs")
    with transaction.atomic():
        audit_log.take_turn()
        text = SentText.objects.get(pk=pk)
        mine = SentText.objects.filter(~Q(alarm_at=None), pk=pk, closed_at=None)
        if not mine.update(
            closed_at=timezone.now(), closed_by_name=audit_log.name_of(staff), note=note
        ):
            raise AlreadyClosed(text)
        audit_log.record(
            action=Action.TEXT_CLOSED,
            staff=staff,
            number=text.number,
            vendor=text.vendor,
            reason=note,
            before={"text": text.pk, "sent_at": text.sent_at.isoformat()},
        )
    return text
