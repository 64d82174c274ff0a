"""What a manager types to resolve a refused delivery, or an event without a number."""

from django import forms

from contacts_ui.forms.numbers import NumberField
from contacts_ui.forms.widgets import words_field

SAY_WHAT = {"required": "Say what was done, for the audit log."}


class AttentionForm(forms.Form):
    """The version of the desired state that the manager saw."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class SettleForm(AttentionForm):
    """What was done instead, for the audit log."""

    note = words_field(
        "What was done instead",
        500,
        help_text="For example: blocked in SlickText by Ann on Nov 28.",
        error_messages=SAY_WHAT,
    )


class MatchForm(forms.Form):
    """The number that an event belongs to."""

    number = NumberField(
        label="Phone number", error_messages={"required": "Type the number to stop."}
    )


class CloseTextForm(forms.Form):
    """What was done about a text sent after a stop."""

    note = words_field(
        "What was done about it",
        500,
        help_text="For example: what sent it, and how you prevent the next one.",
        error_messages=SAY_WHAT,
    )


class CloseForm(forms.Form):
    """Why an event needs no action."""

    reason = words_field(
        "Why no action is needed", 250, error_messages={"required": "Say why, for the audit log."}
    )
