"""What a leaf of the log covers. Pure.

An entry names what happened by ids, states and time in the open, and every other value by a
salted commitment: SHA-256(salt ‖ canonical JSON of the value). Whoever is shown value and salt can
check it; when both are erased, the entry and the tree stay valid and tell nothing.

One secret of 16 random bytes is kept for an event; each value's salt follows from it by HMAC.
When one value is erased, the secret goes too and the salts of the other values are kept instead,
so that nobody can find the erased value by trying.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from kernel.audit.tree import hash_leaf
from kernel.canonical import canonical_bytes

FORMAT = "commonhold-entry/2"


def salt_of(secret: str, path: str) -> str:
    """The salt of one value, 32 hex digits."""
    return hmac.digest(bytes.fromhex(secret), path.encode(), hashlib.sha256).hex()[:32]


def commitment(salt: str, value: Any) -> str:
    """SHA-256(salt ‖ canonical JSON of the value), hex. Raises TypeError for floats."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical_bytes(value)).hexdigest()


def entry(open_part: Mapping[str, Any], commitments: Mapping[str, str]) -> dict[str, Any]:
    """The whole entry, as its canonical JSON is hashed."""
    return {"format": FORMAT, **open_part, "values": dict(commitments)}


def leaf_hash(payload: Mapping[str, Any]) -> str:
    """The leaf of an entry, hex."""
    return hash_leaf(canonical_bytes(dict(payload))).hex()
