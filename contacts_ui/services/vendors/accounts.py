"""Tell which account of a vendor is connected, by hashes that give no key away, and what it offers."""

import hashlib

from django.conf import settings
from django.db.models import QuerySet

from contacts_ui.models import Vendor, VendorAbility
from contacts_ui.models.abilities import AbilityState
from contacts_ui.services.vendors.connections import connected


def offered(vendor: Vendor, name: str) -> bool:
    """Return True if the account that is connected now was found to offer this ability. One query."""
    return vendor in connected() and offered_here(vendor, name).exists()


def offered_here(vendor: Vendor, name: str) -> QuerySet[VendorAbility]:
    """Return the row of an ability, if the account that is connected now was found to offer it."""
    return VendorAbility.objects.filter(
        vendor=vendor, name=name, state=AbilityState.OFFERED, account=fingerprint(vendor)
    )


def fingerprint(vendor: Vendor) -> str:
    """Return a SHA-256 of address, account and key; "" for a vendor that is not connected."""
    return _hash(vendor, "base_url", "account", "api_key")


def account(vendor: Vendor) -> str:
    """Return a SHA-256 of address and account, which stays the same while only the key changes."""
    return _hash(vendor, "base_url", "account")


def _hash(vendor: Vendor, *fields: str) -> str:
    keys = getattr(settings.VENDORS, vendor.value)
    if keys is None:
        return ""
    return hashlib.sha256("\n".join(getattr(keys, field) for field in fields).encode()).hexdigest()
