"""A phone number in any format that an import can read."""

from typing import Any

from django import forms

from contacts_ui.phone import pretty, read_number

SPEAKS_OF_TEXTS = "“%(said)s” is written next to this number. To stop texts, use “Stop a number”."


class NumberInput(forms.TextInput):
    """A number as people write it: (417) 555-0123."""

    def format_value(self, value: Any) -> str | None:
        """Return the text of the input."""
        text = super().format_value(value)
        return text and pretty(text)


class NumberField(forms.CharField):
    """A number as E.164, or "" if it may be empty; the reader's own sentence says what is wrong with it.

    `with_words` False also refuses a number next to words about texts, such as "STOP".
    """

    def __init__(self, *, with_words: bool = True, max_length: int = 100, **more: Any) -> None:
        more.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"})
        )
        super().__init__(max_length=max_length, **more)
        self._with_words = with_words

    def clean(self, value: Any) -> str:
        """Return the number. Raises ValidationError."""
        typed: str = super().clean(value)
        if not typed:
            return ""
        number, problem, said = read_number(typed)
        if problem:
            raise forms.ValidationError(problem, "number")
        if said and not self._with_words:
            raise forms.ValidationError(SPEAKS_OF_TEXTS, "words", {"said": said})
        return number
