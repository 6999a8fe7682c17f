"""Which key signs now, and which signed when.

The first checkpoint brings the first key. A later key comes by a handover only, signed by the key
before it and by itself, so a reader who trusts the first key can follow to the last; and each key
counts for its own stretch of the log. A key that merely stands in the settings signs nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from kernel.audit.models import Checkpoint, PortalKey
from kernel.canonical import canonical_bytes
from kernel.keys import signing_seeds

FORMAT = "commonhold-key/1"


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of a log in their order."""

    keys: tuple[PortalKey, ...]

    def at(self, size: int) -> PortalKey | None:
        """The key that may sign a checkpoint of this size."""
        return next((k for k in reversed(self.keys) if k.from_size <= size), None)

    def named(self, public: str) -> PortalKey | None:
        return next((k for k in self.keys if k.public_key == public), None)


def ring() -> Ring:
    return Ring(tuple(PortalKey.objects.order_by("number")))


def portal_key() -> Ed25519PrivateKey:
    """The key that signs checkpoints, receipts and attestations now.

    Raises ImproperlyConfigured if the log was begun with a key that is not here any more: signing
    on with another would look like a forgery to everybody who kept a checkpoint.
    """
    row = PortalKey.objects.order_by("-number").first()
    if row is None:
        return _private(_newest(1))
    for seed in signing_seeds(row.number):
        key = _private(seed)
        if public_hex(key) == row.public_key:
            return key
    raise ImproperlyConfigured(
        "This log is signed with another key than SIGNING_KEY or SECRET_KEY give. "
        "Put the key back, or hand over to a new one with `manage.py rotate_signing_key`."
    )


def portal_key_id() -> str:
    """Short public name of that key."""
    return short_name(public_hex(portal_key()))


def short_name(public: str) -> str:
    """First 16 hex digits of SHA-256 over the raw public key."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


def public_hex(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def public_key(row: PortalKey) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(row.public_key))


def begin() -> None:
    """Note the first key, with the first checkpoint. Called by the sequencer under its lock."""
    if not PortalKey.objects.exists():
        PortalKey.objects.create(number=1, public_key=public_hex(portal_key()), from_size=0)


def hand_over() -> PortalKey:
    """Let the newest configured key sign from here on; the old one signs that. Call under the sequencer's lock.

    Raises ImproperlyConfigured if the old key is not here to sign, or if no other key is configured.
    """
    head = Checkpoint.objects.first()
    if head is None:
        raise ImproperlyConfigured("Nothing has been sealed yet: simply set the key that shall be the first.")
    old, last = portal_key(), PortalKey.objects.latest("number")
    new = _private(_newest(last.number + 1))
    if PortalKey.objects.filter(public_key=public_hex(new)).exists():
        raise ImproperlyConfigured(
            "The newest key of SIGNING_KEY signs already or has signed before. "
            "Write SIGNING_KEY as the old key, a comma and the new key."
        )
    from_size = head.size + 1
    said = {
        "format": FORMAT,
        "origin": settings.PORTAL_ORIGIN,
        "number": last.number + 1,
        "before": last.public_key,
        "key": public_hex(new),
        "from_size": from_size,
    }
    signed = canonical_bytes(said)
    return PortalKey.objects.create(
        number=last.number + 1,
        public_key=public_hex(new),
        from_size=from_size,
        handover={"said": said, "old": old.sign(signed).hex(), "new": new.sign(signed).hex()},
    )


def follow(keys: Sequence[dict[str, Any]]) -> str:
    """Why a published list of keys does not lead from its first to its last; empty if it does."""
    before: dict[str, Any] | None = None
    for row in keys:
        if before is not None:
            said, handover = row["handover"].get("said", {}), row["handover"]
            fits = (
                said.get("before") == before["public_key"]
                and said.get("key") == row["public_key"]
                and said.get("from_size") == row["from_size"] > before["from_size"]
            )
            if not fits or not (
                _signed(before["public_key"], said, handover["old"])
                and _signed(row["public_key"], said, handover["new"])
            ):
                return f"key {row['number']} was not handed over by the key before it"
        before = row
    return ""


def published() -> list[dict[str, Any]]:
    """The keys as anyone may read them."""
    fields = ("number", "public_key", "from_size", "handover")
    return [{name: getattr(row, name) for name in fields} for row in ring().keys]


def _signed(public: str, said: dict[str, Any], signature: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), canonical_bytes(said))
    except (InvalidSignature, ValueError):
        return False
    return True


def _newest(number: int) -> str:
    return signing_seeds(number)[0]


def _private(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
