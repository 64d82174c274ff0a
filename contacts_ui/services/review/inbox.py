"""What waits for a decision of a person, by kind and by urgency."""

import logging
from collections.abc import Mapping
from enum import StrEnum

from contacts_ui.services.operations.system_state import (
    SystemState,
    read_system_state,
    system_state,
)

logger = logging.getLogger(__name__)


class Kind(StrEnum):
    """What a person is to decide, the most urgent first. Each is a field of the system state."""

    TEXTED = "texted"
    DISAGREE = "disagree"
    REFUSED = "refused"
    UNPLACED = "unplaced"
    REASSIGNED = "reassigned"
    ASKED = "asked"
    LIFTS = "lifts"
    PAST_DUE = "past_due"
    DUE_SOON = "due_soon"
    UNREVIEWED = "unreviewed"


# Together on one page, *Needs attention*.
ATTENTION = (Kind.TEXTED, Kind.REFUSED, Kind.UNPLACED, Kind.REASSIGNED)


def counts(*, fresh: bool = False) -> Mapping[Kind, int]:
    """Return how many of each kind wait, as of some seconds ago; without a query if that is known and not `fresh`.

    Every page shows them, so an error must not break it: return zeros then.
    """
    try:
        state = read_system_state() if fresh else system_state()
    except Exception:
        logger.exception("what waits for a decision could not be read")
        state = SystemState()
    return {kind: getattr(state, kind) for kind in Kind}
