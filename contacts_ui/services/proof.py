"""The proof that the ledger is what was written: every entry unchanged, in order, and none taken out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from contacts_ui.models import LedgerEntry, LedgerHead, OptOut, Wish, ledger_guards
from contacts_ui.services.ledger import NOTHING_BEFORE, entry_hash

AT_ONCE = 1000
# What reading a column raises that somebody has filled with nonsense: no date, no JSON, no text.
UNREADABLE = (ValueError, DatabaseError)


@dataclass(frozen=True)
class Head:
    """The end of the chain. Written down elsewhere, its hash vouches for every entry up to it."""

    hash: str
    entry_id: int | None = None
    at: datetime | None = None
    entries: int = 0


@dataclass
class Walk:
    """One walk along the whole chain. `broken` yields sentences as it goes; afterwards the rest is known.

    Steady in memory, whatever the number of entries, and right also while others append. `found` are those of the
    `wanted` hashes that were passed on the way, and how many entries stood up to each.
    """

    wanted: Sequence[str] = ()
    entries: int = 0
    problems: int = 0
    found: dict[str, int] = field(default_factory=dict)
    _hash: str = NOTHING_BEFORE
    _id: int = 0

    def broken(self) -> Iterator[str]:
        """Say, in words, where the chain was changed, cut or re-ordered, and which guards are missing."""
        for problem in self._all():
            self.problems += 1
            yield problem

    def _all(self) -> Iterator[str]:
        while batch := _after(self._id):
            for entry in batch:
                yield from self._step(entry)
        yield from self._at_the_end()
        for wanted in self.wanted:
            if wanted not in self.found:
                yield f"No entry has the hash {wanted}: it was changed or taken out."
        yield from lost_references()

    def _step(self, entry: LedgerEntry) -> Iterator[str]:
        if entry.previous_hash != self._hash:
            yield f"Entry {entry.pk}: an entry before it is missing, or it was moved."
        if not _unchanged(entry):
            yield f"Entry {entry.pk}: it was changed after it was written."
        self._hash, self._id = entry.hash, entry.pk
        self.entries += 1
        if entry.hash in self.wanted:
            self.found[entry.hash] = self.entries

    def _at_the_end(self) -> Iterator[str]:
        """The head must name the newest entry; entries that were added during the walk are walked first."""
        head = _head_and_newest()
        if head is None:
            if self.entries:
                yield "The head of the ledger is missing."
            return
        hash_, newest = head
        if newest is not None and newest > self._id:
            yield from self._later_entries()
        elif hash_ != self._hash:
            yield f"Entries after {self._id or 'the start'} are missing."

    def _later_entries(self) -> Iterator[str]:
        for entry in _after(self._id):
            yield from self._step(entry)
        yield from self._at_the_end()


def broken_links() -> Iterator[str]:
    """Walk the whole chain and say, in words, where it was changed, cut or re-ordered."""
    return Walk().broken()


def head_now() -> Head:
    """The newest entry, as the ledger has it, and how many there are."""
    newest = LedgerEntry.objects.order_by("-pk").first()
    if newest is None:
        return Head(NOTHING_BEFORE)
    return Head(newest.hash, newest.pk, newest.at, LedgerEntry.objects.count())


def broken_among(entries: Sequence[LedgerEntry]) -> Iterator[str]:
    """Check these entries alone, in moments: each one's hash, and its links to the entries beside it.

    Says nothing about entries that are not given: that none was taken out, only the whole walk shows.
    """
    keys = [entry.pk for entry in entries]
    for start in range(0, len(keys), AT_ONCE // 2):
        chunk = LedgerEntry.objects.filter(pk__in=keys[start : start + AT_ONCE // 2])
        for entry in _with_neighbours(chunk).order_by("pk"):
            if not _unchanged(entry):
                yield f"Entry {entry.pk}: it was changed after it was written."
            if entry.previous_hash != (entry.hash_before or NOTHING_BEFORE):
                yield f"Entry {entry.pk}: an entry before it is missing, or it was moved."
            if entry.hash != (entry.hash_promised_after or entry.hash_of_head):
                yield f"Entry {entry.pk}: an entry after it is missing, or it was moved."


def guards_missing() -> list[str]:
    """The names of the database's own guards of the ledger that are not there."""
    return ledger_guards.missing(connection)


def lost_references() -> Iterator[str]:
    """Entries that are gone, though wishes or opt-outs were made from them."""
    there = LedgerEntry.objects.filter(pk=OuterRef("ledger_entry_id"))
    made_from: tuple[tuple[type[Wish] | type[OptOut], str], ...] = (
        (Wish, "a wish"),
        (OptOut, "an opt-out"),
    )
    for model, what in made_from:
        rows = model._default_manager.filter(~Exists(there)).order_by("ledger_entry_id")
        for entry_id in rows.values_list("ledger_entry_id", flat=True).distinct():
            yield f"Entry {entry_id} is missing, though {what} was made from it."


def _after(key: int) -> list[LedgerEntry]:
    """The next entries; those that were changed until they cannot even be read come with their hashes alone."""
    entries = LedgerEntry.objects.filter(pk__gt=key).order_by("pk")
    try:
        return list(entries[:AT_ONCE])
    except UNREADABLE:
        return list(entries.only("previous_hash", "hash")[:AT_ONCE])


def _unchanged(entry: LedgerEntry) -> bool:
    try:
        return entry_hash(entry) == entry.hash
    except UNREADABLE:
        return False


def _with_neighbours(entries: QuerySet[LedgerEntry]) -> QuerySet[Any]:
    others = LedgerEntry.objects.order_by()
    return entries.annotate(
        hash_before=Subquery(
            others.filter(pk__lt=OuterRef("pk")).order_by("-pk").values("hash")[:1]
        ),
        hash_promised_after=Subquery(
            others.filter(pk__gt=OuterRef("pk")).order_by("pk").values("previous_hash")[:1]
        ),
        hash_of_head=Subquery(LedgerHead.objects.filter(pk=1).values("hash")[:1]),
    )


def _head_and_newest() -> tuple[str, int | None] | None:
    """The hash that the head names and the newest entry's id, read in one statement; None without a head."""
    newest = LedgerEntry.objects.order_by("-pk").values("pk")[:1]
    head = LedgerHead.objects.filter(pk=1).annotate(newest=Subquery(newest))
    return head.values_list("hash", "newest").first()
