"""What tests of several views share."""

import pytest
from django.utils import timezone

from contacts_ui.models import IndexWalk
from contacts_ui.services import contacts
from contacts_ui.services.consent import doors, lifting, raising, vendor_doors
from contacts_ui.services.consent.delivery import deliver


@pytest.fixture
def deliver_in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vendors are called within the test's own transaction, which is much faster to take back than a whole database."""
    for module in (contacts, doors, lifting, raising, vendor_doors):
        monkeypatch.setattr(module, "deliver_now", lambda keys: [deliver(key) for key in keys])


@pytest.fixture
def walk_has_begun(db: None) -> None:
    """The index may be asked, and does not know everyone yet."""
    IndexWalk.objects.create(pk=1, started_at=timezone.now(), next_at=timezone.now())
