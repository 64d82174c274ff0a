"""What people write to either vendor in their own words, and what staff decide about it."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from contacts_ui.integrations.types import Message
from contacts_ui.models import IncomingMessage, LiftRequest, Statement, Vendor, VendorAbility
from contacts_ui.models.abilities import AbilityState
from contacts_ui.services.consent import inbound_texts
from contacts_ui.services.messages import position, slicktext_sync
from contacts_ui.services.messages.position import Order
from contacts_ui.services.operations import abilities

from .checks import Truth, Wrong
from .vendors import Row, Stop, Vendors

NUMBERS = ("+16155550001", "+16155550002", "+16155550003")
ALWAYS = ("STOP", "Stop please", "unsubscribe", "revoke")
MAY_BE = ("please stop texting me", "no more texts please")
# They read as if they might ask, and truly ask nothing.
ASK_NOTHING = (
    "I told my son: please stop texting me",
    "Will there be no more texts about the sale?",
)
START = ("START", "unstop")
OTHER = ("See you at five",)


class Part:
    """What the parts of a schedule share."""

    chance: random.Random
    vendors: Vendors
    truths: dict[str, Truth]
    agents: Sequence[User]
    managers: Sequence[User]
    clock: Any
    # Stops that a message in SlickText's list mentions, by its id.
    listed: dict[str, list[Stop]]

    def _number(self) -> str:
        return self.chance.choice(NUMBERS)

    def _agent(self) -> User:
        return self.chance.choice(self.agents)

    def _manager(self) -> User:
        return self.chance.choice(self.managers)

    def do_webhooks_work(self) -> str:
        raise NotImplementedError

    def _rows(self, number: str) -> list[Row]:
        return self.vendors.of(number)


class Words(Part):
    """The steps of messages that come in."""

    def _watch_messages(self) -> None:
        """Have SlickText's list of messages read, where the account offers one."""
        self.vendors.newest_first = self.chance.random() < 0.5
        self.listed = {}
        if Vendor.SLICKTEXT not in abilities.connected() or self.chance.random() < 0.3:
            return
        order = Order.NEWEST_FIRST if self.vendors.newest_first else Order.OLDEST_FIRST
        begin = position.first(timezone.now(), order, abilities.account(Vendor.SLICKTEXT))
        VendorAbility.objects.create(
            vendor=Vendor.SLICKTEXT,
            name=abilities.MESSAGES,
            state=AbilityState.OFFERED,
            account=abilities.fingerprint(Vendor.SLICKTEXT),
            mark=abilities.msgspec.to_builtins(begin),
            next_at=timezone.now(),
        )

    # --- People write ---

    def do_person_writes(self) -> str:
        number = self._number()
        return self._write(
            number, self.chance.choice([*ALWAYS, *MAY_BE * 3, *ASK_NOTHING * 3, *OTHER])
        )

    def do_person_writes_start(self) -> str:
        return self._write(self._number(), self.chance.choice(START))

    def do_person_writes_again(self) -> str:
        """The same words twice, with a change of mind between them."""
        number, words = self._number(), self.chance.choice([*ALWAYS, *MAY_BE])
        said = [self._write(number, words)]
        self.clock.shift(timedelta(seconds=self.chance.choice([1, 20, 70, 110])))
        if self.chance.random() < 0.5:
            said.append(self._write(number, "START"))
            self.clock.shift(timedelta(seconds=self.chance.choice([1, 20, 70])))
        said.append(self._write(number, words))
        return "; ".join(said)

    def do_person_writes_start_that_comes_late(self) -> str:
        """START first, and STOP a little later: received in the other order, and the START without a time."""
        number, before = self._number(), self.vendors.hooks
        self.vendors.hooks = []
        self._write(number, "START", "cloudcontactai", dated=False)
        start = self.vendors.hooks
        self.vendors.hooks = []
        self.clock.shift(timedelta(seconds=self.chance.choice([1, 70, 300])))
        said = self._write(number, "STOP", "cloudcontactai")
        for hooks in (self.vendors.hooks, start):
            for hook in hooks:
                self._receive(hook, "as documented")
            self.clock.shift(timedelta(seconds=self.chance.choice([1, 130])))
            self.do_webhooks_work()
        self.vendors.hooks = before
        return said

    def _receive(self, hook: dict[str, Any], shape: str) -> str:
        raise NotImplementedError

    def _write(
        self, number: str, words: str, vendor: str = "", *, dated: bool | None = None
    ) -> str:
        stops = []
        if words in (*ALWAYS, *MAY_BE):
            stops = [Stop(timezone.now(), f"wrote {words}")]
            self.truths[number].stops += stops
        if words in START:
            self.truths[number].consents.append(timezone.now())
        if dated is None:
            dated = self.chance.random() < 0.5
        if (vendor or self.chance.choice(["slicktext", "cloudcontactai"])) == "slicktext":
            more = self._to_slicktext(number, words, stops, dated=dated)
        else:
            more = self._to_ccai(number, words, stops, dated=dated)
        return f"{number} {words}: {more}, dated {dated}"

    def _to_slicktext(self, number: str, words: str, stops: list[Stop], *, dated: bool) -> str:
        key = self.vendors.message(number, words, outbound=False, source="inbox")
        self.listed[key] = stops
        hooked = self.chance.random() < 0.6
        if hooked:
            self.vendors.inbox_hook(self.vendors.messages[-1], stops, dated=dated)
        if words in ALWAYS and self.chance.random() < 0.6:
            for row in self._rows(number):
                status = "blocked" if row.status == "blocked" else "unsubscribed"
                self.vendors.set_status(row, status, stops[0])
        if words in START:
            for row in self._rows(number):
                self.vendors.set_status(row, "subscribed")
                self.vendors.touch(number)
        return f"to SlickText, hook {hooked}"

    def _to_ccai(self, number: str, words: str, stops: list[Stop], *, dated: bool) -> str:
        named = self.chance.random() < 0.8
        self.vendors.next_message += 1
        data: dict[str, Any] = {"From": number, "To": "+16155559998", "Message": words}
        data["SmsSid"] = f"SM{self.vendors.next_message}" if named else 0
        if dated:
            data["ReceivedAt"] = (timezone.now() + self.vendors.ccai_clock).isoformat()
        name = self.chance.choice(["message.incoming", "message.incoming", "message.received"])
        self.vendors.ccai_event(name, data, stops)
        if words in ALWAYS:
            self.vendors.register[number] = True
            self.vendors.own_stops.setdefault(number, []).extend(stops)
            self.vendors.started.discard(number)
            if self.chance.random() < 0.5:
                self.vendors.ccai_hook(number, stops[0])
        if words in START:
            self.vendors.register[number] = False
            self.vendors.own_stops.pop(number, None)
            self.vendors.started.add(number)
        return f"to CloudContactAI, with an id {named}"

    # --- SlickText's list ---

    def do_messages_are_read(self) -> str:
        consents = _consents()
        pages = slicktext_sync.run_due()
        if _consents() != consents:
            raise Wrong("a message became consent by itself")
        return f"{pages} pages"

    def _recorded(self, record: Any) -> Any:
        """In place of `slicktext_sync._record`: what it recorded is heard."""

        def recorded(messages: Sequence[Message], asked_at: datetime) -> None:
            record(messages, asked_at)
            for message in messages:
                hear(self.listed.get(message.key, ()))

        return recorded

    # --- Staff decide ---

    def do_someone_decides_about_a_message(self) -> str:
        waits = list(inbound_texts.waiting())
        if not waits:
            return ""
        message = self.chance.choice(waits)
        if message.words not in ASK_NOTHING or self.chance.random() < 0.2:
            inbound_texts.stop_texts(staff=self._agent(), pk=message.pk)
            return f"stops texts for {message.words}"
        judged = inbound_texts.dismiss(staff=self._manager(), pk=message.pk)
        if judged.asked is None and "They wrote" in judged.reason:
            raise Wrong("the verdict does not follow the record after Not a request")
        return f"no request: {message.words}"

    def do_someone_takes_not_a_request_back(self) -> str:
        message = IncomingMessage.objects.filter(state="not_a_request").order_by("pk").last()
        if message is None:
            return ""
        inbound_texts.reopen(staff=self._manager(), pk=message.pk)
        return f"{message.words}"

    def do_undecided_messages_become_stops(self) -> str:
        count = inbound_texts.stop_undecided()
        if inbound_texts.waiting().filter(due_at__lte=timezone.now()).exists():
            raise Wrong("a message still waits after its two business days")
        return f"{count}"


def hear(stops: Iterable[Stop]) -> None:
    """These stops could be known from now on."""
    for stop in stops:
        stop.heard = True


def _consents() -> int:
    return Statement.objects.filter(kind="consent").count()


def waits_for_sure(number: str) -> bool:
    """Return True if a request about the number waits, and not for so long that it may be passed over."""
    since = timezone.now() - timedelta(days=9)
    rows = LiftRequest.objects.filter(number=number, state="waiting", asked_at__gt=since)
    return rows.exists()


def body_number(body: Mapping[str, Any]) -> str:
    """The person that an event of ours is about."""
    return str(body["data"].get("To", ""))
