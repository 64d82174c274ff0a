"""People: invited, changed, closed; who may not, what is asked twice, and what is written down."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from contacts_ui.models import AccountLink, LedgerEntry, SecurityEvent
from contacts_ui.models.accounts import LinkPurpose
from contacts_ui.permissions import ROLES, NotAllowed
from contacts_ui.services import people
from contacts_ui.services.people import Factor, LastOne, LinkGone, NotPossible
from dashboard.sign_in import OpenId
from tests.people import at_once, group_of, logged_in, make_staff

pytestmark = pytest.mark.django_db
NEW: dict[str, str] = {
    "username": "ann",
    "role": "Agents",
    "first_name": "Ann",
    "last_name": "Lee",
    "email": "Ann@Example.com",
}
GOOD = "seven wet umbrellas"
COMPANY = OpenId("https://id.example", "id", "secret", "Acme", "groups", {"m": "Managers"}, ())


@pytest.fixture
def adam(db: None) -> User:
    return make_staff("adam")


@pytest.fixture
def max_(manager: User) -> User:
    """The only one who may decide about consent."""
    return manager


def act(name: str, staff: Any, pk: int, **more: Any) -> Any:
    if name == "change_role":
        more.setdefault("role", "Viewers")
    return getattr(people, name)(staff=staff, pk=pk, **more)


ACTS = ("change_role", "deactivate", "reactivate", "make_reset_link", "reset_factors")


def invited(adam: User, **more: str) -> tuple[User, str]:
    account, link = people.invite(staff=adam, **{**NEW, **more})
    return account, link.token


def at_the_company(account: User) -> None:
    SocialAccount.objects.create(user=account, provider="company", uid=str(account.pk))


# Inviting


def test_an_invitation(adam: User) -> None:
    account, token = invited(adam)
    ann = people.person(account.pk)
    assert (ann.name, ann.roles, ann.account.email) == ("Ann Lee", ("Agents",), "Ann@example.com")
    assert ann.open_link.purpose == LinkPurpose.INVITE
    assert not ann.can_sign_in
    assert len(token) >= 43
    assert account.pk == people.link_of(token).account.pk


def test_the_token_is_nowhere(adam: User, caplog: pytest.LogCaptureFixture) -> None:
    account, link = people.invite(staff=adam, **NEW)
    assert link is not None
    kept = [AccountLink.objects.values().get(), LedgerEntry.objects.values().get()]
    told = [*SecurityEvent.objects.values(), caplog.text, repr(link)]
    assert link.token not in str([*kept, *told, User.objects.values().get(pk=account.pk)])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"username": "ADAM"}, "username"),
        ({"username": "boss@example.com"}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": ""}, "username"),
        ({"email": "BOSS@example.com"}, "email"),
        ({"email": "no address"}, "email"),
        ({"role": "Kings"}, "role"),
    ],
)
def test_an_invitation_that_makes_no_account(more: dict[str, str], field: str, adam: User) -> None:
    User.objects.filter(pk=adam.pk).update(email="boss@example.com")
    with pytest.raises(ValidationError) as error:
        people.invite(staff=adam, **{**NEW, **more})
    assert set(error.value.message_dict) == {field}
    assert User.objects.count() == 1
    assert not LedgerEntry.objects.exists()


def test_without_passwords_there_is_no_link(adam: User, settings: Any) -> None:
    settings.PASSWORD_LOGIN, settings.OPENID = False, COMPANY
    with pytest.raises(ValidationError):
        people.invite(staff=adam, **{**NEW, "email": ""})
    account, link = people.invite(staff=adam, **NEW)
    assert link is None
    assert not AccountLink.objects.exists()
    with pytest.raises(NotPossible, match="turned off"):
        people.make_reset_link(staff=adam, pk=account.pk)


# Links


def test_a_link_is_used_once(adam: User) -> None:
    account, token = invited(adam)
    people.use_link(token=token, password=GOOD)
    account.refresh_from_db()
    assert account.check_password(GOOD)
    assert people.person(account.pk).can_sign_in
    for again in (people.link_of, lambda each: people.use_link(token=each, password=GOOD)):
        with pytest.raises(LinkGone):
            again(token)
    event = SecurityEvent.objects.get(kind="password:changed")
    assert (event.account_id, event.details) == (account.pk, {"way": "link", "purpose": "invite"})


def test_a_weak_password_does_not_use_the_link_up(adam: User) -> None:
    _, token = invited(adam)
    for weak in ("short", "Manager-2026!!", "12345678901234"):
        with pytest.raises(ValidationError):
            people.use_link(token=token, password=weak)
    people.use_link(token=token, password=GOOD)


@pytest.mark.parametrize("token", ["", "x", "\ud800", "é" * 400])
def test_an_unknown_token(token: str, adam: User) -> None:
    invited(adam)
    with pytest.raises(LinkGone):
        people.link_of(token)


@pytest.mark.parametrize(("kind", "days"), [("invite", 7), ("reset", 1)])
def test_links_expire(kind: str, days: int, adam: User, agent: User) -> None:
    token = invited(adam)[1] if kind == "invite" else act("make_reset_link", adam, agent.pk).token
    with time_machine.travel(timezone.now() + timedelta(days=days, minutes=-1)):
        people.link_of(token)
    with (
        time_machine.travel(timezone.now() + timedelta(days=days, minutes=1)),
        pytest.raises(LinkGone),
    ):
        people.link_of(token)


def test_a_new_link_ends_the_one_before(adam: User) -> None:
    account, token = invited(adam)
    link = people.make_reset_link(staff=adam, pk=account.pk)
    assert link.purpose == LinkPurpose.INVITE, "they never had a password"
    with pytest.raises(LinkGone):
        people.link_of(token)
    people.use_link(token=link.token, password=GOOD)
    assert people.make_reset_link(staff=adam, pk=account.pk).purpose == LinkPurpose.RESET


def test_deactivating_ends_links_for_good(adam: User) -> None:
    account, token = invited(adam)
    act("deactivate", adam, account.pk)
    with pytest.raises(LinkGone):
        people.use_link(token=token, password=GOOD)
    with pytest.raises(NotPossible, match="deactivated"):
        act("make_reset_link", adam, account.pk)
    act("reactivate", adam, account.pk)
    with pytest.raises(LinkGone):
        people.link_of(token)


def test_a_reset_ends_sessions(adam: User, agent: User, vendors: Any) -> None:
    browser = logged_in(agent)
    link = act("make_reset_link", adam, agent.pk)
    assert browser.get("/contacts/").status_code == 200, "until it is used"
    people.use_link(token=link.token, password=GOOD)
    assert browser.get("/contacts/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_two_at_once_use_a_link_once(adam: User) -> None:
    _, token = invited(adam)
    outcomes = []

    def use(password: str) -> None:
        try:
            people.use_link(token=token, password=password)
            outcomes.append("used")
        except LinkGone:
            outcomes.append("gone")
        finally:
            connection.close()

    at_once(*(partial(use, f"{GOOD} {each}") for each in range(4)))
    assert sorted(outcomes) == ["gone", "gone", "gone", "used"]


# Who may not


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("username", ["vera", "edgar", "ada", "max", "nora"])
def test_only_administrators_may(name: str, username: str, adam: User) -> None:
    staff = make_staff(username)
    with pytest.raises(NotAllowed):
        act(name, staff, adam.pk)
    with pytest.raises(NotAllowed):
        people.invite(staff=staff, **NEW)
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("name", ACTS)
def test_no_one_does_it_to_themselves(name: str, adam: User) -> None:
    make = User.objects.create_user("eve", password=GOOD)
    make.groups.add(group_of("Administrators"))
    with pytest.raises(NotPossible):
        act(name, adam, adam.pk)
    adam.refresh_from_db()
    assert adam.is_active
    assert people.person(adam.pk).roles == ("Administrators",)
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("name", ["change_role", "make_reset_link", "reset_factors", "reactivate"])
def test_an_administrator_does_not_take_a_superuser_over(name: str, adam: User) -> None:
    root = User.objects.create_superuser("root", password=GOOD)
    other = User.objects.create_superuser("other", password=GOOD)
    with pytest.raises(NotPossible, match="superuser"):
        act(name, adam, root.pk)
    act(name, other, root.pk)


def test_an_administrator_may_close_a_superusers_account(adam: User, max_: User) -> None:
    root = User.objects.create_superuser("root", password=GOOD)
    assert not act("deactivate", adam, root.pk).account.is_active


# Roles


def test_another_role_replaces_ours_and_leaves_other_groups(adam: User, agent: User) -> None:
    agent.groups.add(group_of("Editors"), Group.objects.create(name="Bowling"))
    ada = act("change_role", adam, agent.pk, role="Viewers")
    assert (ada.roles, ada.other_groups) == (("Viewers",), ("Bowling",))
    entry = LedgerEntry.objects.get()
    assert (entry.action, entry.number, entry.staff_name) == (
        "account:role-changed",
        "",
        "Adam Admin",
    )
    assert entry.before["role"] == "Editors, Agents"
    assert entry.after["role"] == "Viewers"
    assert entry.after["username"] == "ada"
    event = SecurityEvent.objects.get(kind="role:changed")
    assert event.account_id == adam.pk
    assert event.details == {"person": "ada", "before": "Editors, Agents", "after": "Viewers"}


def test_an_unknown_role_is_refused(adam: User, agent: User) -> None:
    with pytest.raises(NotPossible):
        act("change_role", adam, agent.pk, role="Bowling")


def test_a_change_that_changes_nothing_is_not_written_down(adam: User, agent: User) -> None:
    act("change_role", adam, agent.pk, role="Agents")
    act("reactivate", adam, agent.pk)
    assert not LedgerEntry.objects.exists()
    assert not SecurityEvent.objects.exists()


def test_groups_at_the_company_decide(adam: User, agent: User, settings: Any) -> None:
    settings.OPENID = COMPANY
    at_the_company(agent)
    ada = people.person(agent.pk)
    assert ada.roles_follow_company
    assert ada.factors == (Factor.COMPANY,)
    with pytest.raises(NotPossible, match="groups"):
        act("change_role", adam, agent.pk)
    with pytest.raises(NotPossible, match="no password"):
        act("make_reset_link", adam, agent.pk)
    act("deactivate", adam, agent.pk)


def test_links_end_with_the_role_that_the_company_takes(adam: User) -> None:
    _, token = invited(adam)
    people.follow_company(account=adam, roles=["Administrators"])
    assert people.link_of(token)
    people.follow_company(account=adam, roles=["Viewers"])
    with pytest.raises(LinkGone):
        people.link_of(token)


# The last ones


@pytest.mark.parametrize("name", ["change_role", "deactivate"])
def test_the_last_who_decides_about_consent(name: str, adam: User, max_: User) -> None:
    with pytest.raises(LastOne, match="No one else could decide about consent"):
        act(name, adam, max_.pk)
    assert people.person(max_.pk).roles == ("Managers",)
    act(name, adam, max_.pk, even_if_last=True)
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("other", "is_last"),
    [({"is_active": True}, False), ({"is_active": False}, True), ({"password": "!"}, True)],
)
def test_who_counts_as_another(
    other: dict[str, Any], is_last: bool, adam: User, max_: User
) -> None:
    mia = User.objects.create_user("mia", password=GOOD)
    mia.groups.add(group_of("Managers"))
    User.objects.filter(pk=mia.pk).update(**other)
    assert ("lift_stops" in people.warnings(people.person(max_.pk))) is is_last


def test_permissions_given_by_hand_and_superusers_count(adam: User, max_: User) -> None:
    hand = User.objects.create_user("hand", password=GOOD)
    hand.user_permissions.add(Permission.objects.get(codename="lift_stops"))
    assert not people.warnings(people.person(max_.pk))
    hand.delete()
    User.objects.create_superuser("root", password=GOOD)
    assert not people.warnings(people.person(max_.pk))


def test_two_administrators_do_not_close_each_other_out(adam: User) -> None:
    eve = User.objects.create_user("eve", password=GOOD)
    eve.groups.add(group_of("Administrators"))
    stale = User.objects.get(pk=eve.pk)
    assert stale.has_perm("contacts_ui.manage_people")
    act("deactivate", adam, eve.pk)
    with pytest.raises(LastOne, match="manage people"):
        act("deactivate", stale, adam.pk)


# Sessions and factors


def test_deactivating_ends_sessions_at_once(adam: User, agent: User, vendors: Any) -> None:
    listed, unlisted, other = Client(), logged_in(agent), logged_in(adam)
    listed.force_login(agent)
    UserSession.objects.create(user=agent, ip="127.0.0.1", session_key=listed.session.session_key)
    act("deactivate", adam, agent.pk)
    assert not Session.objects.filter(
        session_key__in=[listed.session.session_key, unlisted.session.session_key]
    ).exists()
    assert not UserSession.objects.exists()
    assert other.get("/people/").status_code == 200
    entry = LedgerEntry.objects.get()
    assert entry.after == {
        "username": "ada",
        "role": "Agents",
        "active": False,
        "second_factor": "none",
        "sessions_ended": 2,
    }
    act("reactivate", adam, agent.pk)
    assert unlisted.get("/contacts/").status_code == 302
    assert people.person(agent.pk).roles == ("Agents",)


def test_resetting_factors(adam: User, agent: User) -> None:
    for kind in ("totp", "webauthn", "recovery_codes"):
        Authenticator.objects.create(user=agent, type=kind, data={})
    Authenticator.objects.create(user=adam, type="totp", data={})
    logged_in(agent)
    assert people.person(agent.pk).factors == (Factor.PASSKEY, Factor.APP)
    assert act("reset_factors", adam, agent.pk).factors == ()
    assert people.person(adam.pk).factors == (Factor.APP,)
    entry = LedgerEntry.objects.get()
    assert entry.action == "account:factors-reset"
    assert (entry.before["second_factor"], entry.after["second_factor"]) == ("passkey, app", "none")
    assert entry.after["sessions_ended"] == 1
    assert SecurityEvent.objects.get(kind="factor:removed").details == {"person": "ada"}


@pytest.mark.parametrize(
    ("name", "action", "kind"),
    [
        ("deactivate", "account:deactivated", "account:deactivated"),
        ("make_reset_link", "account:link-made", "link:made"),
    ],
)
def test_each_is_in_the_ledger_and_among_the_events(
    name: str, action: str, kind: str, adam: User, agent: User
) -> None:
    act(name, adam, agent.pk)
    entry, event = LedgerEntry.objects.get(), SecurityEvent.objects.get()
    assert (entry.action, entry.staff_id, entry.after["username"]) == (action, adam.pk, "ada")
    assert (event.kind, event.account_id, event.details["person"]) == (kind, adam.pk, "ada")


def test_what_the_ledger_refuses_is_not_done(
    adam: User, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("contacts_ui.services.audit_log.record", refuse)
    for name in ("change_role", "deactivate", "make_reset_link"):
        with pytest.raises(RuntimeError):
            act(name, adam, agent.pk)
    ada = people.person(agent.pk)
    assert ada.account.is_active
    assert ada.roles == ("Agents",)
    assert ada.open_link is None


# Reading


def test_everyone_honestly(adam: User, agent: User) -> None:
    agent.groups.add(group_of("Viewers"), Group.objects.create(name="Bowling"))
    agent.user_permissions.add(Permission.objects.get(codename="export_contacts"))
    root = User.objects.create_superuser("root", password=GOOD)
    gone = User.objects.create_user("aaron", password=GOOD, is_active=False)
    found = people.people()
    assert [each.pk for each in found] == [agent.pk, adam.pk, root.pk, gone.pk]
    ada = found[0]
    assert (ada.roles, ada.other_groups, ada.extra) == (
        ("Viewers", "Agents"),
        ("Bowling",),
        ("export_contacts",),
    )
    assert set(ada.permissions) == {*ROLES["Agents"], "export_contacts"}
    assert "lift_stops" in found[2].permissions


def test_many_people_cost_as_many_queries_as_few(
    adam: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(6):
        people.people()
    for number in range(20):
        User.objects.create_user(f"u{number}").groups.add(group_of("Viewers"))
    with django_assert_num_queries(6):
        people.people()


def test_who_to_ask(adam: User) -> None:
    User.objects.create_superuser("root", password=GOOD)
    User.objects.create_user("eve", password=GOOD, is_active=False).groups.add(
        group_of("Administrators")
    )
    assert people.administrators() == ["Adam Admin", "root"]
