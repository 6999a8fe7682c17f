"""A Parquet file opened for measuring: DuckDB with a memory limit, columns by position, rows by number."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from jobs.pipeline.types import name_of

NUMBERS = frozenset({"integer", "number", "decimal"})
DATED = frozenset({"date", "timestamp"})
LONGEST = 200
# What the process takes beside DuckDB: libraries and the batches it is handed.
OWN = 256 << 20


def plain(value: Any) -> Any:
    """A JSON value that says the same: whole numbers past 2^53 as text, floats to 12 digits, long text cut.

    U+0000, which no database keeps in text, is shown by its sign.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else None
    text = str(value).replace("\x00", "␀")
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name in the file, the portal's word for its type, and its name in queries."""

    name: str
    word: str
    key: str
    zoned: bool = False

    @property
    def number(self) -> str:
        """SQL for the value as a number that orders the same; dates are days, instants microseconds."""
        if self.word == "date":
            return f"({self.key} - DATE '1970-01-01')"
        if self.word == "timestamp":
            return f"epoch_us({self.key})"
        return self.key

    @property
    def text(self) -> str:
        """SQL for the value as text."""
        return f"CAST({self.key} AS VARCHAR)" + (" || '+00'" if self.zoned else "")


class Source:
    """`query` runs SQL over the view `t` (columns c0, c1, …) or `numbered` (the same with `rn`, from 1)."""

    def __init__(
        self, base: Any, fields: list[Field], rows: int, parquet: Path, parts: dict[str, str], reader: str
    ) -> None:
        self.base, self.fields, self.rows, self.parquet = base, fields, rows, parquet
        self._parts, self._reader = parts, reader
        self.by_name = {field.name: field for field in fields}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.base.execute(sql).fetchall()
        return found

    def only(self, fields: list[Field], more: str = "") -> str:
        """A FROM clause with these columns alone: planning a query over thousands takes longer than reading few."""
        return f"(SELECT {', '.join(self._parts[f.key] for f in fields)}{more} FROM {self._reader})"

    def one(self, sql: str) -> tuple[Any, ...]:
        return self.query(sql)[0]


def connect(spill: str, memory: int, threads: int) -> Any:
    """A DuckDB connection for a process that may hold `memory` bytes; the rest goes to `spill`."""
    memory = max(memory - OWN, memory // 2)
    base = duckdb.connect()
    base.execute(f"SET memory_limit = '{max(memory // 2**20, 64)}MB'; SET threads = {threads}")
    base.execute("SET preserve_insertion_order = false; SET parquet_metadata_cache = true")
    base.execute(f"SET temp_directory = {literal(spill)}")
    return base


def attach(base: Any, parquet: Path, prefix: str = "") -> Source:
    """The file's views in this connection. With a prefix, two files can be open side by side."""
    file = pq.ParquetFile(parquet)
    schema, rows = file.schema_arrow, file.metadata.num_rows
    reader = f"read_parquet({literal(str(parquet))})"
    known = [name for name, *_ in base.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()]
    fields, parts = [], []
    for position, (column, name) in enumerate(zip(schema, known, strict=True)):
        key, zoned = f"{prefix}c{position}", getattr(column.type, "tz", None) is not None
        fields.append(Field(column.name, name_of(column.type), key, zoned))
        # Instants lose their zone mark here: the client would otherwise want a time zone library.
        taken = f"make_timestamp(epoch_us({identifier(name)}))" if zoned else identifier(name)
        parts.append(f"{taken} AS {key}")
    listed = ", ".join(parts)
    taken_name = any(name.lower() == "file_row_number" for name in known)
    number = "row_number() OVER ()" if taken_name else "file_row_number + 1"
    base.execute(f"CREATE VIEW {prefix}t AS SELECT {listed} FROM {reader}")
    base.execute(f"CREATE VIEW {prefix}numbered AS SELECT {listed}, {number} AS rn FROM {reader}")
    return Source(base, fields, rows, parquet, dict(zip((f.key for f in fields), parts, strict=True)), reader)


@contextmanager
def opened(parquet: Path, *, memory: int, threads: int) -> Iterator[Source]:
    """The file for the length of a block; what was spilled beside it is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(dir=parquet.parent, prefix="spill-") as spill,
        connect(spill, memory, threads) as base,
    ):
        yield attach(base, parquet)
