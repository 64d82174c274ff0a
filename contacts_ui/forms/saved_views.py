"""The forms to save a view of the table."""

from typing import Any

from django import forms
from django.http import QueryDict

from contacts_ui.forms.finder import FILTERS

# What belongs to a view of the table; the page, or whether it is read live, does not.
VIEW_PARTS = ("q", *FILTERS, "custom_field", "custom_value", "sort", "size")


def normalised(query: str) -> str:
    """Return the query of an address as a saved view keeps it: only the view's own parts, always in the same order."""
    data = QueryDict(query, mutable=True)
    custom = sorted(name for name in data if name.startswith("custom."))
    kept = QueryDict(mutable=True)
    for name in (*VIEW_PARTS, *custom):
        if value := str(data.get(name, "")).strip():
            kept[name] = value
    return kept.urlencode()


class ViewChangeForm(forms.Form):
    """The name of a view and who sees it."""

    name = forms.CharField(
        label="Name", max_length=60, error_messages={"required": "Enter a name for this view."}
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
        """Return the view's query without the page, so that the same view is always the same text."""
        return normalised(self.cleaned_data["view"])
