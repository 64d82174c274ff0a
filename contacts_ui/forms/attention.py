"""What a manager types to resolve a refused delivery, or an event without a number."""

from django import forms

from contacts_ui.forms.numbers import NumberField


class AttentionForm(forms.Form):
    """The version of the desired state that the manager saw."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class SettleForm(AttentionForm):
    """What was done instead, for the audit log."""

    note = forms.CharField(
        label="What was done instead",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For example: blocked in SlickText by Ann on Nov 28.",
        error_messages={"required": "Say what was done, for the audit log."},
    )


class MatchForm(forms.Form):
    """The number that an event belongs to."""

    number = NumberField(
        label="Phone number", error_messages={"required": "Type the number to stop."}
    )


class CloseTextForm(forms.Form):
    """What was done about a text sent after a stop."""

    note = forms.CharField(
        label="What was done about it",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For example: what sent it, and how you prevent the next one.",
        error_messages={"required": "Say what was done, for the audit log."},
    )


class CloseForm(forms.Form):
    """Why an event needs no action."""

    reason = forms.CharField(
        label="Why no action is needed",
        max_length=250,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why, for the audit log."},
    )
