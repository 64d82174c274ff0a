"""What must be true after every step, in a few lines of its own: nothing here imports the rules that it checks."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from contacts_ui.models import (
    ConsentState,
    DesiredState,
    Disagreement,
    HeldPress,
    IncomingMessage,
    IndexedContact,
    SentText,
    Statement,
    WebhookEvent,
)
from contacts_ui.services import index
from contacts_ui.services.consent import record
from contacts_ui.services.consent.types import Seen

from .vendors import STOPPED, Stop, Vendors

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class Truth:
    """What people with one number truly did, in their own time."""

    stops: list[Stop] = field(default_factory=list)
    consents: list[datetime] = field(default_factory=list)
    reassigned_at: datetime = NEVER

    def unanswered(self) -> list[Stop]:
        """The stops that could have reached us, with no true consent later."""
        return [
            stop
            for stop in self.stops
            if stop.heard and not any(at > max(stop.at, self.reassigned_at) for at in self.consents)
        ]

    def is_void(self, vendors: Vendors, number: str) -> bool:
        """Return True if the number passed to a person who has neither consented nor been subscribed since."""
        passed = self.reassigned_at
        return passed != NEVER and not any(
            at > passed for at in (*self.consents, vendors.touched.get(number, NEVER))
        )


class Wrong(Exception):
    """A check failed."""


def is_stopped(number: str) -> bool:
    """Rule 1 (a), from the rows alone."""
    state = ConsentState.objects.filter(number=number).values("reassigned_at").first()
    passed = (state and state["reassigned_at"]) or NEVER
    rows = list(Statement.objects.filter(number=number).values())
    stops = [row["latest"] for row in rows if row["kind"] == "stop" and not row["discounted_by_id"]]
    consents = [row["earliest"] for row in rows if row["kind"] == "consent" and row["earliest"]]
    newest = max(stops, default=None)
    return newest is not None and not any(at > newest and at > passed for at in consents)


def after_a_step(truths: dict[str, Truth], shown: Sequence[Seen], vendors: Vendors) -> None:
    """Raise Wrong unless the record, what is kept, and what is shown agree, and no stop is passed over."""
    if vendors.wrong:
        raise Wrong("; ".join(vendors.wrong))
    # Before anything is derived again.
    answers_are_those_of_the_card()
    numbers = sorted(set(truths) | {seen.number for seen in shown if seen.number})
    kept = _kept(numbers)
    record.refresh([number for number in numbers if number in kept])
    if (rebuilt := _kept(numbers)) != kept:
        raise Wrong(f"kept {kept}, but rebuilt {rebuilt}")
    stopped = {number: is_stopped(number) for number in numbers}
    held = set(HeldPress.objects.filter(state="held").values_list("number", flat=True))
    missed = {number: truths[number].unanswered() if number in truths else [] for number in numbers}
    waits = set(IncomingMessage.objects.filter(state="waiting").values_list("number", flat=True))
    void = {number for number in truths if truths[number].is_void(vendors, number)}
    for number in numbers:
        row = kept.get(number)
        if bool(row and row["asked_id"]) != (number in waits):
            raise Wrong(f"{number} is kept as {row}, and a message waits: {number in waits}")
        if bool(row and row["stopped"]) != stopped[number]:
            raise Wrong(f"{number} is kept as {row}, and by rule 1 stopped: {stopped[number]}")
        if row and row["verdict"] == "may_text":
            why = stopped[number] or number in held or number in waits or number in void
            _may_not(f"{number} is kept", why, missed[number])
    people = [*shown, *(Seen(number) for number in numbers)]
    for seen, judged in zip(people, record.judge_many(people), strict=True):
        if judged.verdict.key == "may_text":
            why = _why_not(seen, stopped, held)
            why = why or (seen.number in waits and "a message waits")
            why = why or (seen.number in void and "the number passed to another person")
            _may_not(f"{seen} is shown", why, missed[seen.number])


def answers_are_those_of_the_card() -> None:
    """Raise Wrong unless the index gives each contact the answer of its card, and counts as a recount does."""
    if not settings.CONTACT_INDEX:
        return
    rows = list(IndexedContact.objects.order_by("pk"))
    people = [
        Seen(row.number, row.pk, status=row.status or None, read_at=row.read_at) for row in rows
    ]
    for row, judged in zip(rows, record.judge_many(people), strict=True):
        if row.answer != judged.verdict.key:
            raise Wrong(
                f"{row.pk} {row.number} {row.status} is found as {row.answer}, and the card says {judged}"
            )
        if row.stopped_at is None and judged.stop:
            raise Wrong(
                f"{row.pk} {row.number} is stopped since {judged.stop.moment}, not found so"
            )
    there = {answer: count for answer, count in index.answer_counts().items() if answer and count}
    if there != Counter(row.answer for row in rows):
        raise Wrong(f"counted {there}, but there are {Counter(row.answer for row in rows)}")


def _may_not(who: str, why: object, missed: list[Stop]) -> None:
    if why or missed:
        raise Wrong(f"{who} as May text: {why}; they said stop: {missed}")


def _kept(numbers: Iterable[str]) -> dict[str, Any]:
    fields = ("number", "verdict", "stopped", "stop_id", "consent_id", "held_id", "asked_id")
    return {
        row["number"]: row
        for row in ConsentState.objects.filter(number__in=numbers).values(*fields)
    }


def _why_not(seen: Seen, stopped: dict[str, bool], held: set[str]) -> str:
    """What forbids *May text* for a person on a page, by rule 1; empty where nothing does."""
    if stopped[seen.number]:
        return "a stop stands in the record"
    if seen.number in held:
        return "a press is held"
    desired_states = {
        desired.vendor: desired for desired in DesiredState.objects.filter(number=seen.number)
    }
    state = ConsentState.objects.filter(number=seen.number).first()
    answers = [(seen.read_at or NEVER, seen.status)]
    changed_at = None
    if state and state.read_at and seen.contact_id in (None, state.contact_id):
        answers.append((state.read_at, state.status))
    slicktext, ccai = desired_states.get("slicktext"), desired_states.get("cloudcontactai")
    if slicktext and slicktext.confirmed_at:
        answers.append((slicktext.confirmed_at, slicktext.confirmed_opt_in_status))
    newest = max(answers, key=lambda each: each[0])
    if newest[1] != "subscribed" and not (len(answers) > 1 and newest[0] == answers[0][0]):
        return f"SlickText's last answer is {newest[1]}"
    if any(desired.do_not_text for desired in desired_states.values()):
        return "a vendor is to hold a stop"
    if ccai and (
        ccai.confirmed_do_not_text is not False
        or (ccai.unanswered_at and ccai.unanswered_at > ccai.confirmed_at)
    ):
        return "CloudContactAI holds a stop, or may"
    if state and state.reassigned_at:
        changed_at = state.status_changed_at
        if newest[0] <= state.reassigned_at:
            return f"the number passed to another person, last changed {changed_at}"
    return ""


def texts() -> None:
    """Raise Wrong unless texts are listed that were certainly sent after a stop, and none that no stop forbade."""
    passed = set(ConsentState.objects.exclude(reassigned_at=None).values_list("number", flat=True))
    for row in SentText.objects.exclude(number__in=passed).filter(alarm_at=None, closed_at=None):
        said = list(Statement.objects.filter(number=row.number))
        stops = [each for each in said if each.kind == "stop" and not each.discounted_by_id]
        consents = [each for each in said if each.kind == "consent"]
        for stop in stops:
            answered = any(each.latest >= (stop.earliest or stop.latest) for each in consents)
            if stop.latest + timedelta(minutes=2) < row.sent_at and not answered and not row.kind:
                raise Wrong(f"{row} of {row.sent_at} came after {stop.pk}, and is not listed")
        stood = [
            stop
            for stop in stops
            if (stop.earliest or stop.latest) < row.sent_at
            and not any(
                each.earliest and each.earliest > stop.latest and each.latest < row.sent_at
                for each in consents
            )
        ]
        if row.kind and not stood:
            raise Wrong(f"{row} of {row.sent_at} is listed as {row.kind}, and no stop stood")


def words_are_heard(truths: dict[str, Truth]) -> None:
    """Raise Wrong unless nothing waits anymore, and what people wrote is a stop in the record."""
    if IncomingMessage.objects.filter(state="waiting").exists():
        raise Wrong("a message waits for ever")
    for number, truth in truths.items():
        wrote = [stop for stop in truth.unanswered() if stop.how.startswith("wrote")]
        if wrote and not is_stopped(number):
            raise Wrong(f"{number} wrote {wrote}, and no stop stands")


def at_quiet(truths: dict[str, Truth], vendors: Vendors, connected: Sequence[str]) -> None:
    """Raise Wrong unless vendors hold every stop, or the number is where a person will see it."""
    for number in truths:
        if not is_stopped(number):
            continue
        listed = _listed(number)
        for row in vendors.of(number):
            if "slicktext" in connected and row.status not in STOPPED and not listed:
                raise Wrong(f"{number} is stopped, and {row.status} at SlickText: {row}")
        holds = vendors.register.get(number) or number in vendors.started
        if "cloudcontactai" in connected and not holds and not listed:
            raise Wrong(f"{number} is stopped, and CloudContactAI holds {holds}")
        for desired in DesiredState.objects.filter(number=number, vendor__in=connected):
            if desired.state == "on_its_way":
                raise Wrong(f"{number} is still on its way to {desired.vendor}: {desired.answer}")


def _listed(number: str) -> bool:
    """Return True if the number stands under Needs attention or Disagreements."""
    return (
        DesiredState.objects.filter(number=number, state__in=("refused", "settled")).exists()
        or Disagreement.objects.filter(number=number, closed_at=None).exists()
        or WebhookEvent.objects.filter(needs_decision=True).exists()
    )
