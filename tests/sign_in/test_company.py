"""The company's own sign-in, against a real OpenID provider over HTTP: discovery, PKCE, keys, groups."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests
import time_machine
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from contacts_ui.models import SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from contacts_ui.permissions import ROLES
from dashboard.sign_in import OpenId, read_openid, read_roles
from tests.pages import Page
from tests.people import PASSWORD
from tests.sign_in.provider import Provider
from tests.test_settings import Reader

pytestmark = pytest.mark.django_db
BEGIN = "/accounts/oidc/company/login/"


def roles(username: str = "ada") -> list[str]:
    return list(User.objects.get(username=username).groups.values_list("name", flat=True))


def test_a_new_person_signs_in_with_the_role_of_their_group(
    provider: Provider, client: Client
) -> None:
    provider.put(groups=["everyone", "texting-agents"])
    assert provider.sign_in(client)["Location"] == "/"
    account = User.objects.get()
    assert (account.email, account.get_full_name()) == ("ada@example.com", "Ada Agent")
    assert [group.name for group in account.groups.all()] == ["Agents"]
    assert not account.has_usable_password()
    assert SecurityEvent.objects.get(kind=Kind.SIGNED_IN).details == {"way": "company"}
    assert provider.asked["code_challenge_method"] == ["S256"]


@pytest.mark.parametrize("groups", [[], ["everyone"], None, "strangers"])
def test_without_a_mapped_group_there_is_no_access(
    groups: Any, provider: Provider, client: Client
) -> None:
    provider.put(groups=groups)
    response = provider.sign_in(client)
    assert response.status_code == 403
    assert "You have no access yet" in Page(response).text
    assert not User.objects.exists()
    assert SecurityEvent.objects.filter(kind=Kind.SIGN_IN_FAILED, name="ada@example.com").exists()


def test_an_account_with_this_email_is_theirs(
    provider: Provider, agent: User, client: Client
) -> None:
    User.objects.update(email="ADA@example.com")
    provider.put(groups="texting-managers")
    provider.sign_in(client)
    assert User.objects.count() == 1
    assert roles() == ["Managers"]
    assert SecurityEvent.objects.get(kind=Kind.ROLE_CHANGED).details["before"] == ["Agents"]


def test_a_username_alone_is_no_one(provider: Provider, agent: User, client: Client) -> None:
    """A name that a person may choose at the provider must not open another's account."""
    provider.put(groups=["texting-managers"], preferred_username="ada", email="eve@example.com")
    provider.sign_in(client)
    assert roles("ada") == ["Agents"]
    assert User.objects.count() == 2


@pytest.mark.parametrize("known", [True, False])
def test_a_deactivated_account_stays_out(
    known: bool, provider: Provider, agent: User, client: Client
) -> None:
    User.objects.update(email="ada@example.com")
    provider.put(groups=["texting-agents"])
    if known:
        provider.sign_in(Client())
    User.objects.update(is_active=False)
    assert provider.sign_in(client).status_code == 403
    assert User.objects.count() == 1
    assert client.get("/").status_code == 302


def test_the_role_follows_the_groups_at_each_sign_in(provider: Provider, client: Client) -> None:
    provider.sign_in_manager(client)
    provider.put(groups=["texting-agents"])
    provider.sign_in(Client())
    assert [group.name for group in User.objects.get().groups.all()] == ["Agents"]


def later(settings: Any) -> Any:
    # Busy meanwhile, so that the session is not idle.
    return time_machine.travel(
        timezone.now() + timedelta(minutes=settings.SESSION_IDLE_MINUTES + 1)
    )


def keep_busy(client: Client, settings: Any) -> None:
    session = client.session
    session["seen_at"] = time.time() + settings.SESSION_IDLE_MINUTES * 60
    session.save()


@pytest.mark.parametrize(("groups", "goes_on"), [(["texting-agents"], True), (["everyone"], False)])
def test_a_group_that_disappears_ends_the_session(
    groups: list[str], goes_on: bool, provider: Provider, client: Client, settings: Any
) -> None:
    provider.sign_in_manager(client)
    provider.put(groups=groups)
    keep_busy(client, settings)
    assert client.get("/contacts/columns/").status_code == 200
    with later(settings):
        assert (client.get("/contacts/columns/").status_code == 200) is goes_on
    assert [group.name for group in User.objects.get().groups.all()] == (
        ["Agents"] if goes_on else []
    )
    if not goes_on:
        assert not Session.objects.filter(session_key=client.session.session_key).exists()


def test_tokens_that_were_revoked_end_the_session(
    provider: Provider, client: Client, settings: Any
) -> None:
    provider.sign_in_manager(client)
    requests.post(f"{provider.issuer}/users/u-1/revoke-tokens", timeout=60)
    keep_busy(client, settings)
    with later(settings):
        assert client.get("/contacts/columns/").status_code == 302


def test_while_the_provider_is_away_work_continues(
    provider: Provider, client: Client, settings: Any
) -> None:
    provider.sign_in_manager(client)
    keep_busy(client, settings)
    settings.OPENID = replace(settings.OPENID, issuer="http://127.0.0.1:9")
    with later(settings):
        assert client.get("/contacts/columns/").status_code == 200


