"""What a person types to keep a view of the table."""

from typing import Any

from django import forms
from django.http import QueryDict

from contacts_ui.forms.finder import FILTERS

# What belongs to a view of the table; the page, or whether it is read live, does not.
PARTS = ("q", *FILTERS, "custom_field", "custom_value", "sort", "size")


def normalised(query: str) -> str:
    """The query of an address as a saved view keeps it: only what makes the view, always in the same order."""
    data = QueryDict(query, mutable=True)
    custom = sorted(name for name in data if name.startswith("custom."))
    kept = QueryDict(mutable=True)
    for name in (*PARTS, *custom):
        if value := str(data.get(name, "")).strip():
            kept[name] = value
    return kept.urlencode()


class ViewChangeForm(forms.Form):
    """The name of a view and who sees it."""

    name = forms.CharField(
        label="Name",
        max_length=60,
        error_messages={"required": "Give the view a name by which you find it again."},
    )
    shared = forms.BooleanField(label="Share with the team", required=False)


class SavedViewForm(ViewChangeForm):
    """A new view: its query comes from the table's address."""

    view = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.HiddenInput,
        error_messages={"max_length": "This view is too long to be saved. Use fewer filters."},
    )

    def clean_view(self) -> Any:
        """Without the page, so that two ways to the same view are one."""
        return normalised(self.cleaned_data["view"])
