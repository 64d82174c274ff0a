"""Where details of a person are kept, and what stays in each place. A table, so that no place is missed."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Model, Q

from contacts_ui.models import (
    Disagreement,
    HeldPress,
    IncomingMessage,
    IndexAnchor,
    IndexedContact,
    JobRow,
    LiftRequest,
    OptOut,
    SentText,
    Upload,
    WebhookEvent,
)
from contacts_ui.models.job import JobState, RowState
from contacts_ui.models.messages import MessageState
from contacts_ui.services.files.table import Table
from contacts_ui.services.webhooks import inbox


@dataclass(frozen=True)
class Who:
    """Numbers (E.164), and the contacts at SlickText that had them."""

    numbers: Collection[str]
    ids: Collection[int]

    @property
    def about(self) -> Q:
        """Return what finds rows that name them."""
        return Q(number__in=self.numbers) | Q(contact_id__in=self.ids)

    def is_in(self, text: str) -> bool:
        """Return True if the text has one of the numbers, in any spelling."""
        digits = re.sub(r"\D", "", text)
        return any(f"+1{digits[at : at + 10]}" in self.numbers for at in range(len(digits) - 9))


@dataclass(frozen=True)
class Place:
    """Rows with details of a person: `rows` finds those that still have them; `blank` is what they hold afterward.

    Without `blank` the rows are removed.
    """

    words: str
    model: type[Model]
    rows: Callable[[Who], Q]
    blank: Mapping[str, Any] = field(default_factory=dict)


def _uploads(who: Who) -> Q:
    keys = [
        upload.pk
        for upload in Upload.objects.iterator(chunk_size=1)
        if any(who.is_in(cell) for _, cells in Table.unpacked(upload.table).lines for cell in cells)
    ]
    return Q(pk__in=keys)


def _events(who: Who) -> Q:
    """Return bodies that name them and that nothing waits for."""
    done = WebhookEvent.objects.filter(due_at=None, needs_decision=False)
    rows = done.exclude(body__has_key=inbox.EMPTIED).values_list("pk", "body")
    return Q(pk__in=[pk for pk, body in rows.iterator() if _names(body, who)])


def _names(value: Any, who: Who) -> bool:
    if isinstance(value, dict):
        named = value.get("contact_id")
        return named in who.ids or any(_names(each, who) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, who) for each in value)
    return isinstance(value, str | int) and who.is_in(str(value))


_LABELED: Final = ~Q(label="")
PLACES: Final = (
    Place("copies of the contact", IndexedContact, lambda who: Q(number__in=who.numbers) | Q(pk__in=who.ids)),
    Place("places in the contact list", IndexAnchor, lambda who: Q(contact_id__in=who.ids)),
    Place("names in opt-outs", OptOut, lambda who: who.about & _LABELED, {"label": ""}),
    Place("names in lift requests", LiftRequest, lambda who: who.about & _LABELED, {"label": ""}),
    Place("names in disagreements", Disagreement, lambda who: who.about & _LABELED, {"label": ""}),
    # Also those that wait: sent later, they would store the name again.
    Place("names in pressed switches", HeldPress, lambda who: who.about & _LABELED, {"label": ""}),
    Place("names in bulk jobs", JobRow, lambda who: who.about & _LABELED, {"label": ""}),
    Place(
        # Rows that wait in a started job still need what they brought.
        "rows in bulk jobs", JobRow,
        lambda who: who.about & (~Q(typed="") | ~Q(data={}))
        & (Q(job__state=JobState.PREVIEW) | ~Q(state__in=(RowState.WAITING, RowState.WORKING))),
        {"label": "", "typed": "", "data": {}},
    ),
    Place("uploads with their number", Upload, _uploads),
    Place(
        "messages from them", IncomingMessage,
        lambda who: Q(number__in=who.numbers) & ~Q(state=MessageState.WAITING) & ~Q(words=""), {"words": ""},
    ),
    Place("texts sent to them", SentText, lambda who: Q(number__in=who.numbers) & ~Q(words=""), {"words": ""}),
    Place("webhooks from vendors", WebhookEvent, _events, {"body": {inbox.EMPTIED: "forgotten"}}),
)  # fmt: skip
