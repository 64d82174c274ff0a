"""A part of `make fuzz`, and that it would notice."""

import logging
from collections.abc import Iterator

import pytest

from tests.fuzz.making import Made
from tests.fuzz.running import Fuzz, connect
from tests.people import Vendors

pytestmark = pytest.mark.django_db(transaction=True)
REQUESTS = 1_200


@pytest.fixture
def fuzz(vendors: Vendors) -> Iterator[Fuzz]:
    logging.disable(logging.CRITICAL)
    with connect(vendors.server):
        yield Fuzz(vendors.server, seed=11)
    logging.disable(logging.NOTSET)


def test_no_odd_request_is_an_error_of_ours(fuzz: Fuzz) -> None:
    report = fuzz.run(REQUESTS)
    assert not report.failures, report.words()
    assert {200, 204, 302, 400, 403, 404, 405, 422} <= report.statuses.keys()
    assert report.statuses.total() >= REQUESTS


def test_an_error_of_ours_is_told_with_how_to_repeat_it(
    fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made("max", "GET", "/contacts/", "q=a")
    assert fuzz.send(made).status == 200
    monkeypatch.setattr("contacts_ui.views.contact_list.table_look", lambda *_: 1 / 0)
    answer = fuzz.send(made)
    assert (answer.status, answer.is_bad) == (500, True)
    assert "ZeroDivisionError" in answer.error
