"""The portal's own secrets: its signing key, and sealing of secrets kept in rows.

Everything is derived from SECRET_KEY unless SIGNING_KEY names a key of its own, so a backup of
database and SECRET_KEY is a complete one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings


def derive(purpose: str) -> bytes:
    """32 bytes for one purpose: HMAC-SHA-256(SECRET_KEY, purpose). One-way and independent."""
    secret = settings.SECRET_KEY.encode()
    return hmac.digest(secret, f"commonhold/{purpose}".encode(), hashlib.sha256)


@lru_cache(maxsize=4)
def _key(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))


def portal_key() -> Ed25519PrivateKey:
    """The key that signs checkpoints and receipts."""
    seed = settings.SIGNING_KEY or derive("portal signing key").hex()
    return _key(seed)


def portal_key_id() -> str:
    """Short public name of that key: first 16 hex digits of SHA-256 over the raw public key."""
    return hashlib.sha256(portal_key().public_key().public_bytes_raw()).hexdigest()[:16]


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derive("sealed columns")))


def seal_secret(value: bytes) -> str:
    """Encrypt a secret for keeping in a row (Fernet: AES-128-CBC with HMAC-SHA-256)."""
    return _box().encrypt(value).decode()


def open_secret(token: str) -> bytes:
    """The secret back. Raises cryptography.fernet.InvalidToken if SECRET_KEY changed."""
    return _box().decrypt(token.encode())
