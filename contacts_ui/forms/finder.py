"""The search box and the filters of the table; all of it lives in the address bar."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from contacts_ui.phone import to_e164
from contacts_ui.services.consent.verdicts import OptInStatus
from contacts_ui.services.index import IndexQuestion

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
LONGEST = 200


class SearchForm(forms.Form):
    """*Search contacts*: a number, an email, an id or a name."""

    q = forms.CharField(
        label="Search contacts",
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": "Number, email, id or full name",
                "autocomplete": "off",
                "spellcheck": "false",
                "enterkeyhint": "search",
                "data-search": "",
            }
        ),
    )

    def answer_from_the_index(self, address: str) -> None:
        """The index finds parts of everything, and fast enough to answer at `address` while somebody types."""
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
    """Exact filters, as SlickText offers them: it minds capitals and knows no wildcards."""

    status = forms.CharField(
        label="Opt-in status",
        required=False,
        max_length=LONGEST,
        widget=forms.Select(choices=STATUSES),
    )
    number = forms.CharField(label="Mobile number", required=False, max_length=LONGEST)
    first_name = forms.CharField(label="First name", required=False, max_length=LONGEST)
    last_name = forms.CharField(label="Last name", required=False, max_length=LONGEST)
    email = forms.CharField(label="Email", required=False, max_length=LONGEST)
    city = forms.CharField(label="City", required=False, max_length=LONGEST)
    state = forms.CharField(label="State", required=False, max_length=LONGEST)
    zip = forms.CharField(label="Zip", required=False, max_length=LONGEST)
    country = forms.CharField(label="Country", required=False, max_length=LONGEST)
    source = forms.CharField(label="Source", required=False, max_length=LONGEST)
    language = forms.CharField(label="Language", required=False, max_length=LONGEST)
    timezone = forms.CharField(label="Time zone", required=False, max_length=LONGEST)
    custom_field = forms.CharField(
        label="Custom field", required=False, max_length=LONGEST, help_text="Its internal name"
    )
    custom_value = forms.CharField(label="Custom field is", required=False, max_length=LONGEST)
    size = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_number(self) -> str:
        """Any spelling of a number becomes E.164."""
        typed: str = self.cleaned_data["number"]
        number = to_e164(typed)
        if typed and not number:
            raise forms.ValidationError("This is not a phone number we can read.")
        return number or ""

    def clean(self) -> dict[str, Any]:
        """A custom field needs its value, and the other way round."""
        data = super().clean() or {}
        if data.get("custom_value") and not data.get("custom_field"):
            self.add_error("custom_field", "Which custom field should have this value?")
        if data.get("custom_field") and not data.get("custom_value"):
            self.add_error("custom_value", "Which value should this custom field have?")
        return data

    def exact_filters(self) -> dict[str, str]:
        """What to ask SlickText for, by its own names; only what is valid."""
        data = getattr(self, "cleaned_data", {})
        filters = {theirs: data[ours] for ours, theirs in FILTERS.items() if data.get(ours)}
        if data.get("custom_field") and data.get("custom_value"):
            filters[data["custom_field"]] = data["custom_value"]
        return filters


def with_custom_field(data: Mapping[str, str]) -> dict[str, str]:
    """`custom.member=1` in the address is the custom field `member`, as people would write it."""
    plain = {name: str(value) for name, value in data.items()}
    for name, value in list(plain.items()):
        if name.startswith("custom.") and value:
            plain["custom_field"], plain["custom_value"] = name.removeprefix("custom."), value
    return plain


def index_question(data: Mapping[str, str]) -> IndexQuestion | None:
    """What an address of the table asks the index; None where a filter in it makes no sense."""
    data = with_custom_field(data)
    search, filters = SearchForm(data), FilterForm(data)
    if not search.is_valid() or not filters.is_valid():
        return None
    return IndexQuestion(
        search=search.cleaned_data["q"].strip(),
        filters=filters.exact_filters(),
        sort=data.get("sort", ""),
    )
