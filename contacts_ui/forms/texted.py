"""The filters of the texts that were sent after a stop; all of it lives in the address bar."""

from typing import Any

from django import forms

from contacts_ui.forms.opt_outs import RangeForm
from contacts_ui.models import Vendor
from contacts_ui.models.messages import TextKind
from contacts_ui.phone import to_e164
from contacts_ui.services.review.texted import Filters


class TextedForm(RangeForm):
    """Which texts to show."""

    q = forms.CharField(
        label="Number",
        required=False,
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": "Phone number",
                "inputmode": "tel",
                "autocomplete": "off",
                "spellcheck": "false",
                "enterkeyhint": "search",
                "data-search": "",
            }
        ),
    )
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "Any"), *TextKind.choices])
    vendor = forms.ChoiceField(
        label="Vendor", required=False, choices=[("", "Any"), *Vendor.choices]
    )
    size = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"].label, self.fields["to"].label = "Sent from", "Sent until"
        self.order_fields(("q", "kind", "vendor", "from", "to", "size"))

    def clean_q(self) -> str:
        """Any spelling of a number becomes E.164."""
        typed = self.cleaned_data["q"].strip()
        number = to_e164(typed)
        if typed and number is None:
            raise forms.ValidationError("We can't read this as a phone number.")
        return number or ""

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
