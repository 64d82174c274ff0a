"""The doors of consent as tests use them most."""

from contacts_ui.permissions import Staff
from contacts_ui.services.consent.delivery import deliver_now
from contacts_ui.services.consent.doors import press_stop, record_stop, stop, unsend
from contacts_ui.services.consent.opt_in import change_opt_in_status
from contacts_ui.services.consent.record import is_stopped, judge_many, judge_one
from contacts_ui.services.consent.rules import Judgment
from contacts_ui.services.consent.types import Evidence, Request, Seen


def stop_texts(*, staff: Staff, seen: Seen, request: Request | None = None) -> Judgment:
    """Press the switch, or stop with how they asked."""
    if request is None or request.is_bare:
        return press_stop(staff=staff, seen=seen)
    return stop(staff=staff, seen=seen, request=request)


def evidence_form(**changes: str) -> dict[str, str]:
    """Fill in the form of consent, given now unless said: newer than every stop."""
    return {
        "status": "subscribed",
        "consent_who": "Marty McFly",
        "consent_channel": "phone",
        "consent_at": "",
        "consent_words": "You may text me again",
        **changes,
    }


__all__ = [
    "Evidence",
    "Request",
    "Seen",
    "change_opt_in_status",
    "deliver_now",
    "evidence_form",
    "is_stopped",
    "judge_many",
    "judge_one",
    "press_stop",
    "record_stop",
    "stop",
    "stop_texts",
    "unsend",
]
