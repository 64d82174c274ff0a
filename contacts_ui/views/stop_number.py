"""*Stop a number* that may be in no contact list. The page of the number is the receipt."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from contacts_ui.forms.consent import StopNumberForm
from contacts_ui.phone import to_e164
from contacts_ui.services.consent.doors import press_stop, stop, stop_without_details
from contacts_ui.services.consent.types import Request
from contacts_ui.services.review.numbers import facts_of, seen_of
from contacts_ui.views.guards import StaffRequest, permission
from contacts_ui.views.statement_words import since_in_words


@require_http_methods(["GET", "HEAD", "POST"])
@permission("stop_texts")
def stop_number(request: StaffRequest) -> HttpResponse:
    """Stop a number in any spelling, and go to its page. Before the press, show whose it is and what is known."""
    if request.method == "POST":
        return _stop(request)
    if stopped := to_e164(request.GET.get("stopped")):
        return redirect("number-detail", number=stopped, permanent=True)
    return _page(request, StopNumberForm(initial={"number": request.GET.get("number", "")}))


@require_safe
@permission("stop_texts")
def known_of_number(request: StaffRequest) -> HttpResponse:
    """Show what is known about a number while it is typed; nothing until it is a number. Ask no vendor."""
    context = _known(request.GET.get("number"))
    return TemplateResponse(request, "stop_number/_known.html", context)


def _stop(request: StaffRequest) -> HttpResponse:
    if "look_up" in request.POST:
        return _page(request, StopNumberForm(initial=request.POST.dict()))
    form = StopNumberForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    number, asked = form.cleaned_data["number"], form.request()
    if asked.is_bare:
        press_stop(staff=request.user, seen=seen_of(number))
    else:
        stop(staff=request.user, seen=seen_of(number), request=asked)
    return redirect("number-detail", number=number)


def _page(request: StaffRequest, form: StopNumberForm, *, status: int = 200) -> HttpResponse:
    form.look_up_at(reverse("stop-number-known"))
    context = {"form": form, **_known(form["number"].value())}
    return TemplateResponse(request, "stop_number/form.html", context, status=status)


def _known(typed: str | None) -> dict[str, Any]:
    number = to_e164(typed)
    if number is None:
        return {"facts": None}
    facts = facts_of(number)
    since = facts.stopped_since
    return {
        "facts": facts,
        "since": since_in_words(since) if since else "",
        "lacks_details": stop_without_details(number, Request()) is not None,
    }
