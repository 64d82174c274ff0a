"""Any order of desired states, deliveries, crashes, late answers, and passing time: what must always hold.

The vendor is a variable here, and time is ours: no process, no network. `make chaos` does the same with both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contacts_ui.integrations.errors import Invalid, NoAnswer, RateLimited, Unreachable
from contacts_ui.models import DesiredState, Vendor
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log
from contacts_ui.services.consent import delivery, desired_state
from contacts_ui.services.consent.sending import Answer

VENDOR = Vendor.CLOUDCONTACTAI
NUMBERS = ("+16155550001",)
LATE = timedelta(seconds=django_settings.LATE_EFFECT_SECONDS)
WAYS = (
    "answers", "refuses", "unreachable", "too many", "no answer, not done", "no answer, done",
    "no answer, done late", "we die before", "we die after", "we die, done late", "stalls", "stalls for long",
    "newer state in between",
)  # fmt: skip


class Killed(BaseException):
    """kill -9, as one thread sees it."""


@dataclass
class LateEffect:
    """A call that the vendor carries out some time after we gave up on it."""

    number: str
    do_not_text: bool
    at: datetime


class Deliveries(RuleBasedStateMachine):
    """One number at one vendor."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.clock = time_machine.travel(datetime(2026, 3, 5, 12, tzinfo=UTC), tick=False)
        self.time = self.clock.start()
        self.held: dict[str, bool | None] = dict.fromkeys(NUMBERS)
        self.newest: dict[str, bool] = {}
        self.refused: dict[str, int] = {}
        self.late: list[LateEffect] = []
        self.way = "answers"

    def teardown(self) -> None:
        try:
            self.comes_to_rest()
        finally:
            self.clock.stop()
            transaction.savepoint_rollback(self.savepoint)

    @initialize()
    def the_vendor_is_ours(self) -> None:
        delivery.send = self.send  # type: ignore[assignment]

    # What may happen.

    @rule(number=st.sampled_from(NUMBERS), do_not_text=st.booleans(), batch=st.booleans())
    def person_asks(self, number: str, do_not_text: bool, batch: bool = False) -> None:
        action = Action.STOP_REQUESTED if do_not_text else Action.CONSENT_REQUESTED
        with transaction.atomic():
            entry = audit_log.record(action=action, staff=None, number=number)
            desired_state.set_desired_state(
                number=number, vendor=VENDOR, do_not_text=do_not_text, entry=entry, batch=batch
            )
        self.newest[number] = do_not_text

    @rule(number=st.sampled_from(NUMBERS), way=st.sampled_from(WAYS))
    def person_changes_their_mind(self, number: str, way: str) -> None:
        """The opposite of what was wanted last, and one try to deliver it."""
        self.person_asks(number, not self.newest.get(number, False))
        self.a_worker_delivers(way)

    @rule(way=st.sampled_from(WAYS))
    def a_worker_delivers(self, way: str) -> None:
        self.way = way
        try:
            delivery.deliver_next(VENDOR)
        except Killed:
            pass
        finally:
            self.way = "answers"

    @rule(seconds=st.sampled_from([1, 3, 15, 20, 60, 130, 400]))
    def time_passes(self, seconds: int) -> None:
        self.time.shift(timedelta(seconds=seconds))
        self.carry_out_late(timezone.now())

    @precondition(lambda self: self.newest)
    @rule()
    def three_days_pass(self) -> None:
        self.time_passes(int(django_settings.OPT_IN_EXPIRES_HOURS * 3600) + 1)

    @rule()
    def comes_to_rest(self) -> None:
        """Whatever happened: in the end the vendor holds the newest desired state, unless it refused, or it expired."""
        for _ in range(60):
            while delivery.deliver_next(VENDOR):
                pass
            if not DesiredState.objects.exclude(due_at=None).exists() and not self.late:
                break
            self.time_passes(30)
        for row in DesiredState.objects.all():
            assert row.settled
            assert row.due_at is None
            if row.state == DeliveryState.CONFIRMED:
                assert self.held[row.number] is self.newest[row.number]
            else:
                assert row.state == DeliveryState.REFUSED or not row.do_not_text

    # What must hold at every moment.

    @invariant()
    def nothing_is_lost(self) -> None:
        rows = {row.number: row for row in DesiredState.objects.all()}
        assert rows.keys() == self.newest.keys()
        for number, row in rows.items():
            assert row.do_not_text is self.newest[number]
            assert row.settled or row.due_at is not None

    @invariant()
    def a_stop_has_no_end(self) -> None:
        stops = DesiredState.objects.filter(do_not_text=True)
        assert not stops.exclude(expires_at=None).exists()
        assert not stops.filter(state=DeliveryState.EXPIRED).exists()

    # The vendor.

    def send(self, desired: DesiredState, policy: object, once_more: Callable[[], None]) -> Answer:
        """In place of `sending.send`: what the vendor does, and what we hear of it."""
        assert desired.settled or desired.expires_at is None or desired.expires_at > timezone.now()
        assert self.refused.get(desired.number) != desired.version, "sent again after a refusal"
        way, self.way = self.way, "answers"
        return getattr(self, "_" + way.replace(",", "").replace(" ", "_"))(desired)

    def carry_out_late(self, until: datetime) -> None:
        for effect in [each for each in self.late if each.at <= until]:
            self.late.remove(effect)
            self.held[effect.number] = effect.do_not_text

    def _answers(self, desired: DesiredState) -> Answer:
        self.held[desired.number] = desired.do_not_text
        return Answer(desired.do_not_text)

    def _refuses(self, desired: DesiredState) -> Answer:
        self.refused[desired.number] = desired.version
        raise Invalid(VENDOR.value, status=422, words="no")

    def _unreachable(self, desired: DesiredState) -> Answer:
        raise Unreachable(VENDOR.value)

    def _too_many(self, desired: DesiredState) -> Answer:
        raise RateLimited(VENDOR.value, status=429, retry_after=7)

    def _no_answer_not_done(self, desired: DesiredState) -> Answer:
        raise NoAnswer(VENDOR.value, outcome_unknown=True)

    def _no_answer_done(self, desired: DesiredState) -> Answer:
        self._answers(desired)
        return self._no_answer_not_done(desired)

    def _no_answer_done_late(self, desired: DesiredState) -> Answer:
        self._later(desired)
        return self._no_answer_not_done(desired)

    def _we_die_before(self, desired: DesiredState) -> Answer:
        raise Killed

    def _we_die_after(self, desired: DesiredState) -> Answer:
        self._answers(desired)
        raise Killed

    def _we_die_done_late(self, desired: DesiredState) -> Answer:
        self._later(desired)
        raise Killed

    def _newer_state_in_between(self, desired: DesiredState) -> Answer:
        answer = self._answers(desired)
        self.person_asks(desired.number, not desired.do_not_text)
        return answer

    def _stalls(self, desired: DesiredState) -> Answer:
        """We hang beyond our lease; a newer state is written and delivered by another worker; then ours is done."""
        self.person_asks(desired.number, not desired.do_not_text)
        self.time_passes(20)
        delivery.deliver(desired.pk)
        return self._answers(desired)

    def _stalls_for_long(self, desired: DesiredState) -> Answer:
        """So long that even the second look is over when ours is done."""
        self.person_asks(desired.number, not desired.do_not_text)
        for seconds in (20, 130):
            self.time_passes(seconds)
            delivery.deliver(desired.pk)
        return self._answers(desired)

    def _later(self, desired: DesiredState) -> None:
        when = timezone.now() + LATE - timedelta(seconds=1)
        self.late.append(LateEffect(desired.number, desired.do_not_text, when))


@pytest.mark.django_db
def test_desired_states_state_machine(monkeypatch: pytest.MonkeyPatch, vendors: Any) -> None:
    # Put back afterwards; each machine sets its own.
    monkeypatch.setattr(delivery, "send", delivery.send)
    run_state_machine_as_test(
        Deliveries,
        settings=settings(
            max_examples=60,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
