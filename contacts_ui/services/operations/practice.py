"""Reset practice: a request that `make run` carries out, since it alone can stop the processes and start them again."""

from pathlib import Path

from django.conf import settings
from django.db import connection

from contacts_ui.permissions import Staff, require
from contacts_ui.services import audit_log


class NotOffered(Exception):
    """Real vendors are connected, nothing would carry the reset out, or the database is not for practice alone."""


def reset_is_offered() -> bool:
    """Return True in practice mode under `make run`."""
    return settings.VENDORS.sandbox and bool(settings.PRACTICE_RESET_FILE)


def may_be_emptied() -> bool:
    """Return True if the audit log begins with practice history, or the database is the file of practice mode."""
    own_file = str(settings.OWN_DIR / "dashboard.sqlite3")
    is_own_file = settings.VENDORS.sandbox and str(connection.settings_dict["NAME"]) == own_file
    return is_own_file or audit_log.holds_practice()


def ask_for_reset(staff: Staff) -> None:
    """Have `make run` empty the practice database and the sandbox, and refill both. Raises NotOffered, NotAllowed."""
    if not reset_is_offered():
        raise NotOffered
    require(staff, "view_status")
    if not may_be_emptied():
        raise NotOffered
    Path(settings.PRACTICE_RESET_FILE).touch()
