"""How a vendor's failure looks on a screen: a title, a calm sentence, and when to try again."""

import math
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from contacts_ui.services.troubles import (
    BadCredentials,
    NotConnected,
    RateLimited,
    Refused,
    VendorError,
    vendor_name,
)

_KINDS: tuple[tuple[type[VendorError], str, str], ...] = (
    (NotConnected, "not_connected", "{vendor} is not connected"),
    (RateLimited, "rate_limited", "{vendor} asks us to slow down"),
    (BadCredentials, "credentials", "{vendor} does not accept our key"),
    (Refused, "other", "{vendor} did not accept this"),
    (VendorError, "down", "{vendor} does not answer"),
)


@dataclass(frozen=True)
class Trouble:
    """What the screen says; `kind` is down, rate_limited, credentials, not_connected or other."""

    kind: str
    title: str
    sentence: str
    retry_after: int | None = None
    retry_url: str = ""


def trouble_of(error: VendorError | None, retry_url: str = "") -> Trouble | None:
    """The words for a vendor's failure; None for none."""
    if error is None:
        return None
    kind, title = next((kind, title) for cls, kind, title in _KINDS if isinstance(error, cls))
    seconds = math.ceil(error.retry_after) if error.retry_after else None
    return Trouble(kind, title.format(vendor=vendor_name(error)), error.person, seconds, retry_url)


def unavailable(request: HttpRequest, error: VendorError | None, contact_id: int) -> HttpResponse:
    """The answer where a contact cannot be shown: a page with a way to try again, or a sentence where htmx asked."""
    if request.headers.get("HX-Request") and error is not None:
        return HttpResponse(error.person, status=503, content_type="text/plain")
    context = {"trouble": trouble_of(error, request.path), "contact_id": contact_id}
    return TemplateResponse(request, "contacts/unavailable.html", context)
