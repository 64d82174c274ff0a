"""A person's sessions, as their own page shows them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

from contacts_ui.sign_in.middleware import SEEN

# Enough of a user agent for people to recognize their own machine.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "Mac"),
    ("Android", "Android"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class OwnSession:
    """One session: its row's id, where and when it began, and when it was last used."""

    pk: int
    device: str
    address: str
    began_at: datetime
    seen_at: datetime
    is_this: bool


def of(account: User, session_key: str) -> list[OwnSession]:
    """Return the account's sessions that have not ended, this one (`session_key`) first, then the newest."""
    rows = UserSession.objects.purge_and_list(account)
    found = [
        OwnSession(
            row.pk,
            _device(row.user_agent),
            row.ip,
            row.created_at,
            _seen(row),
            row.session_key == session_key,
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (not each.is_this, -each.seen_at.timestamp()))


def _seen(row: UserSession) -> datetime:
    seen = SessionStore(row.session_key).get(SEEN)
    return datetime.fromtimestamp(seen, UTC) if seen else row.created_at


def _device(agent: str) -> str:
    browser = next((name for mark, name in _BROWSERS if mark in agent), "Browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser
