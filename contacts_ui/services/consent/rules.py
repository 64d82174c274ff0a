"""May we text this person, and why? Rule 1 over their statements, joined with what both vendors hold. Pure.

`standing` finds the newest stop and the consent that answers it. `judge` adds the vendors, and says why in words. *May
text* is returned in one place, below every reason against it. Unknown is never *May text*.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

# Pages and forms, which know no integration, get it here.
from contacts_ui.integrations.types import OptInStatus as OptInStatus
from contacts_ui.models import (
    ConsentState,
    DesiredState,
    HeldPress,
    IncomingMessage,
    Statement,
    Vendor,
)
from contacts_ui.models.consent import VENDOR_CLOCK_TOLERANCE as VENDOR_CLOCK_TOLERANCE
from contacts_ui.models.consent import StatementKind
from contacts_ui.models.desired_state import DeliveryState

MINUTE: Final = timedelta(minutes=1)


class Said(NamedTuple):
    """Between which moments something was said; `earliest` None: any time up to `latest`."""

    earliest: datetime | None
    latest: datetime


def exactly(at: datetime) -> Said:
    """Place what our own clock timed: a press, or *Now* in a form."""
    return Said(at, at)


def within_minute(first: datetime, heard_at: datetime, last: datetime | None = None) -> Said:
    """Place a typed minute: all of it, but never later than heard, even if the typist's clock is ahead.

    `last` is its other reading, in the hour of a clock change.
    """
    earliest, last = sorted((first, last or first))
    return Said(min(earliest, heard_at), min(last + MINUTE, heard_at))


def usable(at: datetime | None, heard_at: datetime) -> datetime:
    """Return a vendor's time as one moment; the moment it was heard if it gives none, or a future one."""
    return heard_at if at is None or at > heard_at + VENDOR_CLOCK_TOLERANCE else at


def by_vendor(at: datetime | None, heard_at: datetime) -> Said:
    """Place a vendor's time, plus or minus the tolerance, never later than heard; None or a future one: up to heard."""
    if at is None or at > heard_at + VENDOR_CLOCK_TOLERANCE:
        return Said(None, heard_at)
    return Said(at - VENDOR_CLOCK_TOLERANCE, min(at + VENDOR_CLOCK_TOLERANCE, heard_at))


class Standing(NamedTuple):
    """The newest stop that counts, and the consent that answers every stop; None if there is none."""

    stop: Statement | None
    consent: Statement | None

    @property
    def stopped(self) -> bool:
        """Return True if no consent answers a stop."""
        return self.stop is not None and self.consent is None


def standing(statements: Iterable[Statement], reassigned_at: datetime | None = None) -> Standing:
    """Apply rule 1 (a): a consent answers every stop only if its earliest moment is later than each stop's latest.

    Equal, unknown or overlapping times mean stopped. Consent from before `reassigned_at` is void.
    """
    said = list(statements)
    newest = max(_stops(said), key=lambda each: each.latest, default=None)
    answers = [
        each
        for each in said
        if each.kind == StatementKind.CONSENT
        and is_later(each, reassigned_at)
        and is_later(each, newest.latest if newest else None)
    ]
    return Standing(newest, max(answers, key=lambda each: each.latest, default=None))


def unanswered(
    statements: Iterable[Statement], reassigned_at: datetime | None = None
) -> list[Statement]:
    """Return the stops that no consent answers."""
    said = list(statements)
    consents = [each for each in said if each.kind == StatementKind.CONSENT]
    return [
        stop
        for stop in _stops(said)
        if not any(is_later(c, reassigned_at) and is_later(c, stop.latest) for c in consents)
    ]


def is_as_new(said: Said, stops: Iterable[Statement]) -> bool:
    """Return True if one of these stops may be as new as `said`: one request, reported twice."""
    return any(said.earliest is None or each.latest >= said.earliest for each in stops)


