"""Reads from the environment which vendors are connected, and fails loudly on a half-set one."""

from dataclasses import dataclass, field

import environ
from django.core.exceptions import ImproperlyConfigured

SANDBOX_SLICKTEXT_KEY = "sandbox-slicktext-key"
SANDBOX_CCAI_KEY = "sandbox-ccai-key"
PRACTICE_SLICKTEXT_SECRET = "practice-slicktext-secret"  # noqa: S105 - for the sandbox alone
PRACTICE_CCAI_SECRET = "practice-ccai-secret"  # noqa: S105 - for the sandbox alone


@dataclass(frozen=True)
class VendorSettings:
    """How to reach one vendor. `account` is SlickText's brand id or CloudContactAI's client id."""

    base_url: str
    api_key: str = field(repr=False)
    account: str


@dataclass(frozen=True)
class Vendors:
    """The two vendors as configured; None is *not connected*."""

    slicktext: VendorSettings | None
    cloudcontactai: VendorSettings | None
    sandbox: bool

    @property
    def connected(self) -> tuple[VendorSettings, ...]:
        """Return the settings of the vendors that have keys."""
        return tuple(filter(None, (self.slicktext, self.cloudcontactai)))


def read_vendors(env: environ.Env) -> Vendors:
    """Read both vendors from `env`.

    With no key at all both are the sandbox. With one vendor's keys the other is not connected.
    Raises ImproperlyConfigured, naming what is missing, when a vendor is half set.
    """
    slicktext = _read_vendor(
        env, "SlickText", "SLICKTEXT", "SLICKTEXT_BRAND_ID", "https://dev.slicktext.com/v1"
    )
    cloudcontactai = _read_vendor(
        env, "CloudContactAI", "CCAI", "CCAI_CLIENT_ID", "https://core.cloudcontactai.com/api"
    )
    if slicktext is None and cloudcontactai is None:
        url = env.str("SANDBOX_URL", default="http://127.0.0.1:8001").rstrip("/")
        return Vendors(
            VendorSettings(f"{url}/v1", SANDBOX_SLICKTEXT_KEY, "26136"),
            VendorSettings(f"{url}/api", SANDBOX_CCAI_KEY, "sandbox-client"),
            sandbox=True,
        )
    if slicktext and not any(character.isdigit() for character in slicktext.account):
        raise ImproperlyConfigured("SLICKTEXT_BRAND_ID has no digits; it looks like 26136.")
    return Vendors(slicktext, cloudcontactai, sandbox=False)


def _read_vendor(
    env: environ.Env, name: str, prefix: str, account_name: str, default_url: str
) -> VendorSettings | None:
    key_name = f"{prefix}_API_KEY"
    key = env.str(key_name, default="").strip()
    account = env.str(account_name, default="").strip()
    if not key and not account:
        return None
    if not key or not account:
        missing = account_name if key else key_name
        raise ImproperlyConfigured(f"{name} is half set: {missing} is missing.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ImproperlyConfigured(f"{key_name} has blanks or letters that no key may have.")
    base_url = env.str(f"{prefix}_BASE_URL", default="").strip() or default_url
    return VendorSettings(base_url.rstrip("/"), key, account)
