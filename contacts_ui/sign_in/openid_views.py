"""Company sign-in with allauth, but always checking the ID token's signature against the provider's keys.

allauth skips that for tokens that it fetched itself over TLS, as OpenID Connect Core 1.0 (3.1.3.7) allows.
"""

import logging
from typing import Any, Final

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

# Signatures with a public key; never "none", and never the client's own secret.
_ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "EdDSA",
)


# What allauth raises if a provider does not answer, or answers with other types than the standard's.
_ODD_ANSWERS: Final = (OSError, AttributeError, KeyError, TypeError, ValueError)
logger = logging.getLogger(__name__)


class CheckingAdapter(OpenIDConnectOAuth2Adapter):
    """Checks the signature of every ID token before allauth reads it."""

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any
    ) -> Any:
        """Return the login of these tokens. Raises OAuth2Error if no key fits a token."""
        id_token = kwargs["response"].get("id_token", "")
        if not any(
            self._is_signed_by(key, id_token, app.client_id) for key in self._keys(id_token)
        ):
            raise OAuth2Error("No key of the provider fits the ID token.")
        return super().complete_login(request, app, token, **kwargs)

    def _keys(self, id_token: str) -> list[jwt.PyJWK]:
        """Fetch the provider's keys: those that the token names, or all if it names none."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        try:
            wanted = jwt.get_unverified_header(id_token).get("kid")
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        except (jwt.PyJWTError, ValueError) as error:
            raise OAuth2Error("The ID token or the provider's keys cannot be read.") from error
        return [key for key in keys if wanted is None or key.key_id == wanted]

    def _is_signed_by(self, key: jwt.PyJWK, id_token: str, client_id: str) -> bool:
        try:
            jwt.decode(
                id_token,
                key,
                algorithms=list(_ALGORITHMS),
                audience=client_id,
                issuer=self.openid_config["issuer"],
            )
        except jwt.PyJWTError:
            return False
        return True


def _run(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        response: HttpResponse = view.adapter_view(CheckingAdapter(request, provider_id))(request)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    except _ODD_ANSWERS:
        logger.exception("company sign-in gave an odd answer, or none")
        return render(request, "socialaccount/authentication_error.html", status=502)
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the provider; a GET shows a button first.

    A link can't change what we ask of the provider.
    """
    query = request.GET.copy()
    query.pop("auth_params", None)
    query.pop("scope", None)
    if query.get("process") == "redirect":
        query["auth_params"] = "prompt=login&max_age=0"
    request.GET = query  # type: ignore[assignment]
    return _run(OAuth2LoginView, request, provider_id)


@login_not_required
@require_safe
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the provider's answer, and sign in."""
    return _run(OAuth2CallbackView, request, provider_id)
