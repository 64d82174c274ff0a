"""Scrub what leaves the process on an error: error mails, DEBUG pages, and Sentry."""

import re
from collections.abc import ItemsView, Sequence
from pprint import pformat
from types import TracebackType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from contacts_ui.integrations.redact import HIDDEN, redact, redact_all

# Variables, settings and fields with secret values, by a part of their name.
_HIDDEN = re.compile(
    "api|token|key|secret|pass|signature|cookie|dsn|number|phone|ticket|email|name|address|words|reason|evidence|contact|person|query|q$",
    re.IGNORECASE,
)


class _Shown(str):
    """A value as a page shows it: as text, without quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Filter(SafeExceptionReporterFilter):
    """Hide by name what may hold a person or a key, even with DEBUG, and mask numbers in the rest."""

    cleansed_substitute = HIDDEN
    hidden_settings = re.compile(
        "api|auth|token|key|secret|pass|signature|http_cookie|dsn|location", re.IGNORECASE
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        """Return True, even with DEBUG."""
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Hide everything that a person typed."""
        return dict.fromkeys(request.POST, HIDDEN) if request else {}

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        """Return the headers without cookies, and without addresses that hold a search."""
        meta = super().get_safe_request_meta(request)
        unsafe = ("QUERY_STRING", "HTTP_REFERER", "HTTP_HX_CURRENT_URL", "CSRF_COOKIE")
        hidden = {name: HIDDEN for name in unsafe if name in meta}
        cleaned: dict[str, Any] = redact_all({**meta, **hidden})
        return cleaned

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: Any
    ) -> ItemsView[str, Any]:
        """Return the variables of a frame: hidden by name, or as masked text."""
        return {
            name: HIDDEN if _HIDDEN.search(name) else _Shown(_safe_text(value))
            for name, value in tb_frame.f_locals.items()
        }.items()


class Reporter(ExceptionReporter):
    """Django's report with every number masked, since an exception's words may hold one too."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        if "request_GET_items" in data:
            data["request_GET_items"] = [(name, HIDDEN) for name, _ in data["request_GET_items"]]
        return data

    def get_traceback_html(self) -> SafeString:
        """Return the report as a page."""
        return mark_safe(redact(super().get_traceback_html()))  # noqa: S308 - less than what was safe

    def get_traceback_text(self) -> SafeString:
        """Return the report as a mail."""
        return mark_safe(redact(super().get_traceback_text()))  # noqa: S308 - less than what was safe


def start_sentry(dsn: str, *, secrets: Sequence[str] = ()) -> None:
    """Report errors to Sentry if `dsn` is set, without data about people.

    Raises ImproperlyConfigured when sentry-sdk is not installed.
    """
    if not dsn:
        return
    try:
        import sentry_sdk
    except ImportError as error:
        raise ImproperlyConfigured("SENTRY_DSN is set, but sentry-sdk is not installed.") from error

    hidden = tuple(filter(None, secrets))

    def scrub(event: Any, _hint: Any) -> Any:
        return scrubbed(event, hidden)

    sentry_sdk.init(
        dsn=dsn,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=20,
        before_send=scrub,
        before_send_transaction=scrub,
        before_breadcrumb=scrub,
    )


def scrubbed(event: dict[str, Any], secrets: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an event for Sentry without its request's query, cookies, headers, and user, and with numbers masked."""
    kept = {name: value for name, value in event.items() if name != "user"}
    if isinstance(request := kept.get("request"), dict):
        kept["request"] = {part: request[part] for part in ("method", "url") if part in request}
        kept["request"]["url"] = str(kept["request"].get("url", "")).split("?")[0]
    cleaned: dict[str, Any] = redact_all(kept, secrets)
    return cleaned


def _safe_text(value: Any) -> str:
    if isinstance(value, HttpRequest | TracebackType):
        return f"<{type(value).__name__}>"
    try:
        return redact(pformat(value, width=100, depth=3))[:2000]
    except Exception as error:
        return f"<cannot be shown: {type(error).__name__}>"
