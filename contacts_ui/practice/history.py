"""Half a year of invented history: what happens when, and how all of it is made, or nothing."""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from contacts_ui.management.commands.demo_users import PEOPLE
from contacts_ui.models import CallBudget, LedgerEntry, Vendor
from contacts_ui.models.ledger import Channel
from contacts_ui.practice import words
from contacts_ui.practice.acts import Acts
from contacts_ui.practice.clock import Clock
from contacts_ui.practice.sandbox import Sandbox
from contacts_ui.request_id import request_id
from contacts_ui.services import audit_log
from contacts_ui.services.consent import delivery, held_presses
from contacts_ui.services.index import sync
from contacts_ui.services.jobs import running
from contacts_ui.services.operations import abilities
from contacts_ui.services.review import answers
from contacts_ui.services.vendors import forget_connections, health

DAYS: Final = 182
# Fewer people would run out.
PEOPLE_MIN: Final = 500
# Newer opt-outs are left for the reader to review.
REVIEWED_BEFORE_DAYS: Final = 9

Act = Callable[[], object]


class NotEmpty(Exception):
    """The audit log has entries, so no history is invented before them."""


class TooFewPeople(Exception):
    """The sandbox has fewer people than a history needs."""


def write(*, now: datetime, seed: int = 1) -> int:
    """Invent the half year before `now`, all or nothing; return the number of entries.

    Needs the demo logins. Raises NoSandbox, NotEmpty, TooFewPeople, and OSError if the sandbox does not answer.
    """
    sandbox = Sandbox()
    if LedgerEntry.objects.exists():
        raise NotEmpty
    with transaction.atomic(), sandbox.for_history():
        clock = Clock(now - timedelta(days=DAYS, hours=6), sandbox.set_clock)
        with _machinery(clock):
            _Plan(Acts(sandbox, clock, random.Random(seed)), now).carry_out()  # noqa: S311
        # Real calls are counted from here on.
        CallBudget.objects.all().delete()
    return LedgerEntry.objects.count()


@contextmanager
def _machinery(clock: Clock) -> Iterator[None]:
    """Let `clock` be the time, call vendors in this thread and without a limit, and mark every entry.

    Logs would have the wrong time, and tell of invented failures.
    """
    with ExitStack() as stack:
        stack.enter_context(patch.object(timezone, "now", clock))
        stack.enter_context(patch.object(settings, "SLICKTEXT_CALLS_PER_SECOND", 1e6))
        stack.enter_context(patch.object(settings, "UNDO_SECONDS", 20.0))
        stack.enter_context(patch.object(settings, "FOUR_EYES", True))
        # A hold ends when the clock is moved past it.
        stack.enter_context(patch.object(held_presses, "send_in_time", lambda press: None))
        # Turns end with their work, however slow this machine is: the same history everywhere.
        stack.enter_context(patch.object(running, "TURN_SECONDS", 600))
        stack.enter_context(patch.object(sync, "RUN_MAX_SECONDS", 600))
        # An invented failure says nothing about a vendor's health.
        stack.enter_context(patch.object(health.HealthMonitor, "record", lambda *call: None))
        stack.enter_context(delivery.one_by_one())
        stack.enter_context(audit_log.marked_as_practice())
        stack.enter_context(request_id("practice"))
        logging.disable(logging.WARNING)
        stack.callback(logging.disable, logging.NOTSET)
        forget_connections()
        stack.callback(forget_connections)
        yield


