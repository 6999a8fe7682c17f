"""The Merkle tree of RFC 9162 §2.1: root, inclusion and consistency proofs, and their checks. Pure.

leaf = SHA-256(0x00 ‖ entry)        node = SHA-256(0x01 ‖ left ‖ right)

A tree is asked for by `get(height, index)`: the root of the complete subtree over the leaves
index·2^height … (index+1)·2^height − 1. Hashes are 32 bytes; proofs are lists of them, from the
leaf's side up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

Get = Callable[[int, int], bytes]
EMPTY = hashlib.sha256(b"").digest()


def hash_leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(n: int) -> int:
    """The largest power of two smaller than n (n ≥ 2)."""
    return 1 << ((n - 1).bit_length() - 1)


def _range(start: int, end: int, get: Get) -> bytes:
    """MTH(D[start:end]); start is a multiple of the largest power of two below the width."""
    width = end - start
    if width & (width - 1) == 0:
        height = width.bit_length() - 1
        return get(height, start >> height)
    k = _split(width)
    return hash_node(get(k.bit_length() - 1, start // k), _range(start + k, end, get))


def root(size: int, get: Get) -> bytes:
    """MTH over the first `size` leaves; of none, the hash of nothing."""
    return _range(0, size, get) if size else EMPTY


def inclusion(index: int, size: int, get: Get) -> list[bytes]:
    """PATH(index, D[size]), §2.1.3.1. Raises ValueError if the leaf is not in that tree."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        k = _split(end - start)
        if index < start + k:
            path.append(_range(start + k, end, get))
            end = start + k
        else:
            path.append(_range(start, start + k, get))
            start += k
    return path[::-1]


def consistency(first: int, second: int, get: Get) -> list[bytes]:
    """PROOF(first, D[second]), §2.1.4.1. Raises ValueError unless 0 < first ≤ second."""
    if not 0 < first <= second:
        raise ValueError(f"no proof leads from {first} to {second}")
    proof, start, end, whole = [], 0, second, True
    while first < end:
        k = _split(end - start)
        if first <= start + k:
            proof.append(_range(start + k, end, get))
            end = start + k
        else:
            proof.append(_range(start, start + k, get))
            start, whole = start + k, False
    if not whole:
        proof.append(_range(start, end, get))
    return proof[::-1]


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """The root that this path leads to (§2.1.3.2), or None if its length does not fit."""
    if not 0 <= index < size:
        return None
    fn, sn, found = index, size - 1, leaf
    for step in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            found = hash_node(step, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = hash_node(found, step)
        fn, sn = fn >> 1, sn >> 1
    return found if sn == 0 else None


def is_consistent(first: int, second: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof leads from the first root to the second (§2.1.4.2)."""
    if first == second:
        return not proof and root1 == root2
    if not 0 < first < second or not proof:
        return False
    steps = list(proof) if first & (first - 1) else [root1, *proof]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = hash_node(step, old), hash_node(step, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = hash_node(new, step)
        fn, sn = fn >> 1, sn >> 1
    return old == root1 and new == root2 and sn == 0


class Growing:
    """A tree that only grows: keeps the roots of its complete subtrees, one for each bit of its size."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Add a leaf; yields (height, index, root) of each subtree that it completes, from the leaf up."""
        height, found = 0, leaf
        yield 0, self.size, leaf
        while self._peaks and self._peaks[-1][0] == height:
            found = hash_node(self._peaks.pop()[1], found)
            height += 1
            yield height, self.size >> height, found
        self._peaks.append((height, found))
        self.size += 1

    def root(self) -> bytes:
        found: bytes | None = None
        for _, peak in reversed(self._peaks):
            found = peak if found is None else hash_node(peak, found)
        return found if found is not None else EMPTY