def is_later(said: Statement | Said, moment: datetime | None) -> bool:
    """Return True if it was certainly said after `moment` (None: no limit); never without a time."""
    return said.earliest is not None and (moment is None or said.earliest > moment)


def _stops(said: Iterable[Statement]) -> list[Statement]:
    """Return the stops that count, without those that staff decided were not the person's (rules 6 and 10)."""
    return [each for each in said if each.kind == StatementKind.STOP and not each.discounted_by_id]


class EvidenceRefused(Exception):
    """This evidence of consent answers nothing. `field` and `sentence` are for the form."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        self.sentence = sentence
        super().__init__(sentence)


# Letters that show nothing.
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0")


def check_evidence(who: str, words: str) -> None:
    """Raise EvidenceRefused unless the evidence names a person and says something (rule 7)."""
    check_who(who)
    check_words(words)


def check_who(who: str) -> None:
    """Raise EvidenceRefused unless `who` has letters that a reader sees."""
    if _visible(who, str.isalpha) < 2:
        raise EvidenceRefused("consent_who", "Write the person's name.")


def check_words(words: str) -> None:
    """Raise EvidenceRefused unless `words` say something."""
    if _visible(words, str.isalnum) < 2:
        raise EvidenceRefused("consent_words", "Write what they said, in their words.")


def _visible(text: str, counts_as: Callable[[str], bool]) -> int:
    return sum(counts_as(letter) and letter not in _BLANK_LETTERS for letter in text)


def check_newer(said: Said, stop: Statement | None, reassigned_at: datetime | None = None) -> None:
    """Raise EvidenceRefused unless consent is later than the newest stop, and than a reassignment."""
    if stop and not is_later(said, stop.latest):
        raise EvidenceRefused(
            "consent_at",
            "This is not later than their newest stop. Ask them again, and record their answer.",
        )
    if reassigned_at and not is_later(said, reassigned_at):
        raise EvidenceRefused(
            "consent_at",
            "This number has passed to another person since then. Ask them, and record their answer.",
        )


# --- The verdict, with what the vendors hold ----------------------------------------------------------


class Verdict(Enum):
    """The five answers; the value is the key used in templates and styles."""

    MAY_TEXT = "may_text"
    DO_NOT_TEXT = "do_not_text"
    NOT_SUBSCRIBED = "not_subscribed"
    DISAGREE = "disagree"
    NOT_KNOWN = "not_known"

    @property
    def key(self) -> str:
        return self.value

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Verdict.MAY_TEXT: "May text",
    Verdict.DO_NOT_TEXT: "Do not text",
    Verdict.NOT_SUBSCRIBED: "Not subscribed",
    Verdict.DISAGREE: "Vendors disagree",
    Verdict.NOT_KNOWN: "Not known",
}

STATUS_WORDS = {
    OptInStatus.SUBSCRIBED: "Subscribed",
    OptInStatus.UNSUBSCRIBED: "Unsubscribed",
    OptInStatus.NOT_SUBSCRIBED: "Not subscribed",
    OptInStatus.BLOCKED: "Blocked",
}
NO_CONTACT = "No such contact"
HELD = "Stopped. The vendors are told in a few seconds."
STOPPED_STATUSES = {OptInStatus.UNSUBSCRIBED, OptInStatus.BLOCKED}


class VendorState(NamedTuple):
    """What we may claim about one vendor.

    `state` is read, confirmed, on_its_way, refused, expired, settled, unknown or not_connected; `at` is when the vendor
    said so; `holds_stop` is True, False, or None if the vendor's state is not known.
    """

    vendor: Vendor
    state: str
    says: str
    holds_stop: bool | None
    at: datetime | None = None
    words: str = ""

    @property
    def name(self) -> str:
        return self.vendor.label

    @property
    def is_held(self) -> bool:
        """Return True if it held a stop by its last answer, at `at`."""
        return bool(self.holds_stop and self.at and self.says != NO_CONTACT)

    @property
    def line(self) -> str:
        """Return what it says, and whether our request is on its way or refused."""
        open_ = {"on_its_way": "on its way", "refused": "refused"}.get(self.state)
        return f"{open_} (so far: {self.says})" if open_ else self.says


class Judgment(NamedTuple):
    """The verdict about one person, the reason in a sentence, and both vendors' states."""

    verdict: Verdict
    reason: str
    vendors: tuple[VendorState, ...]
    on_its_way: bool
    needs_attention: bool
    stop_refused: bool
    # The press that can still be unsent, the newest stop on record, and the record's version.
    held: HeldPress | None = None
    stop: Statement | None = None
    version: int = 0
    # Their message that waits for a decision.
    asked: IncomingMessage | None = None

    @property
    def stopped(self) -> bool:
        """Return True if the switch *Do not text* is on. If the vendors disagree it is off: pressing it stops both."""
        return self.verdict is Verdict.DO_NOT_TEXT

    @property
    def is_ordinary(self) -> bool:
        """Return True if the reason says no more than the answer: it is the usual one."""
        if self.verdict is Verdict.DO_NOT_TEXT:
            there = [each for each in self.vendors if each.state != "not_connected"]
            settled = all(each.holds_stop and each.state != "refused" for each in there)
            return bool(there) and settled and not self.on_its_way
        return self.verdict in (Verdict.MAY_TEXT, Verdict.NOT_SUBSCRIBED)


