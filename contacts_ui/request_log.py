"""One line in the log for each request: what, how it ended, what it cost. Never the query string, which holds names."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

from contacts_ui import metrics
from contacts_ui.integrations.redact import HIDDEN
from contacts_ui.timing import Tally

Handler = Callable[[HttpRequest], HttpResponseBase]
PROBES = ("/healthz", "/readyz", "/metrics")

log = structlog.get_logger(__name__)


def request_log(get_response: Handler) -> Handler:
    """Stands inside `server_timing`, which counts, and outside everything else, so that it sees every answer."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - started
        _write(request, response, seconds)
        metrics.request_done(view_of(request), response.status_code, seconds)
        return response

    return middleware


def view_of(request: HttpRequest) -> str:
    """The name of the address that was asked for: few and known, whatever was typed."""
    if match := request.resolver_match:
        return match.view_name or "unnamed"
    if request.path_info.startswith(settings.STATIC_URL):
        return "static"
    try:
        # Refused on its way in, before Django looked which view it is.
        return resolve(request.path_info).view_name or "unnamed"
    except Resolver404:
        return "none"


def _write(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    tally: Tally = request.tally  # type: ignore[attr-defined]
    quiet = request.path_info in PROBES or request.path_info.startswith(settings.STATIC_URL)
    tell = log.debug if quiet and response.status_code < 400 else log.info
    tell(
        "request",
        method=request.method,
        path=_path(request),
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        queries=tally.queries,
        vendor_calls=len(tally.calls),
        user=_user_id(request),
    )


def _path(request: HttpRequest) -> str:
    """The address without its query; a webhook's secret is part of its address, and no part of a log."""
    match = request.resolver_match
    secret = match.kwargs.get("secret") if match else None
    return request.path_info.replace(secret, HIDDEN) if secret else request.path_info


def _user_id(request: HttpRequest) -> Any:
    """Who it was, if the request found that out anyway; a line in the log is not worth a query."""
    user = getattr(request, "_cached_user", None)
    return user.pk if user else None
