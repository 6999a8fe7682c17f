"""The last look before anything leaves: the result is checked against the contract, not the steps."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline import duck
from jobs.pipeline.steps import Context


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not leave: code, text, clause."""

    code: str
    text: str
    clause: str


# What pseudonymise makes, also where a mask was laid over it.
PSEUDONYM = "[p*][_*][0-9a-f*]{32}"


def check(
    parquet: Path, demands: Mapping[str, Any], *, memory: int = 1 << 29, threads: int = 2
) -> list[Finding]:
    """Columns, pseudonyms and smallest group of the result; an empty list means it may leave.

    Holds at most `memory` bytes, spilling beside the file. Raises StepError where that is not enough.
    """
    parquet = Path(parquet)
    names = pq.read_schema(parquet).names
    found: list[Finding] = []
    if extra := [n for n in names if n not in demands.get("columns", [])]:
        found.append(
            Finding(
                "gate.columns", f"The result has columns that were not agreed: {', '.join(extra)}.", "columns"
            )
        )
    ctx = Context(folder=parquet.parent / "gate", memory=memory // 2, threads=threads)
    try:
        with duck.opened(ctx) as base:
            schema = duck.load(base, parquet)
            found += _pseudonyms(base, schema, demands.get("pseudonyms", []))
            found += _counts(base, schema, demands.get("min_count") or {})
            found += _groups(base, schema, demands.get("min_group") or {})
    finally:
        shutil.rmtree(ctx.folder, ignore_errors=True)
    return found


def _one(base: Any, query: str) -> Any:
    return base.execute(query).fetchall()[0][0]


def _pseudonyms(base: Any, schema: pa.Schema, names: Sequence[str]) -> Iterator[Finding]:
    for name, column in zip(names, duck.refs(schema, names), strict=True):
        bare = _one(base, f"SELECT count(*) FROM t WHERE {column} IS NOT NULL AND NOT regexp_full_match(CAST({column} AS VARCHAR), '{PSEUDONYM}')")  # fmt: skip
        if bare:
            yield Finding("gate.pseudonyms", f"{name} holds {bare} values that are not pseudonyms.", "pseudonymise")  # fmt: skip


def _counts(base: Any, schema: pa.Schema, counted: Mapping[str, Any]) -> Iterator[Finding]:
    if counted.get("column") not in schema.names:
        return
    least = _one(base, f"SELECT min({duck.refs(schema, [counted['column']])[0]}) FROM t")
    if least is not None and least < counted["k"]:
        yield Finding(
            "gate.min_count", f"The smallest group shown has {least} rows; the contract asks for {counted['k']}.",
            "min_group_size",
        )  # fmt: skip


def _groups(base: Any, schema: pa.Schema, group: Mapping[str, Any]) -> Iterator[Finding]:
    by = [n for n in group.get("by", []) if n in schema.names]
    if not by:
        return
    small = _one(base, f"SELECT min(n) FROM (SELECT count(*) AS n FROM t GROUP BY {', '.join(duck.refs(schema, by))})")  # fmt: skip
    if small is not None and small < group["k"]:
        yield Finding(
            "gate.min_group_size", f"The smallest group has {small} rows; the contract asks for {group['k']}.",
            "min_group_size",
        )  # fmt: skip
