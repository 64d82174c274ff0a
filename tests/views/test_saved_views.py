"""Views with a name: saved, shared, counted, changed and deleted only by those who may."""

import pytest
from django.test import Client

from contacts_ui.forms.saved_views import normalised
from contacts_ui.models import SavedView
from tests.pages import Page
from tests.people import Vendors

from .index_people import index_people, ready

pytestmark = pytest.mark.django_db
NEW = "/contacts/views/new/"


def save(client: Client, name: str = "Austin", view: str = "city=Austin", **more: str) -> SavedView:
    response = client.post(NEW, {"name": name, "view": view, **more})
    assert response.status_code == 302, response.content.decode()
    return SavedView.objects.get(name=name)


def test_only_what_makes_a_view_is_kept() -> None:
    typed = "offset=50&city=Austin&live=1&q=marty&status=&evil=1&custom.tier=gold&sort=-name"
    assert normalised(typed) == "q=marty&city=Austin&sort=-name&custom.tier=gold"


def test_a_view_is_saved_and_is_a_link_above_the_table(vera: Client) -> None:
    view = save(vera, view="city=Austin&offset=100")
    assert view.query == "city=Austin"
    page = Page(vera.get("/contacts/?city=Austin"))
    link = next(each for each in page.all("a") if each.text == "Austin")
    assert (link["href"], link["aria-current"]) == ("/contacts/?city=Austin", "true")


def test_counts_come_after_the_page(vera: Client, vendors: Vendors) -> None:
    index_people(10)
    save(vera)
    assert "hx-trigger" in Page(vera.get("/contacts/")).one("nav", id="views").attributes
    counted = Page(vera.get("/contacts/views/counts/?view=city%3DAustin"))
    assert "Austin 5" in counted.text
    assert "hx-trigger" not in counted.one("nav", id="views").attributes
    assert vendors.calls() == []


def test_own_views_are_ones_own_until_they_are_shared(
    vera: Client, ada: Client, max_: Client
) -> None:
    view = save(vera)
    assert "Austin" not in Page(ada.get("/contacts/views/")).text
    assert max_.post(f"/contacts/views/{view.pk}/delete/").status_code == 404
    vera.post(f"/contacts/views/{view.pk}/", {"name": "Austin", "shared": "on"})
    assert "Shared by Vera Viewer" in Page(ada.get("/contacts/views/")).text
    assert ada.get(f"/contacts/views/{view.pk}/").status_code == 403
    assert ada.post(f"/contacts/views/{view.pk}/", {"name": "Mine"}).status_code == 403
    assert ada.post(f"/contacts/views/{view.pk}/delete/").status_code == 403
    assert max_.post(f"/contacts/views/{view.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()


def test_two_views_of_one_person_have_two_names(vera: Client, ada: Client) -> None:
    save(vera)
    response = vera.post(NEW, {"name": "Austin", "view": "city=Dallas"})
    page = Page(response)
    assert response.status_code == 422
    assert "You already have a view with this name" in page.text
    assert page.one("input", name="view")["value"] == "city=Dallas"
    response = ada.post(NEW, {"name": "Austin", "view": "city=Dallas"})
    assert response.status_code == 302


@pytest.mark.parametrize(
    "data", [{}, {"name": " "}, {"name": "x" * 61}, {"view": "q=" + "x" * 3000}]
)
def test_what_cannot_be_saved_stays_on_the_page(data: dict[str, str], vera: Client) -> None:
    response = vera.post(NEW, data)
    assert response.status_code == 422
    assert not SavedView.objects.exists()


def test_a_view_that_makes_no_sense_has_no_count(vera: Client) -> None:
    ready()
    save(vera, name="Odd", view="number=nonsense")
    assert vera.get("/contacts/views/counts/").status_code == 200


def test_the_dialog_is_the_form_alone_and_then_the_whole_page(vera: Client) -> None:
    htmx = {"HX-Request": "true"}
    link = Page(vera.get("/contacts/?city=Austin")).one("a", id="save-view")
    assert link["hx-get"] == link["href"]
    dialog = Page(vera.get(link["href"], headers=htmx))
    assert dialog.one("form", hx_post=NEW)["hx-target"] == "#dialog"
    assert "<html" not in dialog.html
    wrong = vera.post(NEW, {"name": "", "view": "city=Austin"}, headers=htmx)
    assert wrong.status_code == 422
    assert "<html" not in Page(wrong).html
    saved = vera.post(NEW, {"name": "Austin", "view": "city=Austin"}, headers=htmx)
    assert saved["HX-Redirect"] == "/contacts/?city=Austin"
    assert "The view “Austin” is saved." in Page(vera.get(saved["HX-Redirect"])).text
