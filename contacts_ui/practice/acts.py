"""How each thing of an invented history is done: by the service that a page, a webhook, or the worker calls."""

import random
from collections import deque
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils import timezone

from contacts_ui.contact_fields import editable_values
from contacts_ui.integrations.types import Contact, OptInStatus
from contacts_ui.models import LiftRequest, OptOut, Vendor
from contacts_ui.models.job import JobKind
from contacts_ui.models.ledger import Channel
from contacts_ui.phone import pretty
from contacts_ui.practice import words
from contacts_ui.practice.clock import Clock
from contacts_ui.practice.sandbox import Sandbox
from contacts_ui.services import index, jobs, people
from contacts_ui.services.consent import (
    delivery,
    disagreements,
    doors,
    held_presses,
    inbound_texts,
    lift_requests,
    renewal,
    slicktext_readings,
)
from contacts_ui.services.consent.types import Evidence, Request, Seen
from contacts_ui.services.contacts import deleting, editing, reading, saved_views
from contacts_ui.services.imports import uploads
from contacts_ui.services.imports.checking import Choice
from contacts_ui.services.jobs.sources import Source, from_text
from contacts_ui.services.review import opt_outs
from contacts_ui.services.webhooks import cloudcontactai, processing, slicktext
from contacts_ui.worker.schedule import run_jobs

# Turns of the worker until a sync or a job has ended, at most.
TURNS_MAX: Final = 500
# By username, as often as they answer the phone.
AGENTS: Final = ("agent", "agent", "rosa.delgado", "tyler.brooks", "priya.raman")


