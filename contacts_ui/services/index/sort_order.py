"""Read any page in any order: next to a known page, from the nearer end, or from a mark in between.

An order has two parts: contacts that have a value, then those without one, in either direction. Each column that can
be sorted by has an index that ends in the id, so the next page and the previous page cost as much as the first.
"""

# ruff: noqa: S608 - the only names in the SQL are our own columns; every value is a parameter

from dataclasses import dataclass
from typing import Any, Final

from django.core import signing

from contacts_ui.services.index.database import TABLE, Condition, fetch

# Column of the table -> column of the index.
SORTS: Final = {
    "name": "name_key",
    "number": "number",
    "email": "email_key",
    "city": "city_key",
    "state": "state_key",
    "zip": "zip_key",
    "country": "country_key",
    "status": "status_key",
    "source": "source_key",
    "language": "language_key",
    "timezone": "timezone_key",
    "created": "created",
    "last_updated": "last_updated",
    "may": "answer",
    "stopped": "stopped_at",
    "contact_id": "contact_id",
}
# Up to this offset, counting from the first row takes less than a millisecond.
NEAR_OFFSET: Final = 5000
_TIMES: Final = ("created", "last_updated", "stopped_at")
_EARLIEST: Final = "0001-01-01 00:00:00"

# The value that a row is sorted by, and its id.
Key = tuple[Any, int]
# Offset in the order, value, id.
Mark = tuple[int, Any, int]


@dataclass(frozen=True)
class Order:
    """A column and a direction."""

    column: str = "contact_id"
    descending: bool = False

    @property
    def lowest(self) -> Any:
        """Return what every value is greater than."""
        if self.column == "contact_id":
            return -(2**62)
        return _EARLIEST if self.column in _TIMES else ""

    @property
    def empty(self) -> str:
        """Return the condition of contacts without a value."""
        return f"{self.column} IS NULL" if self.column in _TIMES else f"{self.column} = ''"

    def parts(self) -> list[Condition]:
        """Return the conditions of contacts with a value, and of those without one."""
        filled = (f"{self.column} > %s", [self.lowest])
        return [filled] if self.column == "contact_id" else [filled, (self.empty, [])]

    def by(self, *, descending: bool) -> str:
        """Return what follows ORDER BY within one part."""
        columns = dict.fromkeys((self.column, "contact_id"))
        return ", ".join(f"{each} {'DESC' if descending else 'ASC'}" for each in columns)


def order_of(sort: str) -> Order:
    """Return the order for a key of SORTS, with "-" in front for descending; any other text means by id."""
    column = SORTS.get(sort.removeprefix("-"))
    return Order(column, sort.startswith("-")) if column else Order()


def page(
    order: Order, within: Condition, offset: int, limit: int, *, total: int | None = None
) -> list[Key]:
    """Return the keys of one page. With an exact `total`, count pages of the last half from the end."""
    if total is not None and offset >= total:
        return []
    if total is not None and offset > NEAR_OFFSET and offset > total // 2:
        limit = min(limit, total - offset)
        return read_keys(order, within, total - offset - limit, limit, backward=True)
    return read_keys(order, within, offset, limit)


def far_page(order: Order, within: Condition, offset: int, limit: int, mark: Mark) -> list[Key]:
    """Return the keys of a page, read from a mark before it.

    Contacts that were added since the marks were made may move the page, but it skips none of its own.
    """
    place, value, contact_id = mark
    # After this key, the marked contact comes first.
    before = (value, contact_id + (1 if order.descending else -1))
    return read_keys(order, within, offset - place, limit, after=before)


def read_keys(
    order: Order,
    within: Condition,
    skip: int,
    limit: int,
    *,
    after: Key | None = None,
    backward: bool = False,
) -> list[Key]:
    """Return `limit` keys after `after`, or backward before it, nearest last; leave out the first `skip`."""
    descending = order.descending != backward
    keys: list[Key] = []
    for span in _spans(order, after, backward=backward):
        got = _part(order, within, span, descending, skip, limit - len(keys))
        if got:
            skip = 0
        elif skip:
            skip -= _size(within, span)
        keys += got
        if len(keys) >= limit:
            break
    return keys[::-1] if backward else keys


def _spans(order: Order, after: Key | None, *, backward: bool) -> list[Condition]:
    """Return where to look one after the other: the parts, or what is left of them behind a key.

    Contacts with the key's own value are a span of their own: SQLite compares a pair by its first column alone, and
    would read everyone with this value.
    """
    parts = order.parts()[::-1] if backward else order.parts()
    if after is None:
        return parts
    than = "<" if order.descending != backward else ">"
    behind_id = (f"contact_id {than} %s", [after[1]])
    filled, *empty = order.parts()
    if order.column == "contact_id":
        # One bound alone: of two SQLite takes the first, and would read from the first contact.
        return [behind_id]
    if after[0] is None or after[0] == "":
        left = [_both(empty[0], behind_id)]
        return [*left, filled] if backward else left
    beyond = (f"{order.column} {than} %s", [after[0]])
    left = [
        _both((f"{order.column} = %s", [after[0]]), behind_id),
        _both(filled, beyond) if than == "<" else beyond,
    ]
    return left if backward else [*left, *empty]


def _both(one: Condition, other: Condition) -> Condition:
    return f"{one[0]} AND ({other[0]})", [*one[1], *other[1]]


def _part(
    order: Order, within: Condition, span: Condition, descending: bool, skip: int, limit: int
) -> list[Key]:
    sql, parameters = _both(span, within)
    rows = fetch(
        f"SELECT {order.column}, contact_id FROM {TABLE} WHERE {sql}"
        f" ORDER BY {order.by(descending=descending)} LIMIT %s OFFSET %s",
        [*parameters, limit, skip],
    )
    return [(value, contact_id) for value, contact_id in rows]


def _size(within: Condition, span: Condition) -> int:
    sql, parameters = _both(span, within)
    return int(fetch(f"SELECT count(*) FROM {TABLE} WHERE {sql}", parameters)[0][0])


def token(order: Order, key: Key) -> str:
    """Return a key as text for the address bar, signed, since what it holds goes to the database."""
    value = key[0] if key[0] is None or isinstance(key[0], int) else str(key[0])
    return _signer(order).sign_object([value, key[1]])


def from_token(order: Order, text: str) -> Key | None:
    """Return the key of a token; None if the text is no token of this order."""
    try:
        value, contact_id = _signer(order).unsign_object(text)
    except signing.BadSignature:
        return None
    return value, contact_id


def _signer(order: Order) -> signing.Signer:
    return signing.Signer(salt=f"contacts_ui.index.{order.column}")
