"""Importing contacts: the file, which column is which field, and what about those who exist."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django import forms

from contacts_ui.services.files.columns import NUMBER, TARGETS, custom_name, label_of
from contacts_ui.services.files.tables import EMPTY
from contacts_ui.services.imports.checks import Choice

CHOICES = (
    (Choice.CREATE, "Create those who are new; leave the others as they are"),
    (Choice.UPDATE, "Create those who are new; update the others"),
    (Choice.ONLY_UPDATE, "Only update those who exist; create nobody"),
)


def table_field(label: str, *, help_text: str, required: bool = True) -> forms.FileField:
    """A file as a spreadsheet saves it."""
    return forms.FileField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,text/csv"}),
        error_messages={
            "required": "Choose a file.",
            "empty": EMPTY,
            "missing": "Choose a file.",
            "invalid": "Choose a file.",
        },
    )


class UploadForm(forms.Form):
    """The file of an import."""

    file = table_field(
        "File", help_text="CSV or Excel workbook (.xlsx), up to 10 MB and 50,000 rows."
    )


class ColumnsForm(forms.Form):
    """A choice of fields for each column of a file, and what to do about people who are in SlickText already."""

    choice = forms.ChoiceField(
        label="People who are in SlickText already", choices=CHOICES, widget=forms.RadioSelect
    )

    def __init__(
        self,
        data: Any = None,
        *,
        headings: Sequence[str],
        samples: Sequence[Sequence[str]],
        mapping: Sequence[str],
        choice: str,
    ) -> None:
        super().__init__(data, initial={"choice": choice})
        self._headings = headings
        for at, heading in enumerate(headings):
            chosen = mapping[at] if at < len(mapping) else ""
            self.fields[f"column_{at}"] = forms.ChoiceField(
                label=heading,
                required=False,
                initial=chosen,
                choices=_choices(heading, chosen),
                help_text=" · ".join(value[:40] for value in samples[at]) or "Empty",
            )

    @property
    def columns(self) -> list[Any]:
        """The fields of the columns, in the order of the file."""
        return [self[f"column_{at}"] for at in range(len(self._headings))]

    def clean(self) -> dict[str, Any]:
        """Every field once, and the number among them."""
        data = super().clean() or {}
        many = Counter(data.get(f"column_{at}", "") for at in range(len(self._headings)))
        if not many[NUMBER]:
            self.add_error(None, "Say which column holds the mobile number.")
        seen = set()
        for at in range(len(self._headings)):
            target = data.get(f"column_{at}", "")
            if target and target in seen:
                self.add_error(
                    f"column_{at}", f"Another column is the {label_of(target).lower()} already."
                )
            seen.add(target)
        return data

    def mapping(self) -> list[str]:
        """The field for each column, "" for none."""
        return [self.cleaned_data[f"column_{at}"] for at in range(len(self._headings))]


def _choices(heading: str, chosen: str) -> list[tuple[str, str]]:
    custom = {name: label_of(name) for name in (custom_name(heading), chosen) if name}
    return list({**TARGETS, **custom}.items())
