"""`manage.py invite`: the first account, without a sign-in."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from contacts_ui.models import LedgerEntry, SecurityEvent
from contacts_ui.permissions import ROLES
from contacts_ui.services import people
from tests.people import group_of
from tests.services.people.test_people import COMPANY, GOOD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _roles(db: None) -> None:
    group_of("Administrators")


def link_printed(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    call_command("invite", *args)
    return next(each.strip() for each in capsys.readouterr().out.splitlines() if "http" in each)


@pytest.mark.parametrize("role", ROLES)
def test_a_link_for_each_role(role: str, capsys: pytest.CaptureFixture[str]) -> None:
    word = role.removesuffix("s").lower()
    link = link_printed(capsys, "--role", word, "--name", "Ann Marie Lee", "--email", "a@b.example")
    assert link.startswith("http://localhost:8000/accounts/link/")
    account = User.objects.get(username=word)
    assert (account.first_name, account.last_name, account.email) == (
        "Ann Marie",
        "Lee",
        "a@b.example",
    )
    assert people.person(account.pk).roles == (role,)
    assert not account.is_superuser
    response = Client().post(
        link.removeprefix("http://localhost:8000"), {"new_password1": GOOD, "new_password2": GOOD}
    )
    assert response.status_code == 302
    assert people.person(account.pk).can_sign_in


def test_it_is_in_the_ledger_as_done_by_no_person(capsys: pytest.CaptureFixture[str]) -> None:
    link = link_printed(
        capsys, "--role", "administrator", "--username", "boss", "--url", "https://dash.example/"
    )
    assert link.startswith("https://dash.example/accounts/link/")
    entry, event = LedgerEntry.objects.get(), SecurityEvent.objects.get()
    assert (entry.action, entry.staff_name) == ("account:invited", "")
    assert entry.after == {"username": "boss", "role": "Administrators"}
    assert (event.kind, event.name, event.details["person"]) == (
        "account:invited",
        "manage.py",
        "boss",
    )


def test_a_lost_invitation_is_made_again(capsys: pytest.CaptureFixture[str]) -> None:
    first = link_printed(capsys, "--role", "administrator")
    second = link_printed(capsys, "--role", "administrator")
    assert Client().get(first.removeprefix("http://localhost:8000")).status_code == 404
    assert Client().get(second.removeprefix("http://localhost:8000")).status_code == 200


def test_it_gives_no_way_into_an_account_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    account = User.objects.create_user("administrator", password=GOOD)
    account.groups.add(group_of("Administrators"))
    with pytest.raises(CommandError, match="Another account has this username"):
        call_command("invite", "--role", "administrator")


@pytest.mark.parametrize("role", ["king", "", "Administrators"])
def test_a_role_that_there_is_not(role: str) -> None:
    with pytest.raises(CommandError):
        call_command("invite", "--role", role)
    assert not User.objects.exists()


def test_without_passwords(capsys: pytest.CaptureFixture[str], settings: Any) -> None:
    settings.PASSWORD_LOGIN, settings.OPENID = False, COMPANY
    call_command("invite", "--role", "manager", "--email", "m@b.example")
    out = capsys.readouterr().out
    assert "http" not in out
    assert "manager can now sign in with the company account m@b.example." in out
