"""How many there are, in words that claim no more than was counted."""

from contacts_ui.services.index import Total
from contacts_ui.services.index.matching import COUNTED


def total_words(total: Total) -> str:
    """ "12,345", "about 620,000" or "more than 10,000"."""
    if total.exact:
        return f"{total.number:,}"
    if total.number <= COUNTED:
        return f"more than {total.number:,}"
    step = 10 ** (len(str(total.number)) - 2)
    return f"about {total.number // step * step:,}"


def pages(total: Total, size: int) -> int:
    """How many pages of `size` that makes, at least one."""
    return max(1, -(-total.number // size))
