"""What opens around the table, asked for once it is opened: filters, search help, columns, and keyboard shortcuts."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from contacts_ui.forms.finder import FilterForm, with_custom_field
from contacts_ui.services import index
from contacts_ui.services.people.preferences import choose_look, table_look
from contacts_ui.views.addresses import safe_next
from contacts_ui.views.columns import COLUMNS, DEFAULT_COLUMNS
from contacts_ui.views.guards import StaffRequest, permission


@require_safe
@permission("view_contacts")
def contact_filters(request: StaffRequest) -> HttpResponse:
    """Show the filters, filled in as in the address; without scripts they are a part of the table's page."""
    filters = FilterForm(with_custom_field(request.GET))
    if index.is_ready() and request.GET.get("live") != "1":
        filters.offer(index.values_in_use())
    return TemplateResponse(request, "_filters.html", {"filters": filters})


@require_safe
@permission("view_contacts")
def search_help(request: StaffRequest) -> HttpResponse:
    """Say what can be searched for."""
    return _part_or_page(request, "contacts/search_help.html", help_keys=index.KEYS)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("view_contacts")
def contact_columns(request: StaffRequest) -> HttpResponse:
    """Remember which columns this person wants to see, and how close the rows stand."""
    back_url = safe_next(request, reverse("contact-list"))
    if request.method == "POST":
        wanted = request.POST.getlist("columns")
        columns = [key for key in COLUMNS if key in wanted]
        choose_look(request.user, columns, compact="compact" in request.POST)
        return redirect(back_url)
    look = table_look(request.user, tuple(COLUMNS), DEFAULT_COLUMNS)
    return _part_or_page(
        request, "contacts/columns.html", columns=COLUMNS.values(), look=look, back_url=back_url
    )


@require_safe
def keyboard(request: StaffRequest) -> HttpResponse:
    """Say what the keyboard can do."""
    return _part_or_page(request, "keyboard.html")


def _part_or_page(request: StaffRequest, template: str, **context: object) -> HttpResponse:
    """Fill the panel that was opened; without scripts, a page of its own."""
    return TemplateResponse(request, f"{template}#panel" if request.htmx else template, context)
