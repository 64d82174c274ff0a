"""Reset practice: a request that `make run` carries out, since it alone can stop the processes and start them again."""

from pathlib import Path

from django.conf import settings

from contacts_ui.permissions import Staff, require


class NotOffered(Exception):
    """Real vendors are connected, or nothing would carry the reset out."""


def reset_is_offered() -> bool:
    """Return True in practice mode under `make run`."""
    return settings.VENDORS.sandbox and bool(settings.PRACTICE_RESET_FILE)


def ask_for_reset(staff: Staff) -> None:
    """Have `make run` empty the practice database and the sandbox, and refill both. Raises NotOffered, NotAllowed."""
    if not reset_is_offered():
        raise NotOffered
    require(staff, "view_status")
    Path(settings.PRACTICE_RESET_FILE).touch()
