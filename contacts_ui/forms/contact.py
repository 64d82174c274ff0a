"""Editing and creating a contact: every field that SlickText's page names, and the custom fields."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.core import signing
from django.core.validators import EmailValidator
from django.forms.boundfield import BoundField
from django.utils import timezone

from contacts_ui.contact_fields import CUSTOM, LABELS
from contacts_ui.forms.consent import EvidenceFields, VersionField
from contacts_ui.forms.numbers import NumberField, NumberInput
from contacts_ui.phone import is_us_or_canada, pretty
from contacts_ui.places import TIME_ZONES, state_code

BLANK_CUSTOM_ROWS = 2
LANGUAGES: Final = {"en": "English", "es": "Spanish", "fr": "French"}
GROUPS: Final = (
    ("Who", ("first_name", "last_name", "birthdate", "language")),
    ("How to reach", ("mobile_number", "email")),
    ("Where", ("address", "city", "state", "zip", "country", "timezone")),
)
_SALT = "contacts_ui.contact_as_opened"
_CUSTOM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
FIELD_MAX_CHARS: Final = 200
CUSTOM_FIELD_MAX_CHARS: Final = 2000


def _text(
    field: str, widget: type[forms.TextInput] = forms.TextInput, **attributes: str
) -> forms.CharField:
    return forms.CharField(
        label=LABELS[field],
        required=False,
        widget=widget(attrs={"autocomplete": "off", **attributes}),
    )


class ContactForm(forms.Form):
    """Edits a contact. `opened` is the contact as the form first showed it, and travels along, signed.

    An unchanged field is not checked: an odd value at SlickText must not block another change.
    """

    first_name = _text("first_name")
    last_name = _text("last_name")
    birthdate = _text("birthdate", type="date")
    language = forms.CharField(label=LABELS["language"], required=False, max_length=20)
    mobile_number = _text("mobile_number", NumberInput, inputmode="tel")
    email = _text("email", inputmode="email")
    address = _text("address")
    city = _text("city")
    state = _text("state")
    zip = _text("zip")
    country = _text("country")
    timezone = forms.CharField(label=LABELS["timezone"], required=False, max_length=60)
    base = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: Any = None, *, opened: dict[str, str] | None = None, **kwargs: Any
    ) -> None:
        self.opened = opened or {}
        # The fields shown as conflicts, with their values before both people changed them.
        self.conflicts: dict[str, str] = {}
        if data is not None:
            try:
                self.opened, self.conflicts = signing.loads(data.get("base", ""), salt=_SALT)
            except (signing.BadSignature, ValueError):
                self.opened = {}
        initial = {_field_name(field): text for field, text in self.opened.items()}
        kwargs["initial"] = {**kwargs.get("initial", {}), **initial, "base": self.sign(self.opened)}
        super().__init__(data, **kwargs)
        self.fields["mobile_number"].required = True
        self.fields["mobile_number"].help_text = "A US or Canadian number, in any format."
        self._offer("language", LANGUAGES)
        self._offer("timezone", TIME_ZONES)
        self.custom_names = [field for field in self.opened if field.startswith(CUSTOM)]
        self._add_custom_fields()
        # What a copy does not hold: an empty field would claim that the contact has no value.
        for field in LABELS.keys() - self.opened.keys() if self.opened else ():
            del self.fields[field]

    @staticmethod
    def sign(opened: dict[str, str], conflicts: dict[str, str] | None = None) -> str:
        """Return the hidden field that says what the form showed when it comes back."""
        return signing.dumps([opened, conflicts or {}], salt=_SALT, compress=True)

    def _offer(self, field: str, choices: dict[str, str]) -> None:
        """Offer the usual values, and the present one even if it is odd."""
        present = self.opened.get(field, "")
        offered = {"": "Not given", **choices}
        offered.setdefault(present, present)
        self.fields[field].widget = forms.Select(choices=list(offered.items()))

    def _add_custom_fields(self) -> None:
        for field in self.custom_names:
            several_lines = "\n" in self.opened[field]
            self.fields[_field_name(field)] = forms.CharField(
                label=field.removeprefix(CUSTOM),
                required=False,
                widget=forms.Textarea(attrs={"rows": 3}) if several_lines else forms.TextInput,
            )
        for row in range(1, BLANK_CUSTOM_ROWS + 1):
            self.fields[f"new_custom_name_{row}"] = forms.CharField(
                label=f"Another custom field {row}", required=False, help_text="Its internal name"
            )
            self.fields[f"new_custom_value_{row}"] = forms.CharField(
                label=f"Its value {row}", required=False
            )

    @property
    def grouped(self) -> list[dict[str, Any]]:
        """Return the fields in groups, for the template."""
        groups = [self._group(title, names) for title, names in GROUPS]
        custom = [name for name in self.fields if name.startswith(("custom-", "new_custom_"))]
        return [*groups, self._group("Custom fields", custom)]

    def _group(self, title: str, names: Iterable[str]) -> dict[str, Any]:
        fields: list[BoundField] = [self[name] for name in names if name in self.fields]
        return {"title": title, "fields": fields}

    def _unchanged(self, field: str) -> bool:
        """Return True if a field came back as it was shown, apart from spaces and line breaks."""
        typed, shown = self.cleaned_data.get(_field_name(field), ""), self.opened.get(field)
        return shown is not None and _as_browsers_send(shown) == _as_browsers_send(typed)

    def clean_mobile_number(self) -> str:
        typed: str = self.cleaned_data["mobile_number"]
        shown = self.opened.get("mobile_number") or ""
        if self._unchanged("mobile_number") or typed == pretty(shown):
            return shown
        number = NumberField(with_words=False).clean(typed)
        if not is_us_or_canada(number):
            raise forms.ValidationError("SlickText takes only US and Canadian numbers.")
        return number

    def clean_email(self) -> str:
        typed: str = self.cleaned_data["email"]
        if typed and not self._unchanged("email"):
            EmailValidator("This is not an email address, as in name@example.com.")(typed)
        return typed

    def clean_birthdate(self) -> str:
        typed: str = self.cleaned_data["birthdate"]
        if not typed or self._unchanged("birthdate"):
            return typed
        try:
            day = forms.DateField(input_formats=["%Y-%m-%d", "%m/%d/%Y"]).clean(typed)
        except forms.ValidationError:
            sentence = "Write the date as month/day/year, as in 6/12/1968."
            raise forms.ValidationError(sentence) from None
        if not date(1900, 1, 1) <= day <= timezone.localdate():
            raise forms.ValidationError("Enter a realistic birthday.")
        return str(day)

    def clean_state(self) -> str:
        typed: str = self.cleaned_data["state"]
        if not typed or self._unchanged("state"):
            return typed
        code = state_code(typed)
        if code is None:
            raise forms.ValidationError("This is not a state or province, as in TN or Tennessee.")
        return code

    def clean_timezone(self) -> str:
        typed: str = self.cleaned_data["timezone"]
        if typed and not self._unchanged("timezone") and typed not in available_timezones():
            raise forms.ValidationError("Choose one of the time zones in the list.")
        return typed

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for field in (*LABELS, *self.custom_names):
            name = _field_name(field)
            max_chars = CUSTOM_FIELD_MAX_CHARS if field.startswith(CUSTOM) else FIELD_MAX_CHARS
            if len(data.get(name, "")) > max_chars and not self._unchanged(field):
                self.add_error(name, f"This is too long. Use {max_chars} characters at most.")
        for row in range(1, BLANK_CUSTOM_ROWS + 1):
            name, value = f"new_custom_name_{row}", f"new_custom_value_{row}"
            if data.get(value) and not data.get(name):
                self.add_error(name, "Enter the custom field for this value.")
            elif data.get(name) and not _CUSTOM_NAME.fullmatch(data[name]):
                self.add_error(name, "Use only letters, digits, and _, as in member_number.")
            elif data.get(name) and not data.get(value):
                self.add_error(value, "Enter a value for this custom field.")
        return data

    def typed(self) -> dict[str, str]:
        """Return the contact as typed, in the form of `contact_fields.editable_values`."""
        data = self.cleaned_data
        values = {
            field: self.opened[field]
            if self._unchanged(field)
            else data.get(_field_name(field), "")
            for field in (*LABELS, *self.custom_names)
        }
        for row in range(1, BLANK_CUSTOM_ROWS + 1):
            if name := data.get(f"new_custom_name_{row}"):
                values[f"{CUSTOM}{name}"] = data[f"new_custom_value_{row}"]
        return values

    def place_complaints(self, complaints: dict[str, list[str]]) -> None:
        """Show SlickText's messages at their fields, and the rest on top."""
        for name, words in complaints.items():
            field = name if name in self.fields else _field_name(f"{CUSTOM}{name}")
            self.add_error(
                field if field in self.fields else None, [f"SlickText: {word}" for word in words]
            )


