"""A body that is too large is refused by its length, before anything reads it."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from contacts_ui.body_sizes import FILE_BYTES, FORM_BYTES, SIGNED_OUT_BYTES
from tests.people import Vendors, logged_in

pytestmark = pytest.mark.django_db
TYPE = "application/octet-stream"


@pytest.mark.parametrize(
    ("path", "limit", "signed_in"),
    [
        *(
            (f"/{path}/", SIGNED_OUT_BYTES, False)
            for path in ("accounts/login", "there/is/nothing")
        ),
        *((f"/{path}/", SIGNED_OUT_BYTES, False) for path in ("contacts/import", "jobs/new")),
        *((f"/{path}/", FILE_BYTES, True) for path in ("contacts/import", "jobs/new")),
        *((f"/{path}/", FORM_BYTES, True) for path in ("contacts/views/new", "accounts/password")),
    ],
)
def test_a_byte_more_than_fits(path: str, limit: int, signed_in: bool, manager: Any) -> None:
    client = logged_in(manager) if signed_in else Client()
    assert client.post(path, b"x" * (limit + 1), content_type=TYPE).status_code == 413
    assert client.post(path, b"x" * limit, content_type=TYPE).status_code != 413


def test_no_file_is_written_for_who_is_not_signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.core.files.temp.NamedTemporaryFile", pytest.fail)
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    file = SimpleUploadedFile("list.csv", b"x" * 5_000_000)
    token = client.cookies["csrftoken"].value
    data = {"csrfmiddlewaretoken": token, "file": file}
    assert client.post("/contacts/import/", data).status_code == 413


def test_a_page_and_a_sentence() -> None:
    large = {"data": b"x" * 70_000, "content_type": TYPE}
    assert "<h1>Too large</h1>" in Client().post("/accounts/login/", **large).text
    words = Client().post("/accounts/login/", **large, headers={"HX-Request": "true"})
    assert words["Content-Type"].startswith("text/plain")
    assert words.text == "This is too large to send."


def test_the_hooks_say_themselves_what_is_too_long(vendors: Vendors) -> None:
    answer = Client().post("/webhooks/cloudcontactai/", b"x" * 70_000, content_type=TYPE)
    assert (answer.status_code, answer.text) == (413, "too long")
