"""Pages of a list, and its filters as chips; all of it in the address."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.template.response import TemplateResponse

from contacts_ui.views.addresses import with_changes
from contacts_ui.views.errors import wants_a_fragment

PAGE_SIZES: Final = (25, 50, 100, 250)
DEFAULT_PAGE_SIZE: Final = 50
# What says in an address where a page begins, taken out.
FIRST_PAGE: Final[Mapping[str, None]] = {"offset": None, "before": None, "after": None}

# What the address of another page has and this one does not; None takes a part out.
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
        """Return the total and the pager of a list of known length, with `shown` rows on this page."""
        before, after = max(self.offset - self.size, 0), self.offset + self.size
        links = pager(
            request,
            self.size,
            rows=shown,
            shown=f"{self.offset + 1:,}–{self.offset + shown:,} of {total:,}",
            previous={"offset": before or None} if self.offset else None,
            next_={"offset": after} if after < total else None,
        )
        return {"total": total, "pager": links}


@dataclass(frozen=True)
class Jump:
    """The small form "Page [ ] of N": this page, how many there are in words, and the rest of the address."""

    action: str
    page: int
    pages: str
    carried: list[tuple[str, str]]


@dataclass(frozen=True)
class Pager:
    """The links to other pages, None for a page that does not exist, and to other sizes, if they change anything.

    `shown` says which rows are on this page.
    """

    first_url: str
    previous_url: str | None
    next_url: str | None
    last_url: str | None
    sizes: list[dict[str, Any]]
    shown: str
    jump: Jump | None

    @property
    def has_others(self) -> bool:
        """Return True if there is another page."""
        return bool(self.previous_url or self.next_url)

    @property
    def links(self) -> list[tuple[str, str]]:
        """Return the name and the address of each other page, without the first one on the first."""
        found = (
            ("First", self.first_url if self.previous_url else None),
            ("Previous", self.previous_url),
            ("Next", self.next_url),
            ("Last", self.last_url),
        )
        return [(name, url) for name, url in found if url]


def pager(
    request: HttpRequest,
    size: int,
    *,
    rows: int,
    shown: str,
    previous: Changes | None,
    next_: Changes | None,
    last: Changes | None = None,
    jump: Jump | None = None,
) -> Pager:
    """Return the pager of a list with `rows` on this page, from what differs in the addresses of its other pages."""

    def link(place: Changes) -> str:
        return with_changes(request, **{**FIRST_PAGE, **place})

    return Pager(
        first_url=link({}),
        previous_url=None if previous is None else link(previous),
        next_url=None if next_ is None else link(next_),
        last_url=None if last is None else link(last),
        sizes=[
            {"size": each, "url": link({"size": each}), "current": each == size}
            for each in PAGE_SIZES
            if previous is not None or next_ is not None or rows > PAGE_SIZES[0]
        ],
        shown=shown,
        jump=jump,
    )


def results_of(request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
    """Render a list's page; only its block `results` if htmx swaps that."""
    if wants_a_fragment(request):
        template += "#results"
    return TemplateResponse(request, template, context)


def whole_number(text: str | None, otherwise: int) -> int:
    """Return a number from the address, or `otherwise` if it is not one of at most nine digits."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def ids_in(texts: Iterable[str]) -> list[int]:
    """Return the ids that a form sends, without what is no id."""
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]


def chips_of(
    request: HttpRequest, form: forms.Form, *, without: Collection[str] = ()
) -> list[dict[str, str]]:
    """Return the filters that are set, in words, each with the address that removes it."""
    return [
        {
            "label": str(field.label),
            "value": str(dict(getattr(field, "choices", ())).get(value, value)),
            "remove_url": with_changes(request, **{name: None, "reading": None, **FIRST_PAGE}),
        }
        for name, field in form.fields.items()
        if (value := request.GET.get(name)) and name not in without and not field.widget.is_hidden
    ]
