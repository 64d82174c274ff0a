"""What happens around every page."""

import zoneinfo
from collections.abc import Callable

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponsePermanentRedirect,
)
from django.middleware.common import CommonMiddleware
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from contacts_ui.permissions import NotAllowed
from contacts_ui.request_id import HEADER, request_id
from contacts_ui.request_log import PROBES
from contacts_ui.timing import Tally, tallied
from contacts_ui.views.addresses import to_the_login

Handler = Callable[[HttpRequest], HttpResponseBase]


class server_timing:  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """`Server-Timing` on every page: total, db, vendor and render in milliseconds; and the id of the request."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with tallied() as tally, request_id(request.headers.get(HEADER, "")) as own_id:
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


class HostCheckedMiddleware(CommonMiddleware):
    """Django's own, but for the probes: a load balancer asks by IP address, and gets an answer that holds nothing."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        if request.path_info in PROBES:
            return None
        return super().process_request(request)


def private_pages(get_response: Handler) -> Handler:
    """Names and numbers stay out of every cache between us and the reader."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.setdefault("Cache-Control", "no-store, private")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return middleware


def ended_sessions(get_response: Handler) -> Handler:
    """After a session has ended: to the login and back to the page, which says so if something was pressed there."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.headers.get("Location", "").startswith(f"{reverse('login')}?"):
            return to_the_login(request)
        return response

    return middleware


def readers_time_zone(get_response: Handler) -> Handler:
    """Show times in the zone of the reader's browser, which tells it in a cookie."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        zone = request.COOKIES.get("tz", "")
        try:
            timezone.activate(zoneinfo.ZoneInfo(zone))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            timezone.deactivate()
        return get_response(request)

    return middleware


class refusals:  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """What a role does not allow is a 403 that says why: a page, or a sentence where htmx asked."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        if not isinstance(exception, NotAllowed):
            return None
        if getattr(request, "htmx", False):
            return HttpResponse(exception.sentence, status=403, content_type="text/plain")
        return render(request, "403.html", {"exception": exception.sentence}, status=403)
