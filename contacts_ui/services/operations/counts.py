"""Compare the index with SlickText's own counts of contacts by status."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count
from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.call_policy import RECONCILE
from contacts_ui.integrations.errors import VendorError
from contacts_ui.integrations.slicktext_parsing import TOTAL
from contacts_ui.models import IndexedContact, Vendor, VendorAbility
from contacts_ui.models.abilities import COUNTS
from contacts_ui.services import index
from contacts_ui.services.vendors import account, connected, leases, to_slicktext

CHECK_EVERY: Final = timedelta(hours=1)
# A contact without a status, in SlickText's counts and in ours.
NO_STATUS: Final = "no status"


@dataclass(frozen=True)
class StatusCount:
    """How many contacts have this status, at SlickText and in the index."""

    status: str
    theirs: int
    ours: int


@dataclass(frozen=True)
class Counts:
    """The last comparison; `agreed_at` is the last one in which all counts were the same."""

    rows: list[StatusCount]
    checked_at: datetime
    agreed_at: datetime | None

    @property
    def agree(self) -> bool:
        """Return True if all counts were the same in the last comparison."""
        return self.agreed_at == self.checked_at


def check() -> bool:
    """Compare if it is time, and return True if it was done. Never raises for a vendor's failure."""
    if Vendor.SLICKTEXT not in connected() or not index.is_ready():
        return False
    ability = leases.take_ability(Vendor.SLICKTEXT, COUNTS)
    if ability is None:
        return False
    try:
        counts = slicktext.count_contacts(to_slicktext(), policy=RECONCILE)
    except VendorError as error:
        leases.release_after(ability, error)
        return False
    theirs = _by_name({status: number for status, number in counts.items() if status != TOTAL})
    rows = IndexedContact.objects.values_list("status_key").annotate(Count("pk")).order_by()
    ours = _by_name(dict(rows))
    at = timezone.now().isoformat()
    agree = all(theirs.get(name, 0) == ours.get(name, 0) for name in {*theirs, *ours})
    mark = {
        "account": account(Vendor.SLICKTEXT),
        "theirs": theirs,
        "ours": ours,
        "checked_at": at,
        "agreed_at": at if agree else _same_account(ability.mark).get("agreed_at"),
    }
    leases.release(ability, CHECK_EVERY, mark=mark)
    return True


def latest() -> Counts | None:
    """Return the last comparison for the account that is connected, None if there was none. One query."""
    ability = VendorAbility.objects.filter(vendor=Vendor.SLICKTEXT, name=COUNTS).first()
    mark = _same_account(ability.mark) if ability else {}
    if not mark:
        return None
    theirs, ours = mark["theirs"], mark["ours"]
    rows = [
        StatusCount(name, theirs.get(name, 0), ours.get(name, 0))
        for name in sorted({*theirs, *ours})
    ]
    agreed_at = mark["agreed_at"]
    return Counts(
        rows,
        datetime.fromisoformat(mark["checked_at"]),
        datetime.fromisoformat(agreed_at) if agreed_at else None,
    )


def _same_account(mark: dict[str, Any]) -> dict[str, Any]:
    """Return the mark, {} if it is about another account or empty."""
    return mark if mark.get("account") == account(Vendor.SLICKTEXT) else {}


def _by_name(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts under names that compare: analytics may spell "Not_Subscribed"."""
    named: dict[str, int] = {}
    for status, number in counts.items():
        name = " ".join(status.lower().replace("_", " ").split())
        name = NO_STATUS if name in {"", "null", "none"} else name
        named[name] = named.get(name, 0) + number
    return named
