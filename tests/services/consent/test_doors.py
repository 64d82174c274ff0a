"""The ways by which consent went wrong (issue *One record of consent*, its table), by their rows, below the screens.

Rows 16, 18 and 23 are about a form, a page after the session, and a sheet: tests/views has them.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts_ui.contact_fields import editable_values
from contacts_ui.models import DesiredState, Disagreement, LiftRequest, OptOut, Statement
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent import (
    desired_state,
    doors,
    held_presses,
    lift_requests,
    opt_in,
    record,
    slicktext_readings,
)
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import EvidenceRefused, Verdict
from contacts_ui.services.consent.types import Evidence, Request, Seen
from contacts_ui.services.contacts import deleting, editing
from contacts_ui.services.contacts.reading import read
from tests import hooks
from tests.people import FREE_NUMBER, MARTY, MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db
PHONE = Channel.PHONE
SLICKTEXT, CCAI = "slicktext", "cloudcontactai"


@pytest.fixture
def _held(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A press is held, and no timer of this process ends it."""
    settings.UNDO_SECONDS = 600.0
    monkeypatch.setattr(held_presses, "send_in_time", lambda press: None)


@pytest.fixture
def seen(vendors: Vendors) -> Seen:
    """Marty, as the table shows him: subscribed."""
    return Seen(MARTY_NUMBER, MARTY, "Marty", "subscribed", timezone.now())


def again() -> Seen:
    """Marty as SlickText shows him now."""
    contact = read(MARTY, now=True).contact
    return Seen(MARTY_NUMBER, MARTY, "Marty", contact.opt_in_status, timezone.now())


def evidence(
    at: datetime | None = None, who: str = "Marty", words: str = "Yes, text me."
) -> Evidence:
    return Evidence(who, PHONE, at or timezone.now(), words, exact=at is None)


def stopped_an_hour_ago(staff: User, seen: Seen) -> None:
    asked_at = timezone.now() - timedelta(hours=1)
    doors.stop(staff=staff, seen=seen, request=Request(PHONE, asked_at, "Stop it."))


def may_not_text(seen: Seen) -> None:
    """Neither as SlickText shows him now, nor by an old row, nor by what is kept."""
    hooks.work()
    for row in (again(), seen, Seen(MARTY_NUMBER)):
        assert judge_one(row).verdict is not Verdict.MAY_TEXT
    assert record.is_stopped(MARTY_NUMBER)


@pytest.mark.usefixtures("_held")
def test_row_1_a_stop_at_cloudcontactai_that_we_did_not_know(
    agent: User, seen: Seen, vendors: Vendors
) -> None:
    vendors.server.texts(CCAI, MARTY_NUMBER)
    vendors.forget_calls()
    doors.press_stop(staff=agent, seen=seen)
    doors.unsend(staff=agent, seen=seen)
    assert vendors.asked() == []
    assert vendors.stopped() is True


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize("at", ["", None], ids=["its true time", "no time"])
def test_row_2_a_stop_within_the_hold_ends_it(
    agent: User, seen: Seen, vendors: Vendors, at: str | None
) -> None:
    doors.press_stop(staff=agent, seen=seen)
    hooks.tell_ccai(hooks.unsubscribed(at=at))
    hooks.work()
    with pytest.raises(held_presses.CannotUnsend):
        doors.unsend(staff=agent, seen=seen)
    is_their_own_stop(vendors, seen)


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize("at", ["", None], ids=["its true time", "no time"])
def test_row_3_a_hook_that_comes_after_the_unsend(
    agent: User, seen: Seen, vendors: Vendors, at: str | None
) -> None:
    doors.press_stop(staff=agent, seen=seen)
    said = hooks.unsubscribed(at=at)
    doors.unsend(staff=agent, seen=seen)
    hooks.tell_ccai(said)
    hooks.work()
    is_their_own_stop(vendors, seen)


