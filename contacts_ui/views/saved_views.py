"""Views of the table with a name, own and shared."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from contacts_ui.forms.finder import index_question
from contacts_ui.forms.saved_views import SavedViewForm, ViewChangeForm, normalised
from contacts_ui.models import SavedView
from contacts_ui.permissions import NotAllowed, Staff
from contacts_ui.services import index
from contacts_ui.services.contacts import saved_views
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.totals import total_words
from contacts_ui.views.view_words import view_words

TAKEN = "You already have a view with this name. Choose another one."


@require_safe
@permission("view_contacts")
def saved_view_list(request: StaffRequest) -> HttpResponse:
    """List the views that this person sees, to change and delete."""
    views = saved_views.views_for(request.user).select_related("owner")
    rows = [
        {
            **each,
            "may_change": saved_views.may_change(request.user, each["view"]),
            "may_delete": saved_views.may_delete(request.user, each["view"]),
            "words": view_words(QueryDict(each["view"].query)),
        }
        for each in _links(request.user, views)
    ]
    return TemplateResponse(request, "saved_views/list.html", {"rows": rows})


@require_safe
@permission("view_contacts")
def saved_view_counts(request: StaffRequest) -> HttpResponse:
    """Show the links above the table again, with how many contacts each view has."""
    context = view_links(request.user, request.GET.get("view", ""))
    if index.is_ready():
        for each in context["saved_views"]:
            total = saved_views.count_of(
                each["view"], lambda query: index_question(QueryDict(query))
            )
            each["count"] = total_words(total) if total else ""
    context["counted"] = True
    return TemplateResponse(request, "saved_views/_links.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("view_contacts")
def saved_view_new(request: StaffRequest) -> HttpResponse:
    """Save the present view under a name."""
    if request.method != "POST":
        query = normalised(request.GET.get("view", ""))
        return _form(request, SavedViewForm(initial={"view": query}), query)
    form = SavedViewForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            view = saved_views.save_view(
                staff=request.user, name=data["name"], query=data["view"], shared=data["shared"]
            )
        except saved_views.NameTaken:
            form.add_error("name", TAKEN)
        else:
            messages.success(request, f"The view “{view.name}” is saved.")
            return _done(request, _table(view.query))
    return _form(request, form, normalised(request.POST.get("view", "")), status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("view_contacts")
def saved_view_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Rename a view, or change who sees it."""
    view = get_object_or_404(saved_views.views_for(request.user), pk=pk)
    if not saved_views.may_change(request.user, view):
        raise NotAllowed("change_view")
    if request.method != "POST":
        form = ViewChangeForm(initial={"name": view.name, "shared": view.shared})
        return _form(request, form, view.query, view=view)
    form = ViewChangeForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            saved_views.change_view(
                staff=request.user, pk=pk, name=data["name"], shared=data["shared"]
            )
        except saved_views.NameTaken:
            form.add_error("name", TAKEN)
        else:
            messages.success(request, f"The view “{data['name']}” is saved.")
            return _done(request, reverse("saved-view-list"))
    return _form(request, form, view.query, view=view, status=422)


@require_POST
@permission("view_contacts")
def saved_view_delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Delete a view; the contacts in it stay."""
    try:
        view = saved_views.delete_view(staff=request.user, pk=pk)
    except SavedView.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, f"The view “{view.name}” is deleted. No contacts were changed.")
    return redirect("saved-view-list")


def view_links(staff: Staff, query: str) -> dict[str, Any]:
    """Return the links above the table: the views this person sees, and which one is the present one."""
    links = _links(staff, saved_views.views_for(staff))
    here = normalised(query)
    for each in links:
        each["current"] = each["view"].query == here
    shown = links[: saved_views.MAX_LINKS_ABOVE_TABLE]
    return {
        "saved_views": shown,
        "more_views": len(links) - len(shown),
        "view_query": here,
        "counted": False,
    }


def _links(staff: Staff, views: Iterable[SavedView]) -> list[dict[str, Any]]:
    return [
        {"view": view, "url": _table(view.query), "own": view.owner_id == staff.pk, "count": ""}
        for view in views
    ]


def _table(query: str) -> str:
    """Return the address of the table with this query."""
    return f"{reverse('contact-list')}?{query}" if query else reverse("contact-list")


def _done(request: StaffRequest, address: str) -> HttpResponse:
    """Redirect to an address; from the dialog by loading the whole page, since the change shows around it."""
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _form(
    request: StaffRequest,
    form: ViewChangeForm,
    query: str,
    *,
    view: SavedView | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "view": view,
        "parts": view_words(QueryDict(query)),
        "back_url": _table(query),
    }
    template = "saved_views/form.html#dialog" if request.htmx else "saved_views/form.html"
    return TemplateResponse(request, template, context, status=status)
