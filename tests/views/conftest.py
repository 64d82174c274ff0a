"""What tests of several views share."""

import pytest
from django.utils import timezone

from contacts_ui.models import IndexSync
from contacts_ui.services.consent import doors, lift_requests, opt_in, vendor_events
from contacts_ui.services.consent.delivery import deliver
from contacts_ui.services.contacts import deleting, editing


@pytest.fixture
def deliver_in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vendors are called within the test's own transaction, which is much faster to take back than a whole database."""
    for module in (deleting, doors, editing, lift_requests, opt_in, vendor_events):
        monkeypatch.setattr(module, "deliver_now", lambda keys: [deliver(key) for key in keys])


@pytest.fixture
def walk_has_begun(db: None) -> None:
    """The index may be asked, and does not know everyone yet."""
    IndexSync.objects.create(pk=1, started_at=timezone.now(), next_at=timezone.now())
