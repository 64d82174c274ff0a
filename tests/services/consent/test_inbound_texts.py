"""What people write to a vendor in their own words: stops, messages that wait for a decision, and START."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from contacts_ui.models import (
    ConsentState,
    IncomingMessage,
    LedgerEntry,
    LiftRequest,
    OptOut,
    Statement,
    Vendor,
)
from contacts_ui.models.consent import Source, StatementKind
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import LiftRequestKind, LiftRequestState
from contacts_ui.models.messages import MessageState
from contacts_ui.permissions import NotAllowed
from contacts_ui.services import index, retention
from contacts_ui.services.consent import (
    doors,
    inbound_texts,
    lift_requests,
    opt_in,
    record,
    slicktext_readings,
    stops,
)
from contacts_ui.services.consent.business_days import due_after
from contacts_ui.services.consent.record import judge_one
from contacts_ui.services.consent.rules import (
    VENDOR_CLOCK_TOLERANCE,
    EvidenceRefused,
    Judgment,
    Verdict,
)
from contacts_ui.services.consent.types import Evidence, Request, Seen
from tests import hooks
from tests.jobs import scheduled
from tests.people import DOC_NUMBER, MARTY, MARTY_NUMBER, Vendors
from tests.services.index.people import person
from tests.views.index_people import ready

pytestmark = pytest.mark.django_db
MAY_BE = "please dont text me anymore"
MINUTE = timedelta(minutes=1)
CCAI, SLICKTEXT = Vendor.CLOUDCONTACTAI, Vendor.SLICKTEXT


@pytest.fixture(autouse=True)
def _no_deliveries(monkeypatch: pytest.MonkeyPatch, vendors: Vendors) -> None:
    """Vendors are told by the worker, tested elsewhere."""
    for module in (doors, inbound_texts, lift_requests, opt_in):
        monkeypatch.setattr(module, "deliver_now", lambda keys: None)


def hear(
    words: str,
    said_at: datetime | None = None,
    *,
    key: str = "1",
    vendor: Vendor = SLICKTEXT,
    number: str = MARTY_NUMBER,
    heard_at: datetime | None = None,
) -> str:
    return inbound_texts.heard(
        vendor=vendor,
        key=key,
        number=number,
        words=words,
        said_at=said_at,
        heard_at=heard_at or timezone.now(),
    )


def now_of(status: str | None = "subscribed", number: str = MARTY_NUMBER) -> Judgment:
    return judge_one(Seen(number, MARTY, "Marty McFly", status, timezone.now()))


def message() -> IncomingMessage:
    return IncomingMessage.objects.get()


def stops_said() -> list[Statement]:
    return list(Statement.objects.filter(kind=StatementKind.STOP).order_by("pk"))


def consent(staff: User, at: datetime | None = None) -> None:
    evidence = Evidence("Marty", Channel.PHONE, at or timezone.now(), "Yes, text me.", exact=True)
    opt_in.change_opt_in_status(
        staff=staff, seen=Seen(MARTY_NUMBER, MARTY, "Marty"), status="subscribed", evidence=evidence
    )


@pytest.fixture
def two_eyes(settings: Any) -> None:
    """Managers lift by themselves."""
    settings.FOUR_EYES = False


# Words that always count.


def test_stop_is_a_stop_at_once_with_the_words_as_proof() -> None:
    said_at = timezone.now() - 5 * MINUTE
    assert hear("Stop, please!", said_at) == inbound_texts.STOPPED_AT_ONCE
    [stop] = stops_said()
    assert (stop.source, stop.words) == (Source.PERSON, "Stop, please!")
    assert stop.earliest == said_at - VENDOR_CLOCK_TOLERANCE
    assert stop.latest == said_at + VENDOR_CLOCK_TOLERANCE
    assert (stop.ledger_entry.reason, stop.ledger_entry.channel) == ("Stop, please!", Channel.TEXT)
    assert OptOut.objects.get().asked_at == said_at
    assert now_of().verdict is Verdict.DO_NOT_TEXT
    assert not IncomingMessage.objects.exists()


def test_an_undated_stop_was_said_at_any_time_until_it_was_heard() -> None:
    heard_at = timezone.now() - MINUTE
    hear("STOP", vendor=CCAI, heard_at=heard_at)
    [stop] = stops_said()
    assert (stop.earliest, stop.latest) == (None, heard_at)


def test_a_time_in_the_future_counts_as_none() -> None:
    heard_at = timezone.now()
    hear("STOP", heard_at + timedelta(hours=3), heard_at=heard_at)
    assert (stops_said()[0].earliest, stops_said()[0].latest) == (None, heard_at)


def test_a_stop_reported_by_hook_and_by_list_is_one_opt_out() -> None:
    said_at = timezone.now() - 5 * MINUTE
    assert hear("STOP", said_at, key="71") == inbound_texts.STOPPED_AT_ONCE
    assert hear("STOP", said_at, key="71") == inbound_texts.ON_RECORD
    # With another key, as a hook without an id has.
    hear("STOP", said_at, key="hook:5")
    assert OptOut.objects.count() == 1


def test_the_same_words_at_the_other_vendor_are_their_own_stop() -> None:
    hear("STOP", timezone.now() - 5 * MINUTE, key="71")
    assert hear("STOP", vendor=CCAI, key="71") == inbound_texts.STOPPED_AT_ONCE
    assert len(stops_said()) == 2


def test_other_messages_leave_no_trace() -> None:
    assert hear("See you at the appointment on Friday!") == inbound_texts.NOTHING
    assert not IncomingMessage.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert now_of().verdict is Verdict.MAY_TEXT


def test_a_number_that_the_index_does_not_know() -> None:
    hear("STOP", number=DOC_NUMBER)
    entry = stops_said()[0].ledger_entry
    assert (entry.number, entry.contact_id) == (DOC_NUMBER, None)
    assert entry.before["label"] == "(615) 555-0123"


def test_a_contact_of_the_index_is_named() -> None:
    ready()
    index.store([person(MARTY, "Marty McFly", number=MARTY_NUMBER)], timezone.now())
    hear("STOP")
    entry = stops_said()[0].ledger_entry
    assert (entry.contact_id, entry.before["label"]) == (MARTY, "Marty McFly")


# CloudContactAI also marks people who write STOP.


def incoming(words: str = "STOP") -> dict[str, Any]:
    data = {"SmsSid": 0, "From": MARTY_NUMBER, "To": "+15550000000", "Message": words}
    body = hooks.unsubscribed()
    return body | {"eventType": "message.incoming", "data": data}


@pytest.mark.parametrize("mark_first", [True, False])
def test_a_mark_beside_the_message_is_one_opt_out(mark_first: bool) -> None:
    both = [hooks.unsubscribed(), incoming()]
    for body in both if mark_first else reversed(both):
        hooks.tell_ccai(body)
        hooks.work()
    assert {stop.source for stop in stops_said()} == {Source.PERSON, Source.VENDOR_MARK}
    assert OptOut.objects.count() == 1
    assert now_of("unsubscribed").verdict is Verdict.DO_NOT_TEXT


def test_a_doubled_event_waits_once() -> None:
    body = incoming(MAY_BE)
    for _ in range(2):
        hooks.tell_ccai(body)
        hooks.work()
    assert message().words == MAY_BE
    assert message().said_at is None


# What may be a stop.


def test_what_may_be_a_stop_waits_and_is_not_known() -> None:
    said_at = timezone.now() - 5 * MINUTE
    assert hear(MAY_BE, said_at) == inbound_texts.WAITS
    row = message()
    assert (row.state, row.said_at, row.words) == (MessageState.WAITING, said_at, MAY_BE)
    assert stops_said() == []
    judgment = now_of()
    assert (judgment.verdict, judgment.asked) == (Verdict.NOT_KNOWN, row)
    assert judgment.reason == f"They wrote “{MAY_BE}”. Did they ask us to stop?"
    assert now_of("not_subscribed").verdict is Verdict.NOT_KNOWN
    # The kept verdict as well, by which the table filters.
    assert ConsentState.objects.get().verdict == Verdict.NOT_KNOWN.key


def test_it_becomes_due_two_business_days_after_it_was_written() -> None:
    friday = datetime(2026, 11, 20, 20, tzinfo=UTC)
    hear(MAY_BE, friday, heard_at=friday + timedelta(hours=5))
    assert message().due_at == due_after(friday, 2) == datetime(2026, 11, 24, 20, tzinfo=UTC)


def test_a_message_by_hook_and_by_list_waits_once() -> None:
    said_at = timezone.now() - 5 * MINUTE
    hear(MAY_BE, said_at, key="hook:5")
    assert hear(MAY_BE, said_at + MINUTE, key="71") == inbound_texts.ON_RECORD
    assert hear(MAY_BE, said_at + timedelta(hours=1), key="72") == inbound_texts.WAITS


def test_a_message_that_was_decided_does_not_come_back(manager: User) -> None:
    said_at = timezone.now() - 5 * MINUTE
    hear(MAY_BE, said_at, key="71")
    inbound_texts.dismiss(staff=manager, pk=message().pk)
    assert hear(MAY_BE, said_at, key="71") == inbound_texts.ON_RECORD
    assert now_of().verdict is Verdict.MAY_TEXT


def test_an_agent_decides_that_it_is_a_stop(agent: User) -> None:
    said_at = timezone.now() - timedelta(hours=3)
    hear(MAY_BE, said_at)
    judgment = inbound_texts.stop_texts(staff=agent, pk=message().pk)
    assert judgment.verdict is Verdict.DO_NOT_TEXT
    [stop] = stops_said()
    assert (stop.source, stop.words) == (Source.PERSON, MAY_BE)
    assert stop.latest == said_at + VENDOR_CLOCK_TOLERANCE
    assert stop.ledger_entry.staff_name == "Ada Agent"
    # The clock began with the message.
    assert OptOut.objects.get().asked_at == said_at
    row = message()
    assert (row.state, row.decided_by_name) == (MessageState.STOPPED, "Ada Agent")
    assert ConsentState.objects.get().asked is None


def test_a_manager_decides_that_it_is_not_a_request_and_takes_it_back(manager: User) -> None:
    hear(MAY_BE, timezone.now() - MINUTE)
    due_at = message().due_at
    assert inbound_texts.dismiss(staff=manager, pk=message().pk).asked is None
    assert now_of().verdict is Verdict.MAY_TEXT
    row = message()
    assert (row.state, row.decided_by_name) == (MessageState.NOT_A_REQUEST, "Max Manager")
    assert inbound_texts.reopen(staff=manager, pk=row.pk).asked == row
    assert now_of().verdict is Verdict.NOT_KNOWN
    row = message()
    assert (row.state, row.due_at, row.decided_by_name) == (MessageState.WAITING, due_at, "")
    assert row.decided_at is None
    entries = LedgerEntry.objects.filter(
        action__in=[Action.MESSAGE_DISMISSED, Action.MESSAGE_REOPENED]
    )
    # The words are not kept there: they expire.
    assert {entry.reason for entry in entries} == {""}
    assert entries.count() == 2


def test_a_decision_is_taken_once(agent: User, manager: User) -> None:
    hear(MAY_BE)
    inbound_texts.stop_texts(staff=agent, pk=message().pk)
    for decide in (inbound_texts.stop_texts, inbound_texts.dismiss, inbound_texts.reopen):
        with pytest.raises(inbound_texts.AlreadyDecided):
            decide(staff=manager, pk=message().pk)
    assert len(stops_said()) == 1
    assert message().decided_by_name == "Ada Agent"


def test_agents_may_not_dismiss(agent: User, editor: User) -> None:
    hear(MAY_BE)
    for decide in (inbound_texts.dismiss, inbound_texts.reopen):
        with pytest.raises(NotAllowed):
            decide(staff=agent, pk=message().pk)
    with pytest.raises(NotAllowed):
        inbound_texts.stop_texts(staff=editor, pk=message().pk)
    assert message().state == MessageState.WAITING


def test_of_two_messages_each_is_decided(manager: User) -> None:
    hear(MAY_BE, timezone.now() - timedelta(hours=2), key="1")
    hear("leave me alone with these messages", timezone.now() - timedelta(hours=1), key="2")
    newest = IncomingMessage.objects.get(key="2")
    assert now_of().asked == newest
    inbound_texts.dismiss(staff=manager, pk=newest.pk)
    assert now_of().asked == IncomingMessage.objects.get(key="1")
    assert now_of().verdict is Verdict.NOT_KNOWN


def test_undecided_it_becomes_a_stop_said_when_it_was_written() -> None:
    said_at = timezone.now() - timedelta(days=7)
    hear(MAY_BE, said_at, heard_at=said_at + MINUTE)
    hear("take me off your list", key="2", number=DOC_NUMBER)
    assert inbound_texts.stop_undecided() == 1
    [stop] = stops_said()
    assert (stop.number, stop.words, stop.source) == (MARTY_NUMBER, MAY_BE, Source.PERSON)
    assert stop.earliest == said_at - VENDOR_CLOCK_TOLERANCE
    assert OptOut.objects.get().asked_at == said_at
    row = IncomingMessage.objects.get(number=MARTY_NUMBER)
    assert (row.state, row.decided_by_name) == (MessageState.STOPPED, "")
    assert row.decided_at is not None
    assert now_of().verdict is Verdict.DO_NOT_TEXT
    assert inbound_texts.stop_undecided() == 0


def test_the_worker_does_it_every_minute() -> None:
    assert scheduled()[inbound_texts.stop_undecided] == 60


def test_newer_consent_outlives_an_older_message(manager: User, two_eyes: None) -> None:
    said_at = timezone.now() - timedelta(hours=3)
    consent(manager)
    hear(MAY_BE, said_at)
    assert now_of().verdict is Verdict.NOT_KNOWN
    inbound_texts.stop_texts(staff=manager, pk=message().pk)
    assert not record.is_stopped(MARTY_NUMBER)
    assert len(stops_said()) == 1


def test_a_stop_elsewhere_leaves_the_message_to_be_decided(agent: User) -> None:
    hear(MAY_BE, timezone.now() - timedelta(hours=3))
    seen = Seen(MARTY_NUMBER, MARTY, "Marty")
    doors.stop(staff=agent, seen=seen, request=Request(Channel.PHONE, None, "Stop it."))
    assert now_of().verdict is Verdict.DO_NOT_TEXT
    assert now_of().asked == message()
    inbound_texts.stop_texts(staff=agent, pk=message().pk)
    assert len(stops_said()) == 2


def test_a_lift_form_shows_a_message_that_came_in_the_meantime(
    manager: User, two_eyes: None
) -> None:
    hear("STOP", timezone.now() - timedelta(hours=3))
    version = now_of().version
    hear(MAY_BE, timezone.now() - MINUTE, key="2")
    with pytest.raises(opt_in.RecordChanged):
        opt_in.check_unchanged(Seen(MARTY_NUMBER, MARTY, "Marty"), version)


def test_words_that_became_no_statement_expire(manager: User) -> None:
    hear(MAY_BE, timezone.now() - timedelta(hours=4), key="1")
    hear("take me off your list", key="2")
    hear("stop bothering me with texts", key="3", number=DOC_NUMBER)
    inbound_texts.dismiss(staff=manager, pk=IncomingMessage.objects.get(key="1").pk)
    inbound_texts.stop_texts(staff=manager, pk=IncomingMessage.objects.get(key="2").pk)
    retention.run()
    assert IncomingMessage.objects.count() == 3
    old = timezone.now() - timedelta(days=30, minutes=1)
    IncomingMessage.objects.exclude(key="3").update(decided_at=old)
    retention.run()
    assert message().key == "3"
    assert [stop.words for stop in stops_said()] == ["take me off your list"]
    assert not LedgerEntry.objects.filter(reason=MAY_BE).exists()


# START.


def request() -> LiftRequest:
    return LiftRequest.objects.get(state=LiftRequestState.WAITING)


def stopped_by_person(hours_ago: float = 3) -> datetime:
    said_at = timezone.now() - timedelta(hours=hours_ago)
    hear("STOP", said_at, key="stop")
    return said_at


def test_start_opens_a_request_and_answers_nothing() -> None:
    stopped_by_person()
    said_at = timezone.now() - 5 * MINUTE
    hear("START", said_at, key="2")
    row = request()
    assert (row.kind, row.stop, row.consent_words) == (
        LiftRequestKind.LIFT,
        stops_said()[0],
        "START",
    )
    assert (row.texted_to, row.asked_by, row.undated) == ("SlickText", None, False)
    assert row.consent_until == said_at + VENDOR_CLOCK_TOLERANCE
    assert now_of().verdict is Verdict.DO_NOT_TEXT
    assert LedgerEntry.objects.get(action=Action.LIFT_ASKED).vendor == SLICKTEXT
    assert lift_requests.cannot_answer([row]) == set()


@pytest.mark.parametrize("four_eyes", [True, False])
def test_one_manager_approves_a_start(manager: User, settings: Any, four_eyes: bool) -> None:
    settings.FOUR_EYES = four_eyes
    stopped_by_person()
    hear("START", timezone.now() - 5 * MINUTE, key="2")
    _, judgment = lift_requests.approve(staff=manager, pk=request().pk)
    assert not record.is_stopped(MARTY_NUMBER)
    assert judgment.stop is None
    said = Statement.objects.get(kind=StatementKind.CONSENT)
    assert (said.words, said.source) == ("START", Source.PERSON)


def test_an_undated_start_cannot_be_approved_while_a_stop_stands(manager: User) -> None:
    stopped_by_person()
    hear("START", vendor=CCAI, key="2")
    row = request()
    assert (row.undated, row.texted_to) == (True, "CloudContactAI")
    assert lift_requests.cannot_answer([row]) == {row.pk}
    with pytest.raises(EvidenceRefused):
        lift_requests.approve(staff=manager, pk=row.pk)
    assert request() == row
    assert record.is_stopped(MARTY_NUMBER)


def test_an_undated_start_of_a_person_who_never_stopped_can_be_approved(manager: User) -> None:
    slicktext_readings.record_readings(
        [Seen(MARTY_NUMBER, MARTY, "Marty", "not_subscribed", timezone.now())]
    )
    hear("START", vendor=CCAI)
    row = request()
    assert (row.kind, row.stop) == (LiftRequestKind.OPT_IN, None)
    assert lift_requests.cannot_answer([row]) == set()
    lift_requests.approve(staff=manager, pk=row.pk)
    assert not LiftRequest.objects.filter(state=LiftRequestState.WAITING).exists()


def test_a_start_with_a_time_in_the_future_counts_as_undated() -> None:
    stopped_by_person()
    hear("START", timezone.now() + timedelta(hours=3), key="2")
    assert request().undated
    assert lift_requests.cannot_answer([request()]) == {request().pk}


def test_a_start_of_a_person_we_may_text_opens_nothing() -> None:
    ready()
    marty = person(MARTY, "Marty McFly", number=MARTY_NUMBER, opt_in_status="subscribed")
    index.store([marty], timezone.now())
    assert hear("START") == "They wrote START. Texts are already allowed."
    assert not LiftRequest.objects.exists()


def test_an_older_start_lifts_nothing_and_opens_nothing() -> None:
    said_at = stopped_by_person()
    words = hear("START", said_at - timedelta(hours=1), key="2")
    assert words == "They wrote START before they asked us to stop."
    assert not LiftRequest.objects.exists()
    assert record.is_stopped(MARTY_NUMBER)


def test_a_start_at_about_the_time_of_the_stop_waits_and_cannot_be_approved(manager: User) -> None:
    said_at = stopped_by_person()
    hear("START", said_at + MINUTE, key="2")
    assert lift_requests.cannot_answer([request()]) == {request().pk}
    with pytest.raises(EvidenceRefused):
        lift_requests.approve(staff=manager, pk=request().pk)


def test_a_start_while_a_request_waits_opens_no_other() -> None:
    stopped_by_person()
    hear("START", timezone.now() - 5 * MINUTE, key="2")
    assert "already waiting" in hear("START", timezone.now() - MINUTE, key="3")
    assert LiftRequest.objects.count() == 1


def test_a_start_that_was_declined_does_not_come_back_by_the_list(manager: User) -> None:
    stopped_by_person()
    said_at = timezone.now() - 5 * MINUTE
    hear("START", said_at, key="hook:5")
    lift_requests.decline(staff=manager, pk=request().pk, note="Wrong number.")
    assert hear("START", said_at, key="2") == inbound_texts.ON_RECORD
    assert LiftRequest.objects.count() == 1
    assert hear("START", key="3") == "They wrote START: a request waits for a decision."


def test_a_later_stop_withdraws_it() -> None:
    stopped_by_person()
    hear("START", timezone.now() - 5 * MINUTE, key="2")
    hear("STOP", timezone.now() - MINUTE, key="3")
    assert LiftRequest.objects.get().state == LiftRequestState.WITHDRAWN
    assert record.is_stopped(MARTY_NUMBER)


def test_what_staff_ask_for_takes_the_place_of_a_start(agent: User) -> None:
    stopped_by_person()
    hear("START", vendor=CCAI, key="2")
    evidence = Evidence("Marty", Channel.PHONE, timezone.now(), "Yes, text me.", exact=True)
    seen = Seen(MARTY_NUMBER, MARTY, "Marty")
    asked = lift_requests.ask(staff=agent, seen=seen, status="subscribed", evidence=evidence)
    assert request() == asked
    texted = LiftRequest.objects.exclude(pk=asked.pk).get()
    assert texted.state == LiftRequestState.WITHDRAWN
    assert texted.note == "Ada Agent asked them, and recorded their answer."
    with pytest.raises(lift_requests.AlreadyAsked):
        lift_requests.ask(staff=agent, seen=seen, status="subscribed", evidence=evidence)


def test_a_start_of_a_number_that_the_index_does_not_know() -> None:
    hear("STOP", timezone.now() - timedelta(hours=1), number=DOC_NUMBER)
    hear("Start please", timezone.now() - MINUTE, key="2", number=DOC_NUMBER)
    row = request()
    assert (row.contact_id, row.label) == (None, "(615) 555-0123")
    assert row.consent_who == "The person at (615) 555-0123"
    assert stops.is_request_waiting(DOC_NUMBER)


def test_the_same_stop_told_by_hook_and_by_list_keeps_the_start_between_them() -> None:
    at = timezone.now().replace(microsecond=0) - timedelta(minutes=3)

    def hear(key: str, words: str, said_at: datetime, later: timedelta) -> str:
        return inbound_texts.heard(
            vendor=Vendor.SLICKTEXT,
            key=key,
            number=MARTY_NUMBER,
            words=words,
            said_at=said_at,
            heard_at=said_at + later,
        )

    hear("hook1", "STOP", at, timedelta(seconds=1))
    hear("hook2", "START", at + timedelta(seconds=15), timedelta(seconds=1))
    assert hear("list1", "STOP", at, timedelta(minutes=3)) == inbound_texts.ON_RECORD
    assert LiftRequest.objects.get().state == "waiting"
    assert OptOut.objects.count() == 1
    again = at + timedelta(seconds=40)
    assert hear("list3", "STOP", again, timedelta(seconds=1)) == inbound_texts.STOPPED_AT_ONCE
    assert LiftRequest.objects.get().state == "withdrawn"


def test_consent_is_not_raised_while_a_message_waits(manager: User) -> None:
    """Their words may be a stop that is newer than the evidence (rule 7)."""
    seen = Seen(MARTY_NUMBER, MARTY)
    doors.press_stop(staff=manager, seen=seen)
    hear("please stop texting me")
    said = Evidence(
        "Marty", Channel.PHONE, timezone.now() + timedelta(minutes=9), "Yes", exact=True
    )
    with pytest.raises(EvidenceRefused, match="please stop texting me"):
        opt_in.change_opt_in_status(staff=manager, seen=seen, status="subscribed", evidence=said)
    with pytest.raises(EvidenceRefused, match="Decide first"):
        lift_requests.ask(staff=manager, seen=seen, status="subscribed", evidence=said)
    inbound_texts.dismiss(staff=manager, pk=IncomingMessage.objects.get().pk)
    lift_requests.ask(staff=manager, seen=seen, status="subscribed", evidence=said)