def judge(
    status: str | None,
    read_at: datetime | None,
    desired_states: Iterable[DesiredState],
    connected: Iterable[Vendor],
    *,
    number: str,
    state: ConsentState | None = None,
    contact_id: int | None = None,
) -> Judgment:
    """Join what SlickText said (`status`, read at `read_at`) with the record and what is desired for `number` (E.164).

    A later reading of the same contact that the record holds counts instead. Without a number ("") no record can be
    looked up, so the answer is never *May text*.
    """
    changed_at = None
    same = state and contact_id in (None, state.contact_id)
    # A newer reading of the same contact, or any if this one has no time.
    if state and state.read_at and (not read_at or (same and state.read_at > read_at)):
        status, read_at, changed_at = state.status or None, state.read_at, state.status_changed_at
    told = {desired.vendor: desired for desired in desired_states}
    there = set(connected)
    slicktext = _slicktext(status, read_at, told.get(Vendor.SLICKTEXT), there)
    cloudcontactai = _cloudcontactai(told.get(Vendor.CLOUDCONTACTAI), there)
    states = (slicktext, cloudcontactai)
    held = state.held if state else None
    if held:
        verdict, reason = Verdict.DO_NOT_TEXT, HELD
    elif any(desired.do_not_text for desired in told.values()):
        verdict, reason = _verdict_of_a_stop(slicktext, cloudcontactai)
    elif state and state.stopped:
        # No vendor was told, so what they hold is not a disagreement.
        verdict, reason = Verdict.DO_NOT_TEXT, "Stopped here. The vendors were not told yet."
        if slicktext.holds_stop:
            reason = f"{slicktext.says} at SlickText."
    else:
        verdict, reason = _verdict_without_a_stop(slicktext, cloudcontactai)
    if verdict is Verdict.MAY_TEXT and not number:
        verdict = Verdict.NOT_KNOWN
        reason = "Their number cannot be read, so our own stops cannot be looked up."
    if verdict is Verdict.MAY_TEXT and state and _is_from_before(slicktext.at, changed_at, state):
        verdict, reason = (
            Verdict.NOT_KNOWN,
            "This number passed to another person. Consent from before does not count.",
        )
    asked = state.asked if state else None
    if asked and verdict in (Verdict.MAY_TEXT, Verdict.NOT_SUBSCRIBED):
        verdict, reason = Verdict.NOT_KNOWN, f"They wrote “{asked.short}”. Did they ask us to stop?"
    return Judgment(
        verdict,
        reason,
        states,
        on_its_way=bool(held) or any(each.state == "on_its_way" for each in states),
        needs_attention=any(each.state == "refused" for each in states),
        stop_refused=any(
            desired.do_not_text and desired.state == DeliveryState.REFUSED
            for desired in told.values()
        ),
        held=held,
        stop=state.stop if state and state.stopped else None,
        version=state.version if state else 0,
        asked=asked,
    )


