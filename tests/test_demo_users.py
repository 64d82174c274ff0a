"""The people that `make run` makes for practice."""

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from contacts_ui.services import people
from contacts_ui.services.consent import lift_requests

from .people import group_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _roles() -> None:
    """A test before may have emptied the database."""
    group_of("Managers")


def test_two_managers_so_that_one_can_decide_about_the_others_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("demo_users")
    managers = User.objects.filter(groups__name="Managers").values_list("username", flat=True)
    assert set(managers) == {"manager", "manager2"}
    assert "manager2" in capsys.readouterr().out
    assert lift_requests.deciders() >= 2


def test_an_administrator_who_is_no_superuser(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo_users")
    admin = people.person(User.objects.get(username="admin").pk)
    assert admin.roles == ("Administrators",)
    assert not admin.account.is_superuser
    assert "admin     Administrators" in capsys.readouterr().out


def test_an_older_practice_database_keeps_its_superuser() -> None:
    User.objects.create_superuser("admin", password="as it was")
    call_command("demo_users")
    admin = User.objects.get(username="admin")
    assert admin.is_superuser
    assert admin.check_password("as it was")
    assert people.person(admin.pk).roles == ("Administrators",)
