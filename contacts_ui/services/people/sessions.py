"""A person's sessions, for those who manage people."""

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone


def open_sessions(account: User) -> int:
    """Count the sessions of an account that have not ended."""
    lasting = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    own = UserSession.objects.filter(user_id=account.pk, session_key__in=lasting)
    return int(own.count())


def end_all(account: User, *, but: str | None = None) -> int:
    """End every session of an account now, and return how many; also those that allauth does not list.

    `but` is the key of a session that stays.
    """
    own = UserSession.objects.filter(user_id=account.pk).exclude(session_key=but)
    keys = set(own.values_list("session_key", flat=True))
    own.delete()
    unlisted = Session.objects.filter(expire_date__gt=timezone.now()).exclude(
        session_key__in=UserSession.objects.values("session_key")
    )
    keys |= {
        session.session_key
        for session in unlisted.exclude(session_key__in=[*keys, but]).iterator()
        if session.get_decoded().get(SESSION_KEY) == str(account.pk)
    }
    ended, _ = Session.objects.filter(session_key__in=keys).delete()
    return ended
