"""May we text them? The record and both vendors, joined on the number into one verdict with its reason in words.

Pure: from the state of the record, what SlickText said when it was read, and what the vendors were told, to what the
screen may claim. *May text* is returned in one place, below every reason against it (rule 1). Unknown is never
*May text*.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import (
    ConsentState,
    HeldPress,
    IncomingMessage,
    Statement,
    Vendor,
    Wish,
)
from contacts_ui.models.wish import WishState
from contacts_ui.services.consent.rules import VENDOR_CLOCK_TOLERANCE


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

__all__ = ["STATUS_WORDS", "Judgement", "OptInStatus", "VendorState", "Verdict", "judge"]

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
    said so; `holds_stop` is True, False, or None where the vendor's state is not known.
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
        """Return True if it held a stop when it was last heard of, at `at`."""
        return bool(self.holds_stop and self.at and self.says != NO_CONTACT)

    @property
    def line(self) -> str:
        """Return what it says and, where it does not hold our wish yet, that it is on its way or refused."""
        open_ = {"on_its_way": "on its way", "refused": "refused"}.get(self.state)
        return f"{open_} (so far: {self.says})" if open_ else self.says


class Judgement(NamedTuple):
    """The verdict about one person, its reason in a sentence, and both vendors' states."""

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


def judge(
    status: str | None,
    read_at: datetime | None,
    wishes: Iterable[Wish],
    connected: Iterable[Vendor],
    *,
    number: str,
    state: ConsentState | None = None,
    contact_id: int | None = None,
) -> Judgement:
    """Join what SlickText said (`status`, read at `read_at`) with the record and our wishes for `number` (E.164).

    A later reading of the same contact that the record holds counts instead. Without a number ("") no record can be
    looked up, so the answer is never *May text*.
    """
    changed_at = None
    if state and state.read_at and _counts_instead(state, read_at, contact_id):
        status, read_at, changed_at = state.status or None, state.read_at, state.status_changed_at
    by_vendor = {wish.vendor: wish for wish in wishes}
    there = set(connected)
    slicktext = _slicktext(status, read_at, by_vendor.get(Vendor.SLICKTEXT), there)
    cloudcontactai = _cloudcontactai(by_vendor.get(Vendor.CLOUDCONTACTAI), there)
    states = (slicktext, cloudcontactai)
    held = state.held if state else None
    if held:
        verdict, reason = Verdict.DO_NOT_TEXT, HELD
    elif any(wish.do_not_text for wish in by_vendor.values()):
        verdict, reason = _verdict_of_a_stop(slicktext, cloudcontactai)
    elif state and state.stopped:
        verdict, reason = _verdict_of_an_untold_stop(slicktext)
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
    return Judgement(
        verdict,
        reason,
        states,
        on_its_way=bool(held) or any(each.state == "on_its_way" for each in states),
        needs_attention=any(each.state == "refused" for each in states),
        stop_refused=any(
            wish.do_not_text and wish.state == WishState.REFUSED for wish in by_vendor.values()
        ),
        held=held,
        stop=state.stop if state and state.stopped else None,
        version=state.version if state else 0,
        asked=asked,
    )


def _counts_instead(state: ConsentState, read_at: datetime | None, contact_id: int | None) -> bool:
    """Return True if the reading that the record holds is newer, and of the same contact."""
    same = contact_id is None or contact_id == state.contact_id
    return bool(read_at is None or (same and state.read_at and state.read_at > read_at))


def _is_from_before(
    said_at: datetime | None, changed_at: datetime | None, state: ConsentState
) -> bool:
    """Return True for a *subscribed* that may be of the person before.

    Once the new one has consented it is enough that SlickText answered since (`said_at`); it may not date the change.
    """
    if state.reassigned_at is None:
        return False
    if state.consent_id:
        return said_at is None or said_at <= state.reassigned_at
    return changed_at is None or changed_at <= state.reassigned_at + VENDOR_CLOCK_TOLERANCE


def _slicktext(
    status: str | None, read_at: datetime | None, wish: Wish | None, connected: set[Vendor]
) -> VendorState:
    vendor = Vendor.SLICKTEXT
    if vendor not in connected:
        return VendorState(vendor, "not_connected", "Not connected", None)
    confirmed_at = wish.confirmed_at if wish else None
    newer_than_reading = bool(confirmed_at and (read_at is None or confirmed_at > read_at))
    at = read_at
    if wish and newer_than_reading:
        status, at = wish.confirmed_opt_in_status or None, confirmed_at
    says = STATUS_WORDS.get(status or "", f"“{status}”" if status else "No status")
    holds_stop = _holds_stop(status)
    if wish and newer_than_reading and not status:
        says, holds_stop = NO_CONTACT, wish.confirmed_do_not_text
    if wish and wish.state != WishState.CONFIRMED:
        return VendorState(vendor, wish.state, says, holds_stop, at, wish.answer)
    state = "confirmed" if newer_than_reading else "read" if status else "unknown"
    words = wish.answer if wish and newer_than_reading else ""
    return VendorState(vendor, state, says, holds_stop, at, words)


def _holds_stop(status: str | None) -> bool | None:
    if status in STOPPED_STATUSES:
        return True
    return False if status in STATUS_WORDS else None


