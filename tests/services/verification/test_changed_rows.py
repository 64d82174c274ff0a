"""A row next to the audit log that was changed in the database, not by us, is named by `verify_ledger`."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import (
    ConsentSetup,
    ConsentState,
    DesiredState,
    IncomingMessage,
    LedgerEntry,
    OptOut,
    Statement,
    Vendor,
)
from contacts_ui.models.consent import Source
from contacts_ui.models.ledger import Action, Channel
from contacts_ui.services import verification
from contacts_ui.services.consent import (
    delivery,
    inbound_texts,
    phone_numbers,
    rules,
    slicktext_readings,
    stops,
)
from contacts_ui.services.verification import records
from tests import consent
from tests.people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, Vendors

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
OTHER = "+16155550777"


def seen(number: str = MARTY_NUMBER) -> consent.Seen:
    return consent.Seen(number, MARTY if number == MARTY_NUMBER else None, "Marty", "subscribed")


@pytest.fixture
def people(manager: User, vendors: Vendors) -> None:
    """One number is stopped with words, one was lifted, one was read as blocked, one wrote to us."""
    words = consent.Request(Channel.PHONE, timezone.now() - DAY, "No more texts, please.")
    consent.stop(staff=manager, seen=seen(), request=words)
    consent.press_stop(staff=manager, seen=seen(DOC_NUMBER))
    consent.stop(staff=manager, seen=seen(DOC_NUMBER), request=words)
    evidence = consent.Evidence("Ann Archer", Channel.PHONE, timezone.now(), "Text me.", exact=True)
    consent.change_opt_in_status(
        staff=manager, seen=seen(DOC_NUMBER), status="subscribed", evidence=evidence
    )
    blocked = Contact(contact_id=9, mobile_number=FREE_NUMBER, opt_in_status="blocked")
    slicktext_readings.learn([blocked], timezone.now(), now=True)
    consent.stop(staff=manager, seen=seen(FREE_NUMBER), request=words)
    inbound_texts.heard(
        vendor=Vendor.SLICKTEXT,
        key="1",
        number=OTHER,
        words="please dont text me anymore",
        said_at=None,
        heard_at=timezone.now(),
    )
    phone_numbers.reassign(number=OTHER, at=timezone.now() - DAY, words="It passed on.")
    for desired in DesiredState.objects.filter(due_at__isnull=False):
        delivery.deliver(desired.pk)


def write(table: str, where: str, column: str, value: Any) -> None:
    """Change one column as a person with a database console does."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {where}", [value])  # noqa: S608
        assert cursor.rowcount >= 1


def found() -> list[str]:
    return list(verification.changed_rows())


def test_nothing_is_named_where_nothing_was_changed(people: None) -> None:
    assert Statement.objects.count() == 6
    assert found() == []
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    assert "The audit log is intact" in out.getvalue()


