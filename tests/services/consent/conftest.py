"""What tests of CloudContactAI's stops share."""

from collections.abc import Callable

import pytest

from contacts_ui.models import DesiredState, Vendor, VendorAbility
from contacts_ui.models.abilities import AbilityState
from contacts_ui.services.consent import delivery
from contacts_ui.services.operations import abilities
from tests.people import SetDesiredState


@pytest.fixture
def held(clock: object, set_desired_state: SetDesiredState) -> DesiredState:
    """One stop that both vendors hold since the clock's beginning."""
    delivery.deliver(set_desired_state(Vendor.SLICKTEXT).pk)
    desired = set_desired_state(Vendor.CLOUDCONTACTAI)
    delivery.deliver(desired.pk)
    desired.refresh_from_db()
    assert desired.confirms_stop
    return desired


@pytest.fixture
def offer_reads(db: None) -> Callable[[], VendorAbility]:
    """Let CloudContactAI's account be one that can be read."""
    return lambda: VendorAbility.objects.create(
        vendor=Vendor.CLOUDCONTACTAI,
        name=abilities.READS,
        state=AbilityState.OFFERED,
        account=abilities.fingerprint(Vendor.CLOUDCONTACTAI),
    )
