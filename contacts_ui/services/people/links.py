"""One-time links to choose a password. Only the hash of a token is kept."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone

from contacts_ui.models import AccountLink, SecurityEventKind
from contacts_ui.models.accounts import LinkPurpose
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import Staff, require
from contacts_ui.services import audit_log, security
from contacts_ui.services.people import rules
from contacts_ui.services.people.reading import open_links, person
from contacts_ui.services.people.sessions import end_all

VALID: Final = {LinkPurpose.INVITE: timedelta(days=7), LinkPurpose.RESET: timedelta(days=1)}
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True)
class Link:
    """A link that was just made. Its token is known only now."""

    account: User
    token: str = field(repr=False)
    purpose: LinkPurpose
    expires_at: datetime


class LinkGone(Exception):
    """The link was used, has expired, or never was."""


def make_reset_link(*, staff: Staff | None, pk: int) -> Link:
    """Make a link to choose a new password, or an invitation if none was ever chosen. Ends earlier links.

    Raises NotAllowed, NotPossible, User.DoesNotExist. `staff` None is the command line.
    """
    if staff is not None:
        require(staff, "manage_people")
    with transaction.atomic():
        audit_log.take_turn()
        who = person(pk)
        rules.refuse_own(staff, who, "link")
        rules.refuse_superuser(staff, who)
        if not settings.PASSWORD_LOGIN:
            raise rules.NotPossible(rules.NO_PASSWORDS)
        if who.is_company_account:
            raise rules.NotPossible(rules.COMPANY_PASSWORD)
        if not who.account.is_active:
            raise rules.NotPossible(rules.INACTIVE)
        invited = not who.account.has_usable_password()
        link = make(who.account, LinkPurpose.INVITE if invited else LinkPurpose.RESET, staff)
        audit_log.record(
            action=Action.ACCOUNT_LINK_MADE,
            staff=staff,
            after={"username": who.account.get_username(), "link": link.purpose.label},
        )
    tell(SecurityEventKind.LINK_MADE, staff, who.account, purpose=link.purpose.value)
    return link


def make(account: User, purpose: LinkPurpose, staff: Staff | None) -> Link:
    """Make a link within the caller's transaction. Earlier ones of the account end."""
    end_links(account)
    token, now = secrets.token_urlsafe(_TOKEN_BYTES), timezone.now()
    AccountLink.objects.create(
        account=account,
        purpose=purpose,
        token_hash=_hash(token),
        made_by_id=staff.pk if staff else None,
        made_at=now,
        expires_at=now + VALID[purpose],
    )
    return Link(account, token, purpose, now + VALID[purpose])


def end_links(account: User) -> None:
    """End the account's open links now."""
    open_links().filter(account=account).update(expires_at=timezone.now())


def end_links_made_by(account: User) -> None:
    """End the open links that an account has made: it may no longer make any."""
    open_links().filter(made_by=account).update(expires_at=timezone.now())


def link_of(token: str) -> AccountLink:
    """Return the open link of a token, with its account. Raises LinkGone, the same for every reason."""
    found = open_links().filter(token_hash=_hash(token), account__is_active=True)
    link = found.select_related("account").first() if settings.PASSWORD_LOGIN else None
    if link is None:
        raise LinkGone
    return link


def use_link(*, token: str, password: str) -> User:
    """Set the password; the link and the account's sessions end. Raises LinkGone, ValidationError."""
    validate_password(password, link_of(token).account)
    with transaction.atomic():
        link = link_of(token)
        now = timezone.now()
        # The first of two who press at once.
        if not open_links().filter(pk=link.pk).update(used_at=now):
            raise LinkGone
        account = link.account
        account.set_password(password)
        account.save(update_fields=["password"])
        end_links(account)
        end_all(account)
    security.record(
        SecurityEventKind.PASSWORD_CHANGED,
        account=account,
        details={"way": "link", "purpose": link.purpose},
    )
    return account


def tell(kind: SecurityEventKind, staff: Staff | None, account: User, **details: object) -> None:
    """Record what `staff` did to an account as a security event."""
    about = {"person": account.get_username(), **details}
    security.record(kind, account=staff, name="" if staff else "manage.py", details=about)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
