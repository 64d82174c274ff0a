"""django-allauth's forms in our words, without placeholders."""

from typing import Any, ClassVar

from allauth.account.forms import ChangePasswordForm, LoginForm, ReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateWithCodeForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.core.validators import MaxLengthValidator

from contacts_ui.sign_in.passwords import HELP


class OurWords:
    """Give the fields our labels, and no placeholders."""

    labels: ClassVar[dict[str, str]]
    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = self.labels.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)


class SignInForm(OurWords, LoginForm):
    """Username or email, and password."""

    labels: ClassVar = {"login": "Username or email", "password": "Password"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autofocus"] = True
        self.fields["password"].help_text = ""
        for name, longest in (("login", 254), ("password", 4096)):
            self.fields[name].max_length = longest
            self.fields[name].validators.append(MaxLengthValidator(longest))


class ConfirmPasswordForm(OurWords, ReauthenticateForm):
    """The password once more."""

    labels: ClassVar = {"password": "Your password"}


class PasswordForm(OurWords, ChangePasswordForm):
    """The old password, and the new one twice."""

    labels: ClassVar = {
        "oldpassword": "Current password",
        "password1": "New password",
        "password2": "The same password again",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = HELP


class CodeForm(OurWords, AuthenticateForm):
    """The code of an app, or a recovery code."""

    labels: ClassVar = {"code": "Code"}


class ConfirmCodeForm(OurWords, ReauthenticateWithCodeForm):
    """A code once more."""

    labels: ClassVar = {"code": "Code from your app, or a recovery code"}


class AppForm(OurWords, ActivateTOTPForm):
    """The first code of an app."""

    labels: ClassVar = {"code": "Six digits"}


class PasskeyForm(OurWords, AddWebAuthnForm):
    """A new passkey."""

    labels: ClassVar = {
        "name": "Name",
        "passwordless": "Sign in with this passkey alone, without a password",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].help_text = "Needs a fingerprint, a face, or a PIN."
        self.fields["name"].widget.attrs["maxlength"] = 100
