"""Facts that vendors tell about a number and that are not stops: unreachable, landline."""

from datetime import datetime

from contacts_ui.models import NumberFact, Vendor
from contacts_ui.models.abilities import FactKind


def note_fact(number: str, vendor: Vendor, kind: FactKind, words: str, at: datetime) -> None:
    """Keep what a vendor said of a number (E.164) at `at`: the newest of each kind."""
    facts = NumberFact.objects.filter(number=number, vendor=vendor, kind=kind)
    if facts.filter(at__gt=at).exists():
        return
    NumberFact.objects.update_or_create(
        number=number, vendor=vendor, kind=kind, defaults={"words": words[:300], "at": at}
    )


def facts_about(number: str) -> list[NumberFact]:
    """Return what vendors said of a number (E.164), the newest first."""
    return list(NumberFact.objects.filter(number=number).order_by("-at"))
