"""The local index of contacts, behind one small interface. What each name does is said where it is made.

A copy for finding, sorting and counting; SlickText stays the truth. Use it as `index.find(question)`.
"""

from contacts_ui.services.index.finding import (
    Indexed,
    IndexPage,
    IndexQuestion,
    Total,
    by_ids,
    by_numbers,
    count,
    everybody,
    find,
)
from contacts_ui.services.index.folding import fold
from contacts_ui.services.index.learning import forget, learn
from contacts_ui.services.index.state import IndexState, is_ready, state

__all__ = [
    "IndexPage",
    "IndexQuestion",
    "IndexState",
    "Indexed",
    "Total",
    "by_ids",
    "by_numbers",
    "count",
    "everybody",
    "find",
    "fold",
    "forget",
    "is_ready",
    "learn",
    "state",
]
