"""What a manager types to settle by hand what a vendor refused."""

from django import forms


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
