"""The page of a one-time link: choose a password. Besides sign-in, the only page that needs no session."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from contacts_ui.services import people
from contacts_ui.sign_in.passwords import HELP, MISMATCH


class ChoosePasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """The new password, twice."""

    error_messages = {"password_mismatch": MISMATCH}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first, second = self.fields["new_password1"], self.fields["new_password2"]
        first.label, second.label = "Password", "The same password again"
        first.error_messages["required"] = "Type a password."
        second.error_messages["required"] = "Type the same password again."
        first.help_text, second.help_text = HELP, ""


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def account_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Let the person with the link choose their password, once. The log hides `secret` by its name."""
    try:
        account = people.link_of(secret).account
        form = ChoosePasswordForm(account, request.POST if request.method == "POST" else None)
        if form.is_valid():
            people.use_link(token=secret, password=form.cleaned_data["new_password1"])
            # Another person may be signed in in this browser.
            logout(request)
            messages.success(request, "Your password is set. Sign in with it.")
            return _private(redirect("account_login"))
    except people.LinkGone:
        return _private(TemplateResponse(request, "people/link_gone.html", status=404))
    status = 422 if form.is_bound else 200
    context = {"form": form, "account": account}
    return _private(
        TemplateResponse(request, "people/choose_password.html", context, status=status)
    )


def _private(response: HttpResponse) -> HttpResponse:
    """Keep the address, which holds the secret, from every other page.

    With "no-referrer" browsers send `Origin: null` with the form, which Django refuses.
    """
    response["Referrer-Policy"] = "strict-origin"
    return response
