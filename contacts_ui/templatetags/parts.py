"""Parts of pages that are rendered another way because they are printed so often."""

from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.template.context import RequestContext
from django.template.loader import get_template, render_to_string
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def jinja(context: RequestContext, name: str, **more: Any) -> SafeString:
    """Include a template of `templates/jinja/`, which sees everything that this one sees, and `more`."""
    seen: dict[Any, Any] = context.flatten()
    html = get_template(name, using="jinja2").render(seen | more)
    return mark_safe(html)  # noqa: S308 - Jinja has escaped it


@register.simple_tag
def once(name: str) -> SafeString:
    """Include a template that says the same on every page: rendered once for the process."""
    return render_to_string(name) if settings.DEBUG else _rendered(name)


@cache
def _rendered(name: str) -> SafeString:
    return render_to_string(name)
