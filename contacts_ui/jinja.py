"""The parts of pages that are printed up to 250 times: Jinja2 renders them in a quarter of the time.

They live in `templates/jinja/`; a Django template prints one with `{% jinja "contacts/_consent.html" view="card" %}`.
"""

import re
from typing import Any

from django.template.defaultfilters import pluralize
from django.urls import reverse
from jinja2 import Environment, StrictUndefined
from jinja2.ext import Extension

from contacts_ui.templatetags import dashboard


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
    made.globals["url"] = lambda name, *args: reverse(name, args=args)
    made.filters |= {"when": dashboard.when, "ago": dashboard.ago, "pluralize": pluralize}
    return made
