"""Encrypt the secrets of second factors and of the provider, with a key made from DJANGO_SECRET_KEY."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_PURPOSE = b"contacts_ui.sign_in.secrets:"


def encrypt(text: str) -> str:
    """Return `text` encrypted."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Return the decrypted text, also for a former key; "" if no key fits."""
    try:
        return _keys().decrypt(stored.encode()).decode()
    except InvalidToken:
        return ""


def _keys() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(_PURPOSE + key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