STATEMENT, DESIRED, OPT_OUT, STATE = (
    f"contacts_ui_{name}" for name in ("statement", "wish", "optout", "consentstate")
)
STOP = "kind = 'stop' AND number = '+16155553338'"
CONSENT = "kind = 'consent'"
READ = "source = 'status'"
AT_SLICKTEXT = "vendor = 'slicktext' AND number = '+16155553338'"
LIFTED = "vendor = 'slicktext' AND number = '+16155550123'"
BLOCKED = "vendor = 'slicktext' AND number = '+16155550199'"
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.get_default_timezone())
# Table, which rows, column, the new value, and what is named.
CHANGES: list[tuple[str, str, str, Any, str]] = [
    (STATEMENT, STOP, "number", OTHER, "(number)"),
    (STATEMENT, STOP, "kind", "consent", "(kind)"),
    (STATEMENT, STOP, "source", "staff", "(source)"),
    (STATEMENT, STOP, "earliest", LONG_AGO, "(earliest)"),
    (STATEMENT, STOP, "latest", LONG_AGO, "(latest)"),
    (STATEMENT, STOP, "heard_at", LONG_AGO, "(heard_at)"),
    (STATEMENT, STOP, "status", "subscribed", "(status)"),
    (STATEMENT, STOP, "words", "x", "(words)"),
    (STATEMENT, STOP, "told_back", True, "(told_back)"),
    (STATEMENT, CONSENT, "number", OTHER, "(number)"),
    (STATEMENT, CONSENT, "kind", "stop", "(kind)"),
    (STATEMENT, CONSENT, "latest", LONG_AGO, "(latest)"),
    (STATEMENT, CONSENT, "earliest", LONG_AGO, "(earliest)"),
    (STATEMENT, CONSENT, "status", "not subscribed", "(status)"),
    *(
        (STATEMENT, READ, column, value, "are not those that it was made for")
        for column, value in {
            "number": OTHER, "kind": "consent", "source": "staff", "earliest": LONG_AGO, "latest": LONG_AGO,
            "heard_at": LONG_AGO, "status": "unsubscribed", "words": "x", "told_back": True, "key": "x",
        }.items()
    ),
    (DESIRED, AT_SLICKTEXT, "number", OTHER, "(number)"),
    (DESIRED, AT_SLICKTEXT, "do_not_text", False, "(do_not_text)"),
    (DESIRED, AT_SLICKTEXT, "opt_in_status", "subscribed", "(opt_in_status)"),
    (DESIRED, AT_SLICKTEXT, "vendor", "elsewhere", "cannot be read"),
    (DESIRED, BLOCKED, "opt_in_status", "unsubscribed", "(opt_in_status)"),
    (DESIRED, LIFTED, "do_not_text", True, "(do_not_text)"),
    (DESIRED, LIFTED, "opt_in_status", "unsubscribed", "(opt_in_status)"),
    (OPT_OUT, "number = '+16155553338'", "number", OTHER, "(number)"),
    (OPT_OUT, "number = '+16155553338'", "asked_at", LONG_AGO, "(asked_at)"),
    (OPT_OUT, "number = '+16155553338'", "recorded_at", LONG_AGO, "(recorded_at)"),
    (OPT_OUT, "number = '+16155553338'", "staff_name", "x", "(staff_name)"),
    (OPT_OUT, "number = '+16155553338'", "reason", "x", "(reason)"),
    (OPT_OUT, "number = '+16155553338'", "channel", "email", "(channel)"),
    (OPT_OUT, "number = '+16155553338'", "contact_id", 5, "(contact_id)"),
    (OPT_OUT, "number = '+16155553338'", "state", "lifted", "(state)"),
    (OPT_OUT, "number = '+16155553338'", "state", "undone", "(state)"),
    (OPT_OUT, "number = '+16155550123'", "reason", "x", "(reason)"),
    (STATE, "number = '+16155553338'", "stopped", False, "stopped"),
    (STATE, "number = '+16155553338'", "verdict", "may_text", "verdict"),
    (STATE, "number = '+16155553338'", "untold", True, "untold"),
    (STATE, "number = '+16155553338'", "stop_id", None, "stop_id"),
    (STATE, "number = '+16155550123'", "consent_id", None, "consent_id"),
    (STATE, "number = '+16155550777'", "asked_id", None, "asked_id"),
    (STATE, "number = '+16155550777'", "reassigned_at", None, "reassigned_at"),
    (STATE, "number = '+16155550777'", "reassigned_at", LONG_AGO, "reassigned_at"),
]  # fmt: skip


def test_each_changed_column_is_named(people: None) -> None:
    unnoticed = []
    for table, where, column, value, named in CHANGES:
        with transaction.atomic():
            write(table, where, column, value)
            problems = found()
            transaction.set_rollback(True)
        if not any(named in problem for problem in problems):
            unnoticed.append((table, column, value, problems))
    assert unnoticed == []
    assert found() == []


def test_the_command_names_it_and_fails(people: None) -> None:
    write(*CHANGES[0][:4])
    errors = io.StringIO()
    with pytest.raises(CommandError, match="Rows that differ from it"):
        call_command("verify_ledger", stdout=io.StringIO(), stderr=errors)
    assert CHANGES[0][4] in errors.getvalue()


def discount_marty() -> None:
    consented = LedgerEntry.objects.filter(action=Action.CONSENT_REQUESTED).values("pk")[:1]
    stop = Statement.objects.filter(number=MARTY_NUMBER)
    stop.update(discounted_by=consented)


