"""What an attack on the sign-in found, closed: each of these opened something once."""

import logging
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from contacts_ui.integrations.redact import hide_in_path
from contacts_ui.models import SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from contacts_ui.services import people
from contacts_ui.sign_in import secrets
from tests.pages import Page
from tests.people import PASSWORD, make_staff
from tests.sign_in.provider import BEGIN, Provider
from tests.sign_in.test_factors import SECRET, code
from tests.sign_in.test_limits import attack, sign_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("verified", [False, "false", None])
def test_an_unverified_email_takes_over_no_account(
    verified: Any, provider: Provider, agent: User, client: Client
) -> None:
    User.objects.update(email="ada@example.com")
    provider.put(groups=["texting-managers"], email_verified=verified)
    provider.sign_in(client)
    agent.refresh_from_db()
    assert agent.has_usable_password()
    assert [group.name for group in agent.groups.all()] == ["Agents"]
    assert not SocialAccount.objects.filter(user=agent).exists()


def test_no_email_opens_a_superusers_account(provider: Provider, client: Client) -> None:
    User.objects.create_superuser("root", email="ada@example.com", password=PASSWORD)
    provider.put(groups=["texting-agents"])
    provider.sign_in(client)
    assert User.objects.get(username="root").has_usable_password()


def test_a_second_person_with_the_same_email_gets_no_account_of_the_first(
    provider: Provider, client: Client
) -> None:
    provider.put(groups=["texting-managers"])
    provider.sign_in(Client())
    provider.put("u-2", groups=["texting-agents"])
    provider.sign_in(client, "u-2")
    assert SocialAccount.objects.count() == 1


def test_secrets_that_no_key_opens_fit_no_code(
    manager: User, client: Client, settings: Any
) -> None:
    TOTP.activate(manager, SECRET)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "lost", []
    assert secrets.decrypt(Authenticator.objects.get().data["secret"]) == ""
    client.post("/accounts/login/", {"login": "max", "password": PASSWORD})
    answer = client.post("/accounts/2fa/authenticate/", {"code": code("")})
    assert answer.status_code == 200


def test_an_account_of_the_company_signs_in_through_it_alone(
    provider: Provider, client: Client
) -> None:
    provider.put(groups=["texting-agents"])
    provider.sign_in(Client())
    account = User.objects.get()
    account.set_password(PASSWORD)
    account.save()
    response = client.post("/accounts/login/", {"login": account.username, "password": PASSWORD})
    assert response.status_code == 403
    assert "Sign in with your company account" in Page(response).text
    assert client.get("/accounts/2fa/").status_code == 302


def test_a_known_browser_is_not_kept_out_by_its_neighbors(agent: User) -> None:
    home = Client(REMOTE_ADDR="198.51.100.7")
    sign_in(home)
    for number in range(35):
        attack(1, "198.51.100.7", f"name-{number}")
    home.cookies.pop("sessionid")
    assert sign_in(home).status_code == 302
    stranger = Client(REMOTE_ADDR="198.51.100.7")
    assert sign_in(stranger).status_code == 429
    home.cookies.pop("sessionid")
    assert [sign_in(home, "wrong").status_code for _ in range(7)][-1] == 429


@pytest.mark.parametrize(
    "path", ["/accounts/link/a-token", "/accounts/link/a-token/x/", "/webhooks/slicktext/a-token"]
)
def test_no_secret_of_an_address_is_logged(path: str) -> None:
    assert "a-token" not in hide_in_path(path)
    assert logging.getLogger("django.security.csrf").level >= logging.ERROR