def is_their_own_stop(vendors: Vendors, seen: Seen) -> None:
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    assert not Statement.objects.get(source=Source.VENDOR_MARK).told_back
    may_not_text(seen)


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize("dated", [True, False], ids=["dated", "null date"])
@pytest.mark.parametrize("order", ["before", "after", "none"])
def test_row_4_a_stop_at_slicktext_within_the_hold(
    agent: User, seen: Seen, vendors: Vendors, order: str, dated: bool
) -> None:
    doors.press_stop(staff=agent, seen=seen)
    vendors.server.texts(SLICKTEXT, MARTY_NUMBER)
    if not dated:
        vendors.write("UPDATE contacts SET last_opt_in_status_change = NULL")
    hint = hooks.hint(opt_in_status="unsubscribed")
    hint["date"] = f"{timezone.now():%Y-%m-%d %H:%M:%S}" if dated else None
    if order == "before":
        hooks.tell_slicktext(hint)
        hooks.work()
        with pytest.raises(held_presses.CannotUnsend):
            doors.unsend(staff=agent, seen=seen)
    else:
        doors.unsend(staff=agent, seen=seen)
    if order == "after":
        hooks.tell_slicktext(hint)
        hooks.work()
    if order != "none":
        assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
        assert OptOut.objects.filter(channel=Channel.VENDOR, ended_at=None).exists()
    again()
    may_not_text(seen)


@pytest.mark.usefixtures("_held")
def test_row_5_a_row_from_before_the_stop(agent: User, seen: Seen, vendors: Vendors) -> None:
    vendors.server.texts(SLICKTEXT, MARTY_NUMBER)
    again()
    hooks.work()
    doors.press_stop(staff=agent, seen=seen)
    doors.unsend(staff=agent, seen=seen)
    may_not_text(seen)


def test_row_5_a_person_who_was_recreated_under_another_id(
    manager: User, seen: Seen, vendors: Vendors
) -> None:
    vendors.server.texts(SLICKTEXT, MARTY_NUMBER)
    deleting.delete(MARTY, staff=manager, typed_number=MARTY_NUMBER)
    new = vendors.create(MARTY_NUMBER, opt_in_status="subscribed")
    fresh = read(new, now=True).contact
    assert fresh.opt_in_status == "subscribed"
    shown = Seen(MARTY_NUMBER, new, "Marty", "subscribed", timezone.now())
    assert judge_one(shown).verdict is not Verdict.MAY_TEXT
    assert judge_one(seen).verdict is not Verdict.MAY_TEXT


@pytest.mark.usefixtures("_held")
def test_row_6_a_stop_with_words_goes_at_once_and_cannot_be_unsent(
    agent: User, seen: Seen, vendors: Vendors
) -> None:
    doors.stop(staff=agent, seen=seen, request=Request(PHONE, None, "Stop it."))
    hooks.work()
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)
    with pytest.raises(held_presses.CannotUnsend):
        doors.unsend(staff=agent, seen=seen)
    may_not_text(seen)


def test_row_7_a_new_stop_withdraws_a_waiting_request(
    agent: User, manager: User, seen: Seen
) -> None:
    stopped_an_hour_ago(agent, seen)
    request = lift_requests.ask(staff=agent, seen=again(), status="subscribed", evidence=evidence())
    hooks.tell_ccai(hooks.unsubscribed(at=(timezone.now() + timedelta(minutes=1)).isoformat()))
    doors.stop(staff=agent, seen=again(), request=Request(PHONE, None, "I said stop!"))
    assert LiftRequest.objects.get(pk=request.pk).state == "withdrawn"
    with pytest.raises(lift_requests.AlreadyDecided):
        lift_requests.approve(staff=manager, pk=request.pk)
    may_not_text(seen)


def test_row_8_a_stop_while_the_lift_form_is_open(agent: User, manager: User, seen: Seen) -> None:
    stopped_an_hour_ago(agent, seen)
    opened = judge_one(again())
    doors.stop(staff=agent, seen=seen, request=Request(PHONE, None, "I said stop!"))
    lift: dict[str, Any] = {"staff": manager, "seen": again(), "status": "subscribed"}
    lift["evidence"] = evidence(timezone.now() - timedelta(minutes=10))
    with pytest.raises(opt_in.RecordChanged) as changed:
        opt_in.change_opt_in_status(**lift, version=opened.version)
    newest = changed.value.judgment
    assert newest.stop
    assert newest.stop.words == "I said stop!"
    with pytest.raises(EvidenceRefused):
        opt_in.change_opt_in_status(**lift, version=newest.version)
    may_not_text(seen)


