"""Rule 1 and what belongs to it, pure: which stop counts, which consent answers it, and when each was said."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts_ui.models import ConsentState, DesiredState, Statement, Vendor
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services.consent import rules
from contacts_ui.services.consent.rules import Said, Verdict, judge, standing

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
STOP, CONSENT = StatementKind.STOP, StatementKind.CONSENT


def said(
    kind: StatementKind, earliest: datetime | None, latest: datetime, **more: object
) -> Statement:
    source = Source.PERSON
    return Statement(kind=kind, source=source, earliest=earliest, latest=latest, **more)


def stop(at: datetime, **more: object) -> Statement:
    return said(STOP, at, at, **more)


def consent(at: datetime) -> Statement:
    return said(CONSENT, at, at)


# --- When a statement was made ---


def test_our_own_clock_is_exact() -> None:
    assert rules.exactly(NOON) == Said(NOON, NOON)


def test_a_typed_minute_is_its_whole_minute() -> None:
    assert rules.within_minute(NOON, NOON + 5 * MINUTE) == Said(NOON, NOON + MINUTE)


def test_a_typed_minute_ends_when_it_was_heard() -> None:
    assert rules.within_minute(NOON, NOON + 20 * SECOND) == Said(NOON, NOON + 20 * SECOND)


def test_a_typed_minute_ahead_of_our_clock_is_no_empty_time() -> None:
    assert rules.within_minute(NOON + 2 * MINUTE, NOON) == Said(NOON, NOON)


def test_the_hour_that_occurs_twice_counts_as_both() -> None:
    later = NOON + timedelta(hours=1)
    assert rules.within_minute(NOON, later + 9 * MINUTE, later) == Said(NOON, later + MINUTE)
    assert rules.within_minute(later, later + 9 * MINUTE, NOON) == Said(NOON, later + MINUTE)


def test_a_vendors_time_may_be_two_minutes_off() -> None:
    assert rules.by_vendor(NOON, NOON + 9 * MINUTE) == Said(NOON - 2 * MINUTE, NOON + 2 * MINUTE)


def test_a_vendors_time_is_never_later_than_heard() -> None:
    assert rules.by_vendor(NOON, NOON + SECOND) == Said(NOON - 2 * MINUTE, NOON + SECOND)


@pytest.mark.parametrize("at", [None, NOON + 2 * MINUTE + SECOND, NOON + timedelta(days=300)])
def test_no_time_or_a_future_one_is_any_time_up_to_heard(at: datetime | None) -> None:
    assert rules.by_vendor(at, NOON) == Said(None, NOON)


# --- Which stop stands ---


def test_without_a_stop_nothing_stands() -> None:
    assert not standing([]).stopped
    assert not standing([consent(NOON)]).stopped


def test_a_later_consent_answers_a_stop() -> None:
    answered = standing([stop(NOON), consent(NOON + SECOND)])
    assert not answered.stopped
    assert answered.stop
    assert answered.consent


@pytest.mark.parametrize(
    "answer",
    [
        consent(NOON),
        consent(NOON - SECOND),
        said(CONSENT, None, NOON + MINUTE),
        said(CONSENT, NOON - SECOND, NOON + MINUTE),
        said(CONSENT, NOON, NOON + MINUTE),
    ],
    ids=["equal", "earlier", "unknown", "overlapping", "touching"],
)
def test_equal_unknown_and_overlapping_times_mean_stopped(answer: Statement) -> None:
    assert standing([stop(NOON), answer]).stopped


def test_a_stop_whose_time_is_unknown_counts_up_to_when_it_was_heard() -> None:
    heard = said(STOP, None, NOON)
    assert standing([heard, consent(NOON - SECOND)]).stopped
    assert not standing([heard, consent(NOON + SECOND)]).stopped


def test_the_order_in_which_statements_arrive_does_not_matter() -> None:
    first, second, answer = stop(NOON), stop(NOON + MINUTE), consent(NOON + 30 * SECOND)
    for order in ([first, answer, second], [second, first, answer], [answer, second, first]):
        assert standing(order).stopped
        assert standing(order).stop is second


def test_a_consent_answers_every_stop_or_none() -> None:
    """The older stop answered, the newer one not: stopped."""
    assert standing([stop(NOON), consent(NOON + SECOND), stop(NOON + 2 * SECOND)]).stopped


def test_a_discounted_stop_does_not_count() -> None:
    theirs = stop(NOON, discounted_by_id=7)
    assert not standing([theirs]).stopped
    assert standing([theirs, stop(NOON - MINUTE)]).stopped


def test_told_back_counts() -> None:
    assert standing([stop(NOON, told_back=True)]).stopped


def test_consent_from_before_a_reassignment_is_void() -> None:
    both = [stop(NOON), consent(NOON + MINUTE)]
    assert standing(both, NOON + 2 * MINUTE).stopped
    assert standing(both, NOON + MINUTE).stopped
    assert not standing(both, NOON + 30 * SECOND).stopped


# --- Evidence ---


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("\u2060", "Yes, please"),
        ("Pat", "."),
        ("Pat", "\u200b"),
        ("", "Yes"),
        ("12", "Yes"),
        ("Pat", "k"),
    ],
)
def test_evidence_names_a_person_and_says_something(who: str, words: str) -> None:
    with pytest.raises(rules.EvidenceRefused):
        rules.check_evidence(who, words)


@pytest.mark.parametrize("who", ["Pat", "Žofie", "李明"])
def test_any_script_names_a_person(who: str) -> None:
    rules.check_evidence(who, "ok")


@pytest.mark.parametrize("earliest", [None, NOON, NOON - SECOND])
def test_evidence_is_later_than_the_newest_stop(earliest: datetime | None) -> None:
    with pytest.raises(rules.EvidenceRefused):
        rules.check_newer(Said(earliest, NOON + MINUTE), stop(NOON))


def test_newer_evidence_is_accepted() -> None:
    rules.check_newer(Said(NOON + SECOND, NOON + MINUTE), stop(NOON))
    rules.check_newer(Said(None, NOON), None)


# --- No way around ---

moments = st.integers(min_value=-300, max_value=300).map(
    lambda seconds: NOON + timedelta(seconds=seconds)
)


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    latest = draw(moments)
    wide = draw(st.integers(min_value=0, max_value=240))
    earliest = draw(st.sampled_from([latest - timedelta(seconds=wide), None]))
    kind = draw(st.sampled_from([STOP, CONSENT]))
    decided = draw(st.sampled_from([None, None, None, 1])) if kind == STOP else None
    return said(kind, earliest, latest, discounted_by_id=decided)


@st.composite
def desired_states(draw: st.DrawFn, vendor: Vendor) -> DesiredState | None:
    if draw(st.booleans()):
        return None
    at = st.one_of(st.none(), moments)
    return DesiredState(
        number="+16155550123",
        vendor=vendor,
        do_not_text=draw(st.booleans()),
        opt_in_status="subscribed",
        state=draw(st.sampled_from(DeliveryState.values)),
        confirmed_do_not_text=draw(st.sampled_from([None, True, False])),
        confirmed_opt_in_status=draw(st.sampled_from(["", "subscribed", "unsubscribed"])),
        confirmed_at=draw(at),
        unanswered_at=draw(at),
    )


@given(
    said=st.lists(statements(), max_size=6),
    status=st.sampled_from(["subscribed", "unsubscribed", "pending", None]),
    read_at=st.one_of(st.none(), moments),
    kept=st.sampled_from(["subscribed", "unsubscribed", ""]),
    kept_at=st.one_of(st.none(), moments),
    slicktext=desired_states(Vendor.SLICKTEXT),
    ccai=desired_states(Vendor.CLOUDCONTACTAI),
    reassigned_at=st.one_of(st.none(), moments),
    there=st.sampled_from([tuple(Vendor), (Vendor.SLICKTEXT,), (Vendor.CLOUDCONTACTAI,)]),
)
def test_an_unanswered_stop_is_never_may_text(
    said: list[Statement],
    status: str | None,
    read_at: datetime | None,
    kept: str,
    kept_at: datetime | None,
    slicktext: DesiredState | None,
    ccai: DesiredState | None,
    reassigned_at: datetime | None,
    there: tuple[Vendor, ...],
) -> None:
    """Whatever vendors show and were told, and in whatever order things were heard."""
    stands = standing(said, reassigned_at)
    state = ConsentState(
        number="+16155550123",
        stopped=stands.stopped,
        status=kept,
        read_at=kept_at,
        reassigned_at=reassigned_at,
    )
    rows = [desired for desired in (slicktext, ccai) if desired]
    judged = judge(status, read_at, rows, there, number=state.number, state=state)
    stops = [each for each in said if each.kind == STOP and not each.discounted_by_id]
    answers = [
        each.earliest
        for each in said
        if each.kind == CONSENT
        and each.earliest
        and (reassigned_at is None or each.earliest > reassigned_at)
    ]
    # In its own words, not those of the rules.
    unanswered = bool(stops) and not any(
        all(answer > each.latest for each in stops) for answer in answers
    )
    assert stands.stopped == unanswered
    if unanswered:
        assert judged.verdict is not Verdict.MAY_TEXT
    if judged.verdict is Verdict.MAY_TEXT:
        assert Vendor.SLICKTEXT in there
        assert not any(desired.do_not_text for desired in rows)
        # What is not connected holds what it holds.
        assert (
            ccai is None
            or ccai.confirmed_do_not_text is False
            or Vendor.CLOUDCONTACTAI not in there
        )
