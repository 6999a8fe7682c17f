"""The tokens that a plan made, as they lie beside its result: read back in the order of the tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema([("column", pa.string()), ("token", pa.string()), ("value", pa.string())])
KNOWN, BATCH = "known.parquet", 50_000
Entry = tuple[str, str, str]


def known(side: Path, entries: Iterable[Entry]) -> int:
    """Lay down the tokens `(token, column, value)` that were given earlier, for the step to use again."""
    count, batch = 0, []
    with pq.ParquetWriter(side / KNOWN, SCHEMA) as writer:
        for token, column, value in entries:
            batch.append({"column": column, "token": token, "value": value})
            if len(batch) == BATCH:
                writer.write_table(pa.Table.from_pylist(batch, SCHEMA))
                count, batch = count + len(batch), []
        writer.write_table(pa.Table.from_pylist(batch, SCHEMA))
    return count + len(batch)


def entries(side: Path) -> Iterator[Entry]:
    """Every `(token, column, value)` that the step left, each once, in the order of the tokens."""
    import duckdb

    files = [str(path) for path in sorted(side.glob("*.parquet")) if path.name != KNOWN]
    if not files:
        return
    with duckdb.connect(
        config={"temp_directory": str(side / "spill"), "memory_limit": "256MB", "threads": 2}
    ) as db:
        found = db.execute(
            'SELECT DISTINCT token, "column", value FROM read_parquet($1) ORDER BY token', [files]
        )
        while rows := found.fetchmany(BATCH):
            yield from rows
