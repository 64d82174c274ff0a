"""The parts of pages that cost most: what stands on every page, around the table and in its rows, and form fields.

Jinja2 renders them in a quarter of the time.
They live in `templates/jinja/`; a Django template prints one with `{% jinja "contacts/_consent.html" view="card" %}`.
"""

import re
from functools import cache
from typing import Any
from urllib.parse import quote

from django.forms.renderers import Jinja2, TemplatesSetting
from django.template.defaultfilters import linebreaksbr, pluralize
from django.template.loader import get_template
from django.urls import reverse
from jinja2 import Environment, StrictUndefined
from jinja2.ext import Extension

from contacts_ui.templatetags import dashboard, parts


class Unindented(Extension):
    """Templates are indented for whoever reads them; a browser needs none of it, 50 times a page."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return re.sub(r"\s*\n\s*", "\n", source)


def environment(**options: Any) -> Environment:
    """Escapes everything, as Django does, and refuses names that nobody gave it."""
    made = Environment(  # noqa: S701 - Django's backend passes autoescape=True
        **{**options, "undefined": StrictUndefined},
        extensions=[Unindented],
    )
    made.globals["url"] = lambda name, *args: reverse(name, args=args) if args else _address(name)
    made.globals["once"] = parts.once
    made.filters |= {
        "clock": dashboard.clock,
        "when": dashboard.when,
        "to_the_second": dashboard.to_the_second,
        "ago": dashboard.ago,
        "aged": dashboard.aged,
        "linebreaksbr": linebreaksbr,
        "pluralize": pluralize,
        "quoted": lambda text: quote(text, safe=""),
    }
    return made


@cache
def _address(name: str) -> str:
    """An address that is the same for everybody. One reverse() for the process."""
    return reverse(name)


class FormRenderer(TemplatesSetting):
    """Widgets as Django has them for Jinja2, and a field as `templates/jinja/django/forms/field.html` frames it."""

    widgets = Jinja2()

    def get_template(self, template_name: str) -> Any:
        if template_name.startswith("django/forms/widgets/"):
            return self.widgets.get_template(template_name)
        if template_name == self.field_template_name:
            return get_template(template_name, using="jinja2")
        return super().get_template(template_name)
