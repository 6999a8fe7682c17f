"""Ed25519 public keys and signatures as people paste them: JWK, PEM, hexadecimal or base64."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PRIME = 2**255 - 19
# The points of small order (their y, little-endian): for such a "key" anyone can make signatures.
WEAK = frozenset(
    int.from_bytes(bytes.fromhex(y), "little")
    for y in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)
FORMS = "Paste a JWK, a PEM (BEGIN PUBLIC KEY), or the key's 32 bytes in hexadecimal or base64"


class KeyFault(ValueError):
    """Why this is no public key that can be used here, and what to do."""

    def __init__(self, text: str, remedy: str = FORMS) -> None:
        super().__init__(f"{text}. {remedy}.")


def bytes_of(text: str) -> bytes:
    """Hexadecimal, base64 or base64url, with line breaks or without. Raises ValueError."""
    packed = "".join(text.split())
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", packed) and len(packed) in (64, 128):
        return bytes.fromhex(packed)
    packed = packed.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as problem:
        raise ValueError("this is neither hexadecimal nor base64") from problem


def _of_jwk(text: str) -> bytes:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise KeyFault("This begins like a JWK but is not JSON") from problem
    if not isinstance(found, dict):
        raise KeyFault("This is JSON, but not a JWK")
    if "keys" in found:
        raise KeyFault("This is a set of keys", "Paste the one key that you sign with")
    if "d" in found:
        raise _private()
    if (found.get("kty"), found.get("crv")) != ("OKP", "Ed25519"):
        kind = " ".join(str(found[k])[:20] for k in ("kty", "crv") if k in found) or "no kind"
        raise KeyFault(f"This JWK is of another kind ({kind})", "Make an Ed25519 key: kty OKP, crv Ed25519")
    try:
        return bytes_of(str(found.get("x", "")))
    except ValueError as problem:
        raise KeyFault("The JWK's x cannot be read") from problem


def _private() -> KeyFault:
    return KeyFault(
        "This holds a private key, which nobody but you may have; it was not kept",
        "Do not use that key any more: make a new one and paste only its public half",
    )


def _of_pem(text: str) -> bytes:
    if "PRIVATE KEY" in text:
        raise _private()
    try:
        found = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise KeyFault("This PEM holds no public key that can be read") from problem
    if not isinstance(found, Ed25519PublicKey):
        raise KeyFault(
            "This PEM holds a key of another kind",
            "Make an Ed25519 key: openssl genpkey -algorithm ed25519 -out own-key.pem",
        )
    return found.public_bytes_raw()


def read_public_key(text: str) -> bytes:
    """The 32 bytes of an Ed25519 public key. Raises KeyFault, also for a private key."""
    text = text.strip()
    if text.startswith("{"):
        raw = _of_jwk(text)
    elif "-----" in text:
        raw = _of_pem(text)
    else:
        try:
            raw = bytes_of(text)
        except ValueError as problem:
            raise KeyFault("This is no public key that can be read") from problem
    if len(raw) != 32:
        raise KeyFault(f"This has {len(raw)} bytes; an Ed25519 public key has 32")
    y = int.from_bytes(raw, "little") & ((1 << 255) - 1)
    if y >= PRIME or y in WEAK:
        raise KeyFault("This is no safe key: anyone could sign for it", "Make a new Ed25519 key")
    return raw
