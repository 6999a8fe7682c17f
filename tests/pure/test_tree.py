"""The tree against RFC 9162 read anew: another, slow way to the same roots and proofs, and every wrong proof refused."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kernel.audit import notes, tree

pytestmark = pytest.mark.pure


def mth(entries: list[bytes]) -> bytes:
    """§2.1.1, word by word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def reader(entries: list[bytes]) -> tree.Get:
    return lambda height, index: mth(entries[index << height : (index + 1) << height])


def test_every_size_to_seventy_by_every_pair() -> None:
    entries = [f"entry {n}".encode() for n in range(70)]
    roots = [mth(entries[:n]) for n in range(71)]
    get = reader(entries)
    growing = tree.Growing()
    for size in range(1, 71):
        list(growing.append(tree.hash_leaf(entries[size - 1])))
        assert growing.root() == tree.root(size, get) == roots[size]
        for other in range(1, size + 1):
            path = tree.inclusion(other - 1, size, get)
            leaf = tree.hash_leaf(entries[other - 1])
            assert tree.root_from_inclusion(other - 1, size, leaf, path) == roots[size]
            assert tree.root_from_inclusion(other - 1, size, tree.hash_leaf(b"other"), path) != roots[size]
            assert tree.root_from_inclusion(other - 1, size, leaf, [*path, roots[1]]) is None
            proof = tree.consistency(other, size, get)
            assert tree.is_consistent(other, size, roots[other], roots[size], proof)
            if other < size:
                assert not tree.is_consistent(other, size, roots[other - 1], roots[size], proof)
                assert not tree.is_consistent(other, size, roots[other], roots[size - 1], proof)
                assert not tree.is_consistent(other, size, roots[other], roots[size], proof[:-1])


def test_the_values_of_the_rfcs_reference_implementation() -> None:
    """The eight inputs and their root that certificate-transparency code is tested with."""
    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    get = reader([bytes.fromhex(text) for text in inputs])
    assert tree.root(8, get).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.binary(min_size=32, max_size=32), st.integers(0, 10**15), st.data())
def test_a_note_holds_until_a_character_changes(root: bytes, size: int, data: st.DataObject) -> None:
    key, witness = (
        Ed25519PrivateKey.from_private_bytes(b"1" * 32),
        Ed25519PrivateKey.from_private_bytes(b"2" * 32),
    )
    text = notes.sign("portal.example/log", size, root, key)
    note = notes.read(text)
    assert (note.size, note.root) == (size, root)
    assert note.log_signature(key.public_key())
    assert not note.log_signature(witness.public_key())
    mark = notes.cosign(note, "witness.example", witness, 1_700_000_000)
    both = notes.read(text + mark.line())
    assert notes.cosigned_at(both, both.signatures[1], witness.public_key()) == 1_700_000_000
    assert notes.cosigned_at(both, both.signatures[1], key.public_key()) is None
    assert notes.cosigned_at(both, both.signatures[0], key.public_key()) is None
    place = data.draw(st.integers(0, len(text) - 1))
    wrong = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
    try:
        read = notes.read(wrong)
    except notes.NoteError:
        return
    assert not read.log_signature(key.public_key())