def test_row_9_evidence_of_2020_answers_no_stop_of_today(
    agent: User, manager: User, seen: Seen, vendors: Vendors
) -> None:
    doors.press_stop(staff=agent, seen=seen)
    old = evidence(datetime(2020, 5, 4, 15, 0, tzinfo=UTC))
    raised: dict[str, Any] = {"seen": again(), "status": "subscribed", "evidence": old}
    with pytest.raises(EvidenceRefused):
        opt_in.change_opt_in_status(staff=manager, **raised)
    with pytest.raises(EvidenceRefused):
        lift_requests.ask(staff=agent, **raised)
    deleting.delete(MARTY, staff=manager, typed_number=MARTY_NUMBER)
    typed = {"mobile_number": MARTY_NUMBER}
    with pytest.raises(EvidenceRefused):
        editing.create(staff=manager, typed=typed, evidence=old)
    assert vendors.status() is None
    assert record.is_stopped(MARTY_NUMBER)


@pytest.mark.parametrize("seconds", [1, 100])
def test_row_10_a_stop_seconds_after_the_consent_whose_hook_comes_after_the_lift(
    agent: User, manager: User, seen: Seen, vendors: Vendors, seconds: int
) -> None:
    stopped_an_hour_ago(agent, seen)
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=5)
    opt_in.change_opt_in_status(
        staff=manager, seen=again(), status="subscribed", evidence=evidence(minute)
    )
    hooks.tell_ccai(hooks.unsubscribed(at=(minute + timedelta(seconds=seconds)).isoformat()))
    may_not_text(seen)
    assert (vendors.status(), vendors.stopped()) == ("unsubscribed", True)


def test_evidence_typed_for_the_coming_minute_answers_no_stop_of_the_seconds_until_then(
    agent: User, manager: User, seen: Seen
) -> None:
    stopped_an_hour_ago(agent, seen)
    coming = timezone.now() + timedelta(seconds=50)
    opt_in.change_opt_in_status(
        staff=manager, seen=again(), status="subscribed", evidence=evidence(coming)
    )
    doors.stop(staff=agent, seen=again(), request=Request(reason="No, stop!"))
    may_not_text(seen)


@pytest.mark.parametrize("vendor", ["cloudcontactai", "slicktext"])
def test_a_stop_that_no_worker_has_recorded_yet_lets_nothing_be_raised(
    agent: User, manager: User, seen: Seen, vendor: str
) -> None:
    stopped_an_hour_ago(agent, seen)
    since = evidence(timezone.now() - timedelta(minutes=5))
    asked = lift_requests.ask(staff=agent, seen=again(), status="subscribed", evidence=since)
    if vendor == "slicktext":
        says = {"mobile_number": MARTY_NUMBER, "opt_in_status": "unsubscribed"}
        hooks.tell_slicktext(hooks.hint(**says))
    else:
        hooks.tell_ccai(hooks.unsubscribed())
    with pytest.raises(EvidenceRefused):
        lift_requests.approve(staff=manager, pk=asked.pk)
    may_not_text(seen)


@pytest.mark.parametrize("dated", [True, False])
def test_a_page_on_its_way_while_a_lift_is_confirmed(
    agent: User, manager: User, seen: Seen, dated: bool
) -> None:
    """The lift wrote over a stop that nothing else shows: its date tells it from what we had told ourselves."""
    stopped_an_hour_ago(agent, seen)
    hooks.work()
    opt_in.change_opt_in_status(
        staff=manager, seen=again(), status="subscribed", evidence=evidence()
    )
    sent_at = timezone.now()
    shown = replace(
        read(MARTY, now=True).contact,
        opt_in_status="unsubscribed",
        last_opt_in_status_change=sent_at if dated else None,
    )
    hooks.work()
    # As if the stop had also been sent an hour ago.
    DesiredState.objects.update(calls=[])
    slicktext_readings.learn([shown], sent_at, now=True)
    assert record.is_stopped(MARTY_NUMBER) is dated


