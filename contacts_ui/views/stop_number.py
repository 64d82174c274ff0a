"""*Stop a number* that may be in no contact list."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from contacts_ui.forms import StopNumberForm
from contacts_ui.phone import pretty, to_e164
from contacts_ui.services.stop_number import Receipt, receipt_of
from contacts_ui.services.stop_number import stop_number as stop
from contacts_ui.views.guards import StaffRequest, permission


@require_http_methods(["GET", "HEAD", "POST"])
@permission("stop_texts")
def stop_number(request: StaffRequest) -> HttpResponse:
    """Stop a number in any spelling; the answer is a receipt with an address of its own."""
    if request.method == "POST":
        return _stop(request)
    if stopped := to_e164(request.GET.get("stopped")):
        return _receipt(request, stopped)
    form = StopNumberForm(initial={"number": request.GET.get("number", "")})
    return TemplateResponse(request, "stop_number/form.html", {"form": form})


def _stop(request: StaffRequest) -> HttpResponse:
    form = StopNumberForm(request.POST)
    if not form.is_valid():
        return TemplateResponse(request, "stop_number/form.html", {"form": form}, status=422)
    number = form.cleaned_data["number"]
    stop(staff=request.user, number=number, request=form.request())
    return redirect(receipt_url(number))


def receipt_url(number: str) -> str:
    """Where the receipt of a stopped number (E.164) can be seen again."""
    return f"{reverse('stop-number')}?{urlencode({'stopped': number})}"


def _receipt(request: StaffRequest, number: str) -> HttpResponse:
    # The receipt asks for itself again while something is on its way: of our database only.
    receipt = receipt_of(number, look_up=not request.htmx)
    context = {
        "number": pretty(number),
        "consent": receipt.judgement,
        "view": "card",
        "contact": receipt.contact,
        "poll_url": receipt_url(number) if receipt.judgement.on_its_way else "",
        "title": _title(receipt),
    }
    template = "stop_number/receipt.html"
    return TemplateResponse(request, f"{template}#receipt" if request.htmx else template, context)


def _title(receipt: Receipt) -> str:
    stopped = "is stopped" if receipt.judgement.stopped else "is not stopped"
    return f"{pretty(receipt.number)} {stopped}"
