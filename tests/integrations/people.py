"""The people, keys and manners of these tests."""

from dataclasses import dataclass, field, replace
from typing import Any

from contacts_ui.integrations.call_policy import CallPolicy, Priority
from contacts_ui.integrations.errors import BudgetSpent
from tests.sandbox.samples import LIST

KEY = "sk_live_0a1B2c3D4e5F"
CLIENT = "client-77"
NUMBER = "+16155553338"
OTHER_NUMBER = "+16155550001"
CONTACTS = "http://slick.test/v1/brands/26136/contacts"
DO_NOT_TEXT = "http://ccai.test/api/account/do-not-text"

# A busy machine may take long for an answer that comes.
ONCE = CallPolicy(
    Priority.PERSON, 1, connect_timeout=20, read_timeout=20, total_timeout=20, patience=0
)
THRICE = replace(ONCE, attempts=3)
# Where none comes.
BRIEF = replace(ONCE, connect_timeout=0.3, read_timeout=0.2, total_timeout=2)


def marty(**changes: Any) -> dict[str, Any]:
    """The contact of the vendor's page, as raw JSON."""
    return {**LIST["data"][0], "custom_fields": {"member": 1, "member_number": 12345}, **changes}


def page(*rows: Any, has_more: Any = False) -> dict[str, Any]:
    return {"data": list(rows), "pagingData": {**LIST["pagingData"], "hasMore": has_more}}


@dataclass
class FakeBudget:
    """Gives what it has, and remembers what it was told."""

    room: int = 1000
    taken: list[tuple[str, Priority, float]] = field(default_factory=list)
    reports: list[tuple[Any, ...]] = field(default_factory=list)
    pauses: list[tuple[str, float]] = field(default_factory=list)

    def take(self, vendor: str, priority: Priority, patience: float) -> None:
        if len(self.taken) >= self.room:
            raise BudgetSpent(vendor, retry_after=2.5)
        self.taken.append((vendor, priority, patience))

    def report(
        self, vendor: str, limit: int | None, remaining: int | None, reset_seconds: float | None
    ) -> None:
        self.reports.append((vendor, limit, remaining, reset_seconds))

    def pause(self, vendor: str, seconds: float) -> None:
        self.pauses.append((vendor, seconds))
