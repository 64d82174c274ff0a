"""Probe what each vendor's account offers: no account is promised any of it.

Probed when the connection is new, after its key, account or address changed, and weekly. Without an ability everything
works as before, and the status page says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from django.db import transaction
from django.utils import timezone

from contacts_ui.integrations import cloudcontactai, slicktext
from contacts_ui.integrations.call_policy import RECONCILE
from contacts_ui.integrations.errors import (
    BadCredentials,
    NotConnected,
    Refused,
    Unreadable,
    VendorError,
)
from contacts_ui.models import DesiredState, Vendor, VendorAbility
from contacts_ui.models.abilities import COUNTS, MESSAGES, READS, AbilityState
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.services.messages.position import Order, Position, UnusableOrder, first, order_of
from contacts_ui.services.vendors import (
    account,
    connected,
    fingerprint,
    to_cloudcontactai,
    to_slicktext,
)

PROBE_EVERY: Final = timedelta(days=7)
# What could not be told yet, for want of a text or a stop.
PROBE_UNKNOWN_EVERY: Final = timedelta(minutes=5)
PAGE_SIZE: Final = 50
# The newest may have been lifted at the vendor.
STOPS_TO_READ: Final = 3


class Finding(NamedTuple):
    """What a probe found: the state, and why in words for the status page."""

    state: AbilityState
    words: str = ""


OFFERED: Final = Finding(AbilityState.OFFERED)


@dataclass(frozen=True)
class Ability:
    """An ability for the status page: its vendor, its state, and one or two sentences."""

    vendor: Vendor
    name: str
    state: AbilityState
    sentence: str
    probed_at: datetime | None


def probe() -> int:
    """Probe what is due, and return how many abilities were probed. Never raises for a vendor's failure.

    While a vendor fails, the last result is kept, and the next round tries again.
    """
    probed, rows = 0, {(row.vendor, row.name): row for row in VendorAbility.objects.all()}
    for vendor, name in PROBES:
        if vendor in connected() and _is_due(vendor, rows.get((vendor.value, name))):
            probed += _probe(vendor, name)
    return probed


def probe_again() -> None:
    """Schedule a probe of the connected vendors for the worker's next round."""
    VendorAbility.objects.filter(name__in=[name for _, name in PROBES]).update(probed_at=None)


def all_abilities() -> list[Ability]:
    """Return every ability of the vendors that are connected. One query."""
    rows = {(row.vendor, row.name): row for row in VendorAbility.objects.all()}
    found = []
    for vendor, name in PROBES:
        if vendor not in connected():
            continue
        row = rows.get((vendor.value, name))
        state, words, probed_at = AbilityState.UNKNOWN, "", None
        if row and row.account == fingerprint(vendor):
            state, words, probed_at = AbilityState(row.state), row.words, row.probed_at
        if not words and state == AbilityState.NOT_OFFERED:
            words = _OFFERS_NONE[name]
        sentence = " ".join(filter(None, (words, _SENTENCES[name, state])))
        found.append(Ability(vendor, name, state, sentence, probed_at))
    return found


def _is_due(vendor: Vendor, row: VendorAbility | None) -> bool:
    if row is None or row.probed_at is None or row.account != fingerprint(vendor):
        return True
    unknown = row.state == AbilityState.UNKNOWN
    return timezone.now() - row.probed_at >= (PROBE_UNKNOWN_EVERY if unknown else PROBE_EVERY)


def _probe(vendor: Vendor, name: str) -> bool:
    """Probe one ability, and return False if the vendor fails."""
    now = timezone.now()
    try:
        found = PROBES[vendor, name]()
    except VendorError as error:
        refused = isinstance(error, Refused | Unreadable)
        if not refused or isinstance(error, BadCredentials | NotConnected):
            return False
        found = Finding(AbilityState.NOT_OFFERED)
    order = found if isinstance(found, Order) else None
    finding = found if isinstance(found, Finding) else OFFERED
    with transaction.atomic():
        row, _ = VendorAbility.objects.select_for_update().get_or_create(vendor=vendor, name=name)
        row.state, row.words = finding
        row.account, row.probed_at = fingerprint(vendor), now
        row.save(update_fields=["state", "words", "account", "probed_at"])
        if name == MESSAGES and finding.state != AbilityState.NOT_OFFERED:
            _start_reading(row, order, now)
    return True


