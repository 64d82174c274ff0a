"""A page as a test reads it: its text, its elements, and its forms filled in as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse

VOID = {"meta", "link", "input", "br", "hr", "img", "use", "path"}
Form = dict[str, Any]


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    parent: "Element | None" = None
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def __getitem__(self, name: str) -> str | None:
        return self.attributes.get(name)

    def inside(self, other: "Element") -> bool:
        above = self.parent
        while above is not None and above is not other:
            above = above.parent
        return above is other


class Page(HTMLParser):
    """The parsed body of a response."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.html = response.content.decode()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), self._open[-1] if self._open else None)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), self._open[-1] if self._open else None))

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.pieces.append(data)

    @property
    def text(self) -> str:
        """What the page says, in one line."""
        return next((each.text for each in self.elements if each.tag == "main"), "") or " ".join(
            each.text for each in self.elements if each.parent is None
        )

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            each
            for each in self.elements
            if each.tag == tag and all(each[name] == value for name, value in wanted.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of {tag} {attributes}"
        return found[0]

    def switch(self, label: str = "Do not text") -> Element:
        return self.one("button", role="switch", aria_label=label)

    def errors(self, name: str) -> str:
        """The complaints below the field of this name."""
        return " ".join(each.text for each in self.all("ul", id=f"id_{name}_error"))

    def form(self, action: str | None = None, **changes: Any) -> Form:
        """What a browser would post: the form with this action (or the one without), and `changes` typed in."""
        form = next(
            each
            for each in self.all("form")
            if each["method"] == "post" and each["action"] == action
        )
        return self._filled_in(form) | changes

    def press(self, button: Element) -> tuple[str, Form]:
        """Where a browser would post to when this button is pressed, and what."""
        form = next(each for each in self.all("form") if self._belongs(button, form=each))
        assert (button["formmethod"] or form["method"]) == "post"
        address = button["formaction"] or form["action"]
        own = {button["name"]: button["value"] or ""} if button["name"] else {}
        return str(address), self._filled_in(form) | own

    def _belongs(self, element: Element, form: Element) -> bool:
        if element["form"]:
            return element["form"] == form["id"]
        return element.inside(form)

    def _filled_in(self, form: Element) -> Form:
        data: Form = {}
        for each in self.elements:
            if each["name"] and self._belongs(each, form=form):
                value = self._value(each)
                if value is not None:
                    data[str(each["name"])] = value
        data.pop("csrfmiddlewaretoken", None)
        return data

    def _value(self, element: Element) -> str | None:
        if element.tag == "input" and element["type"] in ("radio", "checkbox"):
            return element["value"] if "checked" in element.attributes else None
        if element.tag == "input":
            return element["value"] or ""
        if element.tag == "textarea":
            return "".join(element.pieces).removeprefix("\n")
        if element.tag == "select":
            options = [each for each in self.all("option") if each.inside(element)]
            chosen = [each for each in options if "selected" in each.attributes] or options[:1]
            return chosen[0]["value"] if chosen else None
        return None
