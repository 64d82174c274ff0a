"""Exporting contacts: the reason, and the kind of file."""

from typing import Any, Final

from django import forms

from contacts_ui.services.files.writing import Format

REASON_MAX_CHARACTERS = 500
FORMATS: Final = (
    (Format.XLSX.value, "Excel workbook (.xlsx), to open in a spreadsheet"),
    (Format.CSV.value, "CSV, to load into another program"),
)


class ExportForm(forms.Form):
    """The reason for an export, which the audit log keeps, and the kind of file."""

    why = forms.CharField(
        label="What do you need them for?",
        max_length=REASON_MAX_CHARACTERS,
        help_text="The audit log keeps it, with your name, the filters, and the columns.",
        error_messages={"required": "Say what it is for. Names and numbers leave the dashboard."},
    )
    format = forms.ChoiceField(
        label="File",
        choices=FORMATS,
        required=False,
        widget=forms.RadioSelect,
        initial=Format.XLSX.value,
        help_text="In a spreadsheet, a CSV loses the first zero of zip codes such as 02134. The workbook keeps it.",
    )

    def what_and_why(self) -> dict[str, Any]:
        """Return the arguments of the export; CSV if no choice was sent, as from an older address."""
        return {
            "why": self.cleaned_data["why"],
            "kind": Format(self.cleaned_data["format"] or Format.CSV),
        }