def test_tokens_are_not_stored_in_the_clear(provider: Provider, client: Client) -> None:
    provider.sign_in_manager(client)
    assert set(client.session["company"]) == {"at", "tokens"}
    assert client.session["company"]["tokens"].startswith("gAAAA")


def test_a_token_signed_with_another_key_is_refused(
    provider: Provider, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.put(groups=["texting-managers"])
    other = jwt.PyJWKSet.from_dict({"keys": [a_key("another")]})
    monkeypatch.setattr(jwt.PyJWKSet, "from_dict", lambda keys: other)
    response = provider.sign_in(client)
    assert "Company sign-in did not work" in Page(response).text
    assert not User.objects.exists()


def a_key(key_id: str) -> dict[str, Any]:
    """A public key as a provider publishes it."""
    public = rsa.generate_private_key(65537, 2048).public_key()
    return {
        **jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True),
        "kid": key_id,
        "alg": "RS256",
    }


def test_the_keys_are_fetched_by_discovery(
    provider: Provider, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    send = requests.Session.send

    def listen(session: Any, request: Any, **more: Any) -> Any:
        asked.append(urlsplit(request.url).path)
        return send(session, request, **more)

    provider.put(groups=["texting-managers"])
    monkeypatch.setattr(requests.Session, "send", listen)
    provider.sign_in(client)
    assert "/.well-known/openid-configuration" in asked
    assert "/jwks" in asked


def test_confirming_with_the_company(provider: Provider, client: Client) -> None:
    provider.sign_in_manager(client)
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "socialaccount", "at": time.time() - 9999}
    ]
    session.save()
    there = client.get("/accounts/2fa/totp/activate/")["Location"]
    assert there.startswith("/accounts/confirm/?next=")
    begin = Page(client.get(there)).html.split('method="post" action="')[1].split('"')[0]
    done = provider.sign_in(client, begin=begin.replace("&amp;", "&"))
    assert provider.asked["prompt"] == ["login"]
    assert done["Location"] == "/accounts/2fa/totp/activate/"
    assert client.get(done["Location"]).status_code == 200
    assert SecurityEvent.objects.filter(kind=Kind.CONFIRMED).exists()


def test_confirming_as_another_person_confirms_nothing(provider: Provider, client: Client) -> None:
    provider.put(groups=["texting-managers"])
    provider.put("u-2", groups=["texting-managers"], email="eve@example.com")
    provider.sign_in(Client(), "u-2")
    provider.sign_in(client)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    response = provider.sign_in(
        client, "u-2", f"{BEGIN}?process=redirect&next=/accounts/2fa/totp/activate/"
    )
    assert response.status_code == 403
    assert client.get("/accounts/2fa/totp/activate/").status_code == 302


def test_tying_another_account_by_hand_is_refused(
    provider: Provider, agent: User, client: Client
) -> None:
    client.force_login(agent)
    provider.put(groups=["texting-managers"], email="eve@example.com")
    assert provider.sign_in(client, begin=f"{BEGIN}?process=connect").status_code == 403
    assert not SocialAccount.objects.exists()


def test_no_second_factor_of_ours_is_asked_for(
    provider: Provider, client: Client, settings: Any, vendors: Any
) -> None:
    settings.MFA_REQUIRED = True
    provider.sign_in_manager(client)
    assert client.get("/contacts/").status_code == 200


def test_without_passwords(provider: Provider, agent: User, client: Client, settings: Any) -> None:
    settings.PASSWORD_LOGIN = False
    page = Page(client.get("/accounts/login/"))
    assert "Sign in with Example Inc." in page.text
    assert "Password" not in page.text
    response = client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert response.status_code == 404


def test_without_a_map_roles_are_given_here(
    provider: Provider, agent: User, client: Client, settings: Any
) -> None:
    settings.OPENID = replace(settings.OPENID, roles={})
    User.objects.update(email="ada@example.com")
    provider.put()
    provider.sign_in(client)
    assert roles() == ["Agents"]
    provider.put("u-2", email="eve@example.com")
    assert provider.sign_in(Client(), "u-2").status_code == 403


def test_a_form_may_lead_to_the_provider(settings: Any) -> None:
    provider = OpenId("https://id.example.com/realms/x", "a", "b", "c", "groups", {}, ())
    assert provider.origin == "https://id.example.com"


def test_a_half_set_provider_stops_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="OIDC_CLIENT_SECRET is missing"):
        read_openid(Reader(OIDC_ISSUER="https://id.example.com", OIDC_CLIENT_ID="x"), ())
    assert read_openid(Reader(), ()) is None


@pytest.mark.parametrize("pair", ["managers", "=Managers", "managers=", "managers=Boss"])
def test_an_unknown_role_stops_the_start(pair: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="GROUP=ROLE"):
        read_roles([pair], tuple(ROLES))


def test_roles_are_read_in_any_case() -> None:
    assert read_roles(["a=managers", "CN=x,OU=y=Agents"], tuple(ROLES)) == {
        "a": "Managers",
        "CN=x,OU=y": "Agents",
    }
