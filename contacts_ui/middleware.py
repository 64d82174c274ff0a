"""Middleware around every page."""

from collections.abc import Callable
from itertools import chain
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import InterfaceError, OperationalError
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.middleware.common import CommonMiddleware
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse

from contacts_ui.client_address import client_address
from contacts_ui.database import is_away, log_outage
from contacts_ui.permissions import NotAllowed
from contacts_ui.request_id import HEADER, request_id
from contacts_ui.request_log import PROBES
from contacts_ui.services.operations.system_state import one_system_state
from contacts_ui.timing import Tally, tallied
from contacts_ui.views import errors
from contacts_ui.views.addresses import to_the_login
from contacts_ui.views.contact_reads import count_shown, record_refusal, slowed

Handler = Callable[[HttpRequest], HttpResponseBase]
# All pages for sign-in and for a person's own account.
SIGN_IN: Final = "/accounts/"


class Middleware:
    """Holds what answers the request, to be called in between."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)


class server_timing(Middleware):  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """Add `Server-Timing` (total, db, vendor, and render in milliseconds) and the request's id to every response."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with (
            tallied() as tally,
            client_address(request),
            request_id(given=request.headers.get(HEADER, "")) as own_id,
            one_system_state(),
        ):
            request.tally = tally  # type: ignore[attr-defined]
            response = self.get_response(request)
            response["Server-Timing"] = tally.header()
            response[HEADER] = own_id
        return response

    def process_template_response(
        self, request: HttpRequest, response: TemplateResponse
    ) -> TemplateResponse:
        tally: Tally = request.tally  # type: ignore[attr-defined]
        tally.start_rendering()
        response.add_post_render_callback(lambda _: tally.stop_rendering())
        return response


class fragments(Middleware):  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """Never send a page into a fragment: htmx gets a sentence for an error, and is redirected to a whole page."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not errors.wants_a_fragment(request) or not isinstance(response, HttpResponse):
            return response
        status = response.status_code
        there = response.headers.get("Location", "")
        if urlsplit(there).path.startswith(SIGN_IN):
            # If htmx followed it, the page would be swapped in.
            return self._lead(self._instead(response, "", 204), there)
        kind, start = response.headers.get("Content-Type", ""), response.content[:2000].lower()
        is_page = kind.startswith("text/html") and b"<html" in start
        if status >= 400 and (is_page or not response.content):
            return self._instead(response, errors.sentence_of(status), status)
        if not is_page:
            return response
        instead = self._instead(response, "", 204)
        if request.method in ("GET", "HEAD"):
            return self._lead(instead, request.get_full_path())
        instead["HX-Refresh"] = "true"
        return instead

    @staticmethod
    def _lead(instead: HttpResponse, there: str) -> HttpResponse:
        """Send the whole page there."""
        del instead["Location"]
        instead["HX-Redirect"] = there
        return instead

    @staticmethod
    def _instead(response: HttpResponse, words: str, status: int) -> HttpResponse:
        """Return the same answer, its cookies and headers too, with `words` in place of the page."""
        response.status_code = status
        response.content = words.encode()
        # That of the page: a browser would wait for the rest, or see nothing.
        del response["Content-Length"]
        response["Content-Type"] = "text/plain; charset=utf-8"
        return response


class database_away(Middleware):  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """While the database is away, answer every request with 503, before anything else happens.

    It is where the user is loaded first. `errors.server_error` answers 503 for other middleware.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            if request.path_info not in PROBES and request.session.session_key:
                # The first query of nearly every request, so that it fails here.
                bool(request.user.is_authenticated)
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse) and not isinstance(
                response, FileResponse
            ):
                # If it can't begin, that is a 503; if it breaks later, it just ends.
                pieces = iter(response)
                response.streaming_content = chain([next(pieces, b"")], pieces)
        except (OperationalError, InterfaceError) as error:
            return self._answer(request, error)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        return self._answer(request, exception) if is_away(exception) else None

    @staticmethod
    def _answer(request: HttpRequest, error: Exception) -> HttpResponse:
        """Answer, and write the one log line; raise again what is not an outage."""
        if not is_away(error):
            raise error
        log_outage(error)
        return errors.database_away(request)


class HostCheckedMiddleware(CommonMiddleware):
    """Check the host as Django does, except for probes: a load balancer asks by IP address."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        return None if request.path_info in PROBES else super().process_request(request)


class private_pages(Middleware):  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """Keep names and numbers out of every cache between us and the reader."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store, private")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class ended_sessions(Middleware):  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """Send people whose session ended to sign in, and back to their page."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.headers.get("Location", "").startswith(f"{reverse('account_login')}?"):
            return to_the_login(request)
        return response


class refusals(Middleware):  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """Answer 403 with the reason: a page, or a sentence for htmx. Each 403 is a security event."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 403 and not getattr(request, "asks_to_confirm", False):
            record_refusal(request)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        if not isinstance(exception, NotAllowed):
            return None
        request.refused_for = exception.codename  # type: ignore[attr-defined]
        if getattr(request, "htmx", False):
            return HttpResponse(exception.sentence, status=403, content_type="text/plain")
        return render(request, "403.html", {"exception": exception.sentence}, status=403)


class contact_reads(Middleware):  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """Count the contacts that each page shows. Above READS_PER_HOUR, let people wait between lists."""

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        return slowed(request)

    def process_template_response(
        self, request: HttpRequest, response: TemplateResponse
    ) -> TemplateResponse:
        count_shown(request, response)
        return response
