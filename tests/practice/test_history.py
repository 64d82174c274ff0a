"""Half a year of invented history: every kind of thing in it, marked, whole, and the same every time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import (
    ConsentState,
    DesiredState,
    Disagreement,
    IncomingMessage,
    Job,
    LedgerEntry,
    LiftRequest,
    OptOut,
    SavedView,
    SentText,
)
from contacts_ui.models.job import JobState
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.models.lift_request import LiftRequestState
from contacts_ui.models.messages import MessageState, TextKind
from contacts_ui.models.opt_out import OptOutState
from contacts_ui.practice import history
from contacts_ui.services import audit_log
from contacts_ui.services.consent import renewal
from contacts_ui.services.review.disagreements import find
from dashboard.vendors import SANDBOX_SLICKTEXT_KEY, VendorSettings
from dashboard.vendors import Vendors as VendorPair
from sandbox.server import Running
from tests.people import MARTY_NUMBER

from .conftest import NOW

pytestmark = pytest.mark.django_db


def test_every_kind_is_there_and_the_audit_log_is_whole(
    many_people: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    before = timezone.now
    first = _made_and_taken_back()
    many_people.sandbox.calls.clear()
    queries = _Count()
    with connection.execute_wrapper(queries):
        entries = history.write(now=NOW)
    assert _in_short() == first, "the same every time"
    assert timezone.now is before
    assert queries.many < 27_000, "a first start is to take seconds"
    calls = {vendor: len(many_people.calls(vendor)) for vendor in ("slicktext", "cloudcontactai")}
    assert calls["slicktext"] < 450, calls
    assert calls["cloudcontactai"] < 350, calls
    assert entries > 700

    call_command("verify_ledger")
    assert "is intact" in capsys.readouterr().out
    assert LedgerEntry.objects.filter(answer__practice=True).count() == entries
    at = list(LedgerEntry.objects.order_by("pk").values_list("at", flat=True))
    assert at == sorted(at)
    assert at[-1] <= NOW
    assert NOW - at[0] > timedelta(days=180)

    _no_emergency()
    _opt_outs_of_every_kind()
    _requests_of_every_state()
    _the_sandbox_agrees(many_people)


@dataclass
class _Count:
    """How many queries there were: more than Django's own log keeps."""

    many: int = 0

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        self.many += 1
        return execute(*arguments)


def _in_short() -> list[tuple[Any, ...]]:
    fields = ("at", "asked_at", "action", "staff_name", "number", "contact_id", "channel", "reason")
    return list(LedgerEntry.objects.order_by("pk").values_list(*fields))


def _made_and_taken_back() -> list[tuple[Any, ...]]:
    with transaction.atomic():
        history.write(now=NOW)
        made = _in_short()
        transaction.set_rollback(True)
    return made


def _no_emergency() -> None:
    with time_machine.travel(NOW):
        renewed = renewal.state()
    assert renewed
    assert renewed.stops > 100
    assert renewed.overdue == 0
    # Enough to learn from.
    assert 0 < ConsentState.objects.filter(untold=True).count() < 10


def _opt_outs_of_every_kind() -> None:
    assert set(OptOut.objects.values_list("channel", flat=True)) == set(Channel.values)
    late = OptOut.objects.get(completed_at__gt=F("due_at"))
    assert late.channel == Channel.LETTER
    refused = OptOut.objects.get(state=OptOutState.REFUSED)
    assert refused.refused_by == "CloudContactAI"
    assert refused.due_at < NOW
    assert OptOut.objects.filter(reviewed_at=None).count() > 3
    assert OptOut.objects.exclude(reviewed_at=None).count() > 80
    assert Job.objects.filter(state=JobState.DONE).count() == 3
    assert set(Job.objects.values_list("kind", flat=True)) == {"stop", "import"}
    assert len(set(OptOut.objects.values_list("staff_name", flat=True))) > 4
    actions = set(LedgerEntry.objects.values_list("action", flat=True))
    assert actions >= {
        Action.STOP_UNSENT,
        Action.STOP_DETAILED,
        Action.CONTACT_CREATED,
        Action.CONTACT_EDITED,
        Action.CONTACT_DELETED,
        Action.MESSAGE_DISMISSED,
        Action.DISAGREEMENT_REPAIRED,
        Action.ACCOUNT_INVITED,
    }


def _requests_of_every_state() -> None:
    states = set(LiftRequest.objects.values_list("state", flat=True))
    assert states == set(LiftRequestState.values) - {LiftRequestState.EXPIRED}
    assert LiftRequest.objects.filter(state=LiftRequestState.WAITING).count() == 3
    assert set(IncomingMessage.objects.values_list("state", flat=True)) == set(MessageState.values)
    assert [text.kind for text in SentText.objects.all()] == [TextKind.AFTER_HELD]
    assert SavedView.objects.filter(shared=True).exists()
    assert find(limit=9, offset=0).total == 2


def _the_sandbox_agrees(sandbox: Running) -> None:
    """Check that who is stopped here is stopped there: all but the refusal, the disagreements, and one START."""
    others = set(Disagreement.objects.filter(closed_at=None).values_list("number", flat=True))
    others |= set(OptOut.objects.filter(state=OptOutState.REFUSED).values_list("number", flat=True))
    # Their own START lifts it at CloudContactAI, and a person has to decide here.
    others |= set(LiftRequest.objects.filter(asked_by_id=None).values_list("number", flat=True))
    told = set(DesiredState.objects.values_list("number", flat=True))
    for state in ConsentState.objects.filter(number__in=told - others):
        there = sandbox.truth(state.number)
        status = (there["slicktext"] or {}).get("opt_in_status")
        if status is not None:
            assert (status != "subscribed") == state.stopped, state.number
        assert bool((there["cloudcontactai"] or {}).get("do_not_text")) == state.stopped


@pytest.mark.parametrize("vendor", ["slicktext", "cloudcontactai"])
def test_none_with_real_keys(settings: Any, vendor: str) -> None:
    real = VendorSettings("http://127.0.0.1:9/v1", SANDBOX_SLICKTEXT_KEY, "26136")
    settings.VENDORS = VendorPair(
        **{"slicktext": None, "cloudcontactai": None, vendor: real}, sandbox=False
    )
    with pytest.raises(CommandError, match="Real vendors are connected"):
        call_command("practice_history")
    assert not LedgerEntry.objects.exists()


def test_the_mark_is_in_the_audit_log_and_on_the_evidence_sheet(max_: Client) -> None:
    with audit_log.marked_as_practice():
        audit_log.record(action=Action.STOP_REQUESTED, staff=None, number=MARTY_NUMBER)
    for address in (reverse("audit"), reverse("evidence", args=[MARTY_NUMBER])):
        assert "Invented for practice" in max_.get(address).content.decode()
