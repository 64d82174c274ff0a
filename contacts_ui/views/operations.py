"""For those who run the dashboard: the vendors' status, and the probes of a load balancer."""

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from contacts_ui.services.status import vendors_now
from contacts_ui.views.guards import StaffRequest, permission


@login_not_required
def page_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW: usually a page from before somebody logged in anew, in another tab."""
    if request.headers.get("HX-Request"):
        words = "Nothing was sent: this page is from before you logged in. Reload it and try again."
        return HttpResponse(words, status=403, content_type="text/plain")
    return render(request, "403_csrf.html", status=403)


@require_safe
@permission("view_status")
def status(request: StaffRequest) -> HttpResponse:
    """Both vendors, asked now."""
    return TemplateResponse(request, "status.html", {"vendors": vendors_now()})


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """The dashboard can serve: its database answers and is migrated, its cache holds what it is given."""
    problems = []
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            problems.append("database: migrations are missing")
    except Exception as error:
        problems.append(f"database: {type(error).__name__}")
    try:
        cache.set("readyz", "ok", 10)
    except Exception as error:
        problems.append(f"cache: {type(error).__name__}")
    return HttpResponse(
        "\n".join(problems) or "ok", status=503 if problems else 200, content_type="text/plain"
    )
