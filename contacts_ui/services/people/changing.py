"""Invite people, and change what they may do. Accounts are never deleted: what they did stays under their name."""

from collections.abc import Callable, Sequence

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from contacts_ui.models import SecurityEventKind
from contacts_ui.models.accounts import LinkPurpose
from contacts_ui.models.ledger import Action
from contacts_ui.permissions import ROLES, Staff, require
from contacts_ui.services import audit_log, security
from contacts_ui.services.people import rules
from contacts_ui.services.people.links import Link, end_links, end_links_made_by, make, tell
from contacts_ui.services.people.reading import Person, person
from contacts_ui.services.people.sessions import end_all


def invite(
    *,
    staff: Staff | None,
    username: str,
    role: str,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
) -> tuple[User, Link | None]:
    """Make an account with a role, and a link to choose its password.

    No link where passwords are turned off: company sign-in finds the account by its email address. `staff`
    None is the command line. Raises NotAllowed, and ValidationError by field.
    """
    if staff is not None:
        require(staff, "manage_people")
    account = User(
        username=User.normalize_username(username.strip()),
        email=User.objects.normalize_email(email.strip()),
        first_name=first_name.strip(),
        last_name=last_name.strip(),
    )
    account.set_unusable_password()
    with transaction.atomic():
        audit_log.take_turn()
        _check(account, role)
        account.save()
        account.groups.add(Group.objects.get(name=role))
        link = make(account, LinkPurpose.INVITE, staff) if settings.PASSWORD_LOGIN else None
        audit_log.record(
            action=Action.ACCOUNT_INVITED,
            staff=staff,
            after={"username": account.username, "role": role},
        )
    tell(SecurityEventKind.INVITED, staff, account, role=role)
    return account, link


def _check(account: User, role: str) -> None:
    """Raise ValidationError for invalid values, or if two accounts could sign in the same way."""
    account.full_clean(exclude=["password"], validate_unique=False)
    errors = {}
    if _is_taken(account.username):
        errors["username"] = "Another account has this username. Choose another one."
    if account.email and _is_taken(account.email):
        errors["email"] = "Another account has this email address."
    if not account.email and not settings.PASSWORD_LOGIN:
        errors["email"] = "Company sign-in finds the account by its email address."
    if role not in ROLES:
        errors["role"] = "Choose a role."
    if errors:
        raise ValidationError(errors)


def _is_taken(name: str) -> bool:
    return User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name)).exists()


def change_role(*, staff: Staff, pk: int, role: str, even_if_last: bool = False) -> Person:
    """Give a person `role` (one of ROLES) instead of their roles. Groups that are not ours stay.

    Raises NotAllowed, NotPossible, LastOne, User.DoesNotExist.
    """

    def change(who: Person) -> int:
        rules.refuse_superuser(staff, who)
        if who.roles_follow_company:
            raise rules.NotPossible(rules.COMPANY_ROLES)
        if role not in ROLES:
            raise rules.NotPossible("Choose a role.")
        left = rules.left_with(who, role)
        rules.refuse_last(who, left=left, even_if_last=even_if_last)
        others = who.account.groups.exclude(name__in=ROLES)
        who.account.groups.set([*others, *Group.objects.filter(name=role)])
        end_links_made_by(who.account)
        return 0

    return _change(
        staff, pk, "role", change, Action.ACCOUNT_ROLE_CHANGED, SecurityEventKind.ROLE_CHANGED
    )


def follow_company(*, account: User, roles: Sequence[str]) -> None:
    """Give an account the `roles` (of ROLES) of its company groups. A change is recorded as the dashboard's."""
    before = sorted(account.groups.filter(name__in=ROLES).values_list("name", flat=True))
    if before == sorted(roles):
        return
    with transaction.atomic():
        audit_log.take_turn()
        others = account.groups.exclude(name__in=ROLES)
        account.groups.set([*others, *Group.objects.filter(name__in=roles)])
        end_links_made_by(account)
        name = account.get_username()
        audit_log.record(
            action=Action.ACCOUNT_ROLE_CHANGED,
            staff=None,
            before={"username": name, "role": ", ".join(before)},
            after={"username": name, "role": ", ".join(roles)},
        )
    details = {"before": before, "after": list(roles), "by": "company sign-in"}
    security.record(SecurityEventKind.ROLE_CHANGED, account=account, details=details)


def deactivate(*, staff: Staff, pk: int, even_if_last: bool = False) -> Person:
    """Deactivate an account, even a superuser's: its sessions and links end at once.

    Raises NotAllowed, NotPossible, LastOne, User.DoesNotExist.
    """

    def change(who: Person) -> int:
        rules.refuse_last(who, even_if_last=even_if_last)
        User.objects.filter(pk=pk).update(is_active=False)
        end_links(who.account)
        end_links_made_by(who.account)
        return end_all(who.account)

    return _change(
        staff, pk, "deactivate", change, Action.ACCOUNT_DEACTIVATED, SecurityEventKind.DEACTIVATED
    )


def reactivate(*, staff: Staff, pk: int) -> Person:
    """Reactivate an account, with its role. Raises NotAllowed, NotPossible, User.DoesNotExist."""

    def change(who: Person) -> int:
        rules.refuse_superuser(staff, who)
        User.objects.filter(pk=pk).update(is_active=True)
        return 0

    return _change(
        staff, pk, "deactivate", change, Action.ACCOUNT_REACTIVATED, SecurityEventKind.REACTIVATED
    )


def reset_factors(*, staff: Staff, pk: int) -> Person:
    """Remove every second factor and recovery code of an account, and end its sessions. Raises as `reactivate`."""

    def change(who: Person) -> int:
        rules.refuse_superuser(staff, who)
        Authenticator.objects.filter(user_id=pk).delete()
        return end_all(who.account)

    return _change(
        staff, pk, "factors", change, Action.ACCOUNT_FACTORS_RESET, SecurityEventKind.FACTOR_REMOVED
    )


def _change(
    staff: Staff,
    pk: int,
    what: str,
    change: Callable[[Person], int],
    action: Action,
    kind: SecurityEventKind,
) -> Person:
    """Do `change`, which returns how many sessions it ended, and record it if something changed.

    One change at a time: two administrators never deactivate each other.
    """
    require(staff, "manage_people")
    with transaction.atomic():
        audit_log.take_turn()
        who = person(pk)
        rules.refuse_own(staff, who, what)
        before, ended = _state(who), change(who)
        after = _state(person(pk))
        if after == before and not ended:
            return who
        more = {"sessions_ended": ended} if ended else {}
        audit_log.record(
            action=action, staff=staff, number="", before=before, after={**after, **more}
        )
    roles = {"before": before["role"], "after": after["role"]}
    # Only a changed role is recorded as before and after.
    tell(kind, staff, who.account, **(roles if action == Action.ACCOUNT_ROLE_CHANGED else {}))
    return person(pk)


def _state(who: Person) -> dict[str, str | bool]:
    """Return what the ledger keeps of an account."""
    return {
        "username": who.account.get_username(),
        "role": ", ".join(who.roles),
        "active": who.account.is_active,
        "second_factor": ", ".join(who.factors) or "none",
    }