class Acts:
    """What people, vendors, and staff do, at the time that `clock` shows. `chance` is seeded."""

    def __init__(self, sandbox: Sandbox, clock: Clock, chance: random.Random) -> None:
        self.sandbox, self.clock, self.chance = sandbox, clock, chance
        self.staff: dict[str, User] = {}
        # Subscribed people with a name, each only once; and those that staff have stopped, the oldest first.
        self.strangers: deque[Contact] = deque()
        self.stopped: deque[Contact] = deque()
        # The person of the last lift request.
        self.asked_about: Contact | None = None
        self._events = count(1)

    # --- Who ---

    def hire(self, username: str, first_name: str, last_name: str, role: str) -> None:
        """Have the administrator invite a colleague, who chooses a password."""
        account, link = people.invite(
            staff=self.staff["admin"],
            username=username,
            role=role,
            first_name=first_name,
            last_name=last_name,
            email=f"{username}@example.com",
        )
        User.objects.filter(pk=account.pk).update(date_joined=timezone.now())
        self.clock.wait(minutes=2)
        if link:
            people.use_link(token=link.token, password=words.PASSWORD)
        self.staff[username] = User.objects.get(pk=account.pk)

    def meet_everyone(self) -> None:
        """Read all contacts into the index, as the worker does; those who are subscribed can act from now on."""
        for _ in range(TURNS_MAX):
            index.run_due(on_page=slicktext_readings.hear)
            if index.is_ready():
                break
            self.clock.wait(seconds=30)
        processing.process_due()
        question = index.IndexQuery(filters={"opt_in_status": OptInStatus.SUBSCRIBED})
        known = [each.contact for each in index.matching_contacts(question)]
        named = [each for each in known if each.first_name and each.last_name and each.number]
        named.sort(key=lambda each: each.contact_id)
        self.chance.shuffle(named)
        self.strangers = deque(named)

    def agent(self) -> User:
        """Return one of the people who answer the phone."""
        return self.staff[self.chance.choice((*AGENTS, "manager"))]

    def seen(self, contact: Contact) -> Seen:
        """Return a person as the table shows them."""
        found = index.by_ids([contact.contact_id]).get(contact.contact_id)
        return Seen.of(found.contact, found.read_at) if found else Seen.of(contact, timezone.now())

    # --- Stops by staff ---

    def stop(self, channel: Channel, reason: str, *, asked: timedelta = timedelta()) -> Contact:
        """Stop a stranger's texts with details; `asked` is how long ago they asked."""
        person = self.strangers.popleft()
        minute = (timezone.now() - asked).replace(second=0, microsecond=0)
        request = Request(channel, minute if asked else None, reason.format(year=minute.year))
        doors.stop(staff=self.agent(), seen=self.seen(person), request=request)
        self.stopped.append(person)
        return person

    def press(self, *, staff: User | None = None, later: tuple[Channel, str] | None = None) -> None:
        """Press *Do not text* and let the hold end; `later` are details that the same person adds."""
        person, staff = self.strangers.popleft(), staff or self.agent()
        doors.press_stop(staff=staff, seen=self.seen(person))
        self.clock.wait(seconds=21)
        delivery.deliver_now(held_presses.send_due())
        if later:
            self.clock.wait(minutes=3)
            request = Request(later[0], None, later[1])
            doors.stop(staff=staff, seen=self.seen(person), request=request)
        self.stopped.append(person)

    def slip(self) -> None:
        """Press the wrong row, and unsend it."""
        staff, seen = self.agent(), self.seen(self.strangers[0])
        doors.press_stop(staff=staff, seen=seen)
        self.clock.wait(seconds=6)
        doors.unsend(staff=staff, seen=seen)
        self.strangers.rotate(-1)

    def refused(self, vendor: Vendor, channel: Channel, reason: str) -> None:
        """Stop a person whose stop a vendor refuses."""
        self.sandbox.refuse_next(vendor.value, method="PUT", times=3)
        self.stop(channel, reason)
        self.sandbox.clear_faults()
        # Nothing else happens to them.
        self.stopped.pop()

    # --- What vendors tell ---

    def text_to_cloudcontactai(self, text: str, person: Contact | None = None) -> Contact:
        """Have a person text CloudContactAI, and take its events."""
        person = person or self.strangers.popleft()
        assert person.number  # noqa: S101 - strangers have one
        self.sandbox.person_texts(Vendor.CLOUDCONTACTAI, person.number, text)
        at = timezone.now().isoformat()
        data = {
            "From": person.number,
            "Message": text,
            "MessageStatus": "RECEIVED",
            "CreatedAt": at,
        }
        self._event("message.incoming", {**data, "SmsSid": 0})
        if text == "STOP":
            about = {"ContactData": {"phone": person.number}, "UnsubscribedAt": at}
            self._event("contact.unsubscribed", about)
        self.work()
        return person

    def stop_at_slicktext(self) -> None:
        """Have a person text STOP to SlickText, and take its webhook."""
        person = self.strangers.popleft()
        assert person.number  # noqa: S101 - strangers have one
        self.sandbox.person_texts(Vendor.SLICKTEXT, person.number, "STOP")
        at = f"{timezone.now():%Y-%m-%d %H:%M:%S}"
        data = {
            "contact_id": person.contact_id,
            "mobile_number": person.number,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "opt_in_status": OptInStatus.UNSUBSCRIBED,
            "last_updated": at,
        }
        self.clock.wait(seconds=2)
        slicktext.receive({"id": self._hex(), "name": "contact_updated", "date": at, "data": data})
        self.work()

    def text_to_start(self) -> None:
        """Have the person who was stopped longest ago text START to CloudContactAI."""
        self.text_to_cloudcontactai("START", self.stopped.popleft())

    def campaign_reaches(self, person: Contact) -> None:
        """Have CloudContactAI text a person, whatever was asked of it, and take its event."""
        assert person.number  # noqa: S101 - strangers have one
        self.sandbox.vendor_texts(
            Vendor.CLOUDCONTACTAI, person.number, words.TEXT_AFTER_STOP, words.CAMPAIGN
        )
        text = {
            "SmsSid": next(self._events),
            "MessageStatus": "DELIVERED",
            "To": person.number,
            "Message": words.TEXT_AFTER_STOP,
            "CampaignId": 6001,
            "CampaignTitle": words.CAMPAIGN,
            "CreatedAt": timezone.now().isoformat(),
        }
        self._event("message.sent", text)
        self.work()

    def subscribed_behind_our_back(self, person: Contact) -> None:
        """Have SlickText's support subscribe a stopped person, and let an agent open their page."""
        self.sandbox.subscribe_at_slicktext(person.contact_id)
        self.clock.wait(hours=2)
        reading.read(person.contact_id)
        self.work()

    def _event(self, name: str, data: dict[str, Any]) -> None:
        self.clock.wait(seconds=1)
        cloudcontactai.receive({"eventType": name, "data": data, "eventHash": self._hex()})

    def _hex(self) -> str:
        return f"{next(self._events):032x}"

    def work(self) -> None:
        """Do what the worker does: process events, and deliver what is due."""
        self.clock.wait(seconds=1)
        processing.process_due()
        for vendor in Vendor:
            while delivery.deliver_next(vendor):
                pass

    def renew_stops(self) -> None:
        """Let every stop look as if the worker had renewed it in time: a repeat leaves nothing but its time."""
        renewed_at = timezone.now() - timedelta(days=1)
        renewal.renewable(timezone.now()).filter(confirmed_at__lt=renewed_at).update(
            confirmed_at=renewed_at
        )

    # --- Decisions ---

    def ask_lift(self, text: str) -> LiftRequest:
        """Have an agent ask to lift the stop of the person who was stopped longest ago."""
        self.asked_about = person = self.stopped.popleft()
        evidence = Evidence(
            person.name, Channel.PHONE, timezone.now() - timedelta(minutes=4), text, exact=True
        )
        staff = self.staff[self.chance.choice(AGENTS)]
        # Their own page showed what was decided before.
        lift_requests.mark_seen(staff.pk)
        return lift_requests.ask(
            staff=staff, seen=self.seen(person), status=OptInStatus.SUBSCRIBED, evidence=evidence
        )

    def decide_lift(self, request: LiftRequest, manager: str, *, declined: str = "") -> None:
        """Have a manager decide about a request; `declined` says why not."""
        staff = self.staff[manager]
        if declined:
            lift_requests.decline(staff=staff, pk=request.pk, note=declined)
        else:
            lift_requests.approve(staff=staff, pk=request.pk, note=words.APPROVED)

    def decide_message(self, manager: str, *, stops: bool) -> None:
        """Have a manager decide about the oldest message that may ask us to stop."""
        message = inbound_texts.waiting().first()
        if message is None:
            return
        decide = inbound_texts.stop_texts if stops else inbound_texts.dismiss
        decide(staff=self.staff[manager], pk=message.pk)

    def review(self, manager: str, *, until: datetime) -> None:
        """Have a manager review every opt-out recorded before `until`."""
        rows = OptOut.objects.filter(reviewed_at=None, recorded_at__lt=until).order_by("pk")
        keys = list(rows.values_list("pk", flat=True))
        opt_outs.mark_reviewed(staff=self.staff[manager], keys=keys)

    def repair(self, manager: str) -> None:
        """Have a manager repair the open disagreements."""
        keys = list(disagreements.present().values_list("pk", flat=True))
        doors.repair(staff=self.staff[manager], keys=keys)

    # --- Contacts ---

    def create(self, first_name: str, last_name: str, city: str, state: str) -> None:
        """Have an editor create a contact, who is not subscribed."""
        number = f"+1{615 if state == 'TN' else 737}5550{next(self._events) % 1000:03d}"
        typed = {
            "first_name": first_name,
            "last_name": last_name,
            "mobile_number": number,
            "email": f"{first_name}.{last_name}@example.com".lower(),
            "city": city,
            "state": state,
            "country": "US",
        }
        editing.create(staff=self.staff["editor"], typed=typed)

    def edit(self, city: str) -> None:
        """Have a colleague correct where a person lives."""
        person = reading.read(self.strangers[0].contact_id, now=True).contact
        self.strangers.rotate(-1)
        original = editable_values(person)
        editing.edit(
            person.contact_id,
            staff=self.staff[self.chance.choice(("editor", "agent", "rosa.delgado"))],
            original=original,
            typed={**original, "city": city},
        )

    def delete(self) -> None:
        """Have a manager delete a contact for good."""
        person = self.strangers.popleft()
        deleting.delete(
            person.contact_id, staff=self.staff["manager2"], typed_number=person.number or ""
        )

    def save_view(self, name: str, query: str, shared: bool, owner: str) -> None:
        """Have a colleague keep a view of the table."""
        saved_views.save_view(staff=self.staff[owner], name=name, query=query, shared=shared)

    # --- Bulk work ---

    def bulk_stop(self, manager: str, many: int, reason: str) -> None:
        """Have a manager stop a pasted list."""
        chosen = [self.strangers.popleft() for _ in range(many)]
        listed = [f"{each.name}, {pretty(each.number or '')}" for each in chosen]
        text = "\n".join([*listed, listed[0], "Unknown, 615 555"])
        source = Source("A pasted list", from_text(text))
        job = jobs.create(staff=self.staff[manager], kind=JobKind.STOP, source=source)
        self.clock.wait(minutes=2)
        jobs.start(
            staff=self.staff[manager], pk=job.pk, request=Request(Channel.LETTER, None, reason)
        )
        self._finish_jobs()

    def import_file(self, manager: str, file_name: str, lines: list[str]) -> None:
        """Have a manager import a file, and press through what the check page asks."""
        content = "\n".join(lines).encode()
        staff = self.staff[manager]
        upload = uploads.store(staff=staff, file_name=file_name, content=content)
        uploads.choose(upload, upload.mapping, Choice.UPDATE)
        self.clock.wait(minutes=4)
        checked = uploads.check_upload(upload)
        answers = {each.key: each.choices[0][0] for each in checked.open}
        uploads.answer(upload, answers)
        expected = uploads.fingerprint(uploads.check_upload(upload))
        uploads.confirm(staff=staff, upload=upload, expected=expected)
        self._finish_jobs()

    def _finish_jobs(self) -> None:
        for _ in range(TURNS_MAX):
            moved = run_jobs()
            self.work()
            if not moved:
                break
