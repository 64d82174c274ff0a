"""For those who run the dashboard: the vendors' status, the probes of a load balancer, and what Prometheus reads."""

import secrets

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from contacts_ui.services import measures, readiness, status
from contacts_ui.services.consent import lifting, renewal
from contacts_ui.services.messages import reading
from contacts_ui.services.operations import abilities, counts
from contacts_ui.views.addresses import page_of, to_the_login
from contacts_ui.views.durations import every, in_words
from contacts_ui.views.guards import StaffRequest, permission


@login_not_required
def page_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: usually a page from before somebody logged in anew, in another tab."""
    user = getattr(request, "user", None)
    if user and not user.is_authenticated and request.path != reverse("login"):
        return to_the_login(request)
    if request.headers.get("HX-Request"):
        words = "Nothing was recorded: this page is out of date. Reload it and press again."
        return HttpResponse(words, status=403, content_type="text/plain")
    return render(request, "403_csrf.html", {"page": page_of(request)}, status=403)


@require_safe
@permission("view_status")
def status_page(request: StaffRequest) -> HttpResponse:
    """Both vendors, asked now, and everything that waits."""
    context = {
        "vendors": status.vendors_now(),
        "deliveries": status.deliveries(),
        "workers": status.workers(),
        "webhooks_waiting": status.webhooks_waiting(),
        "index": status.index_state(),
        "abilities": abilities.all_abilities(),
        "reading": reading.progress(),
        "counts": counts.latest(),
        "renewal": renewal.state(),
        "renewal_days": in_words(settings.STOP_RENEWAL_DAYS * 86400),
        "renewal_every": every(settings.STOP_RENEWAL_DAYS),
        "ledger": status.ledger_state(),
        "deciders": lifting.deciders() if settings.FOUR_EYES else None,
    }
    return TemplateResponse(request, "status.html", context)


@require_POST
@permission("view_status")
def probe_again(request: StaffRequest) -> HttpResponse:
    """Have the worker find out again what the accounts offer: after a vendor switched something on."""
    abilities.probe_again()
    messages.success(
        request, "The worker checks what your accounts offer. This takes a few seconds."
    )
    return redirect("status")


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """The dashboard can serve: its database answers and is migrated, its cache holds what it is given."""
    problems = readiness.problems()
    return HttpResponse(
        "\n".join(problems) or "ok", status=503 if problems else 200, content_type="text/plain"
    )


@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever sends METRICS_TOKEN; without one in the settings there is no such page."""
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404
    sent = request.headers.get("Authorization", "")
    if not secrets.compare_digest(sent.encode(), f"Bearer {token}".encode()):
        return HttpResponse(
            "METRICS_TOKEN is wanted.",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )
    page, content_type = measures.exposition()
    return HttpResponse(page, content_type=content_type)
