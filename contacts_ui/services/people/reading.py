"""Everyone who has an account, as the administrators' pages show them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Permission, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from contacts_ui.models import AccountLink, SecurityEvent, SecurityEventKind
from contacts_ui.permissions import APP_LABEL, PERMISSIONS, ROLES

# How many a page names.
ADMINISTRATORS_MAX, SIGN_INS_MAX = 3, 10
_SIGN_INS: Final = (
    SecurityEventKind.SIGNED_IN,
    SecurityEventKind.SIGN_IN_FAILED,
    SecurityEventKind.SIGN_IN_SLOWED,
)


class Factor(StrEnum):
    """A second factor that protects an account."""

    PASSKEY = "passkey"
    APP = "app"
    COMPANY = "company"


_FACTORS: Final = {
    Authenticator.Type.WEBAUTHN: Factor.PASSKEY,
    Authenticator.Type.TOTP: Factor.APP,
}


@dataclass(frozen=True)
class Person:
    """One account. `roles` are ours, `other_groups` are not; `extra` are permissions that none of their roles gives."""

    account: User
    roles: tuple[str, ...]
    other_groups: tuple[str, ...]
    permissions: tuple[str, ...]
    extra: tuple[str, ...]
    factors: tuple[Factor, ...]
    is_company_account: bool
    open_link: AccountLink | None

    @property
    def pk(self) -> int:
        """Return the account's id."""
        return int(self.account.pk)

    @property
    def name(self) -> str:
        """Return the full name; the username where there is none."""
        return self.account.get_full_name() or self.account.get_username()

    @property
    def has_own_factor(self) -> bool:
        """Return True if there is a second factor that can be reset here."""
        return bool(set(self.factors) - {Factor.COMPANY})

    @property
    def roles_follow_company(self) -> bool:
        """Return True if company groups decide the roles."""
        return self.is_company_account and bool(settings.OPENID and settings.OPENID.roles)

    @property
    def can_sign_in(self) -> bool:
        """Return True if the account is active and has a password or company sign-in."""
        by_password = settings.PASSWORD_LOGIN and self.account.has_usable_password()
        return self.account.is_active and (by_password or self.is_company_account)


@dataclass(frozen=True)
class SignIn:
    """One sign-in, or a try."""

    at: datetime
    what: str
    worked: bool
    address: str


def people() -> list[Person]:
    """Return everyone, active accounts first, then by name. A fixed number of queries."""
    found = _described(list(User.objects.all()))
    return sorted(
        found, key=lambda each: (not each.account.is_active, each.name.casefold(), each.pk)
    )


def person(pk: int) -> Person:
    """Return one person. Raises User.DoesNotExist."""
    return _described([User.objects.get(pk=pk)])[0]


def administrators() -> list[str]:
    """Return the names of active people who can give a role: administrators first, then superusers."""
    holders = holding("manage_people").order_by("is_superuser", "pk")[:ADMINISTRATORS_MAX]
    return [each.get_full_name() or each.get_username() for each in holders]


def last_sign_ins(account: User) -> list[SignIn]:
    """Return the account's last sign-ins and tries, the newest first."""
    events = SecurityEvent.objects.filter(account_id=account.pk, kind__in=_SIGN_INS).order_by("-at")
    return [
        SignIn(
            event.at,
            SecurityEventKind(event.kind).label,
            event.kind == SecurityEventKind.SIGNED_IN,
            event.address,
        )
        for event in events[:SIGN_INS_MAX]
    ]


def holding(codename: str) -> "QuerySet[User]":
    """Return the active accounts that hold a permission and can sign in."""
    by_role = Q(
        groups__permissions__codename=codename,
        groups__permissions__content_type__app_label=APP_LABEL,
    )
    by_hand = Q(
        user_permissions__codename=codename, user_permissions__content_type__app_label=APP_LABEL
    )
    at_company = SocialAccount.objects.filter(user_id=OuterRef("pk"))
    no_way = Q(pk__in=())
    sign_in = (
        ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX) if settings.PASSWORD_LOGIN else no_way
    )
    sign_in |= Q(Exists(at_company)) if settings.OPENID else no_way
    holders = User.objects.filter(by_role | by_hand | Q(is_superuser=True), is_active=True)
    return holders.filter(sign_in).distinct()


def open_links() -> "QuerySet[AccountLink]":
    """Return the links that can still be used."""
    return AccountLink.objects.filter(used_at=None, expires_at__gt=timezone.now())


def _described(accounts: list[User]) -> list[Person]:
    ids = [account.pk for account in accounts]
    groups = _pairs(User.groups.through.objects.filter(user__in=ids), "user_id", "group__name")
    ours = Permission.objects.filter(content_type__app_label=APP_LABEL, codename__in=PERMISSIONS)
    held = _pairs(ours.filter(group__user__in=ids), "group__user", "codename")
    by_hand = _pairs(ours.filter(user__in=ids), "user", "codename")
    factors = _pairs(Authenticator.objects.filter(user__in=ids), "user_id", "type")
    company: set[int] = set()
    if settings.OPENID:
        company = set(SocialAccount.objects.filter(user__in=ids).values_list("user_id", flat=True))
    links = {link.account_id: link for link in open_links().filter(account__in=ids).order_by("pk")}
    found = []
    for account in accounts:
        names = groups.get(account.pk, set())
        roles = tuple(role for role in ROLES if role in names)
        has = (
            set(PERMISSIONS)
            if account.is_superuser
            else (held.get(account.pk, set()) | by_hand.get(account.pk, set()))
        )
        given = {codename for role in roles for codename in ROLES[role]}
        own = [_FACTORS[kind] for kind in _FACTORS if kind in factors.get(account.pk, set())]
        found.append(
            Person(
                account,
                roles,
                tuple(sorted(names - set(ROLES))),
                tuple(name for name in PERMISSIONS if name in has),
                tuple(name for name in PERMISSIONS if name in has - given),
                (*own, *([Factor.COMPANY] if account.pk in company else [])),
                account.pk in company,
                links.get(account.pk),
            )
        )
    return found


def _pairs(rows: "QuerySet[Any]", key: str, value: str) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for pk, each in rows.values_list(key, value):
        found.setdefault(pk, set()).add(each)
    return found
