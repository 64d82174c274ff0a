"""The ledger's head, noted in a file that is only appended to, and checked against all that was noted."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from contacts_ui.models.ledger import Action
from contacts_ui.services import audit_log, verification

pytestmark = pytest.mark.django_db


def run(name: str, *args: str) -> str:
    out = io.StringIO()
    call_command(name, *args, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def entries(staff: User, count: int) -> None:
    for _ in range(count):
        audit_log.record(action=Action.CONTACT_EDITED, staff=staff, number="x")


def test_the_worker_appends_the_head_and_all_of_them_are_checked(
    manager: User, tmp_path: Path, settings: Any
) -> None:
    file = tmp_path / "heads.txt"
    settings.LEDGER_HEAD_FILE = str(file)
    verification.note_head()
    for _ in range(3):
        entries(manager, 2)
        verification.note_head()
    run("ledger_head", "--to", str(file))
    assert len(file.read_text().splitlines()) == 5
    assert "proves the first 6 entries" in run("verify_ledger", "--heads", str(file))


def test_without_a_file_only_the_log_has_it(
    manager: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEDGER_HEAD_FILE = ""
    entries(manager, 1)
    said: list[Any] = []
    monkeypatch.setattr(
        verification.heads.stream,
        "info",
        lambda *args, **facts: said.append((args, facts)),
        raising=False,
    )
    head = verification.note_head()
    assert said == [(("ledger-head",), {"hash": head.hash, "entries": 1, "entry": head.entry_id})]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (f"{'a' * 64} 3 entries, the newest of never", "Problems found: 1"),
        ("nonsense", "Line 1 is not a head"),
        ("", "has no heads"),
        ("{hash} 9 entries, the newest of never", "was noted with 9 entries"),
    ],
)
def test_a_head_that_is_not_in_the_chain_is_an_alarm(
    line: str, complaint: str, manager: User, tmp_path: Path
) -> None:
    entries(manager, 2)
    file = tmp_path / "heads.txt"
    file.write_text(line.replace("{hash}", verification.head_now().hash))
    with pytest.raises(CommandError, match=complaint):
        run("verify_ledger", "--heads", str(file))


def test_a_file_that_cannot_be_read_or_written_is_an_error(tmp_path: Path) -> None:
    for name, option in (("verify_ledger", "--heads"), ("ledger_head", "--to")):
        with pytest.raises(CommandError):
            run(name, option, str(tmp_path / "nowhere" / "heads.txt"))
