"""Canonical JSON and the hashes made of it.

Sorted keys, no spaces, UTF-8, no floats: on that subset the bytes equal RFC 8785 (JCS), so a
stranger can recompute every hash. Floats are refused because their text form differs
between languages; write a decimal as a string.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def _refuse_floats(value: Any, path: str = "$") -> None:
    if isinstance(value, float):
        raise TypeError(f"{path} is a float; canonical JSON holds integers and strings only")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{path} has a key that is not text: {key!r}")
            _refuse_floats(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _refuse_floats(item, f"{path}[{index}]")


def canonical_bytes(value: Any) -> bytes:
    """The one byte form of a JSON value. Raises TypeError for floats and non-text keys."""
    _refuse_floats(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def sha256_hex(value: Any) -> str:
    """SHA-256 of the canonical form, 64 lower-case hex digits."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()
