"""django-allauth's hooks: who may sign up, how secrets are stored, what a company's groups mean."""

import base64
import os
import time
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from contacts_ui import client_address
from contacts_ui.models import SecurityEventKind
from contacts_ui.services import security
from contacts_ui.sign_in import company, limits
from contacts_ui.sign_in.confirmation import is_fresh
from contacts_ui.sign_in.secrets import decrypt, encrypt

# An older sign-in at the provider confirms nothing.
_CONFIRMS_SECONDS = 300
MISMATCH = "The username and the password don't match. Check both, and try again."
# Buttons on the page that asks to confirm, by allauth's ids.
CONFIRM_BY = {"mfa_reauthenticate": "Use a code", "mfa_reauthenticate:webauthn": "Use your passkey"}
SLOWED = "Too many failed sign-ins. Wait {seconds} seconds, then try again."
SLOWED_LONG = "Too many failed sign-ins from your network. Try again in {minutes} minutes."


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators, or by company sign-in."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": MISMATCH,
        "email_password_mismatch": MISMATCH,
        "incorrect_password": "This password is not right. Try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: there is no sign-up."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the real address; this machine's own if the request came over a socket without an address."""
        return client_address.address_of(request) or "127.0.0.1"

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Add only errors: the page itself shows that something worked."""
        if level >= messages.ERROR:
            super().add_message(request, level, *args, **kwargs)

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send nothing: this dashboard has no mail server."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> bool:
        """Send nothing, as above."""
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Return False soon after signing in: that was a confirmation too."""
        return not is_fresh(context.request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise ValidationError if this sign-in must wait."""
        name = _name_in(credentials)
        seconds = limits.seconds_to_wait(request, name)
        if not seconds:
            return
        request.wait_seconds = seconds  # type: ignore[attr-defined]
        account = limits.account_named(name)
        security.record(
            SecurityEventKind.SIGN_IN_SLOWED,
            account=account,
            name=name,
            details={"seconds": seconds},
        )
        long = seconds > limits.LONGEST_WAIT_SECONDS
        words = (
            SLOWED_LONG.format(minutes=-(-seconds // 60))
            if long
            else SLOWED.format(seconds=seconds)
        )
        raise ValidationError(words, code="slowed")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record the failure under the account it was tried for, or under what was typed."""
        name = _name_in(credentials)
        details: dict[str, object] = (
            {"known_browser": True} if limits.knows_browser(request, name) else {}
        )
        match = request.resolver_match
        if match and match.url_name == "account_reauthenticate":
            details["way"] = "confirmation"
        security.record(
            SecurityEventKind.SIGN_IN_FAILED,
            account=limits.account_named(name),
            name=name,
            details=details,
        )

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Send a company account through company sign-in, where its role and access can end."""
        through = "sociallogin" in (kwargs.get("signal_kwargs") or {})
        if not through and (not settings.PASSWORD_LOGIN or company.is_company_account(user)):
            details = {"why": "company only"}
            security.record(SecurityEventKind.SIGN_IN_FAILED, account=user, details=details)
            return render(request, "account/company_only.html", status=403)
        return super().pre_login(request, user, **kwargs)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Record it: the password was right, but the account is deactivated."""
        security.record(
            SecurityEventKind.SIGN_IN_FAILED, account=user, details={"why": "deactivated"}
        )
        return super().respond_user_inactive(request, user)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Return the ways to confirm; for a company account, company sign-in again."""
        methods: list[dict[str, Any]] = [
            {**each, "description": CONFIRM_BY.get(each["id"], each["description"])}
            for each in super().get_reauthentication_methods(user)
        ]
        if company.is_company_account(user):
            methods.append(
                {
                    "id": "company",
                    "description": "Sign in again with your company account",
                    "url": reverse("confirm_with_company"),
                }
            )
        return methods


def _name_in(credentials: dict[str, Any]) -> str:
    return str(credentials.get("username") or credentials.get("email") or "")[:150]


class FactorAdapter(DefaultMFAAdapter):
    """Second factors: their secrets are stored encrypted."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right. Use the newest one from your app.",
    }

    def encrypt(self, text: str) -> str:
        """Return `text` encrypted."""
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the decrypted text; if no key of ours fits, a secret that no code matches."""
        return decrypt(encrypted_text) or base64.b32encode(os.urandom(20)).decode()

    def generate_authenticator_name(self, *args: Any, **kwargs: Any) -> str:
        """Return the name that the form proposes."""
        return "My passkey"


class CompanyAdapter(DefaultSocialAccountAdapter):
    """Company sign-in: groups decide roles, and a person without a role is told so."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let the role follow the provider; refuse those without one, and those who are deactivated."""
        process = sociallogin.state.get("process")
        if process == "redirect":
            self._confirm(request, sociallogin)
            return
        if process != "login":
            # Accounts are matched by email address, never linked by hand.
            self._refuse(request, None, str(process))
        claims = company.claims_of(sociallogin)
        if not company.is_one_person(sociallogin):
            self._refuse(request, None, "tokens of two people")
        account: User | None = sociallogin.user if sociallogin.is_existing else None
        name = str(claims.get("email") or claims.get("sub", ""))
        # Their address belongs to an account that they may not take, or that is deactivated.
        theirs = account or limits.account_named(str(claims.get("email") or ""))
        if theirs is not None and (account is None or not theirs.is_active):
            self._refuse(request, theirs, name)
        if not company.roles_of(claims, account):
            self._refuse(request, account, name)
        if account is not None:
            company.follow_groups(claims, account)

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """Return the account with the person's email address, in upper or lower case."""
        if company.claims_of(sociallogin).get("email_verified") in (False, "false"):
            return None
        # Never an account that already belongs to another person there, and never a superuser.
        ours = User.objects.filter(is_superuser=False, socialaccount=None)
        for address in sociallogin.email_addresses:
            account = ours.filter(email__iexact=address.email).order_by("pk").first()
            if address.verified and account is not None:
                return account, address.email
        return None

    def _confirm(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Count a sign-in at the provider as a confirmation if it was the same person."""
        known = sociallogin.is_existing and request.user.is_authenticated
        signed_in_at = company.claims_of(sociallogin).get("auth_time")
        now = time.time()
        old = isinstance(signed_in_at, int | float) and now - signed_in_at > _CONFIRMS_SECONDS
        same = known and sociallogin.user.pk == request.user.pk
        if same and not old and company.is_one_person(sociallogin):
            record_authentication(request, request.user, "socialaccount", reauthenticated=True)
            return
        self._refuse(request, None, "confirmed as another person")

    def _refuse(self, request: HttpRequest, account: User | None, why: str) -> NoReturn:
        security.record(
            SecurityEventKind.SIGN_IN_FAILED, account=account, name=why, details={"way": "company"}
        )
        page = render(request, "account/no_role.html", status=403)
        raise ImmediateHttpResponse(page)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return True: `pre_social_login` has refused those without a role."""
        return True

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Return True: no form is asked for."""
        return True

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Make the account, in the roles of its groups."""
        account: User = super().save_user(request, sociallogin, form)
        company.follow_groups(company.claims_of(sociallogin), account)
        return account
