"""Checkpoints as C2SP signed notes, and co-signatures of witnesses. Pure.

A note is a text, a blank line, and one line for each signature: an em dash, the signer's name,
and base64 of a four-byte key id with the signature. The text of a checkpoint (tlog-checkpoint)
has three lines: origin, size, base64 of the root. A log signs with type 0x01 (Ed25519 over the
text); a witness with type 0x04 (tlog-cosignature), over a time and the text.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG, WITNESS = 0x01, 0x04
# No plus sign: it parts the fields of a verifier key.
NAME = re.compile(r"[^\s+\u2014]{1,120}")


class NoteError(ValueError):
    """The text is no checkpoint; the message says where."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, with which key (four bytes), and the bytes that follow the key id."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        return f"\u2014 {self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint that was read: its text, what the text says, and its signatures, unchecked."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...]

    def log_signature(self, public: Ed25519PublicKey) -> bool:
        """Whether the log of this name signed it with this key."""
        wanted = key_id(self.origin, public, LOG)
        return any(
            s.name == self.origin and s.key_id == wanted and _holds(public, s.value, self.text.encode())
            for s in self.signatures
        )


def body(origin: str, size: int, root: bytes) -> str:
    """The text that is signed: three lines."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def key_id(name: str, public: Ed25519PublicKey, kind: int) -> bytes:
    """First four bytes of SHA-256(name ‖ newline ‖ kind ‖ public key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public.public_bytes_raw()).digest()[:4]


def verifier_key(name: str, public: Ed25519PublicKey, kind: int = LOG) -> str:
    """`name+hash+key`, the form in which C2SP tools are told whom to trust."""
    key = base64.b64encode(bytes([kind]) + public.public_bytes_raw()).decode()
    return f"{name}+{key_id(name, public, kind).hex()}+{key}"


def read_verifier_key(text: str, kind: int) -> tuple[str, bytes]:
    """Name and raw public key of a `verifier_key` of this kind. Raises NoteError."""
    name, _, rest = text.partition("+")
    hashed, _, packed = rest.partition("+")
    try:
        raw = base64.b64decode(packed, validate=True)
    except ValueError as problem:
        raise NoteError("a verifier key is name+hash+key, the key in base64") from problem
    if not NAME.fullmatch(name) or len(raw) != 33 or raw[0] != kind:
        raise NoteError(
            "this is no verifier key of a witness" if kind == WITNESS else "this is no verifier key of a log"
        )
    if key_id(name, Ed25519PublicKey.from_public_bytes(raw[1:]), kind).hex() != hashed:
        raise NoteError("name, hash and key of this verifier key do not fit each other")
    return name, raw[1:]


def sign(origin: str, size: int, root: bytes, key: Ed25519PrivateKey) -> str:
    """The signed checkpoint."""
    text = body(origin, size, root)
    mark = Signature(origin, key_id(origin, key.public_key(), LOG), key.sign(text.encode()))
    return f"{text}\n{mark.line()}"


def read(note: str) -> Note:
    """Take a checkpoint apart. Raises NoteError."""
    text, blank, tail = note.partition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise NoteError(
            "a checkpoint is three lines, an empty line and signatures, each ended by a line break"
        )
    lines = text.split("\n")
    if len(lines) != 3:
        raise NoteError("the text of a checkpoint has three lines: origin, size and root")
    origin, size, root = lines
    if not size.isascii() or not size.isdigit() or len(size) > 18 or (size != "0" and size[0] == "0"):
        raise NoteError(f"{size!r} is not a size")
    try:
        root_bytes = base64.b64decode(root, validate=True)
    except ValueError as problem:
        raise NoteError("the root is not base64") from problem
    if len(root_bytes) != 32:
        raise NoteError("the root is not 32 bytes long")
    return Note(f"{text}\n", origin, int(size), root_bytes, tuple(map(_signature, tail[:-1].split("\n"))))


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014" or not NAME.fullmatch(parts[1]):
        raise NoteError("a signature line is an em dash, a name and base64")
    try:
        raw = base64.b64decode(parts[2], validate=True)
    except ValueError as problem:
        raise NoteError(f"the signature of {parts[1]} is not base64") from problem
    if len(raw) < 5:
        raise NoteError(f"the signature of {parts[1]} is too short")
    return Signature(parts[1], raw[:4], raw[4:])


def cosign(note: Note, name: str, key: Ed25519PrivateKey, at: int) -> Signature:
    """A witness's signature over the checkpoint at a POSIX time in seconds."""
    value = at.to_bytes(8, "big") + key.sign(_cosigned(note.text, at))
    return Signature(name, key_id(name, key.public_key(), WITNESS), value)


def cosigned_at(note: Note, signature: Signature, public: Ed25519PublicKey) -> int | None:
    """The time of this witness's signature if it holds, else None."""
    if signature.key_id != key_id(signature.name, public, WITNESS) or len(signature.value) != 72:
        return None
    at = int.from_bytes(signature.value[:8], "big")
    return at if _holds(public, signature.value[8:], _cosigned(note.text, at)) else None


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _holds(public: Ed25519PublicKey, value: bytes, message: bytes) -> bool:
    try:
        public.verify(value, message)
    except InvalidSignature:
        return False
    return True
