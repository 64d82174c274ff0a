"""Passkeys with a virtual authenticator, an app's code, and the company's sign-in, in a real browser."""

import copy
import time
from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from contacts_ui.permissions import ROLES
from tests.browser.conftest import PHONE
from tests.browser.test_looks import look
from tests.people import PASSWORD, group_of
from tests.sign_in.provider import running

Open = Callable[..., Page]


def add_authenticator(page: Page) -> None:
    """Give the browser a platform authenticator that always agrees."""
    chromium = page.context.new_cdp_session(page)
    chromium.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    chromium.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")
    expect(page.get_by_label("Username or email")).to_be_focused()


def test_a_passkey_is_added_and_used_instead_of_a_password(
    open_as: Open, manager: User, settings: Any
) -> None:
    settings.MFA_REQUIRED = True
    page = open_as(manager)
    page.wait_for_url("**/accounts/2fa/?required=1")
    look(page)
    add_authenticator(page)
    page.get_by_role("link", name="Add a passkey").click()
    look(page)
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/accounts/2fa/recovery-codes/")
    look(page)
    page.get_by_role("link", name="Back to your account").click()
    page.get_by_role("link", name="1 passkey").click()
    look(page)
    page.goto("/contacts/")
    sign_out(page)
    look(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/overview/")
    # As a second factor, after a password.
    sign_out(page)
    page.get_by_label("Username or email").fill("max")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/accounts/2fa/authenticate/")
    look(page)
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url("**/overview/")


def test_a_passkey_that_does_not_work_says_so(open_as: Open, manager: User) -> None:
    page = open_as(manager, "/accounts/2fa/webauthn/add/")
    page.evaluate("() => { navigator.credentials.create = () => Promise.reject(new Error()) }")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_have_text(
        "The passkey did not work. Try again, or use another way."
    )
    assert not Authenticator.objects.exists()


def test_an_app_is_set_up(open_as: Open, manager: User) -> None:
    page = open_as(manager, "/accounts/2fa/totp/activate/", viewport=PHONE)
    look(page)
    expect(page.locator(".qr svg")).to_be_visible()
    secret = page.locator("code.key").inner_text()
    page.get_by_label("Six digits").fill("000")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("alert")).to_contain_text("Not set up yet.")
    page.get_by_label("Six digits").fill(
        format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    )
    page.get_by_role("button", name="Turn it on").click()
    page.wait_for_url("**/accounts/2fa/recovery-codes/")
    look(page)


def test_sessions_and_confirming(open_as: Open, manager: User) -> None:
    page = open_as(manager, "/accounts/sessions/")
    look(page)
    page.goto("/accounts/reauthenticate/?next=/contacts/")
    look(page)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/contacts/")


def test_the_company_signs_people_in_under_our_policy(
    open_as: Open, agent: User, settings: Any
) -> None:
    for role in ROLES:
        group_of(role)
    with running() as provider:
        settings.OPENID = provider.settings()
        settings.SOCIALACCOUNT_PROVIDERS = settings.OPENID.as_provider()
        policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
        policy["DIRECTIVES"]["form-action"].append(settings.OPENID.origin)
        settings.CONTENT_SECURITY_POLICY = policy
        provider.put(groups=["texting-agents"])
        page = open_as(agent)
        sign_out(page)
        look(page)
        page.get_by_role("button", name="Sign in with Example Inc.").click()
        page.wait_for_url(f"{provider.issuer}/**")
        page.locator("[name=sub]").first.fill("u-1")
        page.locator("[name=sub]").first.press("Enter")
        page.wait_for_url("**/home/")
