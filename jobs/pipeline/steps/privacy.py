"""Steps that replace values: masks, pseudonyms, tokens."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline.steps.base import (
    Context,
    Frame,
    batch,
    coded,
    on_distinct,
    with_columns,
)


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
        # The scratch folder's name is the step's own, so that no other step writes over these entries.
        named = hashlib.sha256("\0".join([ctx.folder.name, *columns]).encode()).hexdigest()[:16]
        target = ctx.side / f"tokens-{named}-{int(frame.index[0])}.parquet"
        fresh = target.with_suffix(".part")
        pq.write_table(pa.table(entries, schema=VAULT), fresh)
        fresh.replace(target)
    return with_columns(frame, made)
