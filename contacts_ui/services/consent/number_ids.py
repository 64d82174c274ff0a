"""Ids of numbers for addresses: they say nothing, cannot be guessed, and need no row for a number never seen before.

The key is in the database, so an id survives a change of `DJANGO_SECRET_KEY`.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from contacts_ui.models import ConsentSetup

# So that not even the length of a number shows; a multiple of 3 with the 16 bytes of the seal: one spelling of each id.
LENGTH: Final = 20


def id_of(number: str) -> str:
    """Return the id of a number (E.164): always the same one."""
    sealed = AESSIV(_key()).encrypt(number.ljust(LENGTH).encode(), None)
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def number_of(number_id: str) -> str | None:
    """Return the number of an id, None for an id that we did not make."""
    try:
        sealed = urlsafe_b64decode(number_id + "=" * (-len(number_id) % 4))
        return AESSIV(_key()).decrypt(sealed, None).decode().rstrip()
    except (InvalidTag, ValueError):
        return None


@cache
def _key() -> bytes:
    return bytes(ConsentSetup.load().number_key)