class ContactFormWithEvidence(ContactForm, EvidenceFields):
    """A contact and, for people who may opt them in, the evidence of consent for their number.

    `version` is that of the records whose stops this form has shown.
    """

    version = VersionField()

    def __init__(self, data: Any = None, *, may_subscribe: bool, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.may_subscribe = may_subscribe
        for name in self.EVIDENCE:
            self.fields[name].required = False
        if not may_subscribe:
            for name in (*self.EVIDENCE, "version"):
                del self.fields[name]

    def show_stop(self, words: str, version: int) -> None:
        """Show the stop that this evidence would answer, and ask again (rule 7)."""
        sent = {name: self.data.get(name) for name in self.data}
        self.data = {**sent, "version": str(version)}
        self.add_error("consent_words", words)


class EditContactForm(ContactFormWithEvidence):
    """Edits a contact. Consent belongs to the number: evidence is for another one (rule 8)."""

    @property
    def grouped(self) -> list[dict[str, Any]]:
        groups = super().grouped
        if self.may_subscribe and "mobile_number" in self.fields:
            groups.insert(3, self._group("Consent at a new number", self.EVIDENCE))
        return groups

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.may_subscribe or not self.has_evidence():
            return data
        if "mobile_number" in data and self._unchanged("mobile_number"):
            self.add_error(None, "Consent is recorded here only with a new mobile number.")
        else:
            self.require_evidence("The evidence needs this, too.")
        return data


class NewContactForm(ContactFormWithEvidence):
    """Creates a contact: *not subscribed*, unless a person who may opts them in with evidence."""

    NOT_SUBSCRIBED, DOUBLE_OPT_IN, SUBSCRIBED = "not_subscribed", "double_opt_in", "subscribed"
    consent = forms.ChoiceField(
        label="May we text them?",
        required=False,
        initial=NOT_SUBSCRIBED,
        choices=[
            (NOT_SUBSCRIBED, "Not subscribed: they get no texts"),
            (
                DOUBLE_OPT_IN,
                "Ask them: SlickText sends them a real text now, and they must answer YES",
            ),
            (SUBSCRIBED, "Subscribed: they have consented, and the evidence is below"),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any = None, *, may_subscribe: bool, **kwargs: Any) -> None:
        super().__init__(data, may_subscribe=may_subscribe, **kwargs)
        if not may_subscribe:
            del self.fields["consent"]
        del self.fields["base"]

    @property
    def grouped(self) -> list[dict[str, Any]]:
        groups = super().grouped
        if self.may_subscribe:
            groups.insert(3, self._group("Consent", ("consent", *self.EVIDENCE)))
        return groups

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("consent") == self.SUBSCRIBED:
            self.require_evidence("Subscribing someone needs the evidence of their consent.")
        return data


def _as_browsers_send(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _field_name(field: str) -> str:
    """Return the form's name of an editable field, without the dot, which ids cannot use well."""
    return field.replace(CUSTOM, "custom-", 1) if field.startswith(CUSTOM) else field
