"""Pages of a list whose length is known, and its filters as chips; all of it in the address."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest

from contacts_ui.views.addresses import with_changes

SIZES = (25, 50, 100, 250)
DEFAULT_SIZE = 50
# Whatever tells in an address where a page begins, taken out.
FIRST_PAGE: dict[str, None] = {"offset": None, "before": None, "after": None}


@dataclass(frozen=True)
class Slice:
    """Which rows of a list: `size` of them from `offset` on."""

    offset: int
    size: int

    @classmethod
    def of(cls, request: HttpRequest) -> "Slice":
        """As the address says; whatever makes no sense there is taken for the first page."""
        size = whole_number(request.GET.get("size"), DEFAULT_SIZE)
        return cls(
            whole_number(request.GET.get("offset"), 0), size if size in SIZES else DEFAULT_SIZE
        )


def whole_number(text: str | None, otherwise: int) -> int:
    """A number from the address; whatever else stands there is taken for `otherwise`."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def pages_of(request: HttpRequest, part: Slice, *, shown: int, total: int) -> dict[str, Any]:
    """Where "previous" and "next" lead, and the other sizes of a page."""
    before, after = max(part.offset - part.size, 0), part.offset + part.size
    return {
        "first": part.offset + 1,
        "last": part.offset + shown,
        "total": total,
        "first_url": with_changes(request, offset=None),
        "previous_url": with_changes(request, offset=before or None) if part.offset else None,
        "next_url": with_changes(request, offset=after) if after < total else None,
        "sizes": [
            {
                "size": size,
                "url": with_changes(request, size=size, offset=None),
                "current": size == part.size,
            }
            for size in SIZES
        ],
    }


def chips_of(request: HttpRequest, form: forms.Form) -> list[dict[str, str]]:
    """The filters that are set, in words, each with the address without it."""
    return [
        {
            "label": str(field.label),
            "value": _in_words(field, request.GET[name]),
            "remove_url": with_changes(request, **{name: None, **FIRST_PAGE}),
        }
        for name, field in form.fields.items()
        if request.GET.get(name) and not field.widget.is_hidden
    ]


def _in_words(field: forms.Field, value: str) -> str:
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]
    return value
