"""The local index of contacts, behind one small interface. What each name does is said where it is made.

A copy for finding, sorting and counting; SlickText stays the truth. Use it as `index.find(question)`.
"""

from contacts_ui.services.index.finding import (
    SORTS,
    Indexed,
    IndexPage,
    IndexQuestion,
    Total,
    by_ids,
    by_numbers,
    count,
    everybody,
    everybody_ids,
    find,
    rows,
    rows_of,
)
from contacts_ui.services.index.folding import fold
from contacts_ui.services.index.learning import forget, learn
from contacts_ui.services.index.ordering import rebuild_anchors
from contacts_ui.services.index.purging import purge
from contacts_ui.services.index.query import KEYS
from contacts_ui.services.index.records import NOT_KEPT
from contacts_ui.services.index.state import IndexState, is_ready, size, state
from contacts_ui.services.index.walking import go_on

__all__ = [
    "KEYS",
    "NOT_KEPT",
    "SORTS",
    "IndexPage",
    "IndexQuestion",
    "IndexState",
    "Indexed",
    "Total",
    "by_ids",
    "by_numbers",
    "count",
    "everybody",
    "everybody_ids",
    "find",
    "fold",
    "forget",
    "go_on",
    "is_ready",
    "learn",
    "purge",
    "rebuild_anchors",
    "rows",
    "rows_of",
    "size",
    "state",
]