@pytest.mark.parametrize("left", ["deleted", "another number"])
def test_row_11_a_number_whose_person_unsubscribed_at_slicktext_alone(
    manager: User, vendors: Vendors, left: str
) -> None:
    vendors.server.texts(SLICKTEXT, MARTY_NUMBER)
    if left == "deleted":
        deleting.delete(MARTY, staff=manager, typed_number=MARTY_NUMBER)
    else:
        edit(manager, FREE_NUMBER)
    typed = {"mobile_number": MARTY_NUMBER}
    with pytest.raises(editing.StoppedNumber):
        editing.create(staff=manager, typed=typed, double_opt_in=True)
    created = editing.create(staff=manager, typed=typed).contact
    assert created.opt_in_status == "unsubscribed"
    shown = Seen(MARTY_NUMBER, created.contact_id, "", created.opt_in_status, timezone.now())
    assert judge_one(shown).verdict is Verdict.DO_NOT_TEXT


def edit(staff: User, number: str) -> editing.Saved:
    original = editable_values(read(MARTY, now=True).contact)
    typed = {**original, "mobile_number": number}
    return editing.edit(MARTY, staff=staff, original=original, typed=typed)


def test_row_12_another_number_brings_no_consent_along(editor: User, vendors: Vendors) -> None:
    edit(editor, FREE_NUMBER)
    assert vendors.status(FREE_NUMBER) == "not subscribed"
    shown = Seen(FREE_NUMBER, MARTY, "", vendors.status(FREE_NUMBER), timezone.now())
    assert judge_one(shown).verdict is Verdict.NOT_SUBSCRIBED


def test_row_13_a_contact_who_gets_a_stopped_number_is_stopped(
    editor: User, agent: User, vendors: Vendors
) -> None:
    doors.press_stop(staff=agent, seen=Seen(FREE_NUMBER))
    edit(editor, FREE_NUMBER)
    assert vendors.status(FREE_NUMBER) == "unsubscribed"


STOP_OF_MARTY = {"mobile_number": MARTY_NUMBER, "opt_in_status": "unsubscribed"}


@pytest.mark.parametrize(
    "data",
    [
        STOP_OF_MARTY,
        {"contact": STOP_OF_MARTY},
        [STOP_OF_MARTY],
        [{"contact_id": MARTY, **STOP_OF_MARTY}],
    ],
    ids=["no contact_id", "nested", "a list", "a list with ids"],
)
def test_row_14_a_stop_in_any_shape_is_a_stop(vendors: Vendors, seen: Seen, data: object) -> None:
    """Though SlickText itself still says *subscribed*."""
    hooks.tell_slicktext({**hooks.hint(), "data": data})
    hooks.work()
    may_not_text(seen)
    assert vendors.stopped() is True


@pytest.mark.parametrize("door", ["press", "words", "bulk", "event", "number alone"])
def test_row_15_blocked_stays_blocked(
    agent: User, manager: User, vendors: Vendors, door: str
) -> None:
    vendors.write("UPDATE contacts SET opt_in_status = 'blocked' WHERE contact_id = ?", MARTY)
    request = Request(PHONE, None, "Stop it.")
    if door == "press":
        doors.press_stop(staff=agent, seen=again())
    elif door == "words":
        doors.stop(staff=agent, seen=again(), request=request)
    elif door == "bulk":
        doors.record_stop(staff=manager, seen=again(), request=request, batch=True)
    elif door == "event":
        hooks.tell_ccai(hooks.unsubscribed())
    else:
        doors.press_stop(staff=agent, seen=Seen(MARTY_NUMBER))
    hooks.work()
    assert vendors.status() == "blocked"
    assert vendors.stopped() is True


def test_row_16_an_hour_that_occurs_twice_counts_as_both(agent: User, seen: Seen) -> None:
    first = datetime(2025, 11, 2, 5, 30, tzinfo=UTC)
    request = Request(PHONE, first, "Stop it.", first + timedelta(hours=1))
    doors.stop(staff=agent, seen=seen, request=request)
    said = Statement.objects.get(number=MARTY_NUMBER)
    assert (said.earliest, said.latest) == (first, first + timedelta(hours=1, minutes=1))


