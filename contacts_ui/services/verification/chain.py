"""Prove that every entry of the audit log is unchanged, in order, and that none was removed."""

import hashlib
import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from contacts_ui.models import (
    DesiredState,
    LedgerEntry,
    LedgerHead,
    OptOut,
    PrunedEntry,
    Statement,
    ledger_guards,
)
from contacts_ui.models.ledger import Action
from contacts_ui.services.audit_log import NOTHING_BEFORE, entry_hash

PAGE_ENTRIES = 1000
# What reading a column raises that was filled with nonsense: no date, no JSON, no text.
UNREADABLE = (ValueError, DatabaseError)
# A place in the chain: an entry, or what was kept of one that was pruned.
Link = LedgerEntry | PrunedEntry


@dataclass(frozen=True)
class Head:
    """The end of the chain. If it is noted elsewhere, its hash proves every entry up to it."""

    hash: str
    entry_id: int | None = None
    at: datetime | None = None
    entries: int = 0


@dataclass(frozen=True)
class Pruned:
    """What was removed so far: how many entries, from before when, and when that was done last."""

    entries: int
    older_than: datetime
    at: datetime


@dataclass
class Prunes:
    """Compare what the prunes' own entries say was removed with what is kept of it."""

    _said: dict[int, tuple[object, object]] = field(default_factory=dict)
    _kept: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def says(self, entry: LedgerEntry) -> None:
        self._said[entry.pk] = (entry.after.get("pruned"), entry.after.get("digest"))

    def keeps(self, row: PrunedEntry) -> None:
        count, digest = self._kept.get(row.prune_id, (0, hashlib.sha256()))
        digest.update(row.line)
        self._kept[row.prune_id] = (count + 1, digest)

    def broken(self) -> Iterator[str]:
        kept = {key: (count, digest.hexdigest()) for key, (count, digest) in self._kept.items()}
        for key in sorted(self._said.keys() | kept.keys()):
            if key not in self._said:
                yield f"{kept[key][0]} entries are kept as pruned by entry {key}, which does not say so."
            elif self._said[key] != kept.get(key):
                yield f"Entry {key}: what it says was pruned is not what is kept as pruned by it."


@dataclass
class ChainCheck:
    """One check of the whole chain. `broken` yields sentences; afterward the counts are known.

    Memory stays the same for any number of entries, and others may append while it runs. `found` are the `wanted`
    hashes that were passed, with the number of entries up to each, pruned ones included.
    """

    wanted: Collection[str] = ()
    entries: int = 0
    pruned: int = 0
    problems: int = 0
    found: dict[str, int] = field(default_factory=dict)
    _hash: str = NOTHING_BEFORE
    _id: int = 0
    _prunes: Prunes = field(default_factory=Prunes)

    def broken(self) -> Iterator[str]:
        """Yield, in words, where the chain was changed, cut, or reordered."""
        for problem in self._all():
            self.problems += 1
            yield problem

    def _all(self) -> Iterator[str]:
        for link in _links(self._id):
            yield from self._step(link)
        yield from self._at_the_end()
        yield from self._prunes.broken()
        for wanted in self.wanted:
            if wanted not in self.found:
                yield f"No entry has the hash {wanted}: it was changed or taken out."
        yield from lost_references()

    def _step(self, link: Link) -> Iterator[str]:
        if link.previous_hash != self._hash:
            yield f"Entry {link.pk}: an entry before it is missing, or it was moved."
        if isinstance(link, PrunedEntry):
            self.pruned += 1
            self._prunes.keeps(link)
        else:
            self.entries += 1
            if not _unchanged(link):
                yield f"Entry {link.pk}: it was changed after it was written."
            elif link.action == Action.LEDGER_PRUNED:
                self._prunes.says(link)
        self._hash, self._id = link.hash, link.pk
        if link.hash in self.wanted:
            self.found[link.hash] = self.entries + self.pruned

    def _at_the_end(self) -> Iterator[str]:
        """Check that the head names the newest entry, after checking entries that were added since."""
        # In one statement, as others may append.
        newest_key = LedgerEntry.objects.order_by("-pk").values("pk")[:1]
        heads = LedgerHead.objects.filter(pk=1).annotate(newest=Subquery(newest_key))
        head = heads.values_list("hash", "newest").first()
        if head is None:
            if self._id:
                yield "The head of the audit log is missing."
            return
        hash_, newest = head
        if newest is not None and newest > self._id:
            for link in _links(self._id):
                yield from self._step(link)
            yield from self._at_the_end()
        elif hash_ != self._hash:
            yield f"Entries after {self._id or 'the start'} are missing."


def broken_links() -> Iterator[str]:
    """Check the whole chain, and yield, in words, where it was changed, cut, or reordered."""
    return ChainCheck().broken()


