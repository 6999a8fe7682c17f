"""Signatures in the form of RFC 7515, with one algorithm: Ed25519.

New signatures say `Ed25519` (RFC 9864); the older name `EdDSA` is read too. Nothing else is: not
`none`, no key shared by two sides, no header that means something this portal does not know.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kernel.canonical import canonical_bytes

ALGORITHMS = ("Ed25519", "EdDSA")
HEADERS = frozenset({"alg", "kid", "iat", "side", "party", "typ", "cty"})


class JwsFault(ValueError):
    """What is not a signature this portal reads: a stable code, why, and what to do."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(text)
        self.code, self.text, self.remedy = code, text, remedy


def b64(data: bytes) -> str:
    """Base64url without padding, as in every part of a JWS."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes back. Raises ValueError for anything that `b64` would not have written."""
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, UnicodeEncodeError) as problem:
        raise ValueError("this is not base64url") from problem
    if b64(found) != text:
        raise ValueError("this is not base64url without padding")
    return found


def protected(header: dict[str, Any]) -> str:
    """A header as it stands in the signed text: canonical JSON, base64url."""
    return b64(canonical_bytes(header))


def signing_input(header: str, payload: bytes) -> bytes:
    """The very bytes that are signed: protected header, a dot, payload; both base64url."""
    return f"{header}.{b64(payload)}".encode()


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key} stands twice")
        found[key] = value
    return found


def read_header(header: str) -> dict[str, Any]:
    """What a protected header says. Raises JwsFault for an algorithm or a member that is not read."""
    try:
        found = json.loads(unb64(header), object_pairs_hook=_no_twice)
    except (ValueError, RecursionError) as problem:
        raise JwsFault("signature.header", "The protected header cannot be read",
                       "Write it as a JSON object in base64url without padding") from problem  # fmt: skip
    if not isinstance(found, dict):
        raise JwsFault(
            "signature.header", "The protected header is no JSON object", "Write it as {…} in base64url"
        )
    if found.get("alg") not in ALGORITHMS:
        named = found.get("alg") if isinstance(found.get("alg"), str) else "no algorithm"
        raise JwsFault("signature.algorithm", f"The protected header names {str(named)[:40]}, which is not accepted here",
                       "Sign with an Ed25519 key and name the algorithm Ed25519")  # fmt: skip
    strange = sorted(set(found) - HEADERS)
    if strange:
        names = ", ".join(name[:40] for name in strange[:5])
        raise JwsFault("signature.header", f"The protected header holds what this portal does not know: {names}",
                       f"Leave it out; {', '.join(sorted(HEADERS))} are read")  # fmt: skip
    if not isinstance(found.get("kid", ""), str) or not isinstance(found.get("iat", 0), int):
        raise JwsFault("signature.header", "In the protected header kid is not text or iat is no whole number",
                       "kid is the name of the key, iat the seconds since 1970")  # fmt: skip
    return found


def sign(key: Ed25519PrivateKey, header: dict[str, Any], payload: bytes) -> dict[str, str]:
    """One member of `signatures` in a JWS general JSON serialisation (RFC 7515 §7.2.1)."""
    text = protected(header)
    return {"protected": text, "signature": b64(key.sign(signing_input(text, payload)))}


def holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this Ed25519 signature (64 bytes) by this public key (32 bytes) is over exactly this message."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
