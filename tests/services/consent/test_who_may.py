"""The doors of consent without the views: who may use them, and that no error of ours loses a stop."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from contacts_ui.models import DesiredState, LedgerEntry, LiftRequest
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Channel
from contacts_ui.models.lift_request import LiftRequestKind
from contacts_ui.permissions import NotAllowed
from contacts_ui.services.consent import delivery, desired_state, lift_requests
from contacts_ui.services.consent.desired_state import due_now
from contacts_ui.services.consent.phone_numbers import reassign
from contacts_ui.services.consent.rules import EvidenceRefused, Verdict
from contacts_ui.services.consent.types import Evidence, Seen
from contacts_ui.services.contacts import deleting, editing
from contacts_ui.services.verification import broken_links
from tests import consent
from tests.consent import change_opt_in_status, stop_texts
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, Vendors

SEEN = Seen(MARTY_NUMBER, MARTY, "Marty McFly", "subscribed")
EVIDENCE = Evidence("Marty McFly", Channel.PHONE, timezone.now(), "Yes")


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["viewer", "editor", "newcomer"])
def test_who_may_not_stop(who: str, request: pytest.FixtureRequest, vendors: Vendors) -> None:
    with pytest.raises(NotAllowed):
        stop_texts(staff=request.getfixturevalue(who), seen=SEEN)
    assert not LedgerEntry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["viewer", "editor", "agent", "newcomer"])
def test_who_may_not_lift(who: str, request: pytest.FixtureRequest, vendors: Vendors) -> None:
    staff = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        change_opt_in_status(staff=staff, seen=SEEN, status="subscribed", evidence=EVIDENCE)
    assert not LedgerEntry.objects.exists()


@pytest.mark.django_db
def test_consent_from_before_a_reassignment_is_refused(manager: User, vendors: Vendors) -> None:
    """Rule 1: it was another person's."""
    given: dict[str, Any] = {"staff": manager, "seen": SEEN, "status": "subscribed"}
    reassign(number=MARTY_NUMBER, at=timezone.now(), words="The carrier says so.")
    with pytest.raises(EvidenceRefused) as refused:
        change_opt_in_status(**given, evidence=EVIDENCE)
    assert "passed to another person" in refused.value.sentence
    with pytest.raises(EvidenceRefused):
        lift_requests.ask(**given, evidence=EVIDENCE, kind=LiftRequestKind.OPT_IN)
    now = Evidence("Marty McFly", Channel.PHONE, timezone.now(), "Yes", exact=True)
    change_opt_in_status(**given, evidence=now)
    assert not LiftRequest.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("more", [{"evidence": EVIDENCE}, {"double_opt_in": True}])
@pytest.mark.parametrize("who", ["editor", "agent"])
def test_who_may_not_create_a_subscribed_contact(
    who: str, more: dict[str, Any], request: pytest.FixtureRequest, vendors: Vendors
) -> None:
    with pytest.raises(NotAllowed):
        editing.create(
            staff=request.getfixturevalue(who), typed={"mobile_number": DOC_NUMBER}, **more
        )
    assert vendors.asked() == []


@pytest.mark.django_db
def test_who_may_not_edit_or_delete(viewer: User, agent: User, vendors: Vendors) -> None:
    with pytest.raises(NotAllowed):
        editing.edit(MARTY, staff=viewer, original={}, typed={"city": "Nashville"})
    with pytest.raises(NotAllowed):
        editing.create(staff=viewer, typed={"mobile_number": DOC_NUMBER})
    with pytest.raises(NotAllowed):
        deleting.delete(MARTY, staff=agent, typed_number=MARTY_NUMBER)
    assert vendors.asked() == []


@pytest.mark.django_db(transaction=True)
def test_a_bug_of_ours_while_delivering_loses_no_stop(
    agent: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(delivery, "send", fail)
    judgment = stop_texts(staff=agent, seen=SEEN)
    assert judgment.verdict is Verdict.DO_NOT_TEXT
    assert judgment.on_its_way
    monkeypatch.undo()
    assert DesiredState.objects.unsettled().count() == 2
    DesiredState.objects.update(due_at=timezone.now())
    for key in due_now():
        delivery.deliver(key)
    assert {desired.state for desired in DesiredState.objects.all()} == {DeliveryState.CONFIRMED}


@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_when_the_ledger_cannot_be(
    agent: User, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desired state and its entry are one transaction: one of them is never there alone."""

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(desired_state, "set_desired_state", fail)
    with pytest.raises(RuntimeError):
        stop_texts(staff=agent, seen=SEEN)
    assert not LedgerEntry.objects.exists()
    assert not DesiredState.objects.exists()
    assert list(broken_links()) == []
    assert vendors.asked() == []


@pytest.mark.django_db
def test_many_people_are_judged_with_two_queries(
    vendors: Vendors, set_desired_state: Any, django_assert_num_queries: Any
) -> None:
    set_desired_state(number=DOC_NUMBER)
    people = [Seen(f"+1615556{n:04d}", n, "", "subscribed", timezone.now()) for n in range(200)]
    people.append(Seen(DOC_NUMBER, 7, "", "not subscribed", timezone.now()))
    people.append(Seen("", 8, "", "subscribed", timezone.now()))
    with django_assert_num_queries(2):
        judgments = consent.judge_many(people)
    assert {each.verdict for each in judgments[:200]} == {Verdict.MAY_TEXT}
    assert judgments[200].verdict is Verdict.DISAGREE
    assert judgments[201].verdict is Verdict.NOT_KNOWN
