"""For those who run the dashboard: the vendors' status, the probes of a load balancer, and what Prometheus reads."""

import secrets

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts_ui.services.consent import lift_requests, renewal
from contacts_ui.services.messages import slicktext_sync
from contacts_ui.services.operations import (
    abilities,
    counts,
    gauges,
    practice,
    readiness,
    status,
)
from contacts_ui.services.security import OLD_PAGE
from contacts_ui.views.addresses import page_of, to_the_login
from contacts_ui.views.durations import every, in_words
from contacts_ui.views.guards import StaffRequest, permission


@login_not_required
def page_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: usually a page from before a new sign-in in another tab."""
    user = getattr(request, "user", None)
    if user and not user.is_authenticated and request.path != reverse("account_login"):
        return to_the_login(request)
    request.refused_for = OLD_PAGE  # type: ignore[attr-defined]
    if request.headers.get("HX-Request"):
        words = "Nothing was recorded: this page is out of date. Reload it and press again."
        return HttpResponse(words, status=403, content_type="text/plain")
    return render(request, "403_csrf.html", {"page": page_of(request)}, status=403)


@require_safe
@permission("view_status")
def status_page(request: StaffRequest) -> HttpResponse:
    """Show both vendors, asked now, and everything that waits."""
    context = {
        "vendors": status.vendors_now(),
        "deliveries": status.deliveries(),
        "workers": status.workers(),
        "webhooks_waiting": status.webhooks_waiting(),
        "index": status.index_now(),
        "abilities": abilities.all_abilities(),
        "reading": slicktext_sync.progress(),
        "counts": counts.latest(),
        "renewal": renewal.state(),
        "renewal_days": in_words(settings.STOP_RENEWAL_DAYS * 86400),
        "renewal_every": every(settings.STOP_RENEWAL_DAYS),
        "ledger": status.audit_log_end(),
        "deciders": lift_requests.deciders() if settings.FOUR_EYES else None,
    }
    return TemplateResponse(request, "status.html", context)


@require_POST
@permission("view_status")
def probe_again(request: StaffRequest) -> HttpResponse:
    """Schedule another check of what the accounts support, after a vendor switched something on."""
    abilities.probe_again()
    messages.success(
        request, "The worker is checking what your accounts support. This takes a few seconds."
    )
    return redirect("status")


@require_http_methods(["GET", "HEAD", "POST"])
@permission("view_status")
def reset_practice(request: StaffRequest) -> HttpResponse:
    """Ask whether to start practice over, then have `make run` do it; there is no such page with real keys."""
    if not practice.reset_is_offered():
        raise Http404
    possible = practice.may_be_emptied()
    asked = possible and request.method == "POST"
    if asked:
        practice.ask_for_reset(request.user)
    return render(request, "practice_reset.html", {"asked": asked, "possible": possible})


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process runs."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database answers and is migrated and the cache works, 503 otherwise."""
    problems = readiness.problems()
    return HttpResponse(
        "\n".join(problems) or "ok", status=503 if problems else 200, content_type="text/plain"
    )


@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics to a caller with METRICS_TOKEN; without one in the settings there is no such page."""
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404
    sent = request.headers.get("Authorization", "")
    if not secrets.compare_digest(sent.encode(), f"Bearer {token}".encode()):
        return HttpResponse(
            "METRICS_TOKEN is required.",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )
    page, content_type = gauges.exposition()
    return HttpResponse(page, content_type=content_type)
