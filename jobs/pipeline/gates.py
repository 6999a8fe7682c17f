"""The last look before anything leaves: the result is checked against the contract, not the steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not leave: code, text, clause."""

    code: str
    text: str
    clause: str


def check(parquet: Path, demands: dict[str, Any]) -> list[Finding]:
    """Columns, pseudonyms and smallest group of the result; an empty list means it may leave."""
    found: list[Finding] = []
    names = pq.read_schema(parquet).names
    extra = [n for n in names if n not in demands.get("columns", [])]
    if extra:
        found.append(
            Finding(
                "gate.columns", f"The result has columns that were not agreed: {', '.join(extra)}.", "columns"
            )
        )
    source = f"read_parquet('{str(parquet).replace(chr(39), chr(39) * 2)}')"
    with duckdb.connect() as base:
        base.execute("SET memory_limit = '512MB'; SET threads = 2")
        for name in demands.get("pseudonyms", []):
            q = '"' + name.replace('"', '""') + '"'
            query = f"SELECT count(*) FROM {source} WHERE {q} IS NOT NULL AND NOT regexp_full_match(CAST({q} AS VARCHAR), '[p*]_?[0-9a-f*]*')"
            bare = base.execute(query).fetchone()[0]
            if bare:
                found.append(
                    Finding(
                        "gate.pseudonyms",
                        f"{name} holds {bare} values that are not pseudonyms.",
                        "pseudonymise",
                    )
                )
        counted = demands.get("min_count") or {}
        if counted.get("column") in names:
            q = '"' + counted["column"].replace('"', '""') + '"'
            least = base.execute(f"SELECT min({q}) FROM {source}").fetchone()[0]
            if least is not None and least < counted["k"]:
                found.append(
                    Finding(
                        "gate.min_count",
                        f"The smallest group shown has {least} rows; the contract asks for {counted['k']}.",
                        "min_group_size",
                    )
                )
        group = demands.get("min_group") or {}
        by = [n for n in group.get("by", []) if n in names]
        if by:
            keys = ", ".join('"' + n.replace('"', '""') + '"' for n in by)
            small = base.execute(
                f"SELECT min(n) FROM (SELECT count(*) AS n FROM {source} GROUP BY {keys})"
            ).fetchone()[0]
            if small is not None and small < group["k"]:
                found.append(
                    Finding(
                        "gate.min_group_size",
                        f"The smallest group has {small} rows; the contract asks for {group['k']}.",
                        "min_group_size",
                    )
                )
    return found
