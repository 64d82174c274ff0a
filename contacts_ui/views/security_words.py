"""A security event in plain words."""

from typing import Any, Final

from contacts_ui.models import SecurityEvent
from contacts_ui.models import SecurityEventKind as Kind
from contacts_ui.models.accounts import LinkPurpose
from contacts_ui.permissions import PERMISSIONS, ROLES
from contacts_ui.services.security import OLD_PAGE, OTHER, WHAT

# After the person's name.
VERBS: Final[dict[str, str]] = {
    Kind.SIGNED_IN: "signed in",
    Kind.SIGN_IN_FAILED: "failed to sign in",
    Kind.SIGN_IN_SLOWED: "had to wait after failed sign-ins",
    Kind.SIGNED_OUT: "signed out",
    Kind.SESSION_ENDED: "ended a session",
    Kind.CONFIRMED: "confirmed who they are",
    Kind.PASSWORD_CHANGED: "changed their password",
    Kind.FACTOR_ADDED: "added a second factor",
    Kind.FACTOR_REMOVED: "removed a second factor",
    Kind.CODES_MADE: "made recovery codes",
    Kind.INVITED: "invited a person",
    Kind.LINK_MADE: "made a sign-in link",
    Kind.ROLE_CHANGED: "changed a role",
    Kind.DEACTIVATED: "deactivated an account",
    Kind.REACTIVATED: "reactivated an account",
    Kind.REFUSED: "was refused",
    Kind.EXPORTED: "exported data",
    Kind.READ_MUCH: "opened many contacts",
    Kind.FORGOTTEN: "forgot a person",
}
# Labels of details, in the order shown, which PostgreSQL does not keep.
NAMES: Final = {
    "person": "Person",
    "way": "How",
    "type": "Second factor",
    "purpose": "Link for",
    "seconds": "Seconds to wait",
    "permission": "Needed",
    "page": "Page",
    "what": "What",
    "rows": "Rows",
    "why": "Why",
    "contacts": "Contacts in an hour",
    "limit": "Limit",
    "outcome": "Outcome",
    "before": "Before",
    "after": "After",
    "address": "IP address of that session",
}
_ORDER: Final = {name: place for place, name in enumerate(NAMES)}
# Codes in details, in words.
WORDS: Final = {
    **PERMISSIONS,
    **WHAT,
    **{purpose.value: purpose.label for purpose in LinkPurpose},
    **{role: role.removesuffix("s") for role in ROLES},
    OLD_PAGE: "a page that is up to date",
    OTHER: "more than their role allows",
    "password": "password",
    "mfa": "second factor",
    "company": "company sign-in",
    "socialaccount": "company sign-in",
    "totp": "Authenticator app",
    "webauthn": "Passkey",
    "recovery_codes": "Recovery codes",
}
TYPED: Final = (Kind.SIGN_IN_FAILED, Kind.SIGN_IN_SLOWED)
ROLE_DETAILS: Final = ("role", "before", "after")
# Already said, or of no use to a reader.
LEFT_OUT: Final = ("method",)


def event_in_words(event: SecurityEvent) -> dict[str, Any]:
    """Return what the page says of one event; `username` leads to all of that person's events."""
    account = event.account
    return {
        "event": event,
        "name": _name(event),
        "username": account.get_username() if account else event.name,
        "is_unknown": _is_unknown(event),
        "verb": VERBS.get(event.kind, event.kind),
        "details": [
            {"label": NAMES.get(name) or _spaced(name).capitalize(), "value": _value(name, value)}
            for name, value in sorted(
                event.details.items(), key=lambda each: (_ORDER.get(each[0], len(_ORDER)), each[0])
            )
            if value not in ("", None, [], {}) and name not in LEFT_OUT
        ],
    }


def _name(event: SecurityEvent) -> str:
    if event.account:
        full = event.account.get_full_name()
        return f"{full} ({event.account.get_username()})" if full else event.account.get_username()
    if _is_unknown(event):
        return f"“{event.name}”"
    return event.name or "A browser that was not signed in"


def _is_unknown(event: SecurityEvent) -> bool:
    """Return True if the typed name has no account; a command has a name too."""
    return not event.account and bool(event.name) and event.kind in TYPED


def _value(name: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(name, each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if name not in ("job", "account") else str(value)
    text = str(value)
    if name == "page":
        return _spaced(text).capitalize()
    if name == "way":
        return ", ".join(WORDS.get(each, _spaced(each)) for each in text.split("+"))
    if name in ROLE_DETAILS:
        return ", ".join(WORDS.get(each, each) for each in text.split(", "))
    return WORDS.get(text, text) if name in ("permission", "what", "type", "purpose") else text


def _spaced(text: str) -> str:
    return text.replace("-", " ").replace("_", " ")
