"""Are both vendors there, and do they accept our keys?"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from contacts_ui.integrations import slicktext
from contacts_ui.integrations.errors import BadCredentials, VendorError
from contacts_ui.models import Vendor, Wish
from contacts_ui.services.vendors import connected, to_slicktext


@dataclass(frozen=True)
class VendorStatus:
    """One vendor. `state` is up, down, credentials, not_connected or unknown."""

    name: str
    state: str
    sentence: str
    detail: str = ""
    checked_at: datetime | None = None


def vendors_now() -> list[VendorStatus]:
    """Ask SlickText for its brand, the cheapest check of the key; tell what CloudContactAI last confirmed."""
    return [_slicktext(), _cloudcontactai()]


def _slicktext() -> VendorStatus:
    name, now = Vendor.SLICKTEXT.label, timezone.now()
    if Vendor.SLICKTEXT not in connected():
        return VendorStatus(name, "not_connected", "It has no keys in the settings.")
    try:
        brand = slicktext.get_brand(to_slicktext())
    except BadCredentials as error:
        return VendorStatus(name, "credentials", error.person, checked_at=now)
    except VendorError as error:
        return VendorStatus(name, "down", error.person, checked_at=now)
    return VendorStatus(
        name, "up", f"It answers, for the brand {brand.name}.", f"Brand {brand.brand_id}", now
    )


def _cloudcontactai() -> VendorStatus:
    """CloudContactAI can only be written to, so there is nothing to ask it without changing somebody's state."""
    name = Vendor.CLOUDCONTACTAI.label
    if Vendor.CLOUDCONTACTAI not in connected():
        return VendorStatus(name, "not_connected", "It has no keys in the settings.")
    wishes = Wish.objects.filter(vendor=Vendor.CLOUDCONTACTAI)
    last = wishes.exclude(confirmed_at=None).order_by("-confirmed_at").first()
    waiting = wishes.exclude(due_at=None).filter(attempts__gt=0).order_by("-attempts").first()
    if waiting:
        return VendorStatus(name, "down", waiting.answer, "A wish is waiting for it.")
    if last:
        return VendorStatus(
            name, "up", "It confirmed the last wish we sent.", checked_at=last.confirmed_at
        )
    return VendorStatus(name, "unknown", "Nothing was sent to it yet; it offers nothing to read.")
