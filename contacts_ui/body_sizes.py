"""Limit the size of a request's body by its length, before anything reads it.

nginx refuses the same (`deploy/nginx/dashboard.conf`), but does not know who is signed in. Without this, a body
would be parsed for its token first, and its files written to the temporary folder, which may be memory.
"""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from contacts_ui.odd_requests import leave_the_body
from contacts_ui.views.errors import sentence_of, wants_a_fragment

Handler = Callable[[HttpRequest], HttpResponseBase]
SIGNED_OUT_BYTES: Final = 64 << 10
FORM_BYTES: Final = 512 << 10
FILE_BYTES: Final = 11 << 20
FILE_PATHS: Final = ("/contacts/import/", "/jobs/new/")
# These have their own limits and answers, and count what they refuse.
OWN_LIMIT_PATHS: Final = ("/webhooks/",)
_CHUNK_BYTES: Final = 64 << 10


def body_sizes(get_response: Handler) -> Handler:
    """Answer 413 to a body that is too large for its page, or for a browser that is not signed in."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length <= SIGNED_OUT_BYTES or length <= _limit(request):
            return get_response(request)
        if length <= FILE_BYTES:
            # nginx already has it, and takes an answer only after sending all of it.
            while request.read(_CHUNK_BYTES):
                pass
        # Nothing is left to read; error pages ask for a form.
        leave_the_body(request)
        if wants_a_fragment(request):
            kind = "text/plain; charset=utf-8"
            return HttpResponse(sentence_of(413), status=413, content_type=kind)
        return render(request, "413.html", status=413)

    return middleware


def _limit(request: HttpRequest) -> int:
    if request.path_info.startswith(OWN_LIMIT_PATHS):
        return FILE_BYTES
    if not request.user.is_authenticated:
        return SIGNED_OUT_BYTES
    return FILE_BYTES if request.path_info.startswith(FILE_PATHS) else FORM_BYTES