def test_a_session_from_before_the_factor_ends(
    manager: User, client: Client, settings: Any
) -> None:
    settings.MFA_REQUIRED = True
    thief = Client()
    thief.post("/accounts/login/", {"login": "max", "password": PASSWORD})
    client.post("/accounts/login/", {"login": "max", "password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    with pytest_on_commit():
        client.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert thief.get("/accounts/2fa/").status_code == 302
    assert client.get("/accounts/2fa/").status_code == 200


def pytest_on_commit() -> Any:
    """Run what waits for the end of the transaction."""
    from django.test import TestCase

    return TestCase.captureOnCommitCallbacks(execute=True)


def test_a_factor_that_this_session_never_used_is_asked_for(
    manager: User, client: Client, settings: Any
) -> None:
    settings.MFA_REQUIRED = True
    TOTP.activate(manager, SECRET)
    client.force_login(manager)
    there = client.get("/overview/")["Location"]
    assert there == "/accounts/2fa/reauthenticate/?next=/overview/"
    done = client.post("/accounts/2fa/reauthenticate/", {"code": code(), "next": "/overview/"})
    assert done["Location"] == "/overview/"
    assert client.get("/overview/").status_code == 200


def test_confirming_with_the_company_always_asks_for_the_password(
    provider: Provider, client: Client
) -> None:
    provider.put(groups=["texting-managers"])
    provider.sign_in(client)
    evil = f"{BEGIN}?process=redirect&next=/&auth_params=redirect_uri%3Dhttps%3A%2F%2Fevil.example"
    provider.sign_in(client, begin=evil)
    assert provider.asked["prompt"] == ["login"]
    assert provider.asked["max_age"] == ["0"]
    assert "evil" not in str(provider.asked)


def test_an_old_sign_in_at_the_company_confirms_nothing(
    provider: Provider, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contacts_ui.sign_in import company

    provider.put(groups=["texting-managers"])
    provider.sign_in(client)
    told = company.claims_of
    monkeypatch.setattr(
        company, "claims_of", lambda login: {**told(login), "auth_time": time.time() - 9999}
    )
    assert provider.sign_in(client, begin=f"{BEGIN}?process=redirect&next=/").status_code == 403


def test_people_are_changed_after_a_fresh_confirmation(client: Client) -> None:
    admin, ada = make_staff("adam"), make_staff("ada")
    client.force_login(admin)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 1200}]
    session.save()
    page = client.get(f"/people/{ada.pk}/")
    assert page["Location"].startswith("/accounts/reauthenticate/")
    for verb in ("deactivate", "reset-factors", "reset-link"):
        client.post(f"/people/{ada.pk}/{verb}/")
    ada.refresh_from_db()
    assert ada.is_active
    assert not ada.links.exists()


@pytest.mark.parametrize("ends", ["deactivated", "role", "password"])
def test_links_end_with_what_allowed_them(ends: str, client: Client) -> None:
    adam, ada, chief = make_staff("adam"), make_staff("ada"), User.objects.create_superuser("chief")
    link = people.make_reset_link(staff=adam, pk=ada.pk)
    if ends == "deactivated":
        people.deactivate(staff=chief, pk=adam.pk, even_if_last=True)
    elif ends == "role":
        people.change_role(staff=chief, pk=adam.pk, role="Viewers", even_if_last=True)
    else:
        client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
        new = "an-even-better-battery"
        data = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        assert client.post("/accounts/password/", data).status_code == 302
    with pytest.raises(people.LinkGone):
        people.link_of(link.token)


def test_an_account_without_a_password_has_none_to_change(client: Client, agent: User) -> None:
    agent.set_unusable_password()
    agent.save()
    client.force_login(agent)
    assert client.get("/accounts/password/").status_code == 404


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": 5},
        {"groups": True},
        {"groups": {"a": 1}},
        {"email": 5},
        {"name": {"a": 1}},
        {"preferred_username": 5},
    ],
    ids=str,
)
def test_odd_claims_are_no_access_and_no_500(
    claims: dict[str, Any], provider: Provider, client: Client
) -> None:
    provider.put(**{"groups": ["texting-agents"], **claims})
    response = provider.sign_in(client)
    assert response.status_code in (302, 401, 403, 502)


def test_a_provider_that_is_away_says_so(provider: Provider, client: Client, settings: Any) -> None:
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    apps[0]["settings"]["server_url"] = "http://127.0.0.1:9"
    response = client.post(BEGIN)
    assert response.status_code == 502
    assert "Company sign-in did not work" in Page(response).text


@pytest.mark.parametrize("credential", ["[" * 50_000, "{}", "5", '{"response": 5}'])
def test_odd_passkeys_are_no_500(credential: str, client: Client) -> None:
    response = client.post("/accounts/2fa/webauthn/login/", {"credential": credential})
    assert response.status_code in (302, 400)


def test_a_long_name_is_no_500(client: Client) -> None:
    response = client.post("/accounts/login/", {"login": "x" * 60_000, "password": "y"})
    assert response.status_code == 200
    assert not SecurityEvent.objects.filter(kind=Kind.SIGN_IN_FAILED).exists()


def test_polling_keeps_no_session_alive(client: Client, agent: User, settings: Any) -> None:
    client.force_login(agent)
    start, idle = timezone.now(), settings.SESSION_IDLE_MINUTES
    for minutes in (idle / 2, idle - 1):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            assert client.get("/accounts/2fa/", headers={"X-Poll": "1"}).status_code == 200
    with time_machine.travel(start + timedelta(minutes=idle + 1)):
        assert client.get("/accounts/2fa/").status_code == 302


def test_user_info_of_another_person_is_refused(
    provider: Provider, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contacts_ui.sign_in.openid_views import CheckingAdapter

    told = CheckingAdapter._fetch_user_info
    monkeypatch.setattr(
        CheckingAdapter, "_fetch_user_info", lambda self, token: {**told(self, token), "sub": "u-9"}
    )
    provider.put(groups=["texting-managers"])
    assert provider.sign_in(client).status_code == 403
    assert not User.objects.exists()
