"""Texts that the vendors send or leave out, stops that are lifted there, and the renewal that puts them back."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.utils import timezone

from contacts_ui.models import DesiredState, Statement, Vendor
from contacts_ui.models.ledger import Channel
from contacts_ui.services.consent import (
    delivery,
    desired_state,
    doors,
    lift_requests,
    opt_in,
    record,
    renewal,
)
from contacts_ui.services.consent.rules import EvidenceRefused
from contacts_ui.services.consent.types import Evidence, Request, Seen
from contacts_ui.services.messages import sent_texts
from contacts_ui.services.vendors import connected
from contacts_ui.services.webhooks import cloudcontactai, inbox, processing

from . import checks
from .checks import Wrong
from .vendors import Stop
from .words import Part, waits_for_sure

OPTED_OUT = ("Contact has opted out", "Unsubscribed contact", "DO_NOT_TEXT")


class Texts(Part):
    """The steps of texts and renewals."""

    # --- CloudContactAI ---

    def do_ccai_texts(self) -> str:
        number = self._number()
        if self.vendors.register.get(number) and self.chance.random() < 0.85:
            return f"{number} {self._left_out(number)}"
        data = self._text(number)
        if self.chance.random() < 0.7:
            data["SentAt"] = (timezone.now() + self.vendors.ccai_clock).isoformat()
        if self.chance.random() < 0.3:
            data["source"] = "inbox"
        return f"{self.vendors.ccai_event('message.sent', data)}"

    def _text(self, number: str) -> dict[str, Any]:
        self.vendors.next_message += 1
        data: dict[str, Any] = {
            "SmsSid": f"SM{self.vendors.next_message}", "To": number, "From": "+16155559998",
            "Message": "Sale! Reply STOP to opt out", "MessageStatus": "sent",
        }  # fmt: skip
        if self.chance.random() < 0.5:
            data |= {"CampaignId": 5, "CampaignTitle": "Spring"}
        return data

    def _left_out(self, number: str) -> str:
        """It holds a stop, theirs or only ours: an exclusion, or its own code. A carrier knows only theirs."""
        stops = self.vendors.own_stops.get(number, [])
        name, more = self.chance.choice(
            [
                ("message.excluded", {"ExcludedReason": self.chance.choice(OPTED_OUT)}),
                ("message.error.cloudcontact", {"ErrorCode": self.chance.choice([2001, "2001"])}),
                *([("message.error.carrier", {"ErrorCode": "21610"})] * 2 if stops else []),
            ]
        )
        self.vendors.ccai_event(name, {**self._text(number), **more}, list(stops))
        return f"{name} {more}, theirs: {bool(stops)}"

    def do_ccai_says_the_number_passed_on(self) -> str:
        number = self._number()
        if self.chance.random() < 0.5:
            return ""
        data = {**self._text(number), "ExcludedReason": "Number was reassigned"}
        self.vendors.ccai_event("message.excluded", data)
        self.vendors.hooks[-1]["passed_on"] = (number, timezone.now())
        return number

    def do_others_lift_at_ccai(self) -> str:
        held = [number for number, stopped in self.vendors.register.items() if stopped]
        number = self.chance.choice(held) if held else self._number()
        self.vendors.register[number] = False
        self.vendors.own_stops.pop(number, None)
        return number

    def do_stops_are_renewed(self) -> str:
        if self.chance.random() < 0.3:
            self._ask(self._number())
        if self.chance.random() < 0.5:
            self.do_days_pass()
        return self._renew()

    def _renew(self) -> str:
        told, statements = len(self.vendors.told), Statement.objects.count()
        held = _held_since()
        renewal.run_due()
        numbers = self.vendors.told[told:]
        if wrong := [number for number in numbers if waits_for_sure(number)]:
            raise Wrong(f"renewed while a request waits: {wrong}")
        if Statement.objects.count() != statements:
            raise Wrong("a renewal became a statement")
        later = {number: at for number, at in _held_since().items() if at != held.get(number, at)}
        if later:
            raise Wrong(f"a renewal moved since when it holds a stop: {later}")
        return f"{numbers}"

    def _ask(self, number: str) -> None:
        """They consent now, and an agent asks for the lift."""
        now = timezone.now()
        self.truths[number].consents.append(now)
        evidence = Evidence("Pat Smith", Channel.PHONE, now, "Yes, text me.", exact=True)
        with suppress(
            EvidenceRefused,
            opt_in.RecordChanged,
            lift_requests.AlreadyAsked,
            lift_requests.NothingToLift,
        ):
            lift_requests.ask(
                staff=self._agent(), seen=Seen(number), status="subscribed", evidence=evidence
            )

    def do_days_pass(self) -> str:
        days = self.chance.choice([1, 3, 8])
        self.clock.shift(timedelta(days=days))
        self.vendors.carry_out_late()
        return f"{days} days"

    def do_our_own_stop_shows_and_is_lifted(self) -> str:
        """An exclusion that only our own stop caused, before a lift or during it: newer consent still lifts."""
        number = self._number()
        self._stop_it_ourselves(number)
        if not self._only_ours(number):
            return "not so"
        self._exclusion_arrives(number)
        self._lift(number)
        said = "before the lift"
        if self.chance.random() < 0.6:
            self._exclusion_arrives(number)
            if not checks.is_stopped(number):
                raise Wrong("an exclusion during a lift did not count")
            self.clock.shift(timedelta(seconds=self.chance.choice([1, 130])))
            self._lift(number)
            said = "during the lift"
        return f"{number} {said}"

    def _stop_it_ourselves(self, number: str) -> None:
        self.vendors.faults = []
        self.do_webhooks_work()
        self.clock.shift(timedelta(milliseconds=50))
        stop = Stop(timezone.now(), "told staff")
        self.truths[number].stops.append(stop)
        doors.stop(
            staff=self._agent(), seen=Seen(number), request=Request(Channel.PHONE, None, "Stop.")
        )
        stop.heard = True
        for key in desired_state.due_now():
            delivery.deliver(key)
        self.clock.shift(timedelta(seconds=self.chance.choice([1, 130])))

    def _only_ours(self, number: str) -> bool:
        """Return True if CloudContactAI holds the stop by us alone, and nothing else is under way."""
        from contacts_ui.models import ConsentState, HeldPress, WebhookEvent

        state = ConsentState.objects.filter(number=number).first()
        told = DesiredState.objects.filter(number=number, vendor=Vendor.CLOUDCONTACTAI).first()
        return bool(
            state
            and checks.is_stopped(number)
            and Vendor.CLOUDCONTACTAI in connected()
            and told
            and told.do_not_text
            and told.confirmed_do_not_text
            and told.state == "confirmed"
            and told.due_at is None
            and not self.vendors.own_stops.get(number)
            and not self.vendors.faults
            and not HeldPress.objects.filter(state="held").exists()
            and not WebhookEvent.objects.filter(due_at__isnull=False).exists()
            and not _undated_theirs(number)
        )

    def _exclusion_arrives(self, number: str) -> None:
        data = {**self._text(number), "ExcludedReason": OPTED_OUT[0]}
        body = self.vendors.ccai_event("message.excluded", data)
        self.vendors.hooks.pop()
        cloudcontactai.receive(body)
        for key in inbox.due_events():
            processing.process(key)
        self.clock.shift(timedelta(milliseconds=50))

    def _lift(self, number: str) -> None:
        """They consent now, and a manager records it; with four eyes another one approves."""
        from django.conf import settings

        now = timezone.now()
        self.truths[number].consents.append(now)
        own = record.statements_of(number).filter(told_back=True).values_list("pk", flat=True)
        evidence = Evidence(
            "Pat Smith", Channel.PHONE, now, "Yes, text me.", exact=True, own_stops=tuple(own)
        )
        seen = Seen(number)
        if settings.FOUR_EYES:
            request = lift_requests.ask(
                staff=self.managers[0], seen=seen, status="subscribed", evidence=evidence
            )
            lift_requests.approve(staff=self.managers[1], pk=request.pk, own_stops=tuple(own))
        else:
            opt_in.change_opt_in_status(
                staff=self._manager(), seen=seen, status="subscribed", evidence=evidence
            )
        if checks.is_stopped(number):
            raise Wrong(f"newer consent did not lift {number}")

    # --- SlickText ---

    def do_slicktext_texts(self) -> str:
        number = self._number()
        source = self.chance.choice(["Campaign", "inbox", "workflow"])
        return (
            f"{number} {source} {self.vendors.message(number, 'Hi', outbound=True, source=source)}"
        )

    # --- The list ---

    def do_texts_are_compared_with_stops(self) -> str:
        sent_texts.check_new_statements()
        sent_texts.raise_alarms()
        checks.texts()
        return ""

    def _renew_all(self) -> None:
        """Ten business days later everything is told again."""
        self.clock.shift(timedelta(days=18))
        for _ in range(4):
            self._renew()
            self.clock.shift(timedelta(minutes=2))
            for key in desired_state.due_now():
                delivery.deliver(key)


def _held_since() -> dict[str, Any]:
    rows = DesiredState.objects.filter(vendor=Vendor.CLOUDCONTACTAI, held_since__isnull=False)
    return dict(rows.values_list("number", "held_since"))


def _undated_theirs(number: str) -> bool:
    """Return True if a reported stop may be theirs, as the decider sees it."""
    return record.statements_of(number).filter(told_back=True, discounted_by=None).exists()
