"""Forget a person: type the number, see what is kept, type it again."""

from typing import Any

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from contacts_ui.forms.forgetting import ForgetForGoodForm, ForgetForm
from contacts_ui.services.retention import forgetting
from contacts_ui.sign_in.confirmation import confirmed_recently
from contacts_ui.views.guards import StaffRequest, permission


@require_http_methods(["GET", "HEAD", "POST"])
@permission("manage_people")
@confirmed_recently
def person_forget(request: StaffRequest) -> HttpResponse:
    """Remove a person's name and details. The number is never in an address."""
    if request.method != "POST":
        return _page(request, {"form": ForgetForm()})
    form = ForgetForm({"number": request.POST.get("number", "")})
    if not form.is_valid():
        return _page(request, {"form": form}, status=422)
    number = form.cleaned_data["number"]
    if "again" not in request.POST:
        sure = ForgetForGoodForm(initial={"number": number})
        return _page(request, {"found": forgetting.look(number), "form": sure})
    sure = ForgetForGoodForm(request.POST)
    if not sure.is_valid():
        return _page(request, {"found": forgetting.look(number), "form": sure}, status=422)
    return _page(request, {"done": forgetting.forget(staff=request.user, number=number)})


def _page(request: StaffRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {"found": None, "done": None, **context}
    context["about"] = context["done"] or context["found"]
    return TemplateResponse(request, "people/forget.html", context, status=status)
