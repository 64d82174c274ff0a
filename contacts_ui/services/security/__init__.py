"""Security events: what happens around accounts, kept apart from the audit log.

- `reading`: counts the contacts that an account was shown.
- `searching`: finds events, the newest first.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

import structlog
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.utils import timezone

from contacts_ui import client_address, request_id
from contacts_ui.models import SecurityEvent, SecurityEventKind
from contacts_ui.permissions import Staff

# What a file or sheet holds: in the details -> in words.
WHAT: Final = {
    "contacts": "Contacts",
    "list": "A list of numbers",
    "opt-outs": "Opt-outs",
    "job results": "Results of a job",
    "evidence": "An evidence sheet",
}
# A page may ask again by itself, so a refusal is recorded once in this time.
REFUSAL_EVERY_SECONDS: Final = 60
# Reasons besides the permissions.
OLD_PAGE: Final = "old page"
OTHER: Final = "other"

# A separate structured stream, so that a log shipper can pick it: docs/operations.md.
stream = structlog.get_logger("security")
logger = logging.getLogger(__name__)


def record(
    kind: SecurityEventKind,
    *,
    account: Staff | None,
    name: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one event, to the table and to the stream. `name` is what was typed if there is no account.

    Never raises: signing in, and an export, must not fail because the event cannot be kept; the stream has it then.
    """
    event = SecurityEvent(
        at=timezone.now(),
        kind=kind,
        account_id=account.pk if account else None,
        name=(name or (account.get_username() if account else ""))[:150].replace("\x00", ""),
        address=client_address.current(),
        request_id=request_id.current(),
        details=dict(details or {}),
    )
    stream.info(
        kind.value,
        account=event.account_id,
        name=event.name,
        address=event.address,
        details=event.details,
    )
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except DatabaseError:
        logger.exception("a security event could not be kept")


def exported(staff: Staff, what: str, *, rows: int, why: str = "", **more: Any) -> None:
    """Record that `staff` exported `rows` rows of `what` (one of WHAT), and why; never the search."""
    details = {"what": what, "rows": rows, **({"why": why} if why else {}), **more}
    record(SecurityEventKind.EXPORTED, account=staff, details=details)


def refused(account: Staff | None, why: str, *, page: str, method: str) -> None:
    """Record that `account`, or a browser without one, was refused: once a minute for each reason.

    `why` is the missing permission, OLD_PAGE, or OTHER; `page` is the name of the address, which has no number
    and no search.
    """
    who = account.pk if account else client_address.current()
    key = f"refused:{who}:{why.replace(' ', '-')}"
    # Without a cache, each time: twice is better than never.
    if cache.add(key, 1, REFUSAL_EVERY_SECONDS):
        details = {"permission": why, "page": page, "method": method}
        record(SecurityEventKind.REFUSED, account=account, details=details)
