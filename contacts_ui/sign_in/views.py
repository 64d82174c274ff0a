"""Pages of signing in where django-allauth's own are not enough."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.views import LoginView, LogoutView, PasswordChangeView
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse, reverse_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts_ui.models import SecurityEventKind
from contacts_ui.services import security
from contacts_ui.sign_in import sessions_list
from contacts_ui.views.addresses import safe_next
from contacts_ui.views.guards import StaffRequest
from dashboard.sign_in import PROVIDER_ID


class SignIn(LoginView):
    """Sign in with a password, a passkey, or a company account: whatever the settings allow."""

    http_method_names = ["get", "head", "post"]

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse a password if company sign-in is the only way."""
        if not settings.PASSWORD_LOGIN:
            raise Http404
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        """Answer 429, and when to try again, if the sign-in must wait."""
        response: HttpResponse = super().form_invalid(form)
        if seconds := getattr(self.request, "wait_seconds", 0):
            response.status_code = 429
            response["Retry-After"] = str(seconds)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the ways to sign in."""
        return {
            **super().get_context_data(**kwargs),
            "password_login": settings.PASSWORD_LOGIN,
            "company": settings.OPENID,
            "company_url": company_url(safe_next(self.request, "")),
        }


def company_url(next_page: str, **more: str) -> str:
    """Return the address to which the company sign-in form is posted; "" without company sign-in."""
    if not settings.OPENID:
        return ""
    query = {**({"next": next_page} if next_page else {}), **more}
    address = reverse("openid_connect_login", args=[PROVIDER_ID])
    return f"{address}?{urlencode(query)}" if query else address


class SignOut(LogoutView):
    """Sign out; only by a form."""

    http_method_names = ["post"]


class ChangePassword(PasswordChangeView):
    """Change your own password. Other sessions end, since each holds a hash of the old one."""

    success_url = reverse_lazy("mfa_index")

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer 404 for an account without a password, such as a company account."""
        if request.user.is_authenticated and not request.user.has_usable_password():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """Change the password, and show a message."""
        response: HttpResponse = super().form_valid(form)
        messages.success(self.request, "Your password is changed. Your other sessions have ended.")
        return response

    def get_default_success_url(self) -> str:
        """Return to the page from which they came."""
        return str(self.success_url)


@require_safe
def sessions(request: StaffRequest) -> HttpResponse:
    """List your own sessions."""
    context = {"sessions": sessions_list.of(request.user, request.session.session_key or "")}
    return TemplateResponse(request, "usersessions/usersession_list.html", context)


@require_POST
def sessions_end(request: StaffRequest) -> HttpResponse:
    """End one of your own sessions, or all others."""
    mine = UserSession.objects.filter(user=request.user)
    if key := request.POST.get("session"):
        if not key.isdecimal():
            raise Http404
        chosen = [get_object_or_404(mine, pk=int(key[:18]))]
    else:
        chosen = list(mine.exclude(session_key=request.session.session_key))
    for session in chosen:
        session.end()
        security.record(
            SecurityEventKind.SESSION_ENDED, account=request.user, details={"address": session.ip}
        )
    many = len(chosen)
    messages.success(request, f"{many} session{'' if many == 1 else 's'} ended.")
    return redirect("usersessions_list")


@require_http_methods(["GET", "HEAD"])
def confirm_with_company(request: StaffRequest) -> HttpResponse:
    """Ask for company sign-in again, then continue where the person was."""
    if not settings.OPENID or not SocialAccount.objects.filter(user=request.user).exists():
        raise Http404
    there = company_url(safe_next(request, reverse("home")), process="redirect")
    context = {"company": settings.OPENID, "company_url": there}
    return TemplateResponse(request, "account/confirm_with_company.html", context)
