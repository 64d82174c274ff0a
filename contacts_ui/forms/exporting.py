"""Taking contacts along: for what."""

from django import forms

LONGEST_REASON = 500


class ExportForm(forms.Form):
    """The reason for an export, which the ledger keeps."""

    why = forms.CharField(
        label="What do you need them for?",
        max_length=LONGEST_REASON,
        help_text="The ledger keeps it, with your name, the filters and the columns.",
        error_messages={"required": "Say what it is for: names and numbers leave the dashboard."},
    )
