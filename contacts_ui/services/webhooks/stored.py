"""Stored events read again when the consent record is filled (migration 0018): who they name, and what they say."""

from collections.abc import Iterator, Mapping
from typing import Any

from contacts_ui.models import Vendor
from contacts_ui.services.consent.migration import Event
from contacts_ui.services.webhooks import cloudcontactai, slicktext
from contacts_ui.services.webhooks.payloads import speaks_of_a_stop


def stops_in(row: Any, known: Mapping[int, str]) -> Iterator[tuple[str, Event]]:
    """Yield each stop that a stored event speaks of, with its number; "" where it names none.

    `known` has the numbers of contacts that are named by their id alone.
    """
    if row.vendor == Vendor.CLOUDCONTACTAI:
        at = cloudcontactai.said_at(row)
        event = Event(Vendor.CLOUDCONTACTAI, row.key, at, row.received_at, row.outcome)
        yield cloudcontactai.number_of(row.body) or "", event
        return
    told = Event(Vendor.SLICKTEXT, row.key, slicktext.said_at(row), row.received_at, row.outcome)
    speaking = [each for each in slicktext.people_in(row.body) if each.says_stop]
    for each in speaking:
        number = each.number or known.get(each.contact_id or 0, "")
        at = each.changed_at or told.at
        yield number, told._replace(at=at, status=each.status or "", contact_id=each.contact_id)
    if not speaking and speaks_of_a_stop(row.body):
        yield "", told
