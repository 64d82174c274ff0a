"""Webhooks from the vendors: check, store, and answer at once. The worker does the rest (`services.webhooks`)."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from contacts_ui import metrics
from contacts_ui.models import Vendor
from contacts_ui.services.webhooks import cloudcontactai, slicktext
from contacts_ui.services.webhooks.payloads import NotAnEvent, parse

# A whole contact with its custom fields is a few thousand.
MAX_BYTES = 64 * 1024

logger = logging.getLogger(__name__)


@csrf_exempt
@require_http_methods(["POST", "PUT"])
@login_not_required
def cloudcontactai_webhook(request: HttpRequest) -> HttpResponse:
    """Take an event of CloudContactAI, signed with our shared secret; without one there is no such address."""
    if not cloudcontactai.is_enabled():
        raise Http404
    raw = _body(request)
    if raw is None:
        return _refused(Vendor.CLOUDCONTACTAI, "too long", 413)
    try:
        body = parse(raw)
        if not cloudcontactai.is_signed(body, request.headers.get("X-CCAI-Signature", "")):
            return _refused(Vendor.CLOUDCONTACTAI, "wrong signature", 401)
        cloudcontactai.receive(body)
    except NotAnEvent as error:
        return _refused(Vendor.CLOUDCONTACTAI, str(error), 400)
    return _answer("ok")


@csrf_exempt
@require_POST
@login_not_required
def slicktext_webhook(request: HttpRequest, secret: str) -> HttpResponse:
    """Take a SlickText event, at an address that only SlickText knows."""
    if not slicktext.is_our_secret(secret):
        raise Http404
    raw = _body(request)
    if raw is None:
        return _refused(Vendor.SLICKTEXT, "too long", 413)
    try:
        slicktext.receive(parse(raw))
    except NotAnEvent as error:
        return _refused(Vendor.SLICKTEXT, str(error), 400)
    return _answer("ok")


def _body(request: HttpRequest) -> bytes | None:
    """Return the body, None if it is too long, reading no more than shows that."""
    raw = request.read(MAX_BYTES + 1)
    return raw if len(raw) <= MAX_BYTES else None


def _refused(vendor: Vendor, why: str, status: int) -> HttpResponse:
    """Answer why, count it, and log it: it may have been a stop."""
    metrics.webhook_refused(vendor.value, why)
    logger.warning("a webhook of %s was refused: %s", vendor.label, why)
    return _answer(why, status)


def _answer(words: str, status: int = 200) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain")
