"""Write one log line for each request. Never the query string, which holds names."""

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

from contacts_ui import metrics, request_id
from contacts_ui.integrations.redact import hide_in_path
from contacts_ui.timing import Tally

Handler = Callable[[HttpRequest], HttpResponseBase]
PROBES = ("/healthz", "/readyz", "/metrics")

log = structlog.get_logger(__name__)


def request_log(get_response: Handler) -> Handler:
    """Log every answer. It runs inside `server_timing`, which counts, and outside everything else."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - started
        _write(request, response, seconds)
        metrics.request_done(view_of(request), response.status_code, seconds)
        return response

    return middleware


def view_of(request: HttpRequest) -> str:
    """Return the name of the requested URL: one of a few, whatever was typed."""
    if match := request.resolver_match:
        return match.view_name or "unnamed"
    if request.path_info.startswith(settings.STATIC_URL):
        return "static"
    try:
        # Refused on its way in, before Django looked which view it is.
        return resolve(request.path_info).view_name or "unnamed"
    except (Resolver404, Error):
        # No such address; or an address with a number in it, while the database is away.
        return "none"


def _write(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    tally: Tally = request.tally  # type: ignore[attr-defined]
    quiet = request.path_info in PROBES or request.path_info.startswith(settings.STATIC_URL)
    tell = log.debug if quiet and response.status_code < 400 else log.info
    theirs = request_id.foreign()
    tell(
        "request",
        method=request.method,
        # The secrets of hooks and links are part of their addresses, and no part of a log.
        path=hide_in_path(request.path_info),
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        queries=tally.queries,
        vendor_calls=len(tally.calls),
        # Only if the request has loaded the user: a log line is not worth a query.
        user=getattr(getattr(request, "_cached_user", None), "pk", None),
        **({"foreign_id": theirs} if theirs else {}),
    )
