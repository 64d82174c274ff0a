"""Read CloudContactAI's contacts page by page, where the account answers reads, at an even and slow pace.

With the priority of a sync. Workers share one round of pages (`leases`), and a restart continues.
What a page means for consent is in `consent.cloudcontactai_readings`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from contacts_ui.integrations import cloudcontactai
from contacts_ui.integrations.call_policy import SYNC_PAGE
from contacts_ui.integrations.errors import VendorError
from contacts_ui.integrations.types import RegisteredContact
from contacts_ui.models import NumberFact, Vendor, VendorAbility
from contacts_ui.models.abilities import READS, FactKind
from contacts_ui.services.consent import cloudcontactai_readings
from contacts_ui.services.messages.number_facts import note_fact
from contacts_ui.services.vendors import account, connected, leases, to_cloudcontactai

PAGE_SIZE: Final = 100
PAGE_PAUSE: Final = timedelta(seconds=5)
ROUND_MAX: Final = timedelta(days=1)
LANDLINE: Final = "CloudContactAI lists it as a landline"


def run_due() -> int:
    """Read the next page, if it is time, and return how many contacts it had. Never raises for a vendor's failure."""
    period = timedelta(days=settings.STOP_RENEWAL_DAYS)
    if not period or Vendor.CLOUDCONTACTAI not in connected():
        return 0
    ability = leases.take_ability(Vendor.CLOUDCONTACTAI, READS)
    if ability is None:
        return 0
    sent_at, mark = timezone.now(), ability.mark
    if mark.get("account") != account(Vendor.CLOUDCONTACTAI):
        mark = {"account": account(Vendor.CLOUDCONTACTAI)}
    ability.mark = mark = {"page": 0, "started_at": sent_at.isoformat(), **mark}
    try:
        page = cloudcontactai.list_contacts(
            to_cloudcontactai(), page=mark["page"], size=PAGE_SIZE, policy=SYNC_PAGE
        )
    except VendorError as error:
        leases.release_after(ability, error)
        return 0
    ended_at = mark.get("first_round_ended_at")
    cloudcontactai_readings.note(
        page.contacts,
        sent_at,
        first_round_ended_at=datetime.fromisoformat(ended_at) if ended_at else None,
    )
    _note_landlines(page.contacts, sent_at)
    numbers = [each.number for each in page.contacts]
    # An account that counts pages from 1 sends the first twice; one that sends a later one twice has no more.
    stuck = mark["page"] > 1 and numbers == mark.get("last")
    if page.has_more and not stuck:
        mark |= {"page": mark["page"] + 1, "last": numbers}
        # Spread over the time of a round, by how many pages the last one had.
        pause = min(period / 2, ROUND_MAX) / mark["pages"] if "pages" in mark else PAGE_PAUSE
        leases.release(ability, max(pause, PAGE_PAUSE), mark=mark)
    else:
        _end_round(ability, period)
    return len(page.contacts)


def _end_round(ability: VendorAbility, period: timedelta) -> None:
    now, ended = timezone.now(), ability.mark
    begins = datetime.fromisoformat(ended["started_at"]) + min(period / 2, ROUND_MAX)
    mark = {
        "account": ended["account"],
        "pages": ended["page"] + 1,
        "first_round_ended_at": ended.get("first_round_ended_at") or now.isoformat(),
    }
    leases.release(ability, max(begins - now, PAGE_PAUSE), mark=mark)


def _note_landlines(contacts: Sequence[RegisteredContact], sent_at: datetime) -> None:
    numbers = {each.number for each in contacts if each.phone_type.lower() == "landline"} - {None}
    if not numbers:
        return
    facts = NumberFact.objects.filter(vendor=Vendor.CLOUDCONTACTAI, kind=FactKind.LANDLINE)
    known = set(facts.filter(number__in=numbers).values_list("number", flat=True))
    for number in sorted(filter(None, numbers - known)):
        note_fact(number, Vendor.CLOUDCONTACTAI, FactKind.LANDLINE, LANDLINE, sent_at)
