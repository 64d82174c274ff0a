"""One schedule: people, vendors, the network and staff do things in some order, and every step is checked."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from contacts_ui.contact_fields import editable_values
from contacts_ui.integrations import http, slicktext
from contacts_ui.integrations.call_policy import STOP_NOW
from contacts_ui.integrations.errors import VendorError
from contacts_ui.models import (
    ConsentState,
    DesiredState,
    Disagreement,
    LiftRequest,
    Statement,
    Vendor,
    WebhookEvent,
)
from contacts_ui.models.ledger import Channel
from contacts_ui.models.lift_request import LiftRequestKind
from contacts_ui.permissions import NotAllowed
from contacts_ui.services import index
from contacts_ui.services.consent import (
    delivery,
    desired_state,
    doors,
    held_presses,
    lift_requests,
    opt_in,
    phone_numbers,
    record,
    slicktext_readings,
    vendor_events,
)
from contacts_ui.services.consent.rules import EvidenceRefused
from contacts_ui.services.consent.types import AlreadyDecided, Evidence, Request, Seen
from contacts_ui.services.contacts import deleting, editing
from contacts_ui.services.contacts.reading import read as read_contact
from contacts_ui.services.messages import slicktext_sync
from contacts_ui.services.review import reconcile
from contacts_ui.services.vendors import connected, forget_connections, to_slicktext
from contacts_ui.services.webhooks import cloudcontactai, inbox, processing
from contacts_ui.services.webhooks import slicktext as slicktext_hooks
from dashboard.vendors import Vendors as VendorPair
from dashboard.vendors import VendorSettings

from . import checks
from .checks import NEVER, Truth, Wrong
from .texts import Texts
from .vendors import FAULTS, STOPPED, Killed, Row, Stop, Vendors
from .words import NUMBERS, Words, body_number, hear

BEGIN = datetime(2026, 3, 2, 15, 0, 7, tzinfo=UTC)
BOTH = VendorPair(
    VendorSettings("http://127.0.0.1:9/v1", "key", "26136"),
    VendorSettings("http://127.0.0.1:9/api", "key", "client"),
    sandbox=False,
)
EXPECTED = (
    NotAllowed, VendorError, EvidenceRefused, opt_in.RecordChanged, opt_in.NeedsSecondPerson,
    doors.NotRefusedNow, held_presses.CannotUnsend, lift_requests.NothingToLift, lift_requests.AlreadyAsked,
    AlreadyDecided, lift_requests.OwnRequest,
    lift_requests.NotTheirs, lift_requests.CannotTell,
    editing.NumberTaken, editing.EditConflict, editing.StoppedNumber, deleting.OtherNumber,
    Killed,
)  # fmt: skip
SHAPES = ("as documented", "no contact_id", "a list", "nested", "no date", "other zone", "id only")


class OneThread:
    """In place of the pool of `delivery`: calls at once, or never, as where the process dies after its commit."""

    dead = False

    def submit(self, run: object, call: object, key: int) -> "Future[bool]":
        future: Future[bool] = Future()
        if self.dead:
            future.set_result(True)
            return future
        try:
            future.set_result(delivery.deliver(key, policy=STOP_NOW))
        except Killed as killed:
            future.set_exception(killed)
        return future


class Stopping:
    """Ends the sync of the index after some steps; its waits cost no time."""

    def __init__(self, world: "World", steps: int) -> None:
        self.world, self.steps = world, steps

    def is_set(self) -> bool:
        self.steps -= 1
        return self.steps < 0

    def wait(self, seconds: float) -> None:
        self.world.clock.shift(seconds)


class World(Words, Texts):
    """One schedule. `steps` says what happened, one line for each step."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)  # noqa: S311 - to be repeatable
        self.steps: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.truths = {number: Truth() for number in NUMBERS}
        self.table: list[Seen] = []
        self.old: list[Seen] = []
        self.pages: list[tuple[Any, datetime]] = []
        self.inbox: dict[int, list[Stop]] = {}
        self.passed_on: dict[int, tuple[str, datetime]] = {}
        self.left_to_worker: list[tuple[datetime, Row, bool]] = []
        self.versions: dict[str, int] = {}
        self.pool = OneThread()
        self.doors = {
            name.removeprefix("do_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("do_")
        }

    def run(self, count: int) -> None:
        """Take `count` steps and come to rest. Raises Wrong."""
        names = self._names()
        weights = [WEIGHTS.get(name, 2) for name in names]
        with self._machinery():
            try:
                self._people()
                for _ in range(count):
                    self._take(self.chance.choices(names, weights)[0])
                self._come_to_rest()
            except Exception:
                self._say_what_is_kept()
                raise

    def _names(self) -> list[str]:
        """Most schedules leave out some doors: where everything stops everyone, no single stop is missed."""
        share = self.chance.choice([0, 0.4, 0.6, 0.75])
        return [
            name
            for name in sorted(self.doors)
            if WEIGHTS.get(name, 2) >= 8 or self.chance.random() >= share
        ]

    # --- The machinery ---

    @contextmanager
    def _machinery(self) -> Iterator[None]:
        chance = self.chance
        apart = timedelta(seconds=chance.choice([0, 0, 30, 115]) * chance.choice([1, -1]))
        self.vendors = Vendors(
            dates=chance.choice(["on change", "on change", "always", "never"]),
            slicktext_clock=apart,
            ccai_clock=timedelta(seconds=chance.choice([0, 0, 40, 110]) * chance.choice([1, -1])),
            may_be_texted=lambda number: (
                not checks.is_stopped(number) and not self.truths[number].unanswered()
            ),
        )
        vendors = chance.choice([BOTH, BOTH, BOTH, replace(BOTH, cloudcontactai=None)])
        with ExitStack() as stack:
            stack.enter_context(
                override_settings(
                    VENDORS=vendors,
                    UNDO_SECONDS=20,
                    FOUR_EYES=chance.random() < 0.5,
                    STOP_DEADLINE_SECONDS=0,
                    CONTACT_INDEX=chance.random() < 0.8,
                    CCAI_WEBHOOK_SECRET="secret",
                )
            )
            self.clock = stack.enter_context(time_machine.travel(BEGIN, tick=False))
            stack.enter_context(patch.object(http.Connection, "call", _to(self.vendors)))
            stack.enter_context(patch.object(delivery, "_callers", self.pool))
            stack.enter_context(patch.object(slicktext, "LOOKUP_PAUSES_SECONDS", (0.0,)))
            stack.enter_context(patch.object(held_presses, "send_in_time", lambda press: None))
            stack.enter_context(
                patch.object(slicktext_sync, "_record", self._recorded(slicktext_sync._record))
            )
            stack.enter_context(transaction.atomic())
            forget_connections()
            cache.clear()
            try:
                yield
            finally:
                transaction.set_rollback(True)
                forget_connections()

    def _people(self) -> None:
        self.agents = [_user("ada"), _user("al", "Agents")]
        self.managers = [_user("max"), _user("mia", "Managers")]
        self.staff = [*self.agents, *self.managers]
        for number in NUMBERS[:2]:
            row = self.vendors.create(
                number, self.chance.choice(["subscribed", "subscribed", "not subscribed"])
            )
            if self.chance.random() < 0.25:
                # Before we ever looked.
                self._stops_at_slicktext(number, [row], hook=False)
        self._watch_messages()
        self._settings_say()

    def _settings_say(self) -> None:
        from django.conf import settings

        self.steps.append(
            f"vendors {', '.join(v.value for v in connected())}; four eyes {settings.FOUR_EYES}; "
            f"index {settings.CONTACT_INDEX}; dates {self.vendors.dates}; "
            f"clocks {self.vendors.slicktext_clock}, {self.vendors.ccai_clock}"
        )

    def _take(self, name: str) -> None:
        self.kinds[name] += 1
        self._say(name)
        try:
            # What a step began and did not commit is taken back, as where a process dies.
            words = self.doors[name]()
            self.steps[-1] += f": {words}" if words else ""
        except EXPECTED as ended:
            self.steps[-1] += f" -> {type(ended).__name__} {str(ended)[:80]}"
        self.pool.dead = False
        # No two things happen in the same moment.
        self.clock.shift(timedelta(milliseconds=50))
        self.vendors.carry_out_late()
        self._check()

    def _say(self, words: str) -> None:
        self.steps.append(f"{timezone.now() - BEGIN} {words}")

    def _say_what_is_kept(self) -> None:
        for model in (Statement, DesiredState, ConsentState):
            for row in model.objects.order_by("number", "pk").values():
                facts = {name: str(value) for name, value in row.items() if value not in (None, "")}
                self.steps.append(f"{model.__name__} {facts}")
        self.steps += [f"{row}" for row in self.vendors.rows.values()]
        self.steps.append(f"{self.vendors.register}")

    def _check(self) -> None:
        shown = [*self.table, *self.chance.sample(self.old, min(3, len(self.old)))]
        checks.after_a_step(self.truths, shown, self.vendors)

    # --- Who, and what they had on the screen ---

    def _seen(self) -> Seen:
        """A person as a page shows them, which may be old; or a number alone."""
        known = [*self.table, *self.chance.sample(self.old, min(2, len(self.old)))]
        if known and self.chance.random() < 0.8:
            return self.chance.choice(known)
        return Seen(self._number())

    def _a_row(self) -> Row | None:
        rows = list(self.vendors.rows.values())
        return self.chance.choice(rows) if rows else None

    # --- People ---

    def do_person_stops_at_slicktext(self) -> str:
        number = self._number()
        rows = self._rows(number)
        if not rows:
            return "no one there"
        self._stops_at_slicktext(number, rows, hook=self.chance.random() < 0.7)
        return number

    def _stops_at_slicktext(
        self, number: str, rows: list[Row], *, hook: bool, status: str = ""
    ) -> None:
        stop = Stop(timezone.now(), status or "SlickText")
        self.truths[number].stops.append(stop)
        for row in rows:
            weaker = row.status == "blocked"
            self.vendors.set_status(row, status or ("blocked" if weaker else "unsubscribed"), stop)
            if hook:
                self.vendors.hook(row, stop)

    def do_person_stops_at_ccai(self) -> str:
        number = self._number()
        stop = Stop(timezone.now(), "CloudContactAI")
        self.truths[number].stops.append(stop)
        self.vendors.register[number] = True
        self.vendors.own_stops.setdefault(number, []).append(stop)
        self.vendors.started.discard(number)
        if self.chance.random() < 0.7:
            self.vendors.ccai_hook(number, stop)
        return number

    def do_person_starts_at_slicktext(self) -> str:
        number = self._number()
        rows = self._rows(number)
        for row in rows:
            self.vendors.set_status(row, "subscribed")
            self.vendors.touch(number)
            self.vendors.hook(row)
        if rows:
            self.truths[number].consents.append(timezone.now())
        return number

    def do_person_starts_at_ccai(self) -> str:
        number = self._number()
        self.vendors.register[number] = False
        self.vendors.own_stops.pop(number, None)
        self.vendors.started.add(number)
        self.truths[number].consents.append(timezone.now())
        return number

    def do_carrier_blocks(self) -> str:
        number = self._number()
        if rows := self._rows(number):
            self._stops_at_slicktext(
                number, rows, hook=self.chance.random() < 0.5, status="blocked"
            )
        return number

    # --- Others at the vendors ---

    def do_others_change_status(self) -> str:
        row = self._a_row()
        if row is None:
            return ""
        self.vendors.set_status(
            row, self.chance.choice(["subscribed", "not subscribed", "pending"])
        )
        self.vendors.touch(row.number)
        if self.chance.random() < 0.5:
            self.vendors.hook(row)
        return f"{row}"

    def do_others_create(self) -> str:
        number = self._number()
        if len(self._rows(number)) > 1:
            return ""
        row = self.vendors.create(number, self.chance.choice(["subscribed", "not subscribed"]))
        self.vendors.touch(number)
        self.vendors.hook(row, name="contact_created")
        return f"{row}"

    def do_others_delete(self) -> str:
        row = self._a_row()
        if row:
            del self.vendors.rows[row.contact_id]
        return f"{row}"

    def do_others_renumber(self) -> str:
        row, number = self._a_row(), self._number()
        if row and not self._rows(number):
            touched = self.vendors.touched
            touched[number] = max(touched.get(each, NEVER) for each in (number, row.number))
            # A stop under the old number does not show under this one.
            row.number, row.stops = number, []
            if row.status in STOPPED:
                row.stops = [Stop(row.changed_at or timezone.now(), "came with them")]
        return f"{row} to {number}"

    # --- The network ---

    def do_hook_arrives(self) -> str:
        if not self.vendors.hooks:
            return ""
        hook = self.chance.choice(self.vendors.hooks)
        if self.chance.random() < 0.8:
            self.vendors.hooks.remove(hook)
        if self.chance.random() < 0.1:
            return f"lost {hook['body']}"
        shape = self.chance.choice(SHAPES) if self.chance.random() < 0.5 else SHAPES[0]
        return self._receive(hook, shape)

    def _receive(self, hook: dict[str, Any], shape: str) -> str:
        known = set(WebhookEvent.objects.values_list("pk", flat=True))
        if hook["vendor"] == "inbox":
            body = hook["body"]
            slicktext_hooks.receive(body)
        elif hook["vendor"] == "cloudcontactai":
            body = misshapen_ccai(hook["body"], shape)
            cloudcontactai.receive(body)
        else:
            body = misshapen_slicktext(hook["body"], shape)
            slicktext_hooks.receive(body)
        stops = hook.get("stops") or [stop for stop in [hook.get("stop")] if stop]
        speaks = stops and not (hook["vendor"] == "slicktext" and shape == "id only")
        for event in WebhookEvent.objects.exclude(pk__in=known):
            if speaks:
                self.inbox.setdefault(event.pk, []).extend(stops)
            if "passed_on" in hook:
                self.passed_on[event.pk] = hook["passed_on"]
        return f"{shape}: {body}"

    def do_webhooks_work(self) -> str:
        keys = inbox.due_events()
        readings_left = set(
            WebhookEvent.objects.filter(event="reading", done_at=None).values_list("pk", flat=True)
        )
        shown = len(self.vendors.shown)
        consents = Statement.objects.filter(kind="consent").count()
        try:
            for key in keys:
                self._says_nothing_new(key)
                processing.process(key)
        finally:
            for event in WebhookEvent.objects.filter(pk__in=self.inbox, event__gt=""):
                # What could not be matched stands under Needs attention, and is heard once it is matched.
                if (event.done_at or event.outcome) and not event.needs_decision:
                    hear(self.inbox[event.pk])
            for event in WebhookEvent.objects.filter(pk__in=self.passed_on, done_at__gt=NEVER):
                number, at = self.passed_on.pop(event.pk)
                # Told again within 60 days it is the same lookup.
                if at - self.truths[number].reassigned_at >= timedelta(days=60):
                    self.truths[number].reassigned_at = at
        if Statement.objects.filter(kind="consent").count() != consents:
            raise Wrong("an event became consent by itself")
        self._heard(self.vendors.shown[shown:])
        if not WebhookEvent.objects.filter(pk__in=readings_left, done_at=None).exists():
            self._hear_what_pages_left()
        outcomes = WebhookEvent.objects.filter(pk__in=keys).values_list("pk", "outcome")
        return "; ".join(f"{pk} {outcome}" for pk, outcome in outcomes)

    def _says_nothing_new(self, key: int) -> None:
        """While our own stop is there, or may be, a code only says so: whose stop it means is not known."""
        event = WebhookEvent.objects.get(pk=key)
        if not event.event.startswith(("message.error", "message.excluded")):
            return
        number = body_number(event.body)
        told = DesiredState.objects.filter(number=number, vendor=Vendor.CLOUDCONTACTAI).first()
        ours = number in self.vendors.ours or bool(told and (told.unanswered_at or told.lease))
        # A carrier does not know of ours.
        ours = ours and event.event != "message.error.carrier"
        codes = Statement.objects.filter(number=number, source__in=("vendor_code", "carrier"))
        if checks.is_stopped(number) and (ours or codes.exists()):
            self.inbox.pop(key, None)

    # --- Readings ---

    def _heard(self, shown: list[tuple[datetime, Row]]) -> None:
        """These readings were recorded: stops that they show are heard."""
        for at, row in shown:
            if _says_news(at, row, self.vendors):
                hear(stop for stop in row.stops if self._is_shown(stop, row))

    def _is_shown(self, stop: Stop, row: Row) -> bool:
        """A second stop leaves the date of the first: then the row does not tell of it."""
        if row.changed_at is None or self.vendors.dates == "never":
            return True
        return stop.at + self.vendors.slicktext_clock <= row.changed_at + timedelta(seconds=1)

    def _hear_what_pages_left(self) -> None:
        left, self.left_to_worker = self.left_to_worker, []
        self._heard([(at, row) for at, row, was_news in left if was_news])

    def _left(self, shown: list[tuple[datetime, Row]]) -> None:
        self.left_to_worker += [(at, row, _says_news(at, row, self.vendors)) for at, row in shown]

    def do_someone_reads_the_table(self) -> str:
        asked_at, before = timezone.now(), len(self.vendors.shown)
        page = slicktext.list_contacts(to_slicktext(), limit=50)
        self.pages.append((page.contacts, asked_at))
        self._show(page.contacts, asked_at)
        if self.chance.random() < 0.8:
            slicktext_readings.learn(page.contacts, asked_at)
            self._left(self.vendors.shown[before:])
        return ", ".join(f"{seen.number} {seen.status}" for seen in self.table)

    def do_an_old_page_is_recorded(self) -> str:
        if not self.pages:
            return ""
        people, at = self.chance.choice(self.pages)
        slicktext_readings.learn(people, at)
        return f"of {at - BEGIN}"

    def do_someone_opens_a_contact(self) -> str:
        row = self._a_row()
        if row:
            before = len(self.vendors.shown)
            read = read_contact(row.contact_id, now=True)
            self._left(self.vendors.shown[before:])
            self._show([read.contact], read.as_of, add=True)
        return f"{row}"

    def _show(self, people: Any, at: datetime, *, add: bool = False) -> None:
        seen = [Seen.of(each, at) for each in people if each.number]
        self.old += self.table
        self.table = [*self.table, *seen] if add else seen
        self.old, self.table = self.old[-12:], self.table[-6:]

    def do_the_index_syncs(self) -> str:
        before = len(self.vendors.shown)
        count = index.run_due(Stopping(self, 6), on_page=slicktext_readings.hear)
        self._heard(self.vendors.shown[before:])
        return f"{count} calls"

    def do_stopped_numbers_are_reconciled(self) -> str:
        before = len(self.vendors.shown)
        count = reconcile.run_due()
        self._heard(self.vendors.shown[before:])
        return f"{count} numbers"

    def do_the_index_is_purged(self) -> str:
        index.purge(sync_again_at=timezone.now())
        return ""

    # --- Time, workers, trouble ---

    def do_time_passes(self) -> str:
        seconds = self.chance.choice([1, 3, 10, 19, 21, 40, 70, 130, 300, 4000, 90_000])
        self.clock.shift(timedelta(seconds=seconds))
        self.vendors.carry_out_late()
        return f"{seconds} s"

    def do_a_timer_fires(self) -> str:
        keys = held_presses.send_due()
        delivery.deliver_now(keys)
        return f"{keys}"

    def do_a_worker_sends_presses(self) -> str:
        return f"{held_presses.send_due()}"

    def do_a_worker_delivers(self) -> str:
        keys = desired_state.due_now()
        for key in keys:
            delivery.deliver(key)
        return f"{keys}"

    def do_vendors_fail(self) -> str:
        self.vendors.faults = self.chance.choices(list(FAULTS), k=self.chance.choice([1, 1, 2, 4]))
        return f"{self.vendors.faults}"

    def do_a_process_dies_after_its_commit(self) -> str:
        name = self.chance.choice(["press", "someone_records_how_they_asked", "a_timer_fires"])
        self.pool.dead = True
        return f"{name} {self.doors[name]()}"

    def do_a_vendor_is_connected(self) -> str:
        from django.conf import settings

        if settings.VENDORS == BOTH:
            return "both are"
        settings.VENDORS = BOTH
        forget_connections()
        record.rebuild()
        return "now both are"

    def do_vendors_connected_later_are_told(self) -> str:
        return f"{desired_state.tell_vendors_connected_later()}"

    def do_a_number_passes_to_another_person(self) -> str:
        number, at = self._number(), timezone.now()
        if self.chance.random() < 0.6:
            return ""
        phone_numbers.reassign(number=number, at=at, words="CloudContactAI's look-up says so.")
        self.truths[number].reassigned_at = at
        return number

    # --- Staff: stopping ---

    def do_press(self) -> str:
        seen, staff = self._seen(), self.chance.choice(self.staff)
        doors.press_stop(staff=staff, seen=seen)
        return f"{staff} {seen.number}"

    def do_someone_unsends(self) -> str:
        staff, seen = self.chance.choice(self.staff), self._seen()
        held = [press for press in _held() if press.number == seen.number]
        before = checks.is_stopped(seen.number)
        if held and self.chance.random() < 0.7:
            staff = next(each for each in self.staff if each.pk == held[0].staff_id)
        doors.unsend(staff=staff, seen=seen)
        if not held or held[0].staff_id != staff.pk or checks.is_stopped(seen.number) != before:
            raise Wrong("unsending did something else")
        return f"{staff} {seen.number}"

    def do_someone_tells_now(self) -> str:
        seen = self._seen()
        doors.tell_now(staff=self.chance.choice(self.staff), seen=seen)
        return seen.number

    def do_someone_records_how_they_asked(self) -> str:
        seen, ago = self._seen(), self.chance.choice([0, 0, 30, 300, 90_000])
        at = timezone.now() - timedelta(seconds=ago)
        typed = at.replace(second=0, microsecond=0) if ago else None
        stop = Stop(at, "told staff", heard=True)
        request = Request(Channel.PHONE, typed, "Please stop.")
        # It is true whatever becomes of the step, and heard once it is committed.
        stop.heard = False
        self.truths[seen.number].stops.append(stop)
        number_door = self.chance.random() < 0.3
        batch = self.chance.random() < 0.2
        try:
            if number_door:
                doors.stop(staff=self._agent(), seen=Seen(seen.number), request=request)
            elif batch:
                doors.record_stop(staff=self._manager(), seen=seen, request=request, batch=True)
            else:
                doors.stop(staff=self._agent(), seen=seen, request=request)
        finally:
            stop.heard = True
        return f"{seen.number}, {ago} s ago"

    def do_someone_tries_the_stop_again(self) -> str:
        seen = self._seen()
        doors.try_stop_again(staff=self._agent(), seen=seen)
        return seen.number

    def do_someone_repairs(self) -> str:
        keys = list(Disagreement.objects.filter(closed_at=None).values_list("pk", flat=True))
        doors.repair(staff=self._manager(), keys=keys)
        return f"{keys}"

    def do_someone_decides_about_an_event(self) -> str:
        event = WebhookEvent.objects.filter(needs_decision=True).order_by("pk").first()
        if event is None:
            return ""
        stops = self.inbox.get(event.pk, [])
        whose = [
            number for number, truth in self.truths.items() if set_of(stops) & set_of(truth.stops)
        ]
        if not whose:
            vendor_events.close_event(staff=self._manager(), pk=event.pk, reason="Our own.")
            return f"closes {event.pk}"
        vendor_events.match_event(
            staff=self._manager(),
            pk=event.pk,
            seen=Seen(whose[0]),
            at=self.chance.choice([None, stops[0].at]),
            status="unsubscribed",
            words="As SlickText wrote it.",
        )
        stops[0].heard = True
        return f"{event.pk} is about {whose[0]}"

    def do_someone_tells_the_untold(self) -> str:
        told = [
            state.number
            for state in list(desired_state.untold())
            if doors.tell_untold(
                staff=self._manager(), seen=Seen(state.number), reason="From the banner."
            )
        ]
        return f"{told}"

    def do_someone_decides_a_refusal(self) -> str:
        desired = min(
            DesiredState.objects.filter(state="refused"), key=lambda each: each.pk, default=None
        )
        if desired is None:
            return ""
        version = desired.version - (self.chance.random() < 0.1)
        if self.chance.random() < 0.7:
            doors.retry_refused(staff=self._manager(), pk=desired.pk, version=version)
            return f"tries again {desired}"
        doors.resolve_refused(
            staff=self._manager(), pk=desired.pk, version=version, note="By hand."
        )
        return f"settles {desired}"

    # --- Staff: opting in ---

    def _evidence(self, number: str) -> Evidence:
        """What the person truly said, now or some time ago: the evidence is never made up."""
        now = timezone.now()
        ago = self.chance.choice([0, 0, 0, 0, 20, 61, 150, 600, 200_000_000])
        at = now - timedelta(seconds=ago)
        self.truths[number].consents.append(at)
        told_back = record.statements_of(number).filter(told_back=True)
        own = ()
        if self.chance.random() < 0.5:
            own = tuple(told_back.exclude(pk__in=self._theirs(number)).values_list("pk", flat=True))
        typed = at.replace(second=0, microsecond=0)
        exact = ago == 0 and self.chance.random() < 0.7
        return Evidence(
            "Pat Smith", Channel.PHONE, at if exact else typed, "Yes, text me.", exact=exact,
            own_stops=own,
        )  # fmt: skip

    def _theirs(self, number: str) -> list[int]:
        """Reported statements that a person truly made: the decider knows their own calls."""
        times = [stop.at for stop in self.truths[number].stops]
        wide = timedelta(minutes=5)
        consents = self.truths[number].consents

        def theirs(row: Statement, at: datetime) -> bool:
            if row.earliest is None:
                # A code without a time: of any stop that they had not answered themselves by then.
                answered = any(at < each <= row.latest for each in consents)
                return at <= row.latest + wide and not answered
            return row.earliest - wide <= at <= row.latest + wide

        rows = record.statements_of(number).filter(told_back=True)
        return [row.pk for row in rows if any(theirs(row, at) for at in times)]

    def do_someone_opens_the_lift_form(self) -> str:
        number = self._number()
        state = record.state_of(number)
        self.versions[number] = state.version if state else 0
        return number

    def _version(self, number: str) -> int | None:
        state = record.state_of(number)
        return self.versions.pop(number, state.version if state else 0)

    def do_a_manager_lifts(self) -> str:
        seen = self._seen()
        evidence = self._evidence(seen.number)
        opt_in.change_opt_in_status(
            staff=self._manager(),
            seen=seen,
            status="subscribed",
            evidence=evidence,
            version=self._version(seen.number),
        )
        return f"{seen.number} {evidence}"

    def do_someone_asks_for_a_lift(self) -> str:
        seen = self._seen()
        evidence = self._evidence(seen.number)
        lift_requests.ask(
            staff=self.chance.choice(self.staff),
            seen=seen,
            status="subscribed",
            evidence=evidence,
            version=self._version(seen.number),
        )
        return f"{seen.number} {evidence}"

    def do_someone_says_the_wrong_person(self) -> str:
        seen = self._seen()
        lift_requests.ask(
            staff=self.chance.choice(self.staff),
            seen=seen,
            status="subscribed",
            evidence=Evidence("", Channel.PHONE, timezone.now(), "A slip of mine", exact=True),
            kind=LiftRequestKind.WRONG_PERSON,
        )
        return seen.number

    def do_someone_decides_about_a_lift(self) -> str:
        waiting = list(LiftRequest.objects.filter(state="waiting").order_by("pk"))
        if not waiting:
            return ""
        request = self.chance.choice(waiting)
        what = self.chance.choice(["approve", "approve", "approve", "decline", "withdraw"])
        if what == "approve":
            told_back = record.statements_of(request.number).filter(told_back=True)
            own = told_back.exclude(pk__in=self._theirs(request.number))
            keys = own.values_list("pk", flat=True) if self.chance.random() < 0.5 else ()
            lift_requests.approve(staff=self._manager(), pk=request.pk, own_stops=tuple(keys))
        elif what == "decline":
            lift_requests.decline(staff=self._manager(), pk=request.pk, note="No")
        else:
            lift_requests.withdraw(staff=self.chance.choice(self.staff), pk=request.pk)
        return f"{what} {request.kind} {request.number}"

    def do_old_requests_expire(self) -> str:
        return f"{lift_requests.expire_old()}"

    # --- Staff: contacts ---

    def do_someone_creates(self) -> str:
        number = self._number()
        evidence = self._evidence(number) if self.chance.random() < 0.4 else None
        double = evidence is None and self.chance.random() < 0.3
        saved = editing.create(
            staff=self._manager(),
            typed={"mobile_number": number, "first_name": "New"},
            evidence=evidence,
            double_opt_in=double,
            version=_version_of(number),
        )
        return f"{number} {saved.contact.opt_in_status} double opt-in {double}"

    def do_someone_edits(self) -> str:
        row = self._a_row()
        if row is None:
            return ""
        old, number = row.number, self._number()
        fresh = read_contact(row.contact_id, now=True).contact
        original = editable_values(fresh)
        evidence = self._evidence(number) if self.chance.random() < 0.3 else None
        came = self.truths[old].unanswered()
        shown = list(row.stops)
        saved = editing.edit(
            staff=self._manager(),
            contact_id=row.contact_id,
            original=original,
            typed={**original, "mobile_number": number},
            evidence=evidence,
            version=_version_of(old, number),
        )
        if saved.changes:
            # The person is the same: what they said at the old number also holds at the new one.
            for stop in [*came, *shown]:
                stop.heard = True
                self.truths[number].stops.append(replace(stop, heard=True))
        return f"{old} to {number}: {saved.contact.opt_in_status}"

    def do_someone_deletes(self) -> str:
        row = self._a_row()
        if row is None:
            return ""
        shown = list(row.stops)
        deleting.delete(staff=self._manager(), contact_id=row.contact_id, typed_number=row.number)
        for stop in shown:
            stop.heard = True
        return f"{row}"

    # --- The end ---

    def _come_to_rest(self) -> None:
        self._say("at rest from here")
        self.vendors.faults = []
        quiet: list[Callable[[], str]] = [
            self.do_a_worker_sends_presses, self._all_hooks_arrive, self.do_webhooks_work,
            self.do_a_worker_delivers, self.do_the_index_syncs, self.do_stopped_numbers_are_reconciled,
            self.do_vendors_connected_later_are_told, self.do_someone_tells_the_untold,
            self.do_webhooks_work, self.do_a_worker_delivers, self.do_messages_are_read,
        ]  # fmt: skip
        for turn, seconds in enumerate((45, 130, 1000, 90_000, 45, *[4000] * 20)):
            self.clock.shift(timedelta(seconds=seconds))
            self.vendors.carry_out_late()
            for do in quiet:
                self._say(f"{do.__name__.removeprefix('do_')}: {do()}")
            if turn > 3 and not DesiredState.objects.exclude(due_at=None).exists():
                break
        self._say("eighteen days later")
        self._renew_all()
        self.do_undecided_messages_become_stops()
        for _ in range(3):
            self.clock.shift(timedelta(seconds=400))
            self.do_a_worker_delivers()
        self.do_texts_are_compared_with_stops()
        self._all_messages_are_heard()
        self.do_someone_reads_the_table()
        self._check()
        checks.words_are_heard(self.truths)
        checks.at_quiet(self.truths, self.vendors, [vendor.value for vendor in connected()])

    def _all_messages_are_heard(self) -> None:
        progress = slicktext_sync.progress()
        if progress is None or progress.gap_from or Vendor.SLICKTEXT not in connected():
            return
        missing = [stop for stops in self.listed.values() for stop in stops if not stop.heard]
        if missing:
            raise Wrong(f"SlickText listed what they wrote, and it was not read: {missing}")

    def _all_hooks_arrive(self) -> str:
        hooks, self.vendors.hooks = self.vendors.hooks, []
        for hook in hooks:
            self._receive(hook, SHAPES[0])
        return ""


WEIGHTS = {
    "press": 6, "time_passes": 10, "a_worker_delivers": 8, "webhooks_work": 8, "hook_arrives": 14,
    "someone_reads_the_table": 6, "a_manager_lifts": 6, "someone_asks_for_a_lift": 5,
    "someone_decides_about_a_lift": 5, "person_stops_at_slicktext": 5, "person_stops_at_ccai": 4,
    "someone_records_how_they_asked": 3, "a_timer_fires": 4, "vendors_fail": 3, "someone_edits": 3,
    "a_number_passes_to_another_person": 1, "the_index_is_purged": 1, "old_requests_expire": 1,
    "a_vendor_is_connected": 1, "person_writes": 6, "person_writes_start": 4, "ccai_texts": 5,
    "messages_are_read": 5, "someone_decides_about_a_message": 8, "stops_are_renewed": 3,
    "our_own_stop_shows_and_is_lifted": 5, "others_lift_at_ccai": 4,
}  # fmt: skip


def misshapen_slicktext(body: dict[str, Any], shape: str) -> dict[str, Any]:
    """The hook as an account might send it."""
    data = dict(body["data"])
    if shape == "no contact_id":
        data.pop("contact_id")
    if shape == "id only":
        data = {"contact_id": data["contact_id"]}
    if shape == "no date":
        data.pop("last_opt_in_status_change")
        return {**{key: each for key, each in body.items() if key != "date"}, "data": data}
    shaped: Any = {"a list": [data], "nested": {"contact": data}}.get(shape, data)
    if shape == "other zone":
        at = datetime.fromisoformat(body["date"]) - timedelta(hours=5)
        return {**body, "date": f"{at:%Y-%m-%dT%H:%M:%S}-05:00", "data": shaped}
    return {**body, "data": shaped}


def misshapen_ccai(body: dict[str, Any], shape: str) -> dict[str, Any]:
    """The event as an account might send it; its hash stays."""
    data = dict(body["data"])
    if shape == "no date":
        data.pop("UnsubscribedAt", None)
    if shape == "other zone" and "UnsubscribedAt" in data:
        at = datetime.fromisoformat(data["UnsubscribedAt"]) - timedelta(hours=5)
        data["UnsubscribedAt"] = f"{at:%Y-%m-%dT%H:%M:%S}-05:00"
    return {**body, "data": data}


def _says_news(at: datetime, row: Row, vendors: Vendors) -> bool:
    """Return True if a reading shows a stop that is not just what we had told SlickText (rule 10)."""
    if row.status not in STOPPED:
        return False
    told = DesiredState.objects.filter(number=row.number, vendor=Vendor.SLICKTEXT).first()
    if told is None or told.confirmed_at is None:
        return True
    same = told.confirmed_do_not_text and told.confirmed_opt_in_status == row.status
    shown = row.changed_at if vendors.dates != "never" else None
    if at < told.confirmed_at and (shown is None or desired_state.is_in_a_call(told, shown)):
        return False
    return not same or bool(shown and shown > told.confirmed_at + timedelta(minutes=2))


def set_of(stops: list[Stop]) -> set[int]:
    """Which of the people's stops these are."""
    return {id(stop) for stop in stops}


def _to(vendors: Vendors) -> Callable[..., Any]:
    def call(connection: http.Connection, *call: Any, **more: Any) -> Any:
        return vendors.call(connection, *call, **more)

    return call


def _version_of(*numbers: str) -> int:
    """Return what a form for these numbers has shown of their records."""
    return sum(state.version for state in record.states_of(numbers).values())


def _held() -> list[Any]:
    from contacts_ui.models import HeldPress

    return list(HeldPress.objects.filter(state="held"))


def _user(name: str, role: str = "") -> User:
    from tests.people import STAFF, group_of

    first, last, group = STAFF.get(name, (name.title(), "Smith", role))
    user, _ = User.objects.get_or_create(username=name, first_name=first, last_name=last)
    user.groups.add(group_of(role or group))
    return User.objects.get(pk=user.pk)
