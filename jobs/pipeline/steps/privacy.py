"""Steps that replace values: masks, pseudonyms, tokens, redaction inside text."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline.steps.base import (
    Context,
    Frame,
    batch,
    coded,
    kernel_on_distinct,
    on_distinct,
    with_columns,
)
from jobs.pipeline.steps.checksums import iban, luhn, phone


@batch("mask")
def mask(frame: Frame, *, column: str, keep_start: int = 0, keep_end: int = 0, **_: Any) -> Frame:
    def hide(value: Any) -> str:
        text = str(value)
        middle = len(text) - keep_start - keep_end
        if middle <= 0:
            return "*" * len(text)
        return text[:keep_start] + "*" * middle + (text[-keep_end:] if keep_end else "")

    return with_columns(frame, {column: on_distinct(frame[column], hide, pa.string())})


def pseudonym(key: bytes, column: str, value: Any) -> str:
    """HMAC-SHA-256 over the value's text: same key, same value, same token; other keys unlinkable."""
    return "p_" + hmac.digest(key, str(value).encode(), hashlib.sha256).hex()[:32]


@batch("pseudonymise")
def pseudonymise(frame: Frame, *, columns: list[str], ctx: Context, **_: Any) -> Frame:
    return with_columns(
        frame,
        {n: on_distinct(frame[n], lambda v, n=n: pseudonym(ctx.key, n, v), pa.string()) for n in columns},
    )


VAULT = pa.schema([("column", pa.string()), ("token", pa.string()), ("value", pa.string())])


def token_of(key: bytes, column: str, value: Any) -> str:
    """A token under a key of the vault's own and of the column: nothing but the vault leads back."""
    inner = hmac.digest(key, f"vault\x00{column}".encode(), hashlib.sha256)
    return "t_" + hmac.digest(inner, str(value).encode(), hashlib.sha256).hex()[:32]


@batch("tokenise")
def tokenise(frame: Frame, *, columns: list[str], ctx: Context, **_: Any) -> Frame:
    """Leaves every (column, token, value) of the batch in `ctx.side`, from which the owner's vault is made."""
    made, entries = {}, {"column": [], "token": [], "value": []}  # type: ignore[var-annotated]
    for name in columns:
        for value in coded(frame[name]).dictionary.to_pylist():
            if value is not None:
                entries["column"].append(name)
                entries["token"].append(token_of(ctx.key, name, value))
                entries["value"].append(str(value))
        made[name] = on_distinct(frame[name], lambda v, n=name: token_of(ctx.key, n, v), pa.string())
    if ctx.side is not None and len(frame):
        ctx.side.mkdir(parents=True, exist_ok=True)
        pq.write_table(
            pa.table(entries, schema=VAULT),
            ctx.side / f"tokens-{'-'.join(map(_safe, columns))[:60]}-{int(frame.index[0])}.parquet",
        )
    return with_columns(frame, made)


def _safe(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]


_FIND = {
    "email": r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,24}",
    "url": r"(?:https?://|www\.)[^\s<>\"']+",
    "ip": r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}\b",
    "iban": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b",
    "card": r"\b\d(?:[ -]?\d){12,18}\b",
    "phone": r"(?:\+|\b00)\d[\d ()/.-]{6,20}\d",
    "number": r"\b\d{6,}\b",
}  # fmt: skip
_MARK = {
    "email": "[e-mail]",
    "url": "[link]",
    "ip": "[address]",
    "iban": "[account]",
    "card": "[card]",
    "phone": "[phone]",
    "number": "[number]",
}


def _ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_PROOF: dict[str, Callable[[str], bool]] = {"iban": iban, "card": luhn, "phone": phone, "ip": _ip}


@batch("redact")
def redact(
    frame: Frame,
    *,
    columns: list[str],
    patterns: list[str] | None = None,
    also: str | None = None,
    **params: Any,
) -> Frame:
    """In the order e-mail, link, address, account, card, phone, number; those with a checksum only if it is right."""
    wanted = [p for p in _FIND if p in (patterns or [])]

    def kernel(values: pa.Array) -> pa.Array:
        for name in wanted:
            by = params.get("with", _MARK[name])
            values = (
                _proven(values, name, by)
                if name in _PROOF
                else pc.replace_substring_regex(values, _FIND[name], by.replace("\\", "\\\\"))
            )
        if also:
            values = pc.replace_substring_regex(
                values, also, params.get("with", "[redacted]").replace("\\", "\\\\")
            )
        return values

    return with_columns(frame, {n: kernel_on_distinct(frame[n], kernel) for n in columns})


def _proven(values: pa.Array, name: str, by: str) -> pa.Array:
    """Only texts in which the pattern is found at all are looked at one by one."""
    hit = pc.fill_null(pc.match_substring_regex(values, _FIND[name]), False)
    if not pc.any(hit).as_py():
        return values
    pattern, proof = re.compile(_FIND[name]), _PROOF[name]
    changed = [
        pattern.sub(lambda m: by if proof(m.group(0)) else m.group(0), text)
        for text in values.filter(hit).to_pylist()
    ]
    return pc.replace_with_mask(values, hit, pa.array(changed, pa.string()))
