"""The search box and the filters of the table; all of it lives in the address bar."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from contacts_ui.forms.numbers import NumberField
from contacts_ui.forms.widgets import search_input
from contacts_ui.services.consent.rules import OptInStatus
from contacts_ui.services.index import IndexQuery

# Our name in the address bar -> SlickText's name of the field.
FILTERS: Final = {
    "status": "opt_in_status",
    "number": "mobile_number",
    "first_name": "first_name",
    "last_name": "last_name",
    "email": "email",
    "city": "city",
    "state": "state",
    "zip": "zip",
    "country": "country",
    "source": "source",
    "language": "language",
    "timezone": "timezone",
}
STATUSES: Final = (
    ("", "Any"),
    (OptInStatus.SUBSCRIBED, "Subscribed"),
    (OptInStatus.UNSUBSCRIBED, "Unsubscribed"),
    (OptInStatus.NOT_SUBSCRIBED, "Not subscribed"),
    (OptInStatus.BLOCKED, "Blocked"),
)
SEARCH_MAX_CHARS = 200


class SearchForm(forms.Form):
    """*Search contacts*: a number, an email, an id or a name."""

    q = forms.CharField(
        label="Search contacts",
        required=False,
        max_length=SEARCH_MAX_CHARS,
        widget=search_input("Number, email, id or full name"),
    )

    def answer_from_the_index(self, address: str) -> None:
        """The index finds parts of everything, and fast enough to answer at `address` while a person types."""
        self.fields["q"].widget.attrs |= {
            "placeholder": "Any part of a name, number, email",
            "aria-describedby": "search-hint",
            "hx-get": address,
            "hx-trigger": "input changed delay:150ms",
            "hx-include": "closest form",
            # No entry in the history for each letter; Enter makes one.
            "hx-push-url": "unset",
            "hx-replace-url": "true",
        }


class FilterForm(forms.Form):
    """Exact filters, as SlickText offers them: with capitals, without wildcards."""

    status = forms.CharField(
        label="Opt-in status",
        required=False,
        max_length=SEARCH_MAX_CHARS,
        widget=forms.Select(choices=STATUSES),
    )
    number = NumberField(
        label="Mobile number", required=False, max_length=SEARCH_MAX_CHARS, widget=forms.TextInput
    )
    first_name = forms.CharField(label="First name", required=False, max_length=SEARCH_MAX_CHARS)
    last_name = forms.CharField(label="Last name", required=False, max_length=SEARCH_MAX_CHARS)
    email = forms.CharField(label="Email", required=False, max_length=SEARCH_MAX_CHARS)
    city = forms.CharField(label="City", required=False, max_length=SEARCH_MAX_CHARS)
    state = forms.CharField(label="State", required=False, max_length=SEARCH_MAX_CHARS)
    zip = forms.CharField(label="Zip", required=False, max_length=SEARCH_MAX_CHARS)
    country = forms.CharField(label="Country", required=False, max_length=SEARCH_MAX_CHARS)
    source = forms.CharField(label="Source", required=False, max_length=SEARCH_MAX_CHARS)
    language = forms.CharField(label="Language", required=False, max_length=SEARCH_MAX_CHARS)
    timezone = forms.CharField(label="Time zone", required=False, max_length=SEARCH_MAX_CHARS)
    custom_field = forms.CharField(
        label="Custom field",
        required=False,
        max_length=SEARCH_MAX_CHARS,
        help_text="Its internal name",
    )
    custom_value = forms.CharField(
        label="Custom field is", required=False, max_length=SEARCH_MAX_CHARS
    )
    size = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """A custom field needs its value, and the other way round."""
        data = super().clean() or {}
        if data.get("custom_value") and not data.get("custom_field"):
            self.add_error("custom_field", "Enter the custom field for this value.")
        if data.get("custom_field") and not data.get("custom_value"):
            self.add_error("custom_value", "Enter a value for this custom field.")
        return data

    def exact_filters(self) -> dict[str, str]:
        """Return the valid filters, by SlickText's own field names."""
        data = getattr(self, "cleaned_data", {})
        filters = {theirs: data[ours] for ours, theirs in FILTERS.items() if data.get(ours)}
        if data.get("custom_field") and data.get("custom_value"):
            filters[data["custom_field"]] = data["custom_value"]
        return filters


def with_custom_field(data: Mapping[str, str]) -> dict[str, str]:
    """Return `custom.member=1` of an address as the form's custom field `member` and its value."""
    plain = {name: str(value) for name, value in data.items()}
    for name, value in list(plain.items()):
        if name.startswith("custom.") and value:
            plain["custom_field"], plain["custom_value"] = name.removeprefix("custom."), value
    return plain


def index_question(data: Mapping[str, str]) -> IndexQuery | None:
    """What an address of the table asks the index; None where a filter in it makes no sense."""
    data = with_custom_field(data)
    search, filters = SearchForm(data), FilterForm(data)
    if not search.is_valid() or not filters.is_valid():
        return None
    return IndexQuery(
        search=search.cleaned_data["q"].strip(),
        filters=filters.exact_filters(),
        sort=data.get("sort", ""),
    )
