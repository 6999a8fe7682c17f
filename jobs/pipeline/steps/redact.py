"""Blacking out inside free text: addresses, numbers that prove themselves, and what a pattern finds.

The patterns here are ours, with bounded repeats, and run on distinct texts only; those of other people run in
RE2 alone. Where a text could be read either way, it is blacked out.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import Frame, batch, kernel_on_distinct, with_columns
from jobs.pipeline.steps.checksums import iban, luhn, phone

_FIND = {
    "email": r"[^\s@<>()\[\],;:\"']+@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}",
    "url": r"(?i)\b(?:https?://|ftp://|www\.)[^\s<>\"']+",
    "ip": r"::(?:[Ff]{4}:)?(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|(?:\b[0-9A-Fa-f]{1,4})?(?::{1,2}[0-9A-Fa-f]{1,4}){1,7}(?:::)?|\b(?:[0-9A-Fa-f]{1,4}:){1,7}:",
    "iban": r"\b[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]{1,4}){3,9}\b",
    "card": r"\b[0-9](?:[ -]?[0-9]){12,40}\b",
    "phone": r"(?:\+|\b00)[0-9][0-9 ()/.-]{5,20}[0-9]|(?:\(0|\b0)[0-9)][0-9 ()/.-]{4,18}[0-9]|\(?\b[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}\b",
    "number": r"\b[0-9]{6,}\b",
}  # fmt: skip
_MARK = {
    "email": "[e-mail]", "url": "[link]", "ip": "[address]", "iban": "[account]", "card": "[card]", "phone": "[phone]", "number": "[number]",
}  # fmt: skip


def _ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _card(text: str) -> bool:
    return text[:1] in "23456" and luhn(text)


_DAY = re.compile(r"[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2,4}\Z")


def _phone(text: str) -> bool:
    """International numbers by the numbering plans; those without a country by their length, dates left out."""
    if text.startswith(("+", "00")):
        return phone(text)
    return 7 <= len(re.sub(r"[^0-9]", "", text)) <= 15 and not _DAY.match(text)


_PROOF: dict[str, Callable[[str], bool]] = {"iban": iban, "card": _card, "phone": _phone, "ip": _ip}


@batch("redact")
def redact(frame: Frame, *, columns: list[str], patterns: list[str] | None = None, also: str | None = None, **params: Any) -> Frame:  # fmt: skip
    """In the order e-mail, link, address, account, card, phone, number, then `also`; account and card numbers
    only where their checksum is right. Raises StepError for a pattern that RE2 refuses."""
    wanted = [p for p in _FIND if p in (patterns or [])]

    def kernel(values: pa.Array) -> pa.Array:
        for name in wanted:
            by = params.get("with", _MARK[name])
            values = _proven(values, name, by) if name in _PROOF else _replaced(values, _FIND[name], by)
        return _replaced(values, also, params.get("with", "[redacted]")) if also else values

    try:
        return with_columns(frame, {n: kernel_on_distinct(frame[n], kernel) for n in columns})
    except pa.ArrowInvalid as problem:
        raise StepError("redact.pattern", f"The pattern {also!r} cannot be used: {str(problem)[:120]}",
                        "Correct the pattern; it follows RE2.", column=columns[0]) from None  # fmt: skip


def _replaced(values: pa.Array, pattern: str, by: str) -> pa.Array:
    return pc.replace_substring_regex(values, pattern, by.replace("\\", "\\\\"))


def _proven(values: pa.Array, name: str, by: str) -> pa.Array:
    """Only texts in which the pattern is found at all are looked at one by one."""
    hit = pc.fill_null(pc.match_substring_regex(values, _FIND[name]), False)
    if not pc.any(hit).as_py():
        return values
    pattern, proof = re.compile(_FIND[name], re.ASCII), _PROOF[name]
    changed = [
        pattern.sub(lambda m: _inside(m.group(0), proof, by), t) for t in values.filter(hit).to_pylist()
    ]
    return pc.replace_with_mask(values, hit, pa.array(changed, pa.string()))


_WORD = re.compile(r"[^ /-]+")


def _inside(found: str, proof: Callable[[str], bool], by: str) -> str:
    """The longest run of words that proves itself is replaced: a number often stands between other numbers."""
    if proof(found):
        return by
    words = [(m.start(), m.end()) for m in _WORD.finditer(found)]
    for size in range(len(words) - 1, 0, -1):
        for first in range(len(words) - size + 1):
            start, end = words[first][0], words[first + size - 1][1]
            if proof(found[start:end]):
                return _inside(found[:start], proof, by) + by + _inside(found[end:], proof, by)
    return found
