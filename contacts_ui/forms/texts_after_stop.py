"""The filters of the texts that were sent after a stop; all of it lives in the address bar."""

from typing import Any

from django import forms

from contacts_ui.forms.numbers import NumberField
from contacts_ui.forms.opt_outs import RangeForm
from contacts_ui.forms.widgets import any_of, search_input
from contacts_ui.models import Vendor
from contacts_ui.models.messages import TextKind
from contacts_ui.services.review.texts_after_stop import Filters


class TextsAfterStopForm(RangeForm):
    """Which texts to show."""

    q = NumberField(
        label="Number", required=False, widget=search_input("Phone number", inputmode="tel")
    )
    kind = any_of("Kind", TextKind.choices)
    vendor = any_of("Vendor", Vendor.choices)
    size = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"].label, self.fields["to"].label = "Sent from", "Sent until"
        self.order_fields(("q", "kind", "vendor", "from", "to", "size"))

    def filters(self) -> Filters:
        """Return what was chosen, for the service."""
        data = self.cleaned_data
        return Filters(
            number=data["q"],
            vendor=data["vendor"],
            kind=data["kind"],
            since=self.since(),
            until=self.until(),
        )
