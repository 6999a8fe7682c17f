"""The portal's own secrets: seeds of its signing keys, and sealing of secrets kept in rows.

Everything is derived from SECRET_KEY unless SIGNING_KEY names a key of its own, so a backup of
database and SECRET_KEY is a complete one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet
from django.conf import settings


def derive(purpose: str) -> bytes:
    """32 bytes for one purpose: HMAC-SHA-256(SECRET_KEY, purpose). One-way and independent."""
    secret = settings.SECRET_KEY.encode()
    return hmac.digest(secret, f"commonhold/{purpose}".encode(), hashlib.sha256)


def signing_seeds(number: int) -> list[str]:
    """The seeds (hex) this portal may sign with, newest first: those of SIGNING_KEY, or else derived for each number.

    The derived ones stay after SIGNING_KEY was set, so that the log can be handed over.
    """
    named = [seed.strip() for seed in (settings.SIGNING_KEY or "").split(",") if seed.strip()]
    purposes = ["portal signing key", *(f"portal signing key {n}" for n in range(2, number + 1))]
    return named[::-1] + [derive(purpose).hex() for purpose in reversed(purposes)]


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derive("sealed columns")))


def seal_secret(value: bytes) -> str:
    """Encrypt a secret for keeping in a row (Fernet: AES-128-CBC with HMAC-SHA-256)."""
    return _box().encrypt(value).decode()


def open_secret(token: str) -> bytes:
    """The secret back. Raises cryptography.fernet.InvalidToken if SECRET_KEY changed."""
    return _box().decrypt(token.encode())
