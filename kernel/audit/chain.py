"""The arithmetic of the chain: leaf hash, link hash, checkpoint note. Pure; also runs alone.

leaf  = SHA-256(0x00 ‖ canonical JSON of the event)          (leaf form of RFC 9162)
link  = SHA-256(0x02 ‖ previous link ‖ leaf), the first over 32 zero bytes
note  = three lines (origin, size, base64 link), a blank line, and an Ed25519 signature line in
        the form of C2SP signed notes
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kernel.canonical import canonical_bytes

GENESIS = "00" * 32


def leaf_hash(payload: dict[str, Any]) -> str:
    """The hash of one event, hex."""
    return hashlib.sha256(b"\x00" + canonical_bytes(payload)).hexdigest()


def link_hash(previous: str, leaf: str) -> str:
    """The chain's head after this leaf, hex. Depends on every leaf before it."""
    return hashlib.sha256(b"\x02" + bytes.fromhex(previous) + bytes.fromhex(leaf)).hexdigest()


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not hold: index, what is wrong, what was expected and found."""

    index: int
    what: str
    expected: str
    found: str


def walk(leaves: Iterable[tuple[int, dict[str, Any], str, str]]) -> Iterator[Break | str]:
    """Check (index, payload, leaf hash, link hash) in order; yields each link or one Break."""
    previous, place = GENESIS, 0
    for index, payload, stored_leaf, stored_link in leaves:
        if index != place:
            yield Break(place, "an entry is missing", str(place), str(index))
            return
        leaf = leaf_hash(payload)
        if leaf != stored_leaf:
            yield Break(index, "the event was changed", stored_leaf, leaf)
            return
        link = link_hash(previous, leaf)
        if link != stored_link:
            yield Break(index, "the link was changed", stored_link, link)
            return
        yield link
        previous, place = link, place + 1


def note_body(origin: str, size: int, link: str) -> str:
    return f"{origin}\n{size}\n{base64.b64encode(bytes.fromhex(link)).decode()}\n"


def key_id(origin: str, public: Ed25519PublicKey) -> bytes:
    """First four bytes of SHA-256(name ‖ newline ‖ 0x01 ‖ public key), as in C2SP signed notes."""
    raw = public.public_bytes_raw()
    return hashlib.sha256(origin.encode() + b"\n\x01" + raw).digest()[:4]


def sign_note(origin: str, size: int, link: str, key: Ed25519PrivateKey) -> str:
    """The checkpoint as a signed note."""
    body = note_body(origin, size, link)
    signature = key_id(origin, key.public_key()) + key.sign(body.encode())
    return f"{body}\n\u2014 {origin} {base64.b64encode(signature).decode()}\n"


def check_note(note: str, public: Ed25519PublicKey) -> tuple[str, int, str] | None:
    """(origin, size, link hex) if the signature holds, else None."""
    try:
        body, signature_line = note.split("\n\n", 1)
        origin, size, link = body.split("\n")
        raw = base64.b64decode(signature_line.split(" ")[2])
        if raw[:4] != key_id(origin, public):
            return None
        public.verify(raw[4:], (body + "\n").encode())
    except (ValueError, IndexError, InvalidSignature):
        return None
    return origin, int(size), base64.b64decode(link).hex()
