"""Where the vendors tell us something: checked, stored and answered at once. Nobody is called here."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from contacts_ui import metrics
from contacts_ui.models import Vendor
from contacts_ui.services import webhooks
from contacts_ui.services.webhooks import NotAnEvent

# A whole contact with its custom fields is a few thousand.
MAX_BYTES = 64 * 1024

logger = logging.getLogger(__name__)


@csrf_exempt
@require_http_methods(["POST", "PUT"])
@login_not_required
def cloudcontactai_webhook(request: HttpRequest) -> HttpResponse:
    """Take an event of CloudContactAI, signed with our shared secret; there is no such address without one."""
    if not webhooks.expects_cloudcontactai():
        raise Http404
    raw = _body(request)
    if raw is None:
        return _refused(Vendor.CLOUDCONTACTAI, "too long", 413)
    try:
        body = webhooks.parse(raw)
        event_hash = webhooks.event_hash_of(body)
        signature = request.headers.get("X-CCAI-Signature", "")
        if not webhooks.is_signed_by_cloudcontactai(event_hash, signature):
            return _refused(Vendor.CLOUDCONTACTAI, "wrong signature", 401)
        webhooks.receive_cloudcontactai(body, event_hash)
    except NotAnEvent as problem:
        return _refused(Vendor.CLOUDCONTACTAI, str(problem), 400)
    return _answer("ok")


@csrf_exempt
@require_POST
@login_not_required
def slicktext_webhook(request: HttpRequest, secret: str) -> HttpResponse:
    """Take a hint of SlickText, at an address that only it knows."""
    if not webhooks.is_slicktext_secret(secret):
        raise Http404
    raw = _body(request)
    if raw is None:
        return _refused(Vendor.SLICKTEXT, "too long", 413)
    try:
        webhooks.receive_slicktext(webhooks.parse(raw))
    except NotAnEvent as problem:
        return _refused(Vendor.SLICKTEXT, str(problem), 400)
    return _answer("ok")


def _body(request: HttpRequest) -> bytes | None:
    """What was sent; None where it is too long, of which no more is read than shows that."""
    raw = request.read(MAX_BYTES + 1)
    return raw if len(raw) <= MAX_BYTES else None


def _refused(vendor: Vendor, why: str, status: int) -> HttpResponse:
    """Say why, count it, and log it: it may have been a stop."""
    metrics.webhook_refused(vendor.value, why)
    logger.warning("a webhook of %s was refused: %s", vendor.label, why)
    return _answer(why, status)


def _answer(words: str, status: int = 200) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain")
