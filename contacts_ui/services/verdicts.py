"""May we text them? Both vendors joined on the number into one verdict with its reason in words.

Pure: from what SlickText said when it was read, and from our wishes, to what the screen may claim. Unknown is never
shown as *May text*.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from contacts_ui.integrations.types import OptInStatus
from contacts_ui.models import Vendor, Wish
from contacts_ui.models.wish import WishState


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
NOBODY = "No such contact"
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
    def line(self) -> str:
        """What it says and, where it does not hold our wish yet, that it is on its way or refused."""
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
    # The ledger entry of the stop that every connected vendor was told, and when; None where there is no such one.
    stop_entry: int | None = None
    stopped_at: datetime | None = None

    @property
    def stopped(self) -> bool:
        """Whether the switch *Do not text* is on. Where the vendors disagree it is off: pressing it stops both."""
        return self.verdict is Verdict.DO_NOT_TEXT


def judge(
    status: str | None,
    read_at: datetime | None,
    wishes: Iterable[Wish],
    connected: Iterable[Vendor],
    *,
    number: str,
) -> Judgement:
    """Join what SlickText said (`status`, read at `read_at`) with our wishes for the same `number` (E.164).

    Without a number ("") our own stops cannot be looked up, so nobody may be called textable.
    """
    by_vendor = {wish.vendor: wish for wish in wishes}
    there = set(connected)
    slicktext = _slicktext(status, read_at, by_vendor.get(Vendor.SLICKTEXT), there)
    cloudcontactai = _cloudcontactai(by_vendor.get(Vendor.CLOUDCONTACTAI), there)
    states = (slicktext, cloudcontactai)
    verdict, reason = _verdict(slicktext, cloudcontactai, list(by_vendor.values()))
    if not number and verdict is Verdict.MAY_TEXT:
        verdict = Verdict.NOT_KNOWN
        reason = "Their number cannot be read, so our own stops cannot be looked up."
    told = [wish for wish in by_vendor.values() if wish.vendor in there]
    stop_entry, stopped_at = _one_stop(told)
    return Judgement(
        verdict,
        reason,
        states,
        on_its_way=any(state.state == "on_its_way" for state in states),
        needs_attention=any(state.state == "refused" for state in states),
        stop_refused=any(
            wish.do_not_text and wish.state == WishState.REFUSED for wish in by_vendor.values()
        ),
        stop_entry=stop_entry,
        stopped_at=stopped_at,
    )


def _one_stop(told: list[Wish]) -> tuple[int | None, datetime | None]:
    """The one stop that all of these vendors were told last, if it was the same."""
    if not told or not all(wish.do_not_text for wish in told):
        return None, None
    if len({wish.ledger_entry_id for wish in told}) > 1:
        return None, None
    return told[0].ledger_entry_id, told[0].wished_at


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
        says, holds_stop = NOBODY, wish.confirmed_do_not_text
    if wish and wish.state != WishState.CONFIRMED:
        return VendorState(vendor, wish.state, says, holds_stop, at, wish.answer)
    state = "confirmed" if newer_than_reading else "read" if status else "unknown"
    return VendorState(vendor, state, says, holds_stop, at, wish.answer if wish else "")


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
    if wish.unanswered_at and (not wish.confirmed_at or wish.unanswered_at > wish.confirmed_at):
        # A call since then was never answered, so it may hold either.
        holds_stop = None
    says = {True: "Do not text", False: "Texts allowed", None: "Not known"}[holds_stop]
    return VendorState(vendor, wish.state, says, holds_stop, wish.confirmed_at, wish.answer)


def _verdict(
    slicktext: VendorState, cloudcontactai: VendorState, wishes: list[Wish]
) -> tuple[Verdict, str]:
    if any(wish.do_not_text for wish in wishes):
        return _verdict_of_a_stop(slicktext, cloudcontactai)
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
    """We want this person stopped: do vendors that have answered hold it?"""
    states = [state for state in (slicktext, cloudcontactai) if state.state != "not_connected"]
    on_its_way = [state.name for state in states if state.state == "on_its_way"]
    refused = [state.name for state in states if state.state == "refused" and not state.holds_stop]
    by_hand = [state.name for state in states if state.state == "settled" and not state.holds_stop]
    if slicktext.holds_stop is False and slicktext.state not in ("on_its_way", "settled"):
        who = "SlickText refused the stop" if refused else "SlickText can text them again"
        return Verdict.DISAGREE, f"{who} ({slicktext.says.lower()}), though we stopped them."
    if refused:
        return Verdict.DO_NOT_TEXT, f"Stopped here, but {' and '.join(refused)} refused the stop."
    if on_its_way:
        return Verdict.DO_NOT_TEXT, f"Stopped here, on its way to {' and '.join(on_its_way)}."
    holders = [state.name for state in states if state.holds_stop and state.says != NOBODY]
    where = f"Stopped at {' and '.join(holders)}" if holders else "Stopped here"
    absent = "; nobody has this number at SlickText" if slicktext.says == NOBODY else ""
    settled = f"; settled by hand for {' and '.join(by_hand)}" if by_hand else ""
    return Verdict.DO_NOT_TEXT, f"{where}{absent}{settled}."


def _verdict_while_lifting(
    slicktext: VendorState, cloudcontactai: VendorState
) -> tuple[Verdict, str]:
    """CloudContactAI still holds a stop that we asked it to lift."""
    if slicktext.holds_stop is False and slicktext.state != "on_its_way":
        return Verdict.DISAGREE, f"{slicktext.says} at SlickText, still stopped at CloudContactAI."
    if cloudcontactai.state == "on_its_way":
        return Verdict.DO_NOT_TEXT, "Stopped; the wish to text again is on its way."
    return Verdict.DO_NOT_TEXT, "Stopped at CloudContactAI, which did not lift it."


def _verdict_without_answer(slicktext: VendorState) -> tuple[Verdict, str]:
    """CloudContactAI was asked to lift a stop, and what it holds is not known."""
    if slicktext.holds_stop:
        return Verdict.DO_NOT_TEXT, f"{slicktext.says} at SlickText."
    return Verdict.NOT_KNOWN, "CloudContactAI has not confirmed that texts are allowed."


def _why_not_known(slicktext: VendorState) -> str:
    if slicktext.state == "not_connected":
        return "SlickText is not connected."
    return f"SlickText says {slicktext.says}, which is not a yes."
