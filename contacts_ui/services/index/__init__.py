"""The local index of contacts, behind one small interface. What each name does is said where it is made.

A copy for finding, sorting and counting; SlickText stays the truth. Use it as `index.find(question)`.
"""

from contacts_ui.services.index.answers import ANSWERS, answer_counts, judge_by, keep_answers
from contacts_ui.services.index.conditions import Total
from contacts_ui.services.index.counts import refresh_counts, values_in_use
from contacts_ui.services.index.forgotten import forgotten_among, hide_forgotten
from contacts_ui.services.index.marks import refresh_marks
from contacts_ui.services.index.purging import prune_words, purge
from contacts_ui.services.index.query import DAYS_HELP, KEYS, period_of
from contacts_ui.services.index.records import NOT_KEPT, Indexed
from contacts_ui.services.index.search import (
    IndexPage,
    IndexQuery,
    by_ids,
    by_numbers,
    count,
    counts_by_answer,
    find,
    matching_contacts,
    matching_ids,
    matching_rows,
    rows_by_id,
)
from contacts_ui.services.index.sort_order import SORTS
from contacts_ui.services.index.state import IndexState, is_ready, size, state
from contacts_ui.services.index.storing import remove, store
from contacts_ui.services.index.sync import run_due
from contacts_ui.services.index.text import normalize

__all__ = [
    "ANSWERS",
    "DAYS_HELP",
    "KEYS",
    "NOT_KEPT",
    "SORTS",
    "IndexPage",
    "IndexQuery",
    "IndexState",
    "Indexed",
    "Total",
    "answer_counts",
    "by_ids",
    "by_numbers",
    "count",
    "counts_by_answer",
    "find",
    "forgotten_among",
    "hide_forgotten",
    "is_ready",
    "judge_by",
    "keep_answers",
    "matching_contacts",
    "matching_ids",
    "matching_rows",
    "normalize",
    "period_of",
    "prune_words",
    "purge",
    "refresh_counts",
    "refresh_marks",
    "remove",
    "rows_by_id",
    "run_due",
    "size",
    "state",
    "store",
    "values_in_use",
]
