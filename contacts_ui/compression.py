"""Compress pages on their way to the browser."""

import re
import secrets
from typing import Final

import brotli
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

# A page takes as long as with gzip, and is a tenth smaller. More takes longer and saves next to nothing.
BROTLI_QUALITY: Final = 5
MIN_BYTES: Final = 200
_TAKES_BROTLI: Final = re.compile(r"\bbr\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")


class CompressionMiddleware(GZipMiddleware):
    """Compress whole pages with brotli where the browser takes it, and all else with gzip, as Django does."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress an answer; as with gzip, by a random length, so that its size does not tell what is in it."""
        takes_brotli = _TAKES_BROTLI.search(request.headers.get("Accept-Encoding", ""))
        is_page = response.get("Content-Type", "").startswith("text/html")
        # A fragment would leave its comment in the page, one for each swap.
        is_fragment = "HX-Request" in request.headers
        if (
            not (takes_brotli and is_page)
            or is_fragment
            or not isinstance(response, HttpResponse)
            or response.has_header("Content-Encoding")
            or len(response.content) < MIN_BYTES
        ):
            return super().process_response(request, response)
        noise = secrets.token_urlsafe(1 + secrets.randbelow(self.max_random_bytes))
        page = response.content + f"<!--{noise}-->".encode()
        response.content = brotli.compress(page, quality=BROTLI_QUALITY)
        response["Content-Encoding"] = "br"
        response["Content-Length"] = str(len(response.content))
        patch_vary_headers(response, ("Accept-Encoding",))
        return response
