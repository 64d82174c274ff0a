"""Jinja2 for every page of ours: its environment, and parts of pages for htmx.

`TemplateResponse(request, "contacts/list.html#results", context)` renders the block `results` of that page alone.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib.humanize.templatetags import humanize
from django.forms import renderers
from django.template import defaultfilters
from django.template.backends.jinja2 import Jinja2
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import json_script
from heroicons.jinja import heroicon_mini
from jinja2 import Environment, StrictUndefined, Template
from jinja2.ext import Extension
from markupsafe import Markup

from contacts_ui import template_filters


class Unindented(Extension):
    """Drop the indentation of templates: browsers need none of it, 50 times a page."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return re.sub(r"\s*\n\s*", "\n", source)


@dataclass(frozen=True)
class Block:
    """One block of a template. It sees what the view gives, but nothing that its page sets around it."""

    page: Template
    name: str

    def render(self, context: dict[str, Any]) -> str:
        """Return the block's HTML."""
        try:
            return "".join(self.page.blocks[self.name](self.page.new_context(context)))
        except Exception:
            self.page.environment.handle_exception()


class Templates(Jinja2):
    """Django's backend for Jinja2, where `page.html#name` is a block of a page."""

    def get_template(self, template_name: str) -> Any:
        page, _, block = template_name.partition("#")
        found: Any = super().get_template(page)
        if block:
            found.template = Block(found.template, block)
        return found


class Macros:
    """The macros of `ui.html`: in every template as `ui`, also in a block that is rendered alone."""

    def __init__(self, made: Environment) -> None:
        self.environment = made

    def __getattr__(self, name: str) -> Any:
        return getattr(self.environment.get_template("ui.html").module, name)


class FormRenderer(renderers.TemplatesSetting):
    """Fields in our own frame, and inside it Django's widgets for Jinja2, which tolerate undefined names."""

    field_template_name = "_field.html"
    widgets = renderers.Jinja2()

    def get_template(self, template_name: str) -> Any:
        if template_name.startswith("django/forms/"):
            return self.widgets.get_template(template_name)
        return super().get_template(template_name)


def environment(**options: Any) -> Environment:
    """Return the environment of our templates: it escapes everything, and refuses names that it was not given."""
    made = Environment(  # noqa: S701 - Django's backend passes autoescape=True
        **{**options, "undefined": StrictUndefined}, extensions=[Unindented]
    )
    made.globals |= {
        "heroicon_mini": cache(heroicon_mini),
        "once": once,
        "static": static,
        "url": url,
    }
    made.globals["ui"] = Macros(made)
    ours = ("when", "to_the_second", "ago", "until", "phone", "exactly", "day")
    made.filters |= {name: getattr(template_filters, name) for name in ours}
    djangos = ("capfirst", "floatformat", "linebreaksbr", "pluralize", "slugify", "truncatechars")
    made.filters |= {name: getattr(defaultfilters, name) for name in djangos}
    made.filters |= {
        "intcomma": humanize.intcomma,
        "json_script": json_script,
        "linebreaks": defaultfilters.linebreaks_filter,
        "quoted": lambda text: quote(text, safe=""),
    }
    return made


def url(name: str, *args: Any) -> str:
    """Return the address of a page by its name in `urls.py`."""
    return reverse(name, args=args) if args else _fixed_url(name)


@cache
def _fixed_url(name: str) -> str:
    return reverse(name)


def once(name: str) -> Markup:
    """Include a template that says the same on every page: rendered once for the process."""
    return Markup(render_to_string(name)) if settings.DEBUG else _rendered(name)  # noqa: S704 - ours


@cache
def _rendered(name: str) -> Markup:
    return Markup(render_to_string(name))  # noqa: S704 - ours
