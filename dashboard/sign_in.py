"""Read from the environment how people sign in. A half-set provider stops the start."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

# The part of our own address that the provider sends people back to: /accounts/oidc/company/login/callback/.
PROVIDER_ID = "company"


@dataclass(frozen=True)
class OpenId:
    """A company's OpenID Connect provider. `roles` maps its groups to our roles; empty: roles are chosen here."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    groups_claim: str
    roles: dict[str, str]
    scopes: tuple[str, ...]
    trusts_email: bool = False

    @property
    def origin(self) -> str:
        """Return where the browser is sent to sign in: a form that leads there must be allowed to."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    def as_provider(self) -> dict[str, Any]:
        """Return it as django-allauth's SOCIALACCOUNT_PROVIDERS has it."""
        return {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "SCOPE": list(self.scopes),
                "APPS": [
                    {
                        "provider_id": PROVIDER_ID,
                        "name": self.name,
                        "client_id": self.client_id,
                        "secret": self.client_secret,
                        "settings": {
                            "server_url": self.issuer,
                            # Some providers do not send it for their own addresses.
                            "verified_email": self.trusts_email,
                            "email_authentication": True,
                        },
                    }
                ],
            }
        }


def read_openid(env: environ.Env, known_roles: tuple[str, ...]) -> OpenId | None:
    """Read the provider; None if none is set. Raises ImproperlyConfigured, naming what is missing or unknown."""
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    values = {name: env.str(name, default="").strip() for name in names}
    if not any(values.values()):
        return None
    if missing := [name for name, value in values.items() if not value]:
        raise ImproperlyConfigured(f"OpenID Connect is half set: {', '.join(missing)} is missing.")
    roles = read_roles(env.list("OIDC_ROLES", default=[]), known_roles)
    return OpenId(
        issuer=values["OIDC_ISSUER"].rstrip("/"),
        client_id=values["OIDC_CLIENT_ID"],
        client_secret=values["OIDC_CLIENT_SECRET"],
        name=env.str("OIDC_NAME", default="your company account"),
        groups_claim=env.str("OIDC_GROUPS_CLAIM", default="groups"),
        roles=roles,
        trusts_email=env.bool("OIDC_TRUST_EMAIL", default=False),
        scopes=tuple(env.str("OIDC_SCOPES", default="openid profile email").split()),
    )


def read_roles(pairs: list[str], known_roles: tuple[str, ...]) -> dict[str, str]:
    """Read "texting-managers=Managers" and the like. Raises ImproperlyConfigured for an unknown role."""
    roles = {}
    for pair in pairs:
        group, equals, role = (part.strip() for part in pair.rpartition("="))
        match = next((known for known in known_roles if known.lower() == role.lower()), None)
        if not (equals and group and match):
            raise ImproperlyConfigured(
                f"OIDC_ROLES has “{pair}”. Write GROUP=ROLE, with one of: {', '.join(known_roles)}."
            )
        roles[group] = match
    return roles
