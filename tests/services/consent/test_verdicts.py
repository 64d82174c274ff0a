"""May we text them? One table of what both vendors hold, and what we say."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from contacts_ui.models import DesiredState, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services.consent.rules import Judgment, Verdict
from contacts_ui.services.consent.rules import judge as judge_number
from tests.people import MARTY_NUMBER

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
BOTH = (Vendor.SLICKTEXT, Vendor.CLOUDCONTACTAI)
MAY, STOP, NOT_SUB = Verdict.MAY_TEXT, Verdict.DO_NOT_TEXT, Verdict.NOT_SUBSCRIBED
DISAGREE, UNKNOWN = Verdict.DISAGREE, Verdict.NOT_KNOWN


def judge(
    status: str | None,
    read_at: datetime | None,
    desired_states: list[DesiredState],
    connected: Iterable[Vendor],
) -> Judgment:
    return judge_number(status, read_at, desired_states, connected, number=MARTY_NUMBER)


def slicktext(
    do_not_text: bool, state: str = "confirmed", held: str = "", *, after: int = 1, words: str = ""
) -> DesiredState:
    """A desired state for SlickText; `held` is what it confirmed, `after` minutes after the page was read."""
    return DesiredState(
        vendor=Vendor.SLICKTEXT,
        do_not_text=do_not_text,
        state=state,
        answer=words,
        confirmed_opt_in_status=held,
        confirmed_do_not_text=held not in ("subscribed", "not subscribed") if held else None,
        confirmed_at=NOW + timedelta(minutes=after) if held else None,
    )


def ccai(do_not_text: bool, state: str = "confirmed", held: bool | None = None) -> DesiredState:
    """A desired state for CloudContactAI; `held` is what it confirmed last."""
    held = do_not_text if state == "confirmed" else held
    return DesiredState(
        vendor=Vendor.CLOUDCONTACTAI,
        do_not_text=do_not_text,
        state=state,
        confirmed_do_not_text=held,
        confirmed_at=NOW if held is not None else None,
    )


TABLE = [
    # No desired state: SlickText's status alone.
    ("subscribed", [], MAY),
    ("unsubscribed", [], STOP),
    ("blocked", [], STOP),
    ("not subscribed", [], NOT_SUB),
    # A stop that both hold.
    ("unsubscribed", [slicktext(True, held="unsubscribed"), ccai(True)], STOP),
    ("unsubscribed", [slicktext(True, held="unsubscribed", after=-60), ccai(True)], STOP),
    # Read before the stop was confirmed: the confirmation is newer.
    ("subscribed", [slicktext(True, held="unsubscribed"), ccai(True)], STOP),
    # Read after it: someone let SlickText text them again.
    ("subscribed", [slicktext(True, held="unsubscribed", after=-60), ccai(True)], DISAGREE),
    ("not subscribed", [slicktext(True, held="unsubscribed", after=-60), ccai(True)], DISAGREE),
    # A stop on its way is a stop.
    ("subscribed", [slicktext(True, "on_its_way"), ccai(True, "on_its_way")], STOP),
    ("subscribed", [slicktext(True, held="unsubscribed"), ccai(True, "on_its_way")], STOP),
    ("subscribed", [slicktext(True, "on_its_way"), ccai(True)], STOP),
    ("subscribed", [slicktext(True, "on_its_way")], STOP),
    # A stop that was refused.
    ("subscribed", [slicktext(True, "refused"), ccai(True)], DISAGREE),
    ("not subscribed", [slicktext(True, "refused"), ccai(True)], DISAGREE),
    ("unsubscribed", [slicktext(True, held="unsubscribed"), ccai(True, "refused")], STOP),
    ("unsubscribed", [slicktext(True, "refused"), ccai(True, "refused")], STOP),
    # A refused stop that a manager resolved by hand stays a stop.
    ("subscribed", [slicktext(True, "settled"), ccai(True)], STOP),
    ("unsubscribed", [slicktext(True, held="unsubscribed"), ccai(True, "settled")], STOP),
    # SlickText never knew this number.
    (None, [slicktext(True, held=""), ccai(True)], STOP),
    # Only CloudContactAI has our stop.
    ("unsubscribed", [ccai(True)], STOP),
    ("subscribed", [ccai(True)], DISAGREE),
    # A stop that was lifted.
    ("unsubscribed", [slicktext(False, held="subscribed"), ccai(False)], MAY),
    ("subscribed", [slicktext(False, held="subscribed", after=-60), ccai(False)], MAY),
    ("subscribed", [slicktext(False, held="not subscribed"), ccai(False)], NOT_SUB),
    # After the lift they stopped by themselves at SlickText.
    ("unsubscribed", [slicktext(False, held="subscribed", after=-60), ccai(False)], DISAGREE),
    ("blocked", [slicktext(False, held="subscribed", after=-60), ccai(False)], DISAGREE),
    # A lift that is not everywhere yet.
    ("unsubscribed", [slicktext(False, "on_its_way"), ccai(False, "on_its_way", True)], STOP),
    (
        "unsubscribed",
        [slicktext(False, held="subscribed"), ccai(False, "on_its_way", True)],
        DISAGREE,
    ),
    ("unsubscribed", [slicktext(False, "refused"), ccai(False)], DISAGREE),
    ("unsubscribed", [slicktext(False, "expired"), ccai(False, "expired", True)], STOP),
    ("subscribed", [slicktext(False, held="subscribed"), ccai(False, "refused", True)], DISAGREE),
    ("subscribed", [slicktext(False, held="subscribed"), ccai(False, "expired", True)], DISAGREE),
]


@pytest.mark.parametrize(("status", "desired_states", "verdict"), TABLE)
def test_the_table(
    status: str | None, desired_states: list[DesiredState], verdict: Verdict
) -> None:
    judgment = judge(status, NOW, desired_states, BOTH)
    assert judgment.verdict is verdict
    assert judgment.stopped is (verdict is STOP)
    assert judgment.reason.endswith(".")
    assert judgment.on_its_way is any(each.state == "on_its_way" for each in desired_states)
    assert judgment.needs_attention is any(each.state == "refused" for each in desired_states)


NEVER_TEXTABLE = [None, "", "pending", "Pending Subscription", "SUBSCRIBED", "subscribed ", "null"]
DESIRED_STATES = [
    [],
    [ccai(False)],
    [ccai(False, "on_its_way")],
    [ccai(False, "refused")],
    [slicktext(False, "on_its_way")],
    [slicktext(False, "refused"), ccai(False)],
    [slicktext(False, "expired"), ccai(False)],
    [slicktext(False, "on_its_way"), ccai(False, "on_its_way", True)],
]


@pytest.mark.parametrize("desired_states", DESIRED_STATES)
@pytest.mark.parametrize("status", NEVER_TEXTABLE)
def test_an_unknown_status_never_may_text(
    status: str | None, desired_states: list[DesiredState]
) -> None:
    assert judge(status, NOW, desired_states, BOTH).verdict is not MAY


@pytest.mark.parametrize("status", ["subscribed", "unsubscribed", "pending", None, "blocked"])
@pytest.mark.parametrize("slick", [*DeliveryState.values, "absent"])
@pytest.mark.parametrize("cloud", [*DeliveryState.values, "absent"])
def test_a_stop_of_ours_never_may_text(status: str | None, slick: str, cloud: str) -> None:
    """Whatever became of it at either vendor."""
    desired_states = [slicktext(True, slick)] if slick != "absent" else []
    desired_states += [ccai(True, cloud)] if cloud != "absent" else []
    if desired_states:
        assert judge(status, NOW, desired_states, BOTH).verdict in (STOP, DISAGREE)


@pytest.mark.parametrize("status", ["subscribed", "not subscribed"])
@pytest.mark.parametrize("state", ["on_its_way", "refused", "expired"])
def test_a_stop_that_cloudcontactai_holds_never_may_text(status: str, state: str) -> None:
    """Also while, and after, we asked it to lift that stop."""
    desired_states = [slicktext(False, held=status), ccai(False, state, held=True)]
    assert judge(status, NOW, desired_states, BOTH).verdict in (STOP, DISAGREE)


def test_slicktext_not_connected_is_not_known() -> None:
    judgment = judge("subscribed", NOW, [], [Vendor.CLOUDCONTACTAI])
    assert judgment.verdict is UNKNOWN
    assert judgment.vendors[0].state == "not_connected"


def test_slicktext_not_connected_and_stopped() -> None:
    assert judge(None, None, [ccai(True)], [Vendor.CLOUDCONTACTAI]).verdict is STOP


def test_cloudcontactai_not_connected_says_so() -> None:
    judgment = judge("subscribed", NOW, [], [Vendor.SLICKTEXT])
    assert judgment.verdict is MAY
    assert "CloudContactAI is not connected" in judgment.reason


@pytest.mark.parametrize(
    ("status", "desired_states", "words"),
    [
        ("subscribed", [], "Subscribed at SlickText, no stop on record at CloudContactAI."),
        ("subscribed", [ccai(False)], "texts allowed at CloudContactAI"),
        ("pending", [], "SlickText says “pending”, which is not a yes."),
        ("blocked", [], "Blocked at SlickText."),
        (
            "subscribed",
            [slicktext(True, "on_its_way"), ccai(True, "on_its_way")],
            "Stopped here, on its way to SlickText and CloudContactAI.",
        ),
        (
            "unsubscribed",
            [slicktext(True, held="unsubscribed"), ccai(True)],
            "Stopped at SlickText and CloudContactAI.",
        ),
        (
            "subscribed",
            [slicktext(True, "refused", words="no"), ccai(True)],
            "We stopped them, but SlickText refused the stop and says: subscribed.",
        ),
    ],
)
def test_the_reason_is_in_words(
    status: str, desired_states: list[DesiredState], words: str
) -> None:
    assert words in judge(status, NOW, desired_states, BOTH).reason


def test_each_vendor_says_when() -> None:
    read, confirmed = judge("subscribed", NOW, [ccai(True)], BOTH).vendors
    assert (read.state, read.at) == ("read", NOW)
    assert (confirmed.state, confirmed.at) == ("confirmed", NOW)


def test_a_vendor_that_was_never_asked_claims_nothing() -> None:
    _, cloud = judge("subscribed", NOW, [], BOTH).vendors
    assert (cloud.state, cloud.holds_stop, cloud.at) == ("unknown", None, None)


def test_a_number_that_cannot_be_read_is_never_textable() -> None:
    """Our own stops are found by number: without one they can't be found."""
    judgment = judge_number("subscribed", NOW, [], BOTH, number="")
    assert judgment.verdict is UNKNOWN
    assert judge_number("unsubscribed", NOW, [], BOTH, number="").verdict is STOP


def test_a_stop_for_a_number_that_slicktext_does_not_know() -> None:
    judgment = judge(None, None, [slicktext(True), ccai(True)], BOTH)
    assert judgment.verdict is STOP
    assert "SlickText" not in judgment.reason.split(";")[0]


def test_a_refused_stop_is_told_apart_from_a_refused_lift() -> None:
    assert judge("subscribed", NOW, [slicktext(True, "refused")], BOTH).stop_refused
    assert not judge("unsubscribed", NOW, [slicktext(False, "refused")], BOTH).stop_refused
