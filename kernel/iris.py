"""The names by which everything is called outside: one module makes them, so that all documents agree. Pure.

An object is named by its random id (RFC 9562 in a URN, RFC 8141), a file by its bytes (RFC 6920). Neither holds
the portal's address, so both stay when the portal moves, and neither can be looked up by who has not the right.
"""

from __future__ import annotations

import base64
from uuid import UUID

OBJECT, BYTES = "urn:uuid:", "ni:///sha-256;"


def iri(pk: UUID | str) -> str:
    """The name of the object with this id."""
    return f"{OBJECT}{pk}"


def uuid_of(name: str) -> UUID:
    """The id in such a name. Raises ValueError."""
    return UUID(name.removeprefix(OBJECT))


def of_bytes(sha256: str) -> str:
    """The name of the file with this SHA-256 (hexadecimal)."""
    return BYTES + base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")


def sha256_of(name: str) -> str:
    """The SHA-256 in such a name, hexadecimal. Raises ValueError."""
    if not name.startswith(BYTES):
        raise ValueError(f"{name} names no file")
    text = name.removeprefix(BYTES)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
