"""Secret coins for rows by their numbers: which rows an export may leave out, and which it does.

About twice the share of all rows are the *pool*, chosen under a secret of the dataset. Each export leaves out
those of the pool for which its own coin says so: half of them. As many further rows are the *controls*, which no
export leaves out. SHAKE-256 of secret and block is as good as true chance for everybody without the secret, and
takes a few nanoseconds a row.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal

import numpy as np

BLOCK = 8_192
NEITHER, POOL, CONTROL = 0, 1, 2


def _blocks(numbers: np.ndarray, secret: bytes, kind: str) -> np.ndarray:
    """One value of the given numpy type for each row number."""
    size = np.dtype(kind).itemsize
    found = np.empty(len(numbers), dtype=kind)
    blocks = numbers // BLOCK
    # Rows mostly come in their order: each run of rows of one block is looked up at once.
    starts = np.flatnonzero(np.diff(blocks, prepend=-1))
    known: dict[int, np.ndarray] = {}
    for start, end in zip(starts, np.append(starts, len(numbers))[1:], strict=True):
        block = int(blocks[start])
        if block not in known:
            data = hashlib.shake_256(secret + block.to_bytes(8, "big")).digest(BLOCK * size)
            known[block] = np.frombuffer(data, dtype=kind)
        found[start:end] = known[block][numbers[start:end] - block * BLOCK]
    return found


def parts(numbers: np.ndarray, pool: bytes, share: str) -> np.ndarray:
    """NEITHER, POOL or CONTROL for each row; `share` of all rows are left out on average."""
    drawn = _blocks(np.asarray(numbers, dtype="i8"), b"pool" + pool, ">u4")
    limit = int(Decimal(share) * 2 * 2**32)
    return np.select([drawn < limit, drawn < 2 * limit], [POOL, CONTROL], NEITHER).astype("i1")


def coins(numbers: np.ndarray, own: bytes) -> np.ndarray:
    """True for each row that this export leaves out if the row is in the pool."""
    return np.asarray(_blocks(np.asarray(numbers, dtype="i8"), b"coin" + own, "u1") & 1, dtype=bool)


def withheld(numbers: np.ndarray, pool: bytes, own: bytes, share: str) -> np.ndarray:
    """True for each row that this export leaves out."""
    found: np.ndarray = parts(numbers, pool, share) == POOL
    places = np.flatnonzero(found)
    found[places] = coins(np.asarray(numbers)[places], own)
    return found
