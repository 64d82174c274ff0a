"""A password check that Django leaves out."""

import re
from typing import Any

from django.core.exceptions import ValidationError

from contacts_ui.permissions import ROLES

# The rules of AUTH_PASSWORD_VALIDATORS for the forms, in one place.
HELP = "At least 12 characters. Don't use a common password, only digits, your name, or this dashboard's words."
MISMATCH = "The two passwords don't match."
_ROLE_WORDS = {role.lower().removesuffix("s") for role in ROLES}
_OWN_WORDS = sorted(
    _ROLE_WORDS | {"contacts", "dashboard", "slicktext", "cloudcontactai", "password", "welcome"}
)
_LEFT_AT_LEAST = 8
_OWN = re.compile("|".join(_OWN_WORDS))


class OwnWordsValidator:
    """Refuse a password that is little more than this dashboard's own words, digits, and marks: "Manager-2026!!"."""

    sentence = "Don't make the password from the name of a role or of this dashboard."

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError unless enough letters are left after removing our own words."""
        folded = password.lower()
        if not _OWN.search(folded):
            return
        left = re.sub(r"[\W\d_]", "", _OWN.sub("", folded))
        if len(left) < _LEFT_AT_LEAST:
            raise ValidationError(self.sentence, code="own_words")

    def get_help_text(self) -> str:
        """Return the rule in words, for the form."""
        return self.sentence
