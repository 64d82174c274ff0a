"""Where the vendors tell us something: checked, stored and answered at once. Nobody is called here."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from contacts_ui.services import webhooks
from contacts_ui.services.webhooks import NotAnEvent

# A whole contact with its custom fields is a few thousand.
MOST_BYTES = 64 * 1024


@csrf_exempt
@require_POST
@login_not_required
def cloudcontactai_webhook(request: HttpRequest) -> HttpResponse:
    """An event of CloudContactAI, signed with our shared secret; there is no such address without one."""
    if not webhooks.expects_cloudcontactai():
        raise Http404
    raw = _body(request)
    if raw is None:
        return _answer("too long", 413)
    try:
        body = webhooks.parse(raw)
        event_hash = webhooks.event_hash_of(body)
    except NotAnEvent as problem:
        return _answer(str(problem), 400)
    if not webhooks.is_signed_by_cloudcontactai(
        event_hash, request.headers.get("X-CCAI-Signature", "")
    ):
        return _answer("wrong signature", 401)
    webhooks.receive_cloudcontactai(body, event_hash)
    return _answer("ok")


@csrf_exempt
@require_POST
@login_not_required
def slicktext_webhook(request: HttpRequest, secret: str) -> HttpResponse:
    """A hint of SlickText, at an address that only it knows."""
    if not webhooks.is_slicktext_secret(secret):
        raise Http404
    raw = _body(request)
    if raw is None:
        return _answer("too long", 413)
    try:
        body = webhooks.parse(raw)
    except NotAnEvent as problem:
        return _answer(str(problem), 400)
    webhooks.receive_slicktext(body)
    return _answer("ok")


def _body(request: HttpRequest) -> bytes | None:
    """What was sent; None where it is too long, of which no more is read than shows that."""
    raw = request.read(MOST_BYTES + 1)
    return raw if len(raw) <= MOST_BYTES else None


def _answer(words: str, status: int = 200) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain")
