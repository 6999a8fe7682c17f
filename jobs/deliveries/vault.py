"""The token vault: which value each token stands for, sealed so that only this portal can open it.

A file of encrypted blocks (AES-256-GCM). The key of a file is made from the portal's secret, the job's id
and a random salt; every block is bound to its place. Entries are in the order of their tokens and the
first block is a table of contents, so that a look-up opens only the blocks that can hold a token.
"""

from __future__ import annotations

import bisect
import hashlib
import hmac
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.keys import derive

MAGIC = b"commonhold-vault/1\n"
SALT, BLOCK, LENGTH = 32, 4_000, 8
Entry = tuple[str, str, str]


class Unreadable(Exception):
    """The vault was not sealed by this portal for this job, or it was changed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one token stands for; `column` and `value` are None if it is not in the vault."""

    token: str
    column: str | None = None
    value: str | None = None


def _box(job: UUID, salt: bytes) -> AESGCM:
    return AESGCM(hmac.digest(derive("token vault"), job.bytes + salt, hashlib.sha256))


def _nonce(index: int) -> bytes:
    return index.to_bytes(12, "big")


def seal(entries: Iterable[Entry], target: Path, job: UUID) -> int:
    """Write `(token, column, value)`, in the order of the tokens; returns how many."""
    salt = os.urandom(SALT)
    box, contents, count = _box(job, salt), [], 0
    body = target.with_suffix(".body")
    with body.open("wb") as out:
        for index, block in enumerate(_blocks(entries), start=1):
            sealed = box.encrypt(_nonce(index), zlib.compress(json.dumps(block).encode()), MAGIC)
            contents.append([block[0][0], out.tell(), len(sealed)])
            out.write(sealed)
            count += len(block)
    head = box.encrypt(_nonce(0), json.dumps({"blocks": contents, "entries": count}).encode(), MAGIC)
    with target.open("wb") as out, body.open("rb") as rest:
        out.write(MAGIC + salt + len(head).to_bytes(LENGTH, "big") + head)
        while chunk := rest.read(1 << 20):
            out.write(chunk)
    body.unlink()
    return count


def _blocks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    block: list[Entry] = []
    for entry in entries:
        block.append(entry)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block


def look_up(source: Path, job: UUID, tokens: Iterable[str]) -> list[Found]:
    """What each token stands for, in the order asked. Raises Unreadable."""
    asked = list(dict.fromkeys(tokens))
    with source.open("rb") as file:
        opened = _Opened(file, job)
        known: dict[str, Found] = {}
        for index in sorted({opened.place(token) for token in asked} - {-1}):
            for token, column, value in opened.block(index):
                known[token] = Found(token, column, value)
    return [known.get(token, Found(token)) for token in asked]


def entries_of(source: Path, job: UUID) -> Iterator[Entry]:
    """Every entry, in the order of the tokens. Raises Unreadable."""
    with source.open("rb") as file:
        opened = _Opened(file, job)
        for index in range(len(opened.contents)):
            yield from (tuple(entry) for entry in opened.block(index))


class _Opened:
    def __init__(self, file: Any, job: UUID) -> None:
        if file.read(len(MAGIC)) != MAGIC:
            raise Unreadable("This is no vault")
        self.file, self.box = file, _box(job, file.read(SALT))
        length = int.from_bytes(file.read(LENGTH), "big")
        head = json.loads(self._open(0, file.read(length)))
        self.contents, self.start = head["blocks"], file.tell()
        self.firsts = [first for first, _, _ in self.contents]

    def place(self, token: str) -> int:
        """The block that can hold the token, -1 if none can."""
        return bisect.bisect_right(self.firsts, token) - 1

    def block(self, index: int) -> list[Any]:
        _, offset, length = self.contents[index]
        self.file.seek(self.start + offset)
        return list(json.loads(zlib.decompress(self._open(index + 1, self.file.read(length)))))

    def _open(self, index: int, sealed: bytes) -> bytes:
        try:
            return self.box.decrypt(_nonce(index), sealed, MAGIC)
        except InvalidTag:
            raise Unreadable("The vault was not sealed by this portal, or it was changed") from None
