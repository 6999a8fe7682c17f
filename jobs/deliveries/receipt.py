"""The receipt: what left, from what, under what, approved by whom; signed by the portal. Pure."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kernel.canonical import canonical_bytes

FORMAT = "commonhold-receipt/1"


def sign(body: dict[str, Any], key: Ed25519PrivateKey, key_id: str) -> dict[str, Any]:
    """`{body, signature}`: Ed25519 over the canonical JSON of body, with the public key beside it."""
    public = key.public_key().public_bytes_raw()
    return {
        "format": FORMAT,
        "body": body,
        "signature": {
            "algorithm": "Ed25519",
            "key_id": key_id,
            "public_key": public.hex(),
            "value": base64.b64encode(key.sign(canonical_bytes(body))).decode(),
        },
    }
