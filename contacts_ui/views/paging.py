"""Pages of a list, and its filters as chips; all of it in the address."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import HttpRequest

from contacts_ui.views.addresses import with_changes

PAGE_SIZES: Final = (25, 50, 100, 250)
DEFAULT_PAGE_SIZE: Final = 50
# What says in an address where a page begins, taken out.
FIRST_PAGE: Final[Mapping[str, None]] = {"offset": None, "before": None, "after": None}

# What the address of another page has that this one has not; None takes a part out.
Changes = Mapping[str, str | int | None]


@dataclass(frozen=True)
class Page:
    """One page of a list: `size` rows from `offset` on."""

    offset: int
    size: int

    @classmethod
    def of(cls, request: HttpRequest) -> "Page":
        """Return the page that the address asks for; the first one if it makes no sense."""
        size = whole_number(request.GET.get("size"), DEFAULT_PAGE_SIZE)
        return cls(
            whole_number(request.GET.get("offset"), 0),
            size if size in PAGE_SIZES else DEFAULT_PAGE_SIZE,
        )

    def context(self, request: HttpRequest, *, shown: int, total: int) -> dict[str, Any]:
        """Return what the template of a list of known length says of this page: its rows, the total, the pager."""
        before, after = max(self.offset - self.size, 0), self.offset + self.size
        return {
            "first": self.offset + 1,
            "last": self.offset + shown,
            "total": total,
            **pager(
                request,
                self.size,
                previous={"offset": before or None} if self.offset else None,
                next_={"offset": after} if after < total else None,
            ),
        }


def pager(
    request: HttpRequest,
    size: int,
    *,
    previous: Changes | None,
    next_: Changes | None,
    last: Changes | None = None,
) -> dict[str, Any]:
    """Return the links to other pages and to the other page sizes; None for a page that does not exist."""

    def link(place: Changes | None) -> str | None:
        return None if place is None else with_changes(request, **{**FIRST_PAGE, **place})

    return {
        "first_url": link({}),
        "previous_url": link(previous),
        "next_url": link(next_),
        "last_url": link(last),
        "sizes": [
            {"size": each, "url": link({"size": each}), "current": each == size}
            for each in PAGE_SIZES
        ],
    }


def whole_number(text: str | None, otherwise: int) -> int:
    """Return a number from the address, or `otherwise` if it is not one of at most nine digits."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def chips_of(
    request: HttpRequest, form: forms.Form, *, without: Collection[str] = ()
) -> list[dict[str, str]]:
    """Return the filters that are set, in words, each with the address that removes it."""
    return [
        {
            "label": str(field.label),
            "value": _in_words(field, request.GET[name]),
            "remove_url": with_changes(request, **{name: None, "reading": None, **FIRST_PAGE}),
        }
        for name, field in form.fields.items()
        if request.GET.get(name) and name not in without and not field.widget.is_hidden
    ]


def _in_words(field: forms.Field, value: str) -> str:
    choices = getattr(field, "choices", ())
    return str(dict(choices).get(value, value))