def _start_reading(row: VendorAbility, order: Order | None, now: datetime) -> None:
    """Set where reading begins, unless it is under way; a worker that reads just now then saves nothing.

    Reading begins a day before the first probe, also where the order (None) is only known later.
    """
    ours = account(Vendor.SLICKTEXT)
    position = msgspec.convert(row.mark, Position) if row.mark else None
    if position is None or position.account != ours:
        position = first(now, order or Order.NEWEST_FIRST, ours)
    elif order is not None and position.order != order:
        position = Position(upto=position.upto, order=order, account=ours)
    else:
        return
    row.mark, row.next_at = msgspec.to_builtins(position), now
    row.save(update_fields=["mark", "next_at"])


def probe_messages() -> Finding | Order:
    """Read two pages: rows may be in order on each, and the pages not."""
    conn = to_slicktext()
    page = slicktext.list_messages(conn, limit=PAGE_SIZE, policy=RECONCILE)
    rows = list(page.messages)
    try:
        if page.has_more:
            behind = slicktext.list_messages(
                conn, limit=PAGE_SIZE, offset=page.received, policy=RECONCILE
            )
            known = {message.key for message in rows}
            # A text that came in between moved the last rows here.
            rows += [message for message in behind.messages if message.key not in known]
        order = order_of(rows)
    except UnusableOrder as error:
        return Finding(AbilityState.NOT_OFFERED, error.words)
    return order or Finding(AbilityState.UNKNOWN, "It has too few texts to tell their order.")


def probe_counts() -> Finding:
    slicktext.count_contacts(to_slicktext(), policy=RECONCILE)
    return OFFERED


def probe_reads() -> Finding:
    """Read numbers whose stop CloudContactAI has confirmed: if none shows as stopped, reads do not show stops."""
    stops = DesiredState.objects.filter(
        vendor=Vendor.CLOUDCONTACTAI,
        do_not_text=True,
        confirmed_do_not_text=True,
        state=DeliveryState.CONFIRMED,
    ).order_by("-confirmed_at")
    numbers = list(stops.values_list("number", flat=True)[:STOPS_TO_READ])
    if not numbers:
        return Finding(AbilityState.UNKNOWN, "It has confirmed no stop yet to read back.")
    for number in numbers:
        contact = cloudcontactai.find_contact(to_cloudcontactai(), number, policy=RECONCILE)
        if contact is not None and contact.stopped:
            return OFFERED
    return Finding(AbilityState.NOT_OFFERED, "Its reads do not show who is stopped.")


PROBES: Final[dict[tuple[Vendor, str], Callable[[], Finding | Order]]] = {
    (Vendor.SLICKTEXT, MESSAGES): probe_messages,
    (Vendor.SLICKTEXT, COUNTS): probe_counts,
    (Vendor.CLOUDCONTACTAI, READS): probe_reads,
}

_SENTENCES: Final = {
    (MESSAGES, AbilityState.OFFERED): "Texts sent by SlickText are watched.",
    (MESSAGES, AbilityState.NOT_OFFERED): "Texts sent by SlickText are not watched.",
    (MESSAGES, AbilityState.UNKNOWN): "Texts sent by SlickText are not watched yet.",
    (COUNTS, AbilityState.OFFERED): "Contacts are compared with SlickText's own counts.",
    (COUNTS, AbilityState.NOT_OFFERED): "Contacts can't be compared with SlickText's own counts.",
    (COUNTS, AbilityState.UNKNOWN): "Contacts are not compared with SlickText's own counts yet.",
    (READS, AbilityState.OFFERED): "Stops at CloudContactAI are read back.",
    (READS, AbilityState.NOT_OFFERED): "Stops are sent to CloudContactAI again instead of being read back.",
    (READS, AbilityState.UNKNOWN): "Stops at CloudContactAI are not read back yet.",
}  # fmt: skip
_OFFERS_NONE: Final = {
    MESSAGES: "This account offers no list of messages.",
    COUNTS: "This account offers no counts of contacts.",
    READS: "This account offers no way to read stops back.",
}