def head_now() -> Head:
    """Return the newest entry, and how many there are."""
    newest = LedgerEntry.objects.order_by("-pk").first()
    if newest is None:
        return Head(NOTHING_BEFORE)
    return Head(newest.hash, newest.pk, newest.at, LedgerEntry.objects.count())


def broken_among(entries: Sequence[LedgerEntry]) -> Iterator[str]:
    """Check these entries alone: each one's hash, and its links to the entries beside it.

    Only the whole check shows that no entry was taken out.
    """
    keys = [entry.pk for entry in entries]
    for start in range(0, len(keys), PAGE_ENTRIES // 2):
        chunk = LedgerEntry.objects.filter(pk__in=keys[start : start + PAGE_ENTRIES // 2])
        for entry in _with_neighbors(chunk).order_by("pk"):
            if not _unchanged(entry):
                yield f"Entry {entry.pk}: it was changed after it was written."
            before = max(
                (entry.entry_before_pk or 0, entry.entry_before_hash),
                (entry.pruned_before_pk or 0, entry.pruned_before_hash),
                key=lambda side: side[0],
            )
            if entry.previous_hash != (before[1] or NOTHING_BEFORE):
                yield f"Entry {entry.pk}: an entry before it is missing, or it was moved."
            sides = (
                (entry.entry_after_pk, entry.entry_after_previous_hash),
                (entry.pruned_after_pk, entry.pruned_after_previous_hash),
            )
            there = [side for side in sides if side[0] is not None]
            if entry.hash != (min(there)[1] if there else entry.hash_of_head):
                yield f"Entry {entry.pk}: an entry after it is missing, or it was moved."


def pruned_so_far() -> Pruned | None:
    """Return what `prune_ledger` has removed so far; None if nothing."""
    prunes = list(LedgerEntry.objects.filter(action=Action.LEDGER_PRUNED).order_by("pk"))
    if not prunes:
        return None
    return Pruned(
        entries=sum(entry.after["pruned"] for entry in prunes),
        older_than=max(datetime.fromisoformat(entry.after["older_than"]) for entry in prunes),
        at=prunes[-1].at,
    )


def guards_missing() -> list[str]:
    """Return the names of the database's own guards of the audit log that are missing."""
    return ledger_guards.missing(connection)


def lost_references() -> Iterator[str]:
    """Yield entries that are gone, though statements, desired states, or opt-outs were made from them."""
    there = LedgerEntry.objects.filter(pk=OuterRef("ledger_entry_id"))
    made_from: tuple[tuple[type[Statement] | type[DesiredState] | type[OptOut], str], ...] = (
        (Statement, "a statement"),
        (DesiredState, "a desired state"),
        (OptOut, "an opt-out"),
    )
    for model, what in made_from:
        rows = model._default_manager.filter(~Exists(there)).order_by("ledger_entry_id")
        for entry_id in rows.values_list("ledger_entry_id", flat=True).distinct():
            yield f"Entry {entry_id} is missing, though {what} was made from it."


def _links(key: int) -> Iterator[Link]:
    """Yield everything after the id `key`, in order, read page by page."""
    both = (_pages(LedgerEntry.objects.all(), key), _pages(PrunedEntry.objects.all(), key))
    return heapq.merge(*both, key=lambda link: link.pk)


def _pages(rows: QuerySet[Any], key: int) -> Iterator[Link]:
    """Yield the rows after `key`; if one can't be read, its whole page comes with the hashes alone."""
    while True:
        after = rows.filter(pk__gt=key).order_by("pk")
        try:
            page = list(after[:PAGE_ENTRIES])
        except UNREADABLE:
            page = list(after.only("previous_hash", "hash")[:PAGE_ENTRIES])
        if not page:
            return
        yield from page
        key = page[-1].pk


def _unchanged(entry: LedgerEntry) -> bool:
    try:
        return entry_hash(entry) == entry.hash
    except UNREADABLE:
        return False


def _with_neighbors(entries: QuerySet[LedgerEntry]) -> QuerySet[Any]:
    """Return each with its neighbors, entries and pruned ones."""
    beside = {
        f"{name}_{side}_{field}": Subquery(rows.values(field)[:1])
        for name, model in (("entry", LedgerEntry), ("pruned", PrunedEntry))
        for side, rows in (
            ("before", model._default_manager.filter(pk__lt=OuterRef("pk")).order_by("-pk")),
            ("after", model._default_manager.filter(pk__gt=OuterRef("pk")).order_by("pk")),
        )
        for field in ("pk", "hash" if side == "before" else "previous_hash")
    }
    return entries.annotate(
        **beside, hash_of_head=Subquery(LedgerHead.objects.filter(pk=1).values("hash")[:1])
    )
