"""The evidence sheet of a person whose one STOP reached us in two ways."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts_ui.models import OptOut, Vendor
from contacts_ui.services.consent import own_words
from tests.pages import Page
from tests.people import MARTY_NUMBER, Vendors


def test_a_stop_told_in_two_ways_keeps_its_deadline_in_the_summary(
    max_: Client, vendors: Vendors
) -> None:
    now = timezone.now()
    for key, seconds in (("first", 0), ("second", 30)):
        own_words.heard(
            vendor=Vendor.CLOUDCONTACTAI,
            key=key,
            number=MARTY_NUMBER,
            words="STOP",
            said_at=now + timedelta(seconds=seconds),
            heard_at=now + timedelta(seconds=seconds),
        )
    assert OptOut.objects.count() == 1
    page = Page(max_.get(reverse("evidence", args=[MARTY_NUMBER])))
    assert "2. Request to stop texts" in page.text
    assert "The deadline, " in page.text.partition("Shown here as")[0]