def drop(model: Any, **which: Any) -> Callable[[], None]:
    def delete() -> None:
        with connection.cursor() as cursor:
            keys = list(model.objects.filter(**which).values_list("pk", flat=True))
            ConsentState.objects.filter(stop__in=keys).update(stop=None, stopped=False)
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id = %s", [keys[0]])  # noqa: S608

    return delete


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (discount_marty, "did not decide that it does not count"),
        (drop(Statement, number=MARTY_NUMBER), "has no statements"),
        (drop(DesiredState, number=MARTY_NUMBER, vendor="slicktext"), "untold"),
        (drop(OptOut, number=MARTY_NUMBER), "has no opt-out"),
        # Lifted since.
        (drop(OptOut, number=DOC_NUMBER), "has no opt-out"),
        (lambda: ConsentState.objects.filter(number=MARTY_NUMBER).delete(), "no verdict is kept"),
    ],
)
def test_a_row_that_is_gone_or_turned_is_named(
    people: None, change: Callable[[], Any], named: str
) -> None:
    change()
    assert any(named in problem for problem in found()), found()


def test_a_stop_that_opened_no_opt_out_misses_none(people: None) -> None:
    """One that newer consent had answered when it arrived, and one that only repeats another."""
    before = OptOut.objects.count()
    now = timezone.now()
    for repeats, number, at in ((False, DOC_NUMBER, now - 5 * DAY), (True, MARTY_NUMBER, now)):
        seen_, said = seen(number), rules.by_vendor(at, now)
        stops.write_stop(
            stops.Stop(seen_, Source.VENDOR_MARK, said, key=f"ccai:{number}", repeats=repeats)
        )
    assert (OptOut.objects.count(), found()) == (before, [])


def test_a_stop_that_was_decided_to_be_ours_cannot_count_again(
    manager: User, vendors: Vendors, settings: Any
) -> None:
    consent.press_stop(staff=manager, seen=seen())
    stop = Statement.objects.get()
    Statement.objects.update(told_back=True)
    # As an event that came in while SlickText was told of our own stop.
    evidence = consent.Evidence(
        "Ann", Channel.PHONE, timezone.now(), "Text me.", exact=True, own_stops=(stop.pk,)
    )
    consent.change_opt_in_status(staff=manager, seen=seen(), status="subscribed", evidence=evidence)
    assert not any("decide" in problem for problem in found())
    Statement.objects.filter(pk=stop.pk).update(discounted_by=None)
    assert any("it counts, though entry" in problem for problem in found())


def test_what_depends_on_the_vendors_is_compared_with_those_alone(people: None) -> None:
    write(STATE, "number = '+16155553338'", "verdict", "may_text")
    ConsentSetup.load()
    ConsentSetup.objects.update(vendors="slicktext")
    assert found() == []


def test_a_row_that_changes_in_that_moment_is_no_finding(
    people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(DESIRED, AT_SLICKTEXT, "do_not_text", False)
    take_turn = records.audit_log.take_turn

    def written_in_between() -> Any:
        write(DESIRED, AT_SLICKTEXT, "do_not_text", True)
        return take_turn()

    monkeypatch.setattr(records.audit_log, "take_turn", written_in_between)
    assert found() == []


def test_pages_are_read_one_after_the_other(people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PAGE_ROWS", 1)
    assert found() == []
    write(STATEMENT, CONSENT, "words", "x")
    [problem] = found()
    assert "(words)" in problem
    assert IncomingMessage.objects.count() == 1
    assert OptOut.objects.count() == 3


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"state": "confirmed", "due_at": None}, "no entry says that it was confirmed"),
        ({"due_at": None, "leased_until": None}, "no one will send it"),
    ],
)
def test_a_stop_that_was_hidden_from_delivery_is_named(
    change: dict[str, Any], named: str, manager: User, vendors: Vendors
) -> None:
    vendors.fault("slicktext", "down")
    consent.stop(staff=manager, seen=seen(), request=consent.Request(Channel.PHONE, None, "No."))
    waiting = DesiredState.objects.filter(vendor=Vendor.SLICKTEXT, state="on_its_way")
    assert waiting.exists()
    assert found() == []
    waiting.update(**change)
    assert any(named in line for line in found())
