"""What tests of several views share."""

import pytest
from django.utils import timezone

from contacts_ui.models import IndexSync


@pytest.fixture
def walk_has_begun(db: None) -> None:
    """The index may be asked, and does not know everyone yet."""
    IndexSync.objects.create(pk=1, started_at=timezone.now(), next_at=timezone.now())
