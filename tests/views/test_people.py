"""The administrators' pages: what they show, what each press does, and what is shown only once."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from contacts_ui.models import AccountLink, LedgerEntry
from contacts_ui.services import people
from tests.pages import Page
from tests.people import group_of, logged_in, make_staff
from tests.services.people.test_people import COMPANY, GOOD

pytestmark = pytest.mark.django_db
NEW = {
    "first_name": "Ann",
    "last_name": "Lee",
    "username": "ann",
    "email": "ann@example.com",
    "role": "Agents",
}
POSTS = (
    "person-change-role",
    "person-deactivate",
    "person-reactivate",
    "person-make-reset-link",
    "person-reset-factors",
)


@pytest.fixture
def admin(db: None) -> User:
    return make_staff("adam")


@pytest.fixture
def adam(admin: User) -> Client:
    return logged_in(admin)


def page_of(client: Client, who: User, status: int = 200) -> Page:
    response = client.get(reverse("person-detail", args=[who.pk]))
    assert response.status_code == status
    return Page(response)


def post(client: Client, name: str, who: User, **data: Any) -> Any:
    return client.post(reverse(name, args=[who.pk]), data)


def link_in(page: Page) -> str:
    return str(page.one("input", id="link")["value"])


def test_the_list(adam: Client, agent: User, manager: User) -> None:
    Authenticator.objects.create(user=manager, type="webauthn", data={})
    User.objects.create_user("gone", first_name="Gina", is_active=False)
    page = Page(adam.get("/people/"))
    rows = [each.text for each in page.all("tr")][1:]
    assert "3 active accounts" in page.text
    assert rows[0].startswith("Ada Agent ada Agent Second factor: None Last sign-in: Never Active")
    assert rows[1].startswith("Adam Admin (you)")
    assert "Manager Second factor: Passkey" in rows[2]
    assert rows[3].startswith("Gina")
    assert rows[3].endswith("Deactivated")


def test_an_invitation_shows_its_link_once(adam: Client) -> None:
    page = Page(adam.get("/people/invite/"))
    assert "a password that you never see" in page.text
    response = adam.post("/people/invite/", NEW)
    page = Page(response)
    assert response["Cache-Control"] == "no-store, private"
    assert "Ann Lee is invited" in page.text
    assert "It is valid until" in page.text
    link = link_in(page)
    assert re.fullmatch(r"http://testserver/accounts/link/[\w-]{43}/", link)
    ann = User.objects.get(username="ann")
    token = link.split("/")[-2]
    for address in ("/people/", f"/people/{ann.pk}/", "/people/invite/"):
        assert token not in adam.get(address).content.decode()
    assert "Invitation valid until" in page_of(adam, ann).text
    assert "Invitation" in Page(adam.get("/people/")).text


def test_an_invitation_that_is_wrong(adam: Client) -> None:
    response = adam.post("/people/invite/", {**NEW, "username": "Adam", "first_name": ""})
    page = Page(response)
    assert response.status_code == 422
    assert "Not invited yet." in page.text
    assert page.errors("first_name") == "Type the first name."
    response = adam.post("/people/invite/", {**NEW, "username": "Adam"})
    assert Page(response).errors("username").startswith("Another account has this username.")
    assert page.one("input", id="id_last_name")["value"] == "Lee", "what was typed stays"
    assert not LedgerEntry.objects.exists()


def test_without_passwords_an_invitation_makes_the_account_only(
    adam: Client, settings: Any
) -> None:
    settings.PASSWORD_LOGIN, settings.OPENID = False, COMPANY
    page = Page(adam.get("/people/invite/"))
    assert "They sign in with their company account. No link is needed." in page.text
    assert "company groups decide their role" in page.text
    response = adam.post("/people/invite/", NEW, follow=True)
    assert "Ann Lee can now sign in with their company account." in Page(response).text
    assert not AccountLink.objects.exists()
    ann = User.objects.get(username="ann")
    assert "Make a" not in page_of(adam, ann).text


def test_one_person(adam: Client, agent: User) -> None:
    page = page_of(adam, agent)
    assert "Find and read contacts" in page.text
    assert "Stop texts" in page.text
    assert page.form(f"/people/{agent.pk}/role/")["role"] == "Agents"
    assert "Signed in now No" in page.text
    assert "None yet." in page.text


def test_the_role_is_changed(adam: Client, agent: User) -> None:
    response = post(adam, "person-change-role", agent, role="Managers")
    assert response["Location"] == f"/people/{agent.pk}/"
    assert "Ada Agent is now a manager." in Page(adam.get(response["Location"])).text
    assert people.person(agent.pk).roles == ("Managers",)


def test_no_role_chosen(adam: Client, agent: User) -> None:
    response = post(adam, "person-change-role", agent)
    assert response.status_code == 422
    assert "Choose a role." in Page(response).text


def test_the_last_manager_needs_a_tick(adam: Client, manager: User) -> None:
    assert "No one else could decide about consent" in page_of(adam, manager).text
    for name, data in (("person-deactivate", {}), ("person-change-role", {"role": "Viewers"})):
        response = post(adam, name, manager, **data)
        page = Page(response)
        assert response.status_code == 422
        assert "Not changed. No one else could decide about consent" in page.text
        assert "Check this box to do it anyway." in page.text
        assert people.person(manager.pk).roles == ("Managers",)
    assert post(adam, "person-deactivate", manager, sure="on").status_code == 302
    assert not people.person(manager.pk).account.is_active
    assert "Manager, deactivated" in page_of(adam, manager).text


def test_with_another_manager_nothing_is_asked(adam: Client, manager: User) -> None:
    User.objects.create_user("mia", password=GOOD).groups.add(group_of("Managers"))
    assert "Do it anyway" not in page_of(adam, manager).text
    assert post(adam, "person-deactivate", manager).status_code == 302


def test_deactivated_and_back(adam: Client, agent: User, vendors: Any) -> None:
    ada = logged_in(agent)
    assert ada.get("/contacts/").status_code == 200
    response = adam.post(reverse("person-deactivate", args=[agent.pk]), follow=True)
    assert "Ada Agent can't sign in anymore." in Page(response).text
    assert ada.get("/contacts/").status_code == 302
    response = adam.post(reverse("person-reactivate", args=[agent.pk]), follow=True)
    assert "Ada Agent can sign in again." in Page(response).text
    assert ada.get("/contacts/").status_code == 302, "the old session stays ended"


def test_the_second_factor_is_reset(adam: Client, agent: User) -> None:
    assert "Reset the second factor" not in page_of(adam, agent).text
    Authenticator.objects.create(user=agent, type="totp", data={})
    page = page_of(adam, agent)
    assert "Second factor Authenticator app" in page.text
    [button] = [each for each in page.all("button") if each.text == "Remove it and sign them out"]
    assert any(button.inside(each) for each in page.all("details")), "a second press"
    response = adam.post(reverse("person-reset-factors", args=[agent.pk]), follow=True)
    assert "Ada Agent has no second factor anymore." in Page(response).text
    assert not Authenticator.objects.exists()


def test_oneself(adam: Client, admin: User) -> None:
    page = page_of(adam, admin)
    assert "This is you." in page.text
    assert [each["action"] for each in page.all("form")] == ["/accounts/logout/"]
    for name in POSTS:
        response = post(adam, name, admin, role="Viewers", sure="on")
        assert response.status_code == 422
        assert "Not changed." in Page(response).text
    assert people.person(admin.pk).roles == ("Administrators",)
    assert not LedgerEntry.objects.exists()


def test_a_superuser_and_several_groups_are_shown_as_they_are(adam: Client, agent: User) -> None:
    root = User.objects.create_superuser("root", password=GOOD)
    page = page_of(adam, root)
    assert "Everything, with any role (superuser)" in page.text
    assert "Change role" not in page.text
    assert "can't sign in" in page.text
    agent.groups.add(group_of("Viewers"), Group.objects.create(name="Bowling"))
    page = page_of(adam, agent)
    assert "They have 2 roles." in page.text
    assert "Bowling. They stay if you change the role." in page.text
    assert "role" not in page.form(f"/people/{agent.pk}/role/"), "it is chosen again"
    assert "Viewer, Agent" in Page(adam.get("/people/")).text


def test_a_role_of_the_company_is_not_changed_here(
    adam: Client, agent: User, settings: Any
) -> None:
    settings.OPENID = COMPANY
    SocialAccount.objects.create(user=agent, provider="company", uid="1")
    page = page_of(adam, agent)
    assert "Company groups decide this role." in page.text
    assert "Signs in with Their company account" in page.text
    for words in ("Change role", "Make a link", "Reset the second factor"):
        assert words not in page.text
    response = post(adam, "person-change-role", agent, role="Managers")
    assert "Company groups decide this role" in Page(response).text
    assert "From company sign-in" in Page(adam.get("/people/")).text


def test_last_sign_ins_and_sessions(adam: Client, agent: User, vendors: Any) -> None:
    browser = Client(REMOTE_ADDR="203.0.113.9")
    for password in ("wrong", "correct-horse-battery"):
        browser.post("/accounts/login/", {"login": "ada", "password": password})
    page = page_of(adam, agent)
    assert "Signed in from 203.0.113.9" in page.text
    assert "Failed to sign in from 203.0.113.9" in page.text
    assert "Signed in now 1 session" in page.text


@pytest.mark.parametrize("name", ["people-list", "person-invite", "person-detail", *POSTS])
def test_all_of_it_needs_a_fresh_confirmation(name: str, adam: Client, agent: User) -> None:
    session = adam.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time() - 2 * 3600}
    ]
    session.save()
    address = reverse(name, args=[] if name in ("people-list", "person-invite") else [agent.pk])
    response = adam.post(address, NEW) if name in POSTS else adam.get(address)
    typed = name == "person-change-role"
    assert response.status_code == (403 if typed else 302)
    if not typed:
        assert response["Location"].startswith("/accounts/reauthenticate/")
    assert not LedgerEntry.objects.exists()


def test_home_and_header_of_an_administrator(adam: Client) -> None:
    assert adam.get("/")["Location"] == "/people/"
    assert "Your role can't view contacts." in Page(adam.get("/contacts/")).text
    page = Page(adam.get("/people/"))
    links = [each.text for each in page.all("a") if each.inside(page.one("nav", id="nav"))]
    assert links == ["Records", "Security events", "People & roles"]
    assert "Adam Admin Administrator" in page.one("p", class_="menu-head").text


def test_a_manager_who_manages_people_finds_them(manager: User, vendors: Any) -> None:
    manager.groups.add(group_of("Administrators"))
    page = Page(logged_in(manager).get("/people/"))
    assert page.one("a", href="/people/", aria_current="page").text == "People & roles"
    assert "Manager, Administrator" in page.one("p", class_="menu-head").text


def test_without_a_role_the_page_names_who_to_ask(admin: User, newcomer: User) -> None:
    response = logged_in(newcomer).get("/contacts/")
    page = Page(response)
    assert response.status_code == 403
    assert "Your account has no role yet Ask an administrator for one: Adam Admin." in page.text
    admin.delete()
    page = Page(logged_in(newcomer).get("/contacts/"))
    assert "Ask an administrator for one." in page.text


def test_the_audit_says_whose_account_it_was(adam: Client, agent: User, manager: User) -> None:
    post(adam, "person-change-role", agent, role="Viewers")
    adam.post("/people/invite/", NEW)
    page = Page(logged_in(manager).get("/audit/"))
    assert "ada: Agents to Viewers." in page.text
    assert "ann, into Agents." in page.text


@pytest.mark.parametrize("pk", [0, 999_999, 999_999_999_999_999_999])
def test_people_that_there_are_not(pk: int, adam: Client) -> None:
    assert adam.get(f"/people/{pk}/").status_code == 404
    for name in POSTS:
        assert adam.post(reverse(name, args=[pk]), {"role": "Viewers"}).status_code == 404


@pytest.mark.parametrize(
    "odd", [{"username": "a\x00b"}, {"username": "x" * 200}, {"role": "Kings"}]
)
def test_an_odd_invitation(odd: dict[str, str], adam: Client) -> None:
    response = adam.post("/people/invite/", {**NEW, **odd})
    assert response.status_code in (400, 422)
    assert not User.objects.filter(first_name="Ann").exists()
