"""Totals in words that claim no more than was counted."""

from contacts_ui.services.index import Total
from contacts_ui.services.index.conditions import COUNT_MAX


def total_words(total: Total) -> str:
    """Return a total in words: "12,345", "about 620,000" or "more than 1,000"."""
    if total.exact:
        return f"{total.number:,}"
    if total.number == COUNT_MAX:
        return f"more than {total.number:,}"
    return f"about {_rounded(total.number)}"


def pages(total: Total, size: int) -> int:
    """Return how many pages of `size` that makes, at least one."""
    return max(1, -(-total.number // size))


def pages_words(total: Total, size: int) -> str:
    """Return the number of pages in words: "247", "about 12,000" or "more than 200"."""
    if total.exact:
        return f"{pages(total, size):,}"
    if total.number == COUNT_MAX:
        return f"more than {total.number // size:,}"
    return f"about {_rounded(pages(total, size))}"


def _rounded(number: int) -> str:
    """Return a number with only its first two digits kept: more would claim more than is known."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return f"{number // step * step:,}"
