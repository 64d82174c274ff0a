"""Hold a bare press of *Do not text* for `UNDO_SECONDS`, so that a slip can be unsent (rule 5).

While it is held, it is a row of its own and not a statement. Nothing was sent, so nothing has to be put back. Its end
is a time in the database: the web process that took the press sends it then, or any worker.
"""

import logging
import threading
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connections, transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts_ui import request_id
from contacts_ui.models import HeldPress
from contacts_ui.models.consent import PressState
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff
from contacts_ui.services import audit_log
from contacts_ui.services.consent import delivery, record
from contacts_ui.services.consent.stops import as_seen, send_press
from contacts_ui.services.consent.types import Seen

logger = logging.getLogger(__name__)


class CannotUnsend(Exception):
    """This press cannot be taken back. `sentence` says why, for the screen."""

    def __init__(self, sentence: str, *, sent_at: datetime | None = None) -> None:
        self.sentence = sentence
        self.sent_at = sent_at
        super().__init__(sentence)


# While the database does not answer.
RETRY_SECONDS: Final = 5.0

NOT_YOURS = "Only the person who stopped texts can undo it."
NOTHING_HELD = "There is nothing to undo."


def hold(*, staff: Staff, seen: Seen) -> HeldPress | None:
    """Hold a press; None if one is held already. Call it in a transaction, after the audit log's turn."""
    if record.is_held(seen.number):
        return None
    now = timezone.now()
    press = HeldPress.objects.create(
        number=seen.number,
        contact_id=seen.contact_id,
        label=seen.label[:200],
        seen_status=(seen.status or "")[:40],
        seen_read_at=seen.read_at,
        staff_id=staff.pk,
        staff_name=audit_log.name_of(staff),
        request_id=request_id.current(),
        pressed_at=now,
        send_at=now + timedelta(seconds=settings.UNDO_SECONDS),
    )
    record.refresh([seen.number])
    return press


def unsend(*, staff: Staff, number: str) -> HeldPress:
    """Take back the press of `staff`, once, while it is held; record it in the audit log. Raises CannotUnsend."""
    with transaction.atomic():
        audit_log.take_turn()
        press = HeldPress.objects.filter(number=number).order_by("-pk").first()
        if press is None:
            raise CannotUnsend(NOTHING_HELD)
        if press.staff_id != staff.pk:
            raise CannotUnsend(NOT_YOURS)
        now = timezone.now()
        held = HeldPress.objects.filter(pk=press.pk, state=PressState.HELD, send_at__gt=now)
        if not held.update(state=PressState.UNSENT, ended_at=now):
            sent_at = press.ended_at or press.send_at
            if press.state == PressState.UNSENT:
                raise CannotUnsend(NOTHING_HELD)
            raise CannotUnsend("It is too late to undo this: it was sent.", sent_at=sent_at)
        audit_log.record(
            action=Action.STOP_UNSENT,
            staff=staff,
            number=number,
            contact_id=press.contact_id,
            before=as_seen(Seen(number, press.contact_id, press.label, press.seen_status or None)),
            after={"pressed_at": press.pressed_at.isoformat()},
        )
        record.refresh([number])
    return press


def due(now: datetime | None = None) -> QuerySet[HeldPress]:
    """Return the presses whose time has come."""
    return HeldPress.objects.filter(state=PressState.HELD, send_at__lte=now or timezone.now())


def send_due(*, limit: int = 50) -> Collection[int]:
    """Send the presses whose time has come; return the keys to deliver.

    One that fails stays due and holds up no other. Once all had their turn, its error is raised.
    """
    keys: list[int] = []
    failed: Exception | None = None
    for press in due().select_related("staff").order_by("send_at")[:limit]:
        try:
            with request_id.request_id(press.request_id), transaction.atomic():
                audit_log.take_turn()
                written = send_press(press)
        except Exception as error:
            failed = error
            continue
        keys += written.keys if written else ()
    if failed:
        raise failed
    return keys


def send_in_time(press: HeldPress) -> None:
    """Schedule the press in this process. If the process is gone by then, a worker sends it."""
    _schedule_in((press.send_at - timezone.now()).total_seconds())


def resume() -> None:
    """Schedule the presses that an earlier process held, as a web process starts: no worker may be running."""
    try:
        for press in HeldPress.objects.filter(state=PressState.HELD):
            send_in_time(press)
    except Exception:
        # The process serves requests anyway, and tries again soon.
        logger.exception("held presses could not be looked up")
        _schedule_in(RETRY_SECONDS)
    finally:
        connections.close_all()


def _schedule_in(seconds: float) -> None:
    timer = threading.Timer(max(seconds, 0.0) + 0.05, _send_and_deliver)
    timer.daemon, timer.name = True, "held-press"
    timer.start()


def _send_and_deliver() -> None:
    try:
        delivery.deliver_now(send_due())
    except Exception:
        # The press stays due. A worker finds it, or this process, once the database answers again.
        logger.exception("a held press could not be sent")
        _schedule_in(RETRY_SECONDS)
    finally:
        connections.close_all()