def test_row_17_with_four_eyes_one_pair_lifts_nothing(
    manager: User, agent: User, seen: Seen, settings: Any
) -> None:
    settings.FOUR_EYES = True
    doors.press_stop(staff=agent, seen=seen)
    raised: dict[str, Any] = {"seen": again(), "status": "subscribed", "evidence": evidence()}
    with pytest.raises(opt_in.NeedsSecondPerson):
        opt_in.change_opt_in_status(staff=manager, **raised)
    request = lift_requests.ask(staff=manager, **raised)
    with pytest.raises(lift_requests.OwnRequest):
        lift_requests.approve(staff=manager, pk=request.pk)
    may_not_text(seen)


@pytest.mark.parametrize(("who", "words"), [("\u2060", "Yes, please"), ("Marty", ".")])
def test_row_19_evidence_that_says_nothing(
    agent: User, manager: User, seen: Seen, who: str, words: str
) -> None:
    stopped_an_hour_ago(agent, seen)
    raised: dict[str, Any] = {"seen": again(), "status": "subscribed"}
    raised["evidence"] = evidence(who=who, words=words)
    with pytest.raises(EvidenceRefused):
        opt_in.change_opt_in_status(staff=manager, **raised)
    with pytest.raises(EvidenceRefused):
        lift_requests.ask(staff=agent, **raised)
    may_not_text(seen)


def test_row_20_a_number_that_no_database_holds_is_a_400_that_says_why(vendors: Vendors) -> None:
    body = b'{"eventType": "contact.unsubscribed", "eventHash": "h", "data": {"x": 1e999}}'
    headers = {"X-CCAI-Signature": hooks.signature("h")}
    answer = hooks.post(hooks.CCAI, body, **headers)
    assert answer.status_code == 400
    assert "number" in answer.content.decode()


def test_row_21_stops_of_many_disagreements_go_behind_people(
    manager: User, agent: User, seen: Seen, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "deliver_now", lambda keys: None)
    row = Disagreement.objects.create(
        number=FREE_NUMBER, kind="reappeared", status="subscribed", found_at=timezone.now()
    )
    doors.repair_one(staff=manager, key=row.pk, batch=True)
    doors.press_stop(staff=agent, seen=seen)
    due = [DesiredState.objects.get(pk=key).number for key in desired_state.due_now()]
    assert due == [MARTY_NUMBER, MARTY_NUMBER, FREE_NUMBER, FREE_NUMBER]


def test_row_22_how_they_asked_belongs_to_the_same_request(
    agent: User, seen: Seen, vendors: Vendors
) -> None:
    doors.press_stop(staff=agent, seen=seen)
    hooks.work()
    vendors.forget_calls()
    doors.stop(staff=agent, seen=again(), request=Request(PHONE, None, "Stop it."))
    hooks.work()
    row = OptOut.objects.get()
    assert (row.channel, row.reason) == (PHONE, "Stop it.")
    assert "slicktext PUT" not in vendors.asked()
    assert "cloudcontactai PUT" not in vendors.asked()


def test_how_they_asked_reaches_a_vendor_that_can_text_them_again(
    agent: User, seen: Seen, vendors: Vendors
) -> None:
    doors.press_stop(staff=agent, seen=seen)
    hooks.work()
    vendors.edit(opt_in_status="subscribed")
    doors.stop(staff=agent, seen=again(), request=Request(PHONE, None, "I said stop."))
    hooks.work()
    assert vendors.status() == "unsubscribed"
    assert OptOut.objects.count() == 1


def test_row_23_a_person_that_slicktext_can_text_again_is_a_disagreement(
    agent: User, seen: Seen, vendors: Vendors
) -> None:
    doors.press_stop(staff=agent, seen=seen)
    hooks.work()
    vendors.edit(opt_in_status="subscribed")
    assert judge_one(again()).verdict is Verdict.DISAGREE


def test_row_24_looking_writes_nothing(agent: User, seen: Seen, vendors: Vendors) -> None:
    doors.press_stop(staff=agent, seen=seen)
    hooks.work()
    vendors.edit(opt_in_status="subscribed")
    shown = Seen(MARTY_NUMBER, MARTY, "Marty", "subscribed", timezone.now())
    with CaptureQueriesContext(connection) as asked:
        assert judge_one(shown).verdict is Verdict.DISAGREE
    assert all(query["sql"].startswith("SELECT") for query in asked.captured_queries)
    assert not Disagreement.objects.exists()