def _is_from_before(
    said_at: datetime | None, changed_at: datetime | None, state: ConsentState
) -> bool:
    """Return True for a *subscribed* that may be the former owner's.

    Once the new one has consented it is enough that SlickText answered since (`said_at`); it may not date the change.
    """
    if state.reassigned_at is None:
        return False
    if state.consent_id:
        return said_at is None or said_at <= state.reassigned_at
    return changed_at is None or changed_at <= state.reassigned_at + VENDOR_CLOCK_TOLERANCE


def _slicktext(
    status: str | None,
    read_at: datetime | None,
    desired: DesiredState | None,
    connected: set[Vendor],
) -> VendorState:
    vendor = Vendor.SLICKTEXT
    if vendor not in connected:
        return VendorState(vendor, "not_connected", "Not connected", None)
    confirmed_at = desired.confirmed_at if desired else None
    newer_than_reading = bool(confirmed_at and (read_at is None or confirmed_at > read_at))
    at = read_at
    if desired and newer_than_reading:
        status, at = desired.confirmed_opt_in_status or None, confirmed_at
    says = STATUS_WORDS.get(status or "", f"“{status}”" if status else "No status")
    holds_stop = status in STOPPED_STATUSES if status in STATUS_WORDS else None
    if desired and newer_than_reading and not status:
        says, holds_stop = NO_CONTACT, desired.confirmed_do_not_text
    if desired and desired.state != DeliveryState.CONFIRMED:
        return VendorState(vendor, desired.state, says, holds_stop, at, desired.answer)
    state = "confirmed" if newer_than_reading else "read" if status else "unknown"
    words = desired.answer if desired and newer_than_reading else ""
    return VendorState(vendor, state, says, holds_stop, at, words)


def _cloudcontactai(desired: DesiredState | None, connected: set[Vendor]) -> VendorState:
    vendor = Vendor.CLOUDCONTACTAI
    if vendor not in connected:
        return VendorState(vendor, "not_connected", "Not connected", None)
    if desired is None:
        return VendorState(vendor, "unknown", "No stop on record here", None)
    holds_stop = desired.confirmed_do_not_text
    # Without the model's properties: migrations judge rows of their own time.
    repeated = desired.settled_version == desired.version == desired.unanswered_version
    newer = not desired.confirmed_at or (
        desired.unanswered_at and desired.unanswered_at > desired.confirmed_at
    )
    if desired.unanswered_at and newer and not repeated:
        # A call since then was never answered, so it may hold either.
        holds_stop = None
    says = {True: "Do not text", False: "Texts allowed", None: "Not known"}[holds_stop]
    lost = desired.do_not_text and holds_stop is False and desired.state == DeliveryState.CONFIRMED
    state = "read" if lost else desired.state
    return VendorState(vendor, state, says, holds_stop, desired.confirmed_at, desired.answer)


