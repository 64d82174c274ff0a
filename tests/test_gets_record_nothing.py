"""A link on any site can make a browser ask for any address: nothing is recorded, and nothing taken along, by GET."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, get_resolver

from contacts_ui.models import LedgerEntry, WebhookEvent
from contacts_ui.services.consent.phone_numbers import id_of
from contacts_ui.services.consent.slicktext_readings import READING

from .furnished import furnish
from .fuzz.making import addresses
from .people import MARTY, MARTY_NUMBER, Vendors

# What an address in a link could add, if a view heeded it.
QUERIES = ("", "?why=Audit&format=csv&show=done&confirm=1&decision=approve&next=/contacts/")
# How many calls the vendors allow, whether they answer, how much was read, the traces of requests, and of browsers.
OURS = {
    *("callbudget", "vendorhealth", "vendorability"),
    *("contactreads", "securityevent", "session", "usersession"),
}


def _addresses() -> Iterator[str]:
    for address in addresses():
        for pk in (1, MARTY) if "ContactIdConverter" in address.parts.values() else (1,):
            known = {"ContactIdConverter": pk, "NumberConverter": id_of(MARTY_NUMBER)}
            yield address.path % {
                name: known.get(kind, MARTY_NUMBER) for name, kind in address.parts.items()
            }


def _rows() -> dict[str, list[Any]]:
    """Return every row of the dashboard's, of the accounts' and of Django's tables, apart from what no person did."""
    return {
        model.__name__: _of(model)
        for model in apps.get_models()
        if model._meta.managed and not _is_ours(model._meta.model_name or "")
    }


def _is_ours(name: str) -> bool:
    """Return True for what no person did: a page keeps what it has read in the index."""
    return name in OURS or name.startswith("index")


def _of(model: type[Model]) -> list[Any]:
    rows = model._default_manager.order_by("pk")
    if model is WebhookEvent:
        # What a page has read is left to the worker.
        rows = rows.exclude(event=READING)
    return list(rows.values_list())


@pytest.mark.django_db(transaction=True)
def test_no_address_records_or_sends_anything_by_get(
    max_: Client, agent: User, manager: User, vendors: Vendors
) -> None:
    furnish(agent, manager)
    vendors.forget_calls()
    before, statuses = _rows(), {}
    for address in _addresses():
        for query in QUERIES:
            response = max_.get(f"{address}{query}")
            statuses[address] = response.status_code
            assert "attachment" not in response.headers.get("Content-Disposition", ""), address
            response.close()
        changed = [name for name, rows in _rows().items() if rows != before[name]]
        assert not changed, f"GET {address} wrote {changed}"
    assert [call for call in vendors.calls() if call["method"] != "GET"] == []
    assert list(statuses.values()).count(200) > 35, statuses
    assert LedgerEntry.objects.exists()


def test_what_changes_something_asks_for_a_token() -> None:
    """Only the vendors' hooks have none: a signature or a secret stands in its place."""
    free = {
        pattern.name
        for pattern in _patterns(get_resolver().url_patterns)
        if getattr(pattern.callback, "csrf_exempt", False)
    }
    assert free == {"webhook-cloudcontactai", "webhook-slicktext"}


def _patterns(patterns: Any) -> Iterator[URLPattern]:
    for each in patterns:
        if isinstance(each, URLPattern):
            yield each
        else:
            yield from _patterns(each.url_patterns)
