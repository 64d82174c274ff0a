"""Pages are compressed as the browser takes it, and their size tells nothing about what is in them."""

import gzip

import brotli
import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("takes", "given"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5", "br"),
        ("gzip, br;q=0", "gzip"),
        ("gzip, br; q=0.0, x", "gzip"),
        ("gzip", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
def test_as_the_browser_takes_it(takes: str, given: str | None, vera: Client) -> None:
    answer = vera.get("/contacts/search-help/", headers={"Accept-Encoding": takes})
    assert answer.headers.get("Content-Encoding") == given
    assert "Accept-Encoding" in answer["Vary"]
    if given:
        assert answer["Content-Length"] == str(len(answer.content))


def test_a_page_comes_whole_and_never_twice_in_the_same_size(vera: Client) -> None:
    headers = {"Accept-Encoding": "br"}
    answers = [vera.get("/contacts/search-help/", headers=headers).content for _ in range(8)]
    assert all("Use a colon" in brotli.decompress(each).decode() for each in answers)
    assert len({len(each) for each in answers}) > 2


def test_a_fragment_leaves_no_comment_in_the_page(vera: Client) -> None:
    headers = {"Accept-Encoding": "gzip, br", "HX-Request": "true"}
    answer = vera.get("/contacts/search-help/", headers=headers)
    assert answer["Content-Encoding"] == "gzip"
    assert b"<!--" not in gzip.decompress(answer.content)


def test_what_is_no_page_or_very_short_is_left_to_gzip(vera: Client, client: Client) -> None:
    assert "Content-Encoding" not in client.get("/healthz", headers={"Accept-Encoding": "br"})
    sentence = vera.get("/nowhere/", headers={"Accept-Encoding": "br", "HX-Request": "true"})
    assert sentence["Content-Type"].startswith("text/plain")
    assert "Content-Encoding" not in sentence.headers
