"""A dashboard with one of everything, so that few addresses lead to an empty page."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from contacts_ui.integrations.types import Contact
from contacts_ui.models import (
    DesiredState,
    Disagreement,
    IncomingMessage,
    SentText,
    Vendor,
    WebhookEvent,
)
from contacts_ui.models.desired_state import DeliveryState
from contacts_ui.models.ledger import Action
from contacts_ui.models.messages import TextKind
from contacts_ui.services import audit_log

from .jobs import fill_index, prepare
from .people import DOC_NUMBER, FREE_NUMBER, MARTY, MARTY_NUMBER, logged_in

PEOPLE = (
    Contact(contact_id=MARTY, mobile_number=MARTY_NUMBER, first_name="Marty", last_name="McFly"),
    Contact(contact_id=MARTY + 1, mobile_number=DOC_NUMBER, first_name="Emmett"),
)


def furnish(agent: User, manager: User) -> None:
    """Fill the index, stop a person, ask for a lift, and leave a job, files, a message and what needs attention."""
    ada, max_ = logged_in(agent), logged_in(manager)
    fill_index(*PEOPLE)
    _press(ada, f"/contacts/{MARTY}/do-not-text/", channel="phone", reason="Please stop")
    lift = {"status": "subscribed", "consent_who": "Marty McFly", "consent_channel": "phone"}
    _press(ada, f"/contacts/{MARTY}/ask-lift/", **lift, consent_words="You may text me again")
    _press(max_, "/contacts/views/new/", name="Tennessee", query="state=TN", view="state=TN")
    _press(max_, "/jobs/new/", kind="export", numbers=f"{MARTY_NUMBER}\n{FREE_NUMBER}\nx")
    prepare(manager, [FREE_NUMBER, "no number"])
    file = SimpleUploadedFile("people.csv", b"First,Cell,Email\nA,12,\nB,6155550777,=cmd\n")
    max_.post("/contacts/import/", {"file": file})
    _from_the_vendors()


def _press(browser: Client, address: str, **data: str) -> None:
    response = browser.post(address, data)
    assert response.status_code == 302, (address, response.status_code, response.content)


def _from_the_vendors() -> None:
    now = timezone.now()
    heard = {"vendor": Vendor.SLICKTEXT, "key": "1", "number": DOC_NUMBER, "heard_at": now}
    IncomingMessage(words="dont text me", due_at=now + timedelta(days=2), **heard).save()
    SentText(kind=TextKind.AFTER_HELD, sent_at=now, alarm_at=now, words="Sale", **heard).save()
    Disagreement.objects.create(
        number=DOC_NUMBER, contact_id=MARTY + 1, kind="reappeared", found_at=now
    )
    WebhookEvent.objects.create(
        vendor=Vendor.CLOUDCONTACTAI,
        key="odd",
        event="contact.unsubscribed",
        body={"data": {}},
        received_at=now,
        done_at=now,
        needs_decision=True,
    )
    entry = audit_log.record(action=Action.STOP_REQUESTED, staff=None, number=FREE_NUMBER)
    DesiredState.objects.create(
        number=FREE_NUMBER,
        vendor=Vendor.CLOUDCONTACTAI,
        do_not_text=True,
        ledger_entry=entry,
        requested_at=now,
        state=DeliveryState.REFUSED,
    )