def _verdict_without_a_stop(
    slicktext: VendorState, cloudcontactai: VendorState
) -> tuple[Verdict, str]:
    """Judge without a stop on record: does a vendor hold one, or leave it unclear?"""
    if cloudcontactai.holds_stop:
        return _verdict_while_lifting(slicktext, cloudcontactai)
    if cloudcontactai.holds_stop is None and cloudcontactai.state not in (
        "unknown",
        "not_connected",
    ):
        # We asked it to lift a stop, and don't know what it holds.
        if slicktext.holds_stop:
            return Verdict.DO_NOT_TEXT, f"{slicktext.says} at SlickText."
        return Verdict.NOT_KNOWN, "CloudContactAI has not confirmed that texts are allowed."
    if slicktext.holds_stop:
        if cloudcontactai.holds_stop is False:
            return (
                Verdict.DISAGREE,
                f"{slicktext.says} at SlickText, texts allowed at CloudContactAI.",
            )
        return Verdict.DO_NOT_TEXT, f"{slicktext.says} at SlickText."
    if slicktext.holds_stop is None:
        why = {
            "not_connected": "SlickText is not connected.",
            "unknown": "We have no status from SlickText.",
        }.get(slicktext.state, f"SlickText says {slicktext.says}, which is not a yes.")
        return Verdict.NOT_KNOWN, why
    if slicktext.says == STATUS_WORDS[OptInStatus.NOT_SUBSCRIBED]:
        return Verdict.NOT_SUBSCRIBED, "Not subscribed at SlickText."
    allowed = cloudcontactai.holds_stop is False
    other = "texts allowed at CloudContactAI" if allowed else "no stop on record at CloudContactAI"
    if cloudcontactai.state == "not_connected":
        other = "CloudContactAI is not connected"
    return Verdict.MAY_TEXT, f"Subscribed at SlickText, {other}."


def _verdict_of_a_stop(slicktext: VendorState, cloudcontactai: VendorState) -> tuple[Verdict, str]:
    """Judge a stop on record: do the vendors that have answered hold it?"""
    states = [state for state in (slicktext, cloudcontactai) if state.state != "not_connected"]
    on_its_way = [state.name for state in states if state.state == "on_its_way"]
    refused = [state.name for state in states if state.state == "refused" and not state.holds_stop]
    by_hand = [state.name for state in states if state.state == "settled" and not state.holds_stop]
    if slicktext.holds_stop is False and slicktext.state not in ("on_its_way", "settled"):
        status = slicktext.says.lower()
        what = "refused the stop and says" if refused else "says again"
        return Verdict.DISAGREE, f"We stopped them, but SlickText {what}: {status}."
    if slicktext.holds_stop is None and slicktext.state == "read":
        return Verdict.DISAGREE, f"We stopped them, but SlickText says: {slicktext.says.lower()}."
    if cloudcontactai.holds_stop is False and cloudcontactai.state in ("read", "confirmed"):
        return Verdict.DISAGREE, "We stopped them, but CloudContactAI no longer holds the stop."
    if refused:
        return Verdict.DO_NOT_TEXT, f"Stopped here, but {' and '.join(refused)} refused the stop."
    if on_its_way:
        return Verdict.DO_NOT_TEXT, f"Stopped here, on its way to {' and '.join(on_its_way)}."
    if slicktext.holds_stop and slicktext.state == "read" and cloudcontactai.holds_stop is None:
        return Verdict.DO_NOT_TEXT, f"{slicktext.says} at SlickText."
    holders = [each.name for each in states if each.holds_stop and each.says != NO_CONTACT]
    where = f"Stopped at {' and '.join(holders)}" if holders else "Stopped here"
    absent = "; no contact has this number at SlickText" if slicktext.says == NO_CONTACT else ""
    settled = f"; resolved by hand for {' and '.join(by_hand)}" if by_hand else ""
    return Verdict.DO_NOT_TEXT, f"{where}{absent}{settled}."


def _verdict_while_lifting(
    slicktext: VendorState, cloudcontactai: VendorState
) -> tuple[Verdict, str]:
    """Judge while CloudContactAI still holds a stop that we asked it to lift."""
    if slicktext.holds_stop is False and slicktext.state != "on_its_way":
        return Verdict.DISAGREE, f"{slicktext.says} at SlickText, still stopped at CloudContactAI."
    if cloudcontactai.state == "on_its_way":
        return Verdict.DO_NOT_TEXT, "Stopped; the lift is on its way."
    return Verdict.DO_NOT_TEXT, "Stopped at CloudContactAI, which did not lift it."
