"""Refuse what no normal browser sends: broken addresses, bodies, lengths, and charsets get a 400, never a 500.

Only forms are checked for their charset: webhooks are read as bytes, so none is lost because of an odd header.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.utils.http import parse_header_parameters
from django.views import defaults

Handler = Callable[[HttpRequest], HttpResponseBase]
ErrorPage = Callable[[HttpRequest, Exception], HttpResponse]
UTF_8: Final = ("", "utf-8", "utf8")
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
# Headers with the address of a page, which views and middleware parse.
ADDRESSES: Final = ("HX-Current-URL", "Referer", "Origin")


class Request(WSGIRequest):
    """A request that can always be built, read, and answered. `odd` says why it must be refused, or is empty."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.odd = ""
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if not (length.isascii() and length.isdigit() and len(length) < 19):
            self.odd = "length"
            environ["CONTENT_LENGTH"] = "0"
        super().__init__(environ)

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Read everything as UTF-8, like our own pages. A form in another charset is odd."""
        given = meta.get("CONTENT_TYPE", "")
        try:
            self.content_type, params = parse_header_parameters(given)
        except (ValueError, LookupError):
            self.content_type, params = given.partition(";")[0].strip().lower(), {"charset": "?"}
        self.content_params = params
        if self.content_type in FORMS and params.get("charset", "").lower() not in UTF_8:
            self.odd = "charset"

    def _load_post_and_files(self) -> None:
        """Read the body once. Raises BadRequest or SuspiciousOperation, and is an empty form from then on."""
        if self.odd:
            _count_as_empty(self)
            return
        try:
            super()._load_post_and_files()
            if _is_odd(self.POST):
                raise BadRequest("A NUL, or a `next` that is not an address.")
        except (BadRequest, SuspiciousOperation, MultiPartParserError):
            _count_as_empty(self)
            raise
        except (ValueError, LookupError) as error:
            _count_as_empty(self)
            raise BadRequest("The body can't be read.") from error


def _is_odd(form: QueryDict) -> bool:
    """Return True for a NUL, which PostgreSQL text can't hold, and for a `next` that can't be parsed."""
    has_nul = any("\0" in text for name, texts in form.lists() for text in (name, *texts))
    return has_nul or not all(map(_is_address, form.getlist("next")))


class Application(WSGIHandler):
    """Django's, with our requests."""

    request_class = Request


def leave_the_body(request: HttpRequest) -> None:
    """Treat a form that was not read yet as empty: Django's error pages read it, and it may be broken."""
    if not hasattr(request, "_post"):
        _count_as_empty(request)


def _count_as_empty(request: HttpRequest) -> None:
    request._mark_post_parse_error()  # type: ignore[attr-defined]


def _whatever_the_body(answer: ErrorPage) -> ErrorPage:
    def handler(request: HttpRequest, exception: Exception) -> HttpResponse:
        leave_the_body(request)
        return answer(request, exception)

    return handler


handler400 = _whatever_the_body(defaults.bad_request)
handler403 = _whatever_the_body(defaults.permission_denied)
handler404 = _whatever_the_body(defaults.page_not_found)


class odd_requests:  # noqa: N801 - named as the others in settings.MIDDLEWARE
    """Refuse what can't be read, before anything tries to, with a page or a sentence."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = [request.headers.get(name, "") for name in ADDRESSES]
        has_addresses = all(map(_is_address, [*given, *map(unquote, given)]))
        is_fine = not getattr(request, "odd", "") and _has_query(request) and has_addresses
        return self.get_response(request) if is_fine else handler400(request, BadRequest())

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Refuse a body that is nested too deeply to parse."""
        too_deep = isinstance(exception, RecursionError) and request.method == "POST"
        return handler400(request, BadRequest()) if too_deep else None


def _has_query(request: HttpRequest) -> bool:
    """Return False for a query that can't be read, which counts as empty from then on."""
    with suppress(SuspiciousOperation):
        if not _is_odd(request.GET):
            return True
    request.GET = QueryDict()
    return False


def _is_address(text: str) -> bool:
    try:
        urlsplit(text).port  # noqa: B018 - parsed when it is read
    except ValueError:
        return False
    return True
