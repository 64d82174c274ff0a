"""The search box and the filters of the table; all of it lives in the address bar."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from contacts_ui.forms.numbers import NumberField
from contacts_ui.forms.widgets import search_input
from contacts_ui.services import index
from contacts_ui.services.consent.rules import OptInStatus
from contacts_ui.services.index import IndexQuery

# Our name in the address bar -> SlickText's name of the field.
_SAME: Final = "first_name last_name email city state zip country source language timezone"
FILTERS: Final = {
    "status": "opt_in_status",
    "number": "mobile_number",
    # `may` and `stopped` are the index's own.
    **{name: name for name in (*_SAME.split(), "may", "stopped")},
}
STATUSES: Final = (
    ("", "Any"),
    (OptInStatus.SUBSCRIBED, "Subscribed"),
    (OptInStatus.UNSUBSCRIBED, "Unsubscribed"),
    (OptInStatus.NOT_SUBSCRIBED, "Not subscribed"),
    (OptInStatus.BLOCKED, "Blocked"),
)
SEARCH_MAX_CHARS = 200


def _text(label: str, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=SEARCH_MAX_CHARS, **more)


class SearchForm(forms.Form):
    """*Search contacts*: what SlickText can find, or more once the index answers."""

    q = _text("Search contacts", widget=search_input("Number, email, id, or full name"))

    def find_parts(self) -> None:
        """Say what the index finds."""
        self.fields["q"].widget.attrs["placeholder"] = "Any part of a name, number, or email"

    def answer_from_the_index(self, address: str) -> None:
        """Search the index at `address` while a person types: it finds parts of words, and fast."""
        self.find_parts()
        self.fields["q"].widget.attrs |= {
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

    status = _text("Opt-in status", widget=forms.Select(choices=STATUSES))
    number = NumberField(
        label="Mobile number", required=False, max_length=SEARCH_MAX_CHARS, widget=forms.TextInput
    )
    first_name = _text("First name")
    last_name = _text("Last name")
    email = _text("Email")
    city = _text("City")
    state = _text("State")
    zip = _text("Zip")
    country = _text("Country")
    source = _text("Source")
    language = _text("Language")
    timezone = _text("Time zone")
    stopped = _text(
        "Texts stopped", help_text="Such as today, 11/28/2026, or 11/1/2026..11/28/2026"
    )
    custom_field = _text("Custom field", help_text="Its internal name")
    custom_value = _text("Custom field is")
    size = forms.CharField(required=False, widget=forms.HiddenInput)
    may = forms.CharField(label="May we text?", required=False, widget=forms.HiddenInput)

    def offer(self, values: Mapping[str, Sequence[str]]) -> None:
        """Let these filters be chosen from the values that exist, and from what is asked for; others are typed."""
        for name, existing in values.items():
            asked = str(self.data.get(name) or "")
            choices = [
                (asked if index.normalize(each) == index.normalize(asked) else each, each)
                for each in existing
            ]
            if asked and asked not in dict(choices):
                choices.append((asked, asked))
            if existing:
                self.fields[name].widget = forms.Select(choices=[("", "Any"), *choices])

    def asked(self) -> list[tuple[str, str]]:
        """Return what the visible fields hold, as long as they are not on the page."""
        return [
            (name, str(value))
            for name, field in self.base_fields.items()
            if (value := self.data.get(name)) and not field.widget.is_hidden
        ]

    def hidden_fields(self) -> list[forms.BoundField]:
        """Return these without the answer: the tabs, which stand inside the results, carry it."""
        return [each for each in super().hidden_fields() if each.name != "may"]

    def clean_stopped(self) -> str:
        """Refuse what is neither a day nor two."""
        typed = str(self.cleaned_data["stopped"])
        if typed and index.period_of(typed) is None:
            raise forms.ValidationError(f"Texts stopped: {index.DAYS_HELP}")
        return typed

    def clean(self) -> dict[str, Any]:
        """Require a custom field and its value together."""
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
    """Return the question that a table's address asks the index; None if a filter is not valid."""
    data = with_custom_field(data)
    search, filters = SearchForm(data), FilterForm(data)
    if not search.is_valid() or not filters.is_valid():
        return None
    return IndexQuery(
        search=search.cleaned_data["q"].strip(),
        filters=filters.exact_filters(),
        sort=data.get("sort", ""),
    )
