"""Switches for everything that the vendors leave open or do in more than one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Switches:
    """Each line is one open point of the vendor documents; the first choice is the default."""

    generation: Literal["new", "old"] = "new"
    rate_limit: bool = True
    calls_per_minute: int = 480
    ccai_calls_per_minute: int = 0
    max_page: int = 0
    over_max: Literal["clamp", "error"] = "clamp"
    page_base: Literal[0, 1] = 0
    ignore_custom_filters: bool = False
    unknown_filters: Literal["ignore", "error", "nothing"] = "ignore"
    custom_fields: Literal["both", "nested", "flat"] = "both"
    edit_by_number: bool = True
    exists_status: Literal[422, 409] = 422
    pending_status: bool = True
    refuse_resubscribe: bool = False
    error_body: Literal["message", "error", "error_list", "detail", "errors", "html"] = "message"
    unknown_phone: Literal["create", "404"] = "create"
    ccai_readable: bool = False
    ccai_read_shape: Literal["nested", "flat"] = "nested"
    ccai_numbers: Literal["vary", "number", "text"] = "vary"
    ccai_incoming_name: Literal["message.incoming", "message.received"] = "message.incoming"
    ccai_message_times: bool = False
    ccai_stopped_text: Literal["excluded", "2001", "21610", "sent"] = "excluded"
    ccai_repeat_events: bool = True
    create_status: Literal[200, 201] = 200
    messages_offered: bool = True
    messages_order: Literal["newest", "oldest", "random"] = "newest"
    message_words: Literal["incoming", "inbound"] = "incoming"
    message_ids: bool = False
    analytics_offered: bool = True
    analytics_shape: Literal["list", "map"] = "list"
    stop_hooks: bool = True
    inbox_hooks: bool = True
    stop_confirmation: bool = False
    opt_out_intel: bool = False

    @property
    def page_ceiling(self) -> int:
        """Return the largest page: 10,000 in the older documents, 250 for newer clients, unless set."""
        return self.max_page or (10_000 if self.generation == "old" else 250)

    def changed(self, values: Mapping[str, Any]) -> Switches:
        """Return a copy with these values. Raises ValueError."""
        known = {field.name for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"no switch is called {name}")
            allowed = choices(name)
            # True is no number here, and 1 no switch that is on.
            if allowed and not any(value == each and type(value) is type(each) for each in allowed):
                raise ValueError(f"{name} is one of {', '.join(map(str, allowed))}")
            if not allowed and (type(value) is not int or value < 0):
                raise ValueError(f"{name} is a whole number")
        return replace(self, **values)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def choices(name: str) -> tuple[Any, ...]:
    """Return what a switch can be set to; empty for a number."""
    kind = get_type_hints(Switches)[name]
    if get_origin(kind) is Literal:
        return get_args(kind)
    return (True, False) if kind is bool else ()


def from_form(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that a form's words mean."""
    values: dict[str, Any] = {}
    for field in fields(Switches):
        if field.name in form:
            named = {str(choice): choice for choice in choices(field.name)}
            word = form[field.name]
            values[field.name] = named.get(word, int(word) if word.isdecimal() else word)
    return values
