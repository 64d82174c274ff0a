"""Importing contacts: the file, how it is read, which column is which field, and the open questions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField
from django.utils.text import capfirst

from contacts_ui.services.files.columns import NUMBER, REPEATABLE, TARGETS, custom_name, label_of
from contacts_ui.services.files.table import EMPTY, Options, Table
from contacts_ui.services.imports.checking import Choice
from contacts_ui.services.imports.questions import Question

# What programs save, by the ends of the names.
ACCEPTED: Final = ".csv,.txt,.tsv,.xlsx,.xls,.ods,text/csv"
ROWS_NAMED: Final = 10
# With so many open questions about one column, one answer can be given to all of them.
SHARED_FROM: Final = 2
CHOICES: Final = (
    (Choice.CREATE, "Create new contacts; leave existing ones as they are"),
    (Choice.UPDATE, "Create new contacts; update existing ones"),
    (Choice.ONLY_UPDATE, "Only update existing contacts"),
)


def table_field(label: str, *, help_text: str, required: bool = True) -> forms.FileField:
    """Return a field for a file as spreadsheets save it."""
    return forms.FileField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
        error_messages={
            **dict.fromkeys(("required", "missing", "invalid"), "Choose a file."),
            "empty": EMPTY,
        },
    )


class UploadForm(forms.Form):
    """The file of an import."""

    file = table_field(
        "File",
        help_text="CSV or text, Excel (.xlsx or .xls), or OpenDocument (.ods). Up to 10 MB and 50,000 rows.",
    )


class ColumnsForm(forms.Form):
    """A choice of fields for each column of a file, and what to do about contacts already in SlickText."""

    choice = forms.ChoiceField(
        label="Contacts already in SlickText", choices=CHOICES, widget=forms.RadioSelect
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
            custom = {name: label_of(name) for name in (custom_name(heading), chosen) if name}
            self.fields[f"column_{at}"] = forms.ChoiceField(
                label=heading,
                required=False,
                initial=chosen,
                choices=list({**TARGETS, **custom}.items()),
                help_text=" · ".join(value[:40] for value in samples[at]) or "Empty",
            )

    @property
    def columns(self) -> list[Any]:
        """Return the fields of the columns, in the order of the file."""
        return [self[f"column_{at}"] for at in range(len(self._headings))]

    def clean(self) -> dict[str, Any]:
        """Allow every field once, except numbers and opt-outs. Require a number."""
        data = super().clean() or {}
        many = Counter(data.get(f"column_{at}", "") for at in range(len(self._headings)))
        if not many[NUMBER]:
            self.add_error(None, "Choose the column with the mobile number.")
        seen: set[str] = set()
        for at in range(len(self._headings)):
            target = data.get(f"column_{at}", "")
            if target in seen - REPEATABLE - {""}:
                taken = f"Another column is already “{label_of(target)}”."
                self.add_error(f"column_{at}", taken)
            seen.add(target)
        return data

    def mapping(self) -> list[str]:
        """Return the target of each column, "" for none."""
        return [self.cleaned_data[f"column_{at}"] for at in range(len(self._headings))]


class ReadingForm(forms.Form):
    """How a file is read, where there is a choice: its sheet, its encoding, whether it has headings."""

    def __init__(self, data: Any = None, *, table: Table, encoding: str = "") -> None:
        """Offer what `table` leaves open; `encoding` is the key of what was chosen before, "" for the guess."""
        super().__init__(data)
        if len(table.sheets) > 1:
            self.fields["sheet"] = forms.ChoiceField(
                label="Sheet",
                choices=[(name, sheet_label(table, name)) for name in table.sheets],
                initial=table.sheet,
            )
        if table.encodings:
            guess = f"A guess: {table.encoding}" if table.encoding and not encoding else "A guess"
            self.fields["encoding"] = forms.ChoiceField(
                label="Encoding",
                choices=[("", guess), *table.encodings.items()],
                initial=encoding,
                required=False,
                help_text="Try another encoding if names or cities below show wrong letters.",
            )
        self.fields["headings"] = forms.ChoiceField(
            label="First row",
            choices=[("yes", "Headings"), ("no", "A contact")],
            initial="yes" if table.has_headings else "no",
        )

    def options(self) -> Options:
        """Return what was chosen."""
        chosen = self.cleaned_data
        sheet, encoding = chosen.get("sheet", ""), chosen.get("encoding", "")
        return Options(sheet, encoding, chosen["headings"] == "yes")


def sheet_label(table: Table, name: str) -> str:
    """Return the name of a sheet as the page shows it."""
    return f"{name} (hidden)" if name in table.hidden_sheets else name


class AnswersForm(forms.Form):
    """A choice for each question that a file leaves open. Questions can be answered later.

    `rows` are the numbers of the rows of a question, by its key, where they are known; `headings` those of the file.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        questions: Sequence[Question],
        rows: Mapping[str, Sequence[int]] | None = None,
        headings: Sequence[str] = (),
    ) -> None:
        super().__init__(data)
        # Grouped by column, in the order of the columns.
        first: dict[str, int] = {}
        for at, question in enumerate(questions):
            first.setdefault(_column_of(question) or question.key, at)
        grouped = sorted(questions, key=lambda each: first[_column_of(each) or each.key])
        self._questions = {question.key: question for question in grouped}
        asked = Counter(_column_of(question) for question in questions if question.is_open)
        for question in self._questions.values():
            column = _column_of(question)
            shared = f"all:{column}"
            if column and asked[column] >= SHARED_FROM and shared not in self.fields:
                # In the column itself, or next to numbers.
                _, _, of = column.partition(":")
                place = f"in “{headings[int(of)]}”" if of.isdigit() and headings else "of these"
                self.fields[shared] = _radios(
                    f"One answer for all {asked[column]} {place}",
                    question.choices,
                    help_text="Your answers below take its place.",
                )
            self.fields[question.key] = _radios(
                question.sentence,
                question.choices,
                initial=question.answer,
                help_text=capfirst(in_rows(question.rows, (rows or {}).get(question.key, ()))),
            )

    @property
    def open(self) -> list[BoundField]:
        """Return the open questions, each column's shared answer before its values."""
        return [self[name] for name in self.fields if not self._is_answered(name)]

    @property
    def answered(self) -> list[BoundField]:
        """Return the questions that have an answer or a default, which can be changed."""
        return [self[name] for name in self.fields if self._is_answered(name)]

    def answers(self) -> dict[str, str]:
        """Return the answers by the keys of their questions."""
        given = {key: self.cleaned_data[key] for key in self._questions}
        for key, question in self._questions.items():
            if question.is_open and not given[key]:
                given[key] = self.cleaned_data.get(f"all:{_column_of(question)}", "")
        return {key: answer for key, answer in given.items() if answer}

    def _is_answered(self, name: str) -> bool:
        return name in self._questions and not self._questions[name].is_open


def in_rows(many: int, lines: Sequence[int]) -> str:
    """Name the rows: “row 2”, “3 rows: 2, 7, 8”."""
    if many == 1:
        return f"row {lines[0]}" if lines else "1 row"
    words = f"{many:,} rows"
    named = ", ".join(str(line) for line in lines[:ROWS_NAMED])
    more = ", and more" if many > len(lines[:ROWS_NAMED]) else ""
    return f"{words}: {named}{more}" if named else words


def _radios(label: str, choices: Any, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, required=False, widget=forms.RadioSelect, **options
    )


def _column_of(question: Question) -> str:
    """Return the common key of the questions about one column's values; "" for any other question."""
    kind, _, _ = question.key.partition(":")
    return question.key.rpartition(":")[0] if kind == "value" else ""
