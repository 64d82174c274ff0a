"""What a manager types to settle what a vendor refused, or to place what a vendor said."""

from django import forms

from contacts_ui.phone import to_e164


class AttentionForm(forms.Form):
    """Which version of the wish the manager saw."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class SettleForm(AttentionForm):
    """What was done instead. Whoever reads the ledger later was not there."""

    note = forms.CharField(
        label="What was done instead",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For example: blocked by hand on the vendor's own screen, by whom and when.",
        error_messages={"required": "Say what was done, so that the record can be understood."},
    )


class MatchForm(forms.Form):
    """Whose stop an event was."""

    number = forms.CharField(
        label="Phone number",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={"required": "Type the number to stop."},
    )

    def clean_number(self) -> str:
        """Any spelling of a number becomes E.164."""
        number = to_e164(self.cleaned_data["number"])
        if number is None:
            raise forms.ValidationError("We can't read this as a phone number.")
        return number


class CloseTextForm(forms.Form):
    """What was done about a text after a stop."""

    note = forms.CharField(
        label="What was done about it",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For example: what sent it, and what keeps it from happening again.",
        error_messages={"required": "Say what was done, so that the record can be understood."},
    )


class CloseForm(forms.Form):
    """Why nothing has to be done about an event."""

    reason = forms.CharField(
        label="Why nothing has to be done",
        max_length=250,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why, so that the record can be understood."},
    )
