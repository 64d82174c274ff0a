"""What a job is about, and what it does."""

from typing import Any, Final, cast

from django import forms

from contacts_ui.contact_fields import LABELS
from contacts_ui.forms.consent import ConsentForm, StopForm
from contacts_ui.forms.contact import ContactForm
from contacts_ui.forms.importing import table_field
from contacts_ui.forms.widgets import words_field
from contacts_ui.models.job import JobKind
from contacts_ui.services.consent.types import Request
from contacts_ui.services.jobs.evidence import NEEDED

KINDS: Final = (
    (JobKind.STOP.value, "Stop texts to everyone listed"),
    (JobKind.ASK_LIFT.value, "Request lifts: a file with each person's evidence"),
    (JobKind.EDIT.value, "Set one field to the same value for everyone listed"),
)
# An export is not a job: it runs right away.
EXPORT: Final = "export"
# A number belongs to one person.
EDITABLE: Final = {field: label for field, label in LABELS.items() if field != "mobile_number"}


class NewJobForm(forms.Form):
    """A pasted list or an uploaded file of numbers, and what to do with them."""

    kind = forms.ChoiceField(
        label="What to do", choices=KINDS, widget=forms.RadioSelect, initial=JobKind.STOP.value
    )
    numbers = forms.CharField(
        label="Numbers",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One per line, or separated by commas, in any format.",
    )
    file = table_field(
        "Or a file",
        required=False,
        help_text="CSV or a workbook (.xlsx, .xls, .ods). Columns with phone numbers are found. For lifts, every row "
        "also needs Who, How, When and Words.",
    )
    leave_hidden = forms.BooleanField(
        label="Leave out rows that are hidden in the file, by a filter or by hand", required=False
    )

    def __init__(self, *args: Any, may_export: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if may_export:
            kind = cast("forms.ChoiceField", self.fields["kind"])
            kind.choices = [*KINDS, (EXPORT, "Export the list, with the columns of your table")]

    def clean(self) -> dict[str, Any]:
        """Require either numbers or a file."""
        data = super().clean() or {}
        given, uploaded = bool((data.get("numbers") or "").strip()), bool(data.get("file"))
        if data.get("kind") == JobKind.ASK_LIFT and not uploaded and "file" not in self.errors:
            self.add_error("file", NEEDED)
        elif given and uploaded:
            self.add_error("file", "Paste numbers or choose a file, not both.")
        elif not given and not uploaded and "file" not in self.errors:
            self.add_error("numbers", "Paste numbers, or choose a file below.")
        return data


class SelectionForm(forms.Form):
    """What was pressed above the table, for ticked rows or for all that match its view."""

    TICKED, ALL = "ticked", "all"
    # Not for lifts: each needs its own evidence (rule 7).
    kind = forms.ChoiceField(
        choices=[each for each in KINDS if each[0] != JobKind.ASK_LIFT] + [(EXPORT, "Export")]
    )
    scope = forms.ChoiceField(choices=[(TICKED, "Ticked"), (ALL, "All")])
    view = forms.CharField(required=False, max_length=4000)


class StopJobForm(StopForm):
    """How the people asked, as for one person."""

    def params(self) -> dict[str, Any]:
        """Return the other reading of the typed minute, in the hour of a clock change."""
        moment = self.cleaned_data["asked_at"]
        return {"asked_last": moment.last.isoformat()} if moment else {}


class LiftJobForm(forms.Form):
    """What to ask for. The file has each person's evidence."""

    status = forms.ChoiceField(
        label="What to ask for",
        choices=cast("forms.ChoiceField", ConsentForm.base_fields["status"]).choices,
        widget=forms.RadioSelect,
    )

    def request(self) -> Request:
        return Request()

    def params(self) -> dict[str, Any]:
        """Return the status for SlickText, as the job keeps it."""
        return {"status": self.cleaned_data["status"]}


class EditJobForm(forms.Form):
    """One field and its new value, checked as the form of one contact does."""

    field = forms.ChoiceField(label="Field", choices=[("", "Choose one"), *EDITABLE.items()])
    value = forms.CharField(
        label="New value",
        required=False,
        max_length=200,
        help_text="Leave empty to clear the field.",
    )
    reason = words_field("Why", required=False, help_text="Shown in each contact's history.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        field = data.get("field")
        if not field:
            return data
        # The number only completes the form of a contact.
        one = ContactForm({field: data.get("value", ""), "mobile_number": "+16155550123"})
        one.is_valid()
        for complaint in one.errors.get(field, []):
            self.add_error("value", complaint)
        data["value"] = one.cleaned_data.get(field, data.get("value", ""))
        return data

    def request(self) -> Request:
        return Request(reason=self.cleaned_data["reason"])

    def params(self) -> dict[str, Any]:
        """Return the field and its value, as the job keeps them."""
        return {"field": self.cleaned_data["field"], "value": self.cleaned_data["value"]}


OPTIONS: Final[dict[JobKind, type[StopJobForm | LiftJobForm | EditJobForm]]] = {
    JobKind.STOP: StopJobForm,
    JobKind.ASK_LIFT: LiftJobForm,
    JobKind.EDIT: EditJobForm,
}