def _cloudcontactai(wish: Wish | None, connected: set[Vendor]) -> VendorState:
    vendor = Vendor.CLOUDCONTACTAI
    if vendor not in connected:
        return VendorState(vendor, "not_connected", "Not connected", None)
    if wish is None:
        return VendorState(vendor, "unknown", "No stop on record here", None)
    holds_stop = wish.confirmed_do_not_text
    # Without the model's properties: migrations judge rows of their own time.
    repeated = wish.settled_version == wish.version == wish.unanswered_version
    newer = not wish.confirmed_at or (wish.unanswered_at and wish.unanswered_at > wish.confirmed_at)
    if wish.unanswered_at and newer and not repeated:
        # A call since then was never answered, so it may hold either.
        holds_stop = None
    says = {True: "Do not text", False: "Texts allowed", None: "Not known"}[holds_stop]
    lost = wish.do_not_text and holds_stop is False and wish.state == WishState.CONFIRMED
    state = "read" if lost else wish.state
    return VendorState(vendor, state, says, holds_stop, wish.confirmed_at, wish.answer)


def _verdict_without_a_stop(
    slicktext: VendorState, cloudcontactai: VendorState
) -> tuple[Verdict, str]:
    """No stop stands in the record: does a vendor hold one, or leave it unclear?"""
    if cloudcontactai.holds_stop:
        return _verdict_while_lifting(slicktext, cloudcontactai)
    if cloudcontactai.holds_stop is None and cloudcontactai.state not in (
        "unknown",
        "not_connected",
    ):
        return _verdict_without_answer(slicktext)
    if slicktext.holds_stop:
        if cloudcontactai.holds_stop is False:
            return (
                Verdict.DISAGREE,
                f"{slicktext.says} at SlickText, texts allowed at CloudContactAI.",
            )
        return Verdict.DO_NOT_TEXT, f"{slicktext.says} at SlickText."
    if slicktext.holds_stop is None:
        return Verdict.NOT_KNOWN, _why_not_known(slicktext)
    if slicktext.says == STATUS_WORDS[OptInStatus.NOT_SUBSCRIBED]:
        return Verdict.NOT_SUBSCRIBED, "Not subscribed at SlickText."
    allowed = cloudcontactai.holds_stop is False
    other = "texts allowed at CloudContactAI" if allowed else "no stop on record at CloudContactAI"
    if cloudcontactai.state == "not_connected":
        other = "CloudContactAI is not connected"
    return Verdict.MAY_TEXT, f"Subscribed at SlickText, {other}."


def _verdict_of_a_stop(slicktext: VendorState, cloudcontactai: VendorState) -> tuple[Verdict, str]:
    """Judge a stop that stands in the record: do the vendors that have answered hold it?"""
    states = [state for state in (slicktext, cloudcontactai) if state.state != "not_connected"]
    on_its_way = [state.name for state in states if state.state == "on_its_way"]
    refused = [state.name for state in states if state.state == "refused" and not state.holds_stop]
    by_hand = [state.name for state in states if state.state == "settled" and not state.holds_stop]
    if slicktext.holds_stop is False and slicktext.state not in ("on_its_way", "settled"):
        who = "SlickText refused the stop" if refused else "SlickText can text them again"
        return Verdict.DISAGREE, f"{who} ({slicktext.says.lower()}), though we stopped them."
    if slicktext.holds_stop is None and slicktext.state == "read":
        return Verdict.DISAGREE, f"SlickText says {slicktext.says}, though we stopped them."
    if cloudcontactai.holds_stop is False and cloudcontactai.state in ("read", "confirmed"):
        return Verdict.DISAGREE, "CloudContactAI no longer holds the stop, though we stopped them."
    if refused:
        return Verdict.DO_NOT_TEXT, f"Stopped here, but {' and '.join(refused)} refused the stop."
    if on_its_way:
        return Verdict.DO_NOT_TEXT, f"Stopped here, on its way to {' and '.join(on_its_way)}."
    if slicktext.holds_stop and slicktext.state == "read" and cloudcontactai.holds_stop is None:
        return Verdict.DO_NOT_TEXT, f"{slicktext.says} at SlickText."
    holders = [each.name for each in states if each.holds_stop and each.says != NO_CONTACT]
    where = f"Stopped at {' and '.join(holders)}" if holders else "Stopped here"
    absent = "; no contact has this number at SlickText" if slicktext.says == NO_CONTACT else ""
    settled = f"; settled by hand for {' and '.join(by_hand)}" if by_hand else ""
    return Verdict.DO_NOT_TEXT, f"{where}{absent}{settled}."


def _verdict_of_an_untold_stop(slicktext: VendorState) -> tuple[Verdict, str]:
    """Judge a stop on record that no vendor was told of: what they hold is not a disagreement."""
    if slicktext.holds_stop:
        return Verdict.DO_NOT_TEXT, f"{slicktext.says} at SlickText."
    return Verdict.DO_NOT_TEXT, "Stopped here. The vendors were not told yet."


def _verdict_while_lifting(
    slicktext: VendorState, cloudcontactai: VendorState
) -> tuple[Verdict, str]:
    """CloudContactAI still holds a stop that we asked it to lift."""
    if slicktext.holds_stop is False and slicktext.state != "on_its_way":
        return Verdict.DISAGREE, f"{slicktext.says} at SlickText, still stopped at CloudContactAI."
    if cloudcontactai.state == "on_its_way":
        return Verdict.DO_NOT_TEXT, "Stopped; the lift is on its way."
    return Verdict.DO_NOT_TEXT, "Stopped at CloudContactAI, which did not lift it."


def _verdict_without_answer(slicktext: VendorState) -> tuple[Verdict, str]:
    """CloudContactAI was asked to lift a stop, and what it holds is not known."""
    if slicktext.holds_stop:
        return Verdict.DO_NOT_TEXT, f"{slicktext.says} at SlickText."
    return Verdict.NOT_KNOWN, "CloudContactAI has not confirmed that texts are allowed."


def _why_not_known(slicktext: VendorState) -> str:
    if slicktext.state == "not_connected":
        return "SlickText is not connected."
    if slicktext.state == "unknown":
        return "We have no status from SlickText."
    return f"SlickText says {slicktext.says}, which is not a yes."
