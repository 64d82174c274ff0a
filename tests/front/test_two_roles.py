"""The two roles as compose makes them: over an older installation, and again at each start."""

import os
import subprocess
import sys
from collections.abc import Iterator
from shutil import which
from urllib.parse import urlsplit

import psycopg
import pytest

from .processes import ROOT, plain_environment

ADMINISTRATOR = os.environ.get("TEST_DATABASE_URL", "")
DATABASE = f"two_roles_{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
OURS = ("dashboard_owner", "dashboard_app")

pytestmark = [
    pytest.mark.database,
    pytest.mark.skipif(
        not (ADMINISTRATOR.startswith("postgres") and which("psql")),
        reason="needs PostgreSQL and psql: bin/with-postgres-and-redis",
    ),
]


def url(role: str = "") -> str:
    parts = urlsplit(ADMINISTRATOR)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(
        netloc=f"{role or parts.username}@{host}", path=f"/{DATABASE}", scheme="postgres"
    ).geturl()


def sql(role: str, text: str) -> str:
    """Run one statement; return what psql prints, errors too."""
    command = ["psql", url(role), "-X", "-q", "-t", "-A", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def manage(role: str, *command: str) -> None:
    environment = plain_environment(
        DATABASE_URL=url(role), DJANGO_SECRET_KEY="x" * 50, LOG_LEVEL="ERROR"
    )
    subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)


def make_roles() -> None:
    passwords = {"DATABASE_OWNER_PASSWORD": "letters", "DATABASE_APP_PASSWORD": "o'ther"}
    command = ["psql", url(), "-X", "--quiet", "--file", str(ROOT / "deploy/postgres/roles.sql")]
    subprocess.run(command, env=os.environ | passwords, check=True)


@pytest.fixture(scope="module", autouse=True)
def installation() -> Iterator[None]:
    """Migrate as the administrator, as older versions did; then start as compose does, twice."""
    # The roles are the whole server's, and another process may be at these tests, too.
    with psycopg.connect(ADMINISTRATOR, autocommit=True) as alone:
        alone.execute("SELECT pg_advisory_lock(1)")
        yield from _installed()


def _installed() -> Iterator[None]:
    maintenance = ["psql", ADMINISTRATOR.replace("postgresql:", "postgres:"), "-X", "-q", "-c"]
    subprocess.run([*maintenance, f"CREATE DATABASE {DATABASE}"], check=True)
    manage("", "migrate", "--verbosity", "0")
    for _ in range(2):
        make_roles()
        manage("dashboard_owner", "migrate", "--verbosity", "0")
        manage("dashboard_owner", "grant_app_role", "dashboard_app")
    yield
    subprocess.run([*maintenance, f"DROP DATABASE {DATABASE} WITH (FORCE)"], check=True)
    for role in OURS:
        subprocess.run([*maintenance, f"DROP ROLE {role}"], check=True)


def test_everything_has_the_new_owner() -> None:
    owners = "SELECT DISTINCT pg_get_userbyid({}) FROM {} WHERE {} = 'public'::regnamespace"
    tables = owners.format("relowner", "pg_class", "relkind IN ('r', 'S') AND relnamespace")
    assert sql("", tables) == "dashboard_owner"
    assert (
        sql(
            "", "SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'ledger_entry_stays'"
        )
        == OURS[0]
    )
    assert (
        sql(
            "",
            "SELECT string_agg(rolsuper::text, ',') FROM pg_roles WHERE rolname LIKE 'dashboard\\_%'",
        )
        == "false,false"
    )


def test_the_app_reads_writes_and_changes_no_table() -> None:
    assert sql(OURS[1], "SELECT count(*) FROM contacts_ui_ledgerentry").isdecimal()
    assert sql(OURS[1], "DELETE FROM contacts_ui_wish") == ""
    refused = sql(OURS[1], "ALTER TABLE contacts_ui_ledgerentry DISABLE TRIGGER ledger_entry_stays")
    assert "must be owner" in refused
    assert "permission denied" in sql(OURS[1], "DELETE FROM contacts_ui_ledgerentry")
    assert "permission denied" in sql(
        OURS[1], "CREATE TEMPORARY TABLE contacts_ui_ledgerhead (id int)"
    )


def test_the_app_proves_the_ledger() -> None:
    manage("dashboard_app", "verify_ledger")
