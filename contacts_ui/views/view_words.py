"""Say in words what a view of the table shows, from the query of its address."""

from collections.abc import Mapping
from typing import Final

from contacts_ui.forms.finder import STATUSES, FilterForm
from contacts_ui.services.consent.rules import Verdict
from contacts_ui.services.index import ANSWERS

_NAMES: Final = {
    "q": "Search",
    **{name: str(field.label) for name, field in FilterForm.base_fields.items()},
}
_VALUES: Final = {
    "status": dict(STATUSES),
    "may": {word: Verdict(answer).label for word, answer in ANSWERS.items()},
}


def view_words(data: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the parts of a view, each with its name on the screen; without the page."""
    words = [
        (
            _NAMES.get(name, name.removeprefix("custom.")),
            str(_VALUES.get(name, {}).get(str(value), value)),
        )
        for name, value in data.items()
        if value and (name.startswith("custom.") or (name in _NAMES and name != "size"))
    ]
    if order := str(data.get("sort", "")):
        name = order.removeprefix("-").replace("_", " ")
        words.append(("Sorted by", f"{name}, descending" if order.startswith("-") else name))
    return words
