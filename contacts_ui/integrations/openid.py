"""Ask a company's OpenID Connect provider again about a person (OpenID Connect Core 1.0, 5.3 and 12)."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import requests

TIMEOUT_SECONDS: Final = 3


class Provider(Protocol):
    """Where the provider is, and who we are there."""

    @property
    def issuer(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def client_secret(self) -> str: ...
    @property
    def groups_claim(self) -> str: ...
    @property
    def roles(self) -> Mapping[str, str]: ...


class ProviderAway(Exception):
    """The provider did not answer, or said that it has a problem."""


class NoAnswer(Exception):
    """The provider answered, but refused this person, or sent no groups."""


def ask_again(
    provider: Provider, tokens: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the person's claims as they are now, and the tokens to keep.

    `tokens` has access, refresh ("" for none) and has_groups. Raises ProviderAway or NoAnswer.
    """
    kept = dict(tokens)
    addresses = _call("GET", f"{provider.issuer}/.well-known/openid-configuration")
    if kept.get("refresh"):
        form = {"grant_type": "refresh_token", "refresh_token": kept["refresh"]}
        ways = addresses.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        own = (provider.client_id, provider.client_secret)
        auth = own if "client_secret_basic" in ways else None
        if auth is None:
            form |= {"client_id": own[0], "client_secret": own[1]}
        fresh = _call("POST", addresses["token_endpoint"], data=form, auth=auth)
        kept["access"] = fresh.get("access_token", "")
        kept["refresh"] = fresh.get("refresh_token") or kept["refresh"]
    if not kept.get("access") or (provider.roles and not kept.get("has_groups")):
        raise NoAnswer
    headers = {"Authorization": f"Bearer {kept['access']}"}
    return _call("GET", addresses["userinfo_endpoint"], headers=headers), kept


def _call(method: str, url: str, **more: Any) -> dict[str, Any]:
    try:
        answer = requests.request(method, url, timeout=TIMEOUT_SECONDS, **more)
    except requests.RequestException as error:
        raise ProviderAway from error
    if answer.status_code >= 500 or answer.status_code == 429:
        raise ProviderAway
    try:
        body = answer.json()
    except ValueError as error:
        raise NoAnswer from error
    if answer.status_code != 200 or not isinstance(body, dict):
        raise NoAnswer
    return body
