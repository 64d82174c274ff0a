"""What an administrator types to invite a person, or to give them another role."""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib.auth.models import User

from contacts_ui.services.people import Person, warnings

# What each role may do, in one line; README.md has the whole table.
ROLE_WORDS: Final = {
    "Viewers": "Finds and reads contacts",
    "Editors": "Also edits and creates contacts",
    "Agents": "Also stops texts, and asks for stops to be lifted",
    "Managers": "Everything about contacts: also lifts stops, imports, exports, and reads the audit log",
    "Administrators": "Manages people and reads the security events. Sees no contacts",
}
ROLE_CHOICES: Final = [
    (role, f"{role.removesuffix('s')}. {words}.") for role, words in ROLE_WORDS.items()
]


class RoleField(forms.ChoiceField):
    """One of our roles, each with what it may do."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            label="Role",
            choices=ROLE_CHOICES,
            widget=forms.RadioSelect,
            error_messages={"required": "Choose a role."},
            **more,
        )


class InviteForm(forms.Form):
    """A new person with a role."""

    first_name = forms.CharField(
        label="First name", max_length=150, error_messages={"required": "Type the first name."}
    )
    last_name = forms.CharField(
        label="Last name", max_length=150, error_messages={"required": "Type the last name."}
    )
    username = forms.CharField(
        label="Username",
        max_length=150,
        help_text="What they type to sign in. Letters, digits, and @ . + - _ only.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
        validators=[User.username_validator],
        error_messages={"required": "Type a username."},
    )
    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = RoleField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        email.required = not settings.PASSWORD_LOGIN
        email.help_text = (
            "Company sign-in finds the account by this address."
            if settings.OPENID
            else "They can sign in with it, too. No email is sent."
        )
        email.error_messages["required"] = "Type the email address of their company account."


class SureForm(forms.Form):
    """A change to a person's account, with a box to check if no one else would be left who may do the same."""

    sure = forms.BooleanField(required=False)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        # Two of these are on one page.
        super().__init__(*args, **{"auto_id": f"{type(self).__name__}_%s", **kwargs})
        if lost := warnings(person):
            self.fields["sure"].label = "Do it anyway"
            self.fields["sure"].help_text = " ".join(lost.values())
        else:
            del self.fields["sure"]


class RoleForm(SureForm):
    """Another role."""

    role = RoleField()
    field_order = ["role"]
