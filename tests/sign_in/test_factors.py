"""The second factor: asked for at sign-in, set up by those who need one, stored encrypted."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.test import Client

from contacts_ui.models import LedgerEntry, SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from tests.pages import Page
from tests.people import PASSWORD, Vendors, make_staff

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PRESS = "/contacts/7778/do-not-text/"


def code(secret: str = SECRET) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def sign_in(client: Client, name: str) -> Any:
    return client.post("/accounts/login/", {"login": name, "password": PASSWORD})


def test_a_code_is_asked_for(manager: User, client: Client) -> None:
    TOTP.activate(manager, SECRET)
    assert sign_in(client, "max")["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/contacts/").status_code == 302, "not signed in yet"
    wrong = client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert Page(wrong).errors("code")
    right = client.post("/accounts/2fa/authenticate/", {"code": code()})
    assert right.status_code == 302
    assert client.get("/accounts/2fa/").status_code == 200
    event = SecurityEvent.objects.get(kind=Kind.SIGNED_IN)
    assert event.details == {"way": "password+mfa"}


@pytest.mark.parametrize("recovery", [False, True])
def test_a_code_works_once(recovery: bool, manager: User) -> None:
    TOTP.activate(manager, SECRET)
    unused = RecoveryCodes.activate(manager).get_unused_codes()[0] if recovery else ""
    answers = []
    for _ in range(2):
        client = Client()
        sign_in(client, "max")
        data = {"code": unused or code()}
        answers.append(client.post("/accounts/2fa/authenticate/", data).status_code)
    assert answers == [302, 200]


def test_guessing_codes_is_slowed_down(manager: User, client: Client) -> None:
    TOTP.activate(manager, SECRET)
    sign_in(client, "max")
    texts = [
        Page(client.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"})).text
        for n in range(14)
    ]
    assert "Too many failed" in texts[-1]


def test_secrets_are_stored_encrypted(manager: User) -> None:
    TOTP.activate(manager, SECRET)
    RecoveryCodes.activate(manager)
    for row in Authenticator.objects.all():
        assert SECRET not in str(row.data)
        assert str(row.data.get("secret") or row.data["seed"]).startswith("gAAAA")


def test_secrets_outlive_a_new_key(manager: User, settings: Any, client: Client) -> None:
    TOTP.activate(manager, SECRET)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-new-one"
    sign_in(client, "max")
    assert client.post("/accounts/2fa/authenticate/", {"code": code()}).status_code == 302


@pytest.mark.parametrize(
    ("username", "needs"), [("vera", False), ("edgar", False), ("ada", False), ("max", True)]
)
def test_whose_role_needs_one(
    username: str, needs: bool, settings: Any, client: Client, vendors: Vendors
) -> None:
    settings.MFA_REQUIRED = True
    client.force_login(make_staff(username))
    response = client.get("/contacts/")
    assert (response.status_code == 302) is needs
    if needs:
        assert response["Location"] == "/accounts/2fa/?required=1"
        assert "Your role needs a second factor" in Page(client.get(response["Location"])).text
        htmx = client.get("/contacts/", headers={"HX-Request": "true"})
        assert htmx["HX-Redirect"] == "/accounts/2fa/?required=1"


def test_a_stop_does_not_wait_for_it(
    settings: Any, manager: User, client: Client, vendors: Vendors
) -> None:
    settings.MFA_REQUIRED = True
    client.force_login(manager)
    assert client.post(PRESS)["Location"] == "/contacts/7778/"
    assert LedgerEntry.objects.filter(action="stop:requested").exists()
    lift = client.post("/contacts/7778/opt-in/")
    assert lift["Location"] == "/accounts/2fa/?required=1"


@pytest.mark.django_db(transaction=True)
def test_setting_up_an_app(settings: Any, manager: User, client: Client, vendors: Vendors) -> None:
    settings.MFA_REQUIRED = True
    client.force_login(manager)
    page = client.get("/accounts/2fa/totp/activate/")
    assert "<svg" in page.text
    assert "data:" not in page.text, "the policy allows no such image"
    secret = client.session["mfa.totp.secret"]
    done = client.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert done["Location"] == "/accounts/2fa/recovery-codes/"
    assert len(Page(client.get(done["Location"])).html.split('class="key"')) == 11
    assert client.get("/contacts/").status_code == 200
    kinds = set(SecurityEvent.objects.values_list("kind", flat=True))
    assert {Kind.FACTOR_ADDED, Kind.CODES_MADE} <= kinds


def test_turning_it_off_asks_for_another(
    settings: Any, manager: User, client: Client, vendors: Vendors
) -> None:
    settings.MFA_REQUIRED = True
    TOTP.activate(manager, SECRET)
    client.force_login(manager)
    client.post("/accounts/2fa/reauthenticate/", {"code": code()})
    assert client.get("/contacts/").status_code == 200
    client.post("/accounts/2fa/totp/deactivate/")
    assert client.get("/contacts/")["Location"] == "/accounts/2fa/?required=1"
    assert SecurityEvent.objects.filter(kind=Kind.FACTOR_REMOVED).exists()


def test_factors_change_after_a_fresh_confirmation_only(manager: User, client: Client) -> None:
    client.force_login(manager)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 3600}]
    session.save()
    for address in ("totp/activate/", "webauthn/add/", "recovery-codes/generate/"):
        response = client.get(f"/accounts/2fa/{address}")
        assert response["Location"].startswith("/accounts/reauthenticate/")


@pytest.mark.parametrize(
    "address", ["webauthn/", "webauthn/add/", "recovery-codes/generate/", "totp/activate/", ""]
)
def test_the_pages(address: str, manager: User, client: Client) -> None:
    client.force_login(manager)
    assert client.get(f"/accounts/2fa/{address}").status_code == 200
