"""*Reset practice*: a request that `make run` carries out, and no such page anywhere else."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from contacts_ui.models.ledger import Action
from contacts_ui.permissions import NotAllowed
from contacts_ui.services import audit_log
from contacts_ui.services.operations import practice
from tests.people import MARTY_NUMBER

from .test_emptying import ConnectOnly

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_file(settings: Any, tmp_path: Path) -> Path:
    """Where `make run` looks for the request."""
    path = tmp_path / "reset-asked"
    settings.PRACTICE_RESET_FILE = str(path)
    return path


def test_a_manager_asks_for_it_after_a_question(max_: Client, request_file: Path) -> None:
    with audit_log.marked_as_practice():
        audit_log.record(action=Action.STOP_REQUESTED, staff=None, number=MARTY_NUMBER)
    assert reverse("reset-practice") in max_.get(reverse("status")).content.decode()
    page = max_.get(reverse("reset-practice")).content.decode()
    assert "Reset practice?" in page
    assert not request_file.exists()
    page = max_.post(reverse("reset-practice")).content.decode()
    assert "Practice is being reset" in page
    assert request_file.exists()


def test_a_database_that_may_not_be_emptied_says_so_first(
    max_: Client, manager: User, request_file: Path
) -> None:
    audit_log.record(action=Action.STOP_REQUESTED, staff=None, number=MARTY_NUMBER)
    for answer in (max_.get(reverse("reset-practice")), max_.post(reverse("reset-practice"))):
        page = answer.content.decode()
        assert "Practice can't be reset here" in page
        assert 'class="button button-danger"' not in page
    with pytest.raises(practice.NotOffered):
        practice.ask_for_reset(manager)
    assert not request_file.exists()
    with pytest.raises(CommandError, match="holds no practice history"):
        call_command("empty_practice", check=True)


def test_an_agent_does_not_see_it(ada: Client, agent: User, request_file: Path) -> None:
    assert reverse("reset-practice") not in ada.get(reverse("contact-list")).content.decode()
    assert ada.post(reverse("reset-practice")).status_code == 403
    with pytest.raises(NotAllowed):
        practice.ask_for_reset(agent)
    assert not request_file.exists()


def test_there_is_no_such_page_with_real_keys(
    max_: Client, manager: User, connect_only: ConnectOnly, request_file: Path
) -> None:
    connect_only("slicktext")
    assert max_.get(reverse("reset-practice")).status_code == 404
    assert max_.post(reverse("reset-practice")).status_code == 404
    assert "Reset practice" not in max_.get(reverse("contact-list")).content.decode()
    with pytest.raises(practice.NotOffered):
        practice.ask_for_reset(manager)
    assert not request_file.exists()


def test_there_is_no_such_page_where_nothing_carries_it_out(max_: Client) -> None:
    assert max_.get(reverse("reset-practice")).status_code == 404
    assert max_.post(reverse("reset-practice")).status_code == 404