@dataclass
class _Plan:
    """What happens when. `acts` do it, `now` is where the history ends."""

    acts: Acts
    now: datetime
    _plan: list[tuple[datetime, Act]] = field(default_factory=list)

    def carry_out(self) -> None:
        """Do everything in order."""
        acts = self.acts
        acts.staff = {name: User.objects.get(username=name) for name in PEOPLE}
        acts.meet_everyone()
        if len(acts.strangers) < PEOPLE_MIN:
            raise TooFewPeople
        self._begin()
        self._ordinary_days()
        self._lifts()
        self._bulk_work()
        self._contacts()
        self._messages()
        self._what_is_pressing()
        for moment, act in sorted(self._plan, key=lambda each: each[0]):
            acts.clock.move_to(moment)
            act()

    def _at(
        self, days_ago: float, clock: str, act: Callable[..., object], *args: object, **more: object
    ) -> None:
        """Plan an act for a day and a time of day like "9:30" in the time zone of the settings."""
        zone = timezone.get_default_timezone()
        day = self.now.astimezone(zone).date() - timedelta(days=int(days_ago))
        hour, _, minute = clock.partition(":")
        moment = datetime.combine(day, time(int(hour), int(minute)), zone)
        self._plan.append((moment, partial(act, *args, **more)))

    def _ago(self, hours: float, act: Callable[..., object], *args: object, **more: object) -> None:
        """Plan an act for some hours before the end."""
        self._plan.append((self.now - timedelta(hours=hours), partial(act, *args, **more)))

    def _begin(self) -> None:
        for place, colleague in enumerate(words.COLLEAGUES):
            self._at(DAYS - 1, f"8:{place * 5:02d}", self.acts.hire, *colleague)
        for place, view in enumerate(words.VIEWS):
            self._at(DAYS - 10 - place * 20, "11:12", self.acts.save_view, *view)

    def _ordinary_days(self) -> None:
        """Plan stops: a few on every weekday, some by text at the weekend, and a little more every month."""
        chance = self.acts.chance
        for days_ago in range(DAYS - 2, 0, -1):
            weekend = (self.now - timedelta(days=days_ago)).weekday() >= 5
            busy = 0.7 + 0.5 * (DAYS - days_ago) / DAYS
            many = chance.choices((0, 1, 2, 3), (35, 35 * busy, 20 * busy, 10 * busy))[0]
            for _ in range(min(many, 1) if weekend else many):
                clock = f"{chance.randint(9, 17)}:{chance.randint(0, 59):02d}"
                self._at(days_ago, clock, self._by_text if weekend else self._somehow)
            self._at(days_ago, "23:55", answers.note_today)
        # Mondays' work.
        for week, days_ago in enumerate(range(DAYS - 7, 7, -7)):
            manager = ("manager", "manager2", "hannah.weiss")[week % 3]
            self._at(days_ago, "8:45", self._review, manager)

    def _review(self, manager: str) -> None:
        before = self.now - timedelta(days=REVIEWED_BEFORE_DAYS)
        self.acts.review(manager, until=min(before, timezone.now() - timedelta(days=1)))

    def _by_text(self) -> None:
        if self.acts.chance.random() < 0.6:
            self.acts.text_to_cloudcontactai("STOP")
        else:
            self.acts.stop_at_slicktext()

    def _somehow(self) -> None:
        """Stop a person in one of the ways in which people ask."""
        acts, chance = self.acts, self.acts.chance
        kind = chance.choices(("told", "text", "press", "press and details"), (62, 20, 12, 6))[0]
        if kind == "text":
            self._by_text()
            return
        channels = list(words.ASKED)
        channel = chance.choices(channels, [words.ASKED[each][0] for each in channels])[0]
        reason = chance.choice(words.ASKED[channel][1])
        if kind == "told":
            hours = {Channel.LETTER: 70, Channel.EMAIL: 5, Channel.WEB: 9}.get(channel, 0)
            asked = timedelta(hours=hours * chance.uniform(0.2, 1))
            acts.stop(channel, reason, asked=asked)
        else:
            acts.press(later=(channel, reason) if kind == "press and details" else None)

    def _lifts(self) -> None:
        for place, days_ago in enumerate((150, 131, 118, 96, 77, 61, 40, 24)):
            declined = words.DECLINED[place // 4] if place % 4 == 3 else ""
            text = words.LIFT_WORDS[place % len(words.LIFT_WORDS)]
            self._at(days_ago, "10:20", self._lift, text, declined)
        self._at(8, "15:30", self._lift_withdrawn)
        # These wait.
        self._at(2, "16:10", self.acts.ask_lift, words.LIFT_WORDS[1])
        self._ago(3, self.acts.ask_lift, words.LIFT_WORDS[3])

    def _lift(self, text: str, declined: str) -> None:
        request = self.acts.ask_lift(text)
        self.acts.clock.wait(hours=2, minutes=7)
        self.acts.decide_lift(request, "manager2", declined=declined)

    def _lift_withdrawn(self) -> None:
        """Ask for a person who then texts STOP once more: that withdraws the request."""
        self.acts.ask_lift(words.LIFT_WORDS[0])
        self.acts.clock.wait(hours=1)
        self.acts.text_to_cloudcontactai("STOP", self.acts.asked_about)

    def _bulk_work(self) -> None:
        self._at(140, "14:05", self.acts.bulk_stop, "manager", 12, words.BULK_LETTER)
        self._at(66, "10:40", self._import)
        self._at(
            19,
            "13:15",
            self.acts.bulk_stop,
            "hannah.weiss",
            5,
            "Returned a card at the trade fair.",
        )

    def _import(self) -> None:
        people = [self.acts.strangers.popleft() for _ in range(14)]
        lines = ["First name,Last name,Mobile number,City,Opted out"]
        for place, each in enumerate(people):
            city, stop = each.city or "", "yes" if place % 4 == 3 else ""
            lines.append(f"{each.first_name},{each.last_name},{each.number},{city},{stop}")
        for place, (first_name, last_name) in enumerate(words.IMPORTED):
            lines.append(f"{first_name},{last_name},+1615555{7100 + place},Nashville,")
        lines += ["Nora,Webb,615-55,Nashville,", "Sam,Poe,,Memphis,"]
        self.acts.import_file("manager2", "trade-fair-leads.csv", lines)

    def _contacts(self) -> None:
        for place, new in enumerate(words.NEW_PEOPLE):
            self._at(160 - place * 29, "13:40", self.acts.create, *new)
        for place in range(14):
            city = words.CITIES[place % len(words.CITIES)]
            self._at(170 - place * 12, "15:05", self.acts.edit, city)
        self._at(52, "9:35", self.acts.delete)
        self._at(33, "12:12", self.acts.slip)
        self._ago(2.5, self.acts.edit, words.CITIES[0])
        self._ago(0.5, abilities.probe)
        self._ago(0.2, self.acts.renew_stops)

    def _messages(self) -> None:
        for place, (text, stops) in enumerate(words.UNSURE_DECIDED):
            self._at(110 - place * 27, "9:10", self._unsure, text, stops)
        for hours, text in zip((20, 7, 1), words.UNSURE_WAITING, strict=True):
            self._ago(hours, self.acts.text_to_cloudcontactai, text)

    def _unsure(self, text: str, stops: bool) -> None:
        self.acts.text_to_cloudcontactai(text)
        self.acts.clock.wait(hours=1, minutes=20)
        self.acts.decide_message("manager", stops=stops)

    def _what_is_pressing(self) -> None:
        """Plan what waits for the reader: late, refused, texted after a stop, and where vendors disagree."""
        acts = self.acts
        late = timedelta(days=22)
        self._at(25, "10:02", acts.stop, Channel.LETTER, words.LATE_LETTER, asked=late)
        # CloudContactAI's, since SlickText's would be a third disagreement.
        refused = (Vendor.CLOUDCONTACTAI, Channel.PHONE, words.ASKED[Channel.PHONE][1][3])
        self._at(17, "11:25", acts.refused, *refused)
        # One that a manager has repaired.
        self._at(88, "9:50", self._disagreement)
        self._at(87, "10:15", acts.repair, "manager")
        self._at(4, "14:45", self._disagreement)
        self._at(2, "9:05", self._disagreement)
        self._at(1, "17:30", self._text_after_stop)
        self._ago(5, acts.text_to_start)
        self._ago(4, acts.press, staff=None)
        self._ago(2, acts.stop, Channel.PHONE, words.ASKED[Channel.PHONE][1][0])
        self._ago(1.5, acts.text_to_cloudcontactai, "STOP")

    def _disagreement(self) -> None:
        self.acts.subscribed_behind_our_back(self.acts.stopped.pop())

    def _text_after_stop(self) -> None:
        self.acts.campaign_reaches(self.acts.stopped.pop())
