"""The people that `make run` makes for practice."""

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from contacts_ui.services.consent import lifting

pytestmark = pytest.mark.django_db


def test_two_managers_so_that_one_can_decide_about_the_others_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("demo_users")
    managers = User.objects.filter(groups__name="Managers").values_list("username", flat=True)
    assert set(managers) == {"manager", "manager2"}
    assert "manager2" in capsys.readouterr().out
    assert lifting.deciders() >= 2
