"""Forget a person: type the number, see what is kept, type it again."""

from django.forms import Form
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
    typed = {"number": request.POST.get("number", "")}
    form: Form = ForgetForm(typed if request.method == "POST" else None)
    found = None
    if form.is_valid():
        number = form.cleaned_data["number"]
        again = "again" in request.POST
        form = ForgetForGoodForm(request.POST if again else None, initial={"number": number})
        if form.is_valid():
            done = forgetting.forget(staff=request.user, number=number)
            return TemplateResponse(request, "people/forgotten.html", {"about": done})
        found = forgetting.look(number)
    context = {"form": form, "found": found, "about": found}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "people/forget.html", context, status=status)
