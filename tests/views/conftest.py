"""What tests of several views share."""

import pytest

from contacts_ui.services import consent
from contacts_ui.services.delivery import deliver


@pytest.fixture
def deliver_in_this_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vendors are called within the test's own transaction, which is much faster to take back than a whole database."""
    monkeypatch.setattr(consent, "deliver_now", lambda keys: [deliver(key) for key in keys])
