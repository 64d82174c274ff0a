"""Search that forgives: parts, accents, digits, words in any order, one typo."""

import pytest

from contacts_ui.services import index
from contacts_ui.services.index import IndexQuery

from .people import ids, person, store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _people() -> None:
    store(
        person(1, "Marty McFly", "+16155553338", email="marty@slicktext.com", city="Hill Valley"),
        person(2, "José O’Brien-Núñez", "+12125550100", state="TX", zip="37203"),
        person(3, "Smartyn Jones", "+13125550199", custom_fields={"tier": "Gold plated", "n": 7}),
        person(4, "Lorraine Baines", "+19015550123", city="Saint-Étienne", state="CA"),
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("marty", [1, 3]),
        ("MCFLY marty", [1]),
        ("mar fly", [1]),
        ("jose obrien", [2]),
        ("O'Brien", [2]),
        ("núñez", [2]),
        ("(615) 555-33", [1]),
        ("+1 615", [1]),
        ("615.555", [1]),
        ("0100", [2]),
        ("@slick", [1]),
        ("marty@slicktext.com", [1]),
        ("text.com", [1]),
        ("hill val", [1]),
        ("etienne", [4]),
        ("tx", [2]),
        ("37203", [2]),
        ("37203 555", [2]),
        ("gold plat", [3]),
        ("m", [1]),
        ("lo", [4]),
        ("lo b", [4]),
        ("nobody at all", []),
        ('"', [1, 2, 3, 4]),
        ("a%b_c\\ \0", []),
    ],
)
def test_any_part_is_found(typed: str, expected: list[int]) -> None:
    assert ids(typed) == expected


@pytest.mark.parametrize("typed", ["mcfli", "mcfyl", "mcfl", "mcffly", "cmfly", "mxcfly"])
def test_one_typo_is_forgiven(typed: str) -> None:
    assert ids(typed) == [1]


def test_what_a_word_was_taken_for_is_said() -> None:
    page = index.find(IndexQuery(search="mraty mcfly"))
    assert [each.contact.contact_id for each in page.found] == [1]
    assert page.corrected == (("mraty", "marty"),)
    assert index.find(IndexQuery(search="marty")).corrected == ()
