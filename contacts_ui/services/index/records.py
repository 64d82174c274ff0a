"""Read rows of the table as contacts, without model instances, which would cost more than the search."""

# ruff: noqa: S608 - the only names in the SQL are our own columns

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from django.db import connection
from django.db.models import CharField, DateTimeField

from contacts_ui.integrations.types import Contact
from contacts_ui.models import IndexedContact
from contacts_ui.services.index.database import TABLE, database, fetch

_COLUMNS: Final = (
    "contact_id, first_name, last_name, mobile_number, email, city, state, zip, country, source, custom_fields,"
    " timezone, language, status, status_changed_at, created, last_updated, read_at, folded"
)
# Fields of a contact that the index does not keep.
NOT_KEPT: Final = frozenset(
    {"address", "birthdate", "brand_id", "carrier", "extra", "source_id", "sub_source", "sub_source_id"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Indexed:
    """One contact of the index, when SlickText was asked for it, and what a search looks through."""

    contact: Contact
    read_at: datetime
    text: str


def by_ids(ids: Sequence[int]) -> list[Indexed]:
    """Return these contacts in this order, without those that the index does not have."""
    ours = database()
    found = {
        each.contact.contact_id: each
        for each in where(f"contact_id {ours.among('bigint')}", [ours.many(ids)])
    }
    return [found[key] for key in ids if key in found]


def where(condition: str, parameters: list[Any]) -> Iterator[Indexed]:
    """Return the contacts of a condition, in no order."""
    return map(_indexed, fetch(f"SELECT {_COLUMNS} FROM {TABLE} WHERE {condition}", parameters))


def texts(columns: Sequence[str], ids: Sequence[int]) -> list[tuple[str, ...]]:
    """Return these columns of these contacts as texts, in this order; "" for no value, times in UTC."""
    source, parameters = database().in_order(ids)
    return fetch(f"SELECT {as_texts(columns)} FROM {source}", parameters)


def texts_after(columns: Sequence[str], contact_id: int, limit: int) -> list[tuple[str, ...]]:
    """Return these columns of the next contacts by id, as `texts` does."""
    sql = f"SELECT {as_texts(columns)} FROM {TABLE} WHERE contact_id > %s ORDER BY contact_id LIMIT %s"
    return fetch(sql, [contact_id, limit])


def as_texts(columns: Sequence[str]) -> str:
    """Return SQL that selects these columns as texts."""
    return ", ".join(map(_as_text, columns))


def _as_text(column: str) -> str:
    kind = IndexedContact._meta.get_field(column)
    if isinstance(kind, CharField):
        return column
    text = _time_as_text(column) if isinstance(kind, DateTimeField) else f"CAST({column} AS text)"
    # Under another name, since PostgreSQL would sort by the text.
    return f"COALESCE({text}, '') AS {column}_text"


def _time_as_text(column: str) -> str:
    if connection.vendor == "sqlite":
        return f"substr({column}, 1, 19)"
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"


def _indexed(row: tuple[Any, ...]) -> Indexed:
    contact = Contact(
        contact_id=row[0],
        first_name=row[1] or None,
        last_name=row[2] or None,
        mobile_number=row[3] or None,
        email=row[4] or None,
        city=row[5] or None,
        state=row[6] or None,
        zip=row[7] or None,
        country=row[8] or None,
        source=row[9] or None,
        custom_fields=msgspec.json.decode(row[10]),
        timezone=row[11] or None,
        language=row[12] or None,
        opt_in_status=row[13] or None,
        last_opt_in_status_change=_moment(row[14]),
        created=_moment(row[15]),
        last_updated=_moment(row[16]),
    )
    read_at = _moment(row[17]) or datetime.max.replace(tzinfo=UTC)
    return Indexed(contact, read_at, row[18])


def _moment(value: datetime | None) -> datetime | None:
    """Return a time with its zone: SQLite keeps none, and its times are in UTC."""
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)
