"""Company accounts: their roles follow the company's groups, even while they are signed in."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from contacts_ui.integrations import openid
from contacts_ui.permissions import ROLES
from contacts_ui.services import people
from contacts_ui.sign_in.secrets import decrypt, encrypt
from dashboard.sign_in import OpenId

_SESSION_KEY: Final = "company"
# How often to ask again while the provider does not answer. The session continues.
_ASK_AGAIN_SECONDS: Final = 60


def _provider() -> OpenId:
    provider: OpenId | None = settings.OPENID
    if provider is None:
        raise ImproperlyConfigured("There is no company sign-in.")
    return provider


def claims_of(login: SocialLogin) -> dict[str, Any]:
    """Return what the provider said about the person: the ID token, and what the user info adds."""
    told = login.account.extra_data or {}
    return {**(told.get("id_token") or {}), **(told.get("userinfo") or {})}


def is_one_person(login: SocialLogin) -> bool:
    """Return True if ID token and user info are about the same person (OpenID Connect Core 1.0, 5.3.2)."""
    told = login.account.extra_data or {}
    subjects = {(told.get(part) or {}).get("sub") for part in ("id_token", "userinfo")} - {None}
    return len(subjects) <= 1


def roles_of(claims: Mapping[str, Any], account: User | None) -> list[str]:
    """Return our roles for the provider's groups; the account's own roles if OIDC_ROLES is empty."""
    if not _provider().roles:
        return list(account.groups.values_list("name", flat=True)) if account else []
    groups = claims.get(_provider().groups_claim) or ()
    groups = [groups] if isinstance(groups, str) else groups
    if not isinstance(groups, list):
        return []
    roles = {_provider().roles[str(group)] for group in groups if str(group) in _provider().roles}
    return [role for role in ROLES if role in roles]


def follow_groups(claims: Mapping[str, Any], account: User) -> bool:
    """Set the roles of the account's groups, and record a change. Return False if no role is left."""
    roles = roles_of(claims, account)
    if _provider().roles:
        people.follow_company(account=account, roles=roles)
    return bool(roles)


def is_company_account(account: Any) -> bool:
    """Return True if the account has used company sign-in."""
    return bool(settings.OPENID) and SocialAccount.objects.filter(user_id=account.pk).exists()


def began(request: HttpRequest, login: SocialLogin) -> None:
    """Keep the tokens for asking the provider again, encrypted, in the session."""
    told = login.account.extra_data or {}
    kept = {
        "access": login.token.token if login.token else "",
        "refresh": login.token.token_secret if login.token else "",
        # If only the ID token lists the groups, the user info can't show that one is gone.
        "has_groups": _provider().groups_claim in (told.get("userinfo") or {}),
    }
    request.session[_SESSION_KEY] = {"at": time.time(), "tokens": encrypt(json.dumps(kept))}


def signed_in_here(request: HttpRequest) -> bool:
    """Return True if this session began with company sign-in."""
    return _SESSION_KEY in request.session


def still_allowed(request: HttpRequest, account: User) -> bool:
    """Ask the provider, every SESSION_IDLE_MINUTES, whether the person still has a role here; return False if not.

    If it can't say, the session ends too; signing in again takes one redirect. While it does not answer, the session
    continues, and it is asked again each minute.
    """
    kept = request.session.get(_SESSION_KEY)
    if kept is None or not settings.OPENID:
        return kept is None
    if time.time() - kept["at"] < settings.SESSION_IDLE_MINUTES * 60:
        return True
    tokens = json.loads(decrypt(kept["tokens"]) or "{}")
    try:
        claims, tokens = openid.ask_again(_provider(), tokens)
    except openid.ProviderAway:
        later = time.time() - settings.SESSION_IDLE_MINUTES * 60 + _ASK_AGAIN_SECONDS
        request.session[_SESSION_KEY] = {**kept, "at": later}
        return True
    except openid.NoAnswer:
        return False
    if not follow_groups(claims, account):
        return False
    request.session[_SESSION_KEY] = {"at": time.time(), "tokens": encrypt(json.dumps(tokens))}
    return True
