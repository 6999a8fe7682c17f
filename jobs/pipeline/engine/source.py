"""Where rows come from: typed Parquet, a CSV whose types are known, or what an earlier stage left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from jobs.pipeline.engine.sink import CODED, spilled_parts
from jobs.pipeline.faults import StepError
from jobs.pipeline.reading import NULL_WORDS

# Bytes that one row may have, more than intake allows.
LONGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Load:
    """One batch to be read, in any thread; `at` is its first row's number, None where that is not yet known."""

    read: Callable[[], pa.Table]
    at: int | None = None


class Source(Protocol):
    """`schema` is that of its rows; `rows` is 0 where it is not known before reading; `about` may be a guess."""

    schema: pa.Schema
    rows: int

    @property
    def about(self) -> int: ...

    def loads(self, columns: list[str] | None, batch: int) -> Iterator[Load]:
        """The batches in order."""


class ParquetSource:
    """Row groups are read side by side; text comes dictionary-encoded, so that steps meet distinct values."""

    def __init__(self, path: Path) -> None:
        self.path, self.metadata = path, pq.read_metadata(path)
        self.schema = pq.read_schema(path).remove_metadata()
        self.rows = self.about = self.metadata.num_rows

    def _open(self) -> pq.ParquetFile:
        texts = [f.name for f in self.schema if pa.types.is_string(f.type)]
        return pq.ParquetFile(self.path, metadata=self.metadata, read_dictionary=texts)

    def loads(self, columns: list[str] | None, batch: int) -> Iterator[Load]:
        sizes = [self.metadata.row_group(i).num_rows for i in range(self.metadata.num_row_groups)]
        if max(sizes, default=0) > batch:
            yield from self._sliced(columns, batch)
            return
        at = place = 0
        while place < len(sizes):
            # Small row groups go together.
            groups, rows = [place], sizes[place]
            while (place := place + 1) < len(sizes) and rows + sizes[place] <= batch:
                groups.append(place)
                rows += sizes[place]
            yield Load(
                lambda some=groups: self._open().read_row_groups(some, columns=columns, use_threads=False),  # type: ignore[misc]
                at,
            )
            at += rows

    def _sliced(self, columns: list[str] | None, batch: int) -> Iterator[Load]:
        at = 0
        for found in self._open().iter_batches(batch_size=batch, columns=columns, use_threads=False):
            table = pa.Table.from_batches([found])
            yield Load(lambda t=table: t, at)  # type: ignore[misc]
            at += table.num_rows


class SpilledSource:
    """What a stage before left (`sink.to_spill`)."""

    def __init__(self, path: Path) -> None:
        self.path, self.parts = path, spilled_parts(path)
        with pa.OSFile(str(path)) as handle, pa.ipc.open_stream(handle) as reader:
            self.schema = reader.schema
        self.rows = self.about = sum(rows for _, _, rows in self.parts)

    def _read(self, offset: int, size: int, columns: list[str] | None) -> pa.Table:
        with self.path.open("rb") as handle:
            handle.seek(offset)
            data = handle.read(size)
        options = pa.ipc.IpcReadOptions(included_fields=[self.schema.names.index(n) for n in columns] if columns else None, use_threads=False)  # fmt: skip
        with pa.ipc.open_stream(pa.BufferReader(data), options=options) as reader:
            return reader.read_all()

    def loads(self, columns: list[str] | None, batch: int) -> Iterator[Load]:
        at = 0
        for offset, size, rows in self.parts:
            for start in range(0, rows, batch):
                yield Load(
                    lambda o=offset, s=size, a=start: self._read(o, s, columns).slice(a, batch), at + start
                )  # type: ignore[misc]
            at += rows


class CsvSource:
    """A CSV with a header whose columns and types are known; blocks are parsed side by side.

    Rows may span lines only inside double quotes. Raises StepError where a value does not fit its type.
    """

    def __init__(self, path: Path, schema: pa.Schema, delimiter: str = ",", block: int = 8 << 20) -> None:
        self.path, self.schema, self.delimiter, self.block = path, schema, delimiter, block
        self.rows = 0

    @property
    def about(self) -> int:
        """As many as there are lines, going by the first ones."""
        with self.path.open("rb") as handle:
            head = handle.read(1 << 16)
        lines = head.count(b"\n")
        return self.path.stat().st_size * lines // len(head) if head else 0

    def _blocks(self) -> Iterator[bytes]:
        """Whole rows: cut after the last line end that stands outside quotes."""
        with self.path.open("rb") as handle:
            handle.readline()
            rest = b""
            while chunk := handle.read(self.block):
                held = rest + chunk
                cut = _last_row_end(held)
                if cut:
                    yield held[:cut]
                rest = held[cut:]
                if len(rest) > LONGEST:
                    raise StepError(
                        "csv.quote_open", "A quote opens and does not close.", "Read the file in first."
                    )
            if rest.strip():
                yield rest

    def loads(self, columns: list[str] | None, batch: int) -> Iterator[Load]:
        types = {f.name: CODED if pa.types.is_string(f.type) else f.type for f in self.schema}
        convert = pc_csv.ConvertOptions(
            column_types=types, null_values=["", *NULL_WORDS], strings_can_be_null=False, include_columns=columns or [],
        )  # fmt: skip
        for block in self._blocks():
            yield Load(lambda b=block: self._table(b, convert))  # type: ignore[misc]

    def _table(self, block: bytes, convert: pc_csv.ConvertOptions) -> pa.Table:
        # Looking for line ends inside quotes costs; most blocks have no quote at all.
        parse = pc_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=b'"' in block)
        options = pc_csv.ReadOptions(
            column_names=self.schema.names, use_threads=False, block_size=len(block) + 1
        )
        try:
            found = pc_csv.read_csv(pa.BufferReader(block), options, parse, convert)
        except pa.ArrowInvalid as problem:
            raise StepError(
                "csv.value", f"A row does not fit: {str(problem)[:200]}", "Read the file in first."
            ) from None
        columns = [_empty_is_missing(c) if pa.types.is_dictionary(c.type) else c for c in found.columns]
        return pa.table(columns, names=found.column_names)


def _last_row_end(held: bytes) -> int:
    """Where the last whole row ends, or 0: after the last line end with an even number of quotes before it."""
    end, quotes = len(held), held.count(b'"')
    while True:
        cut = held.rfind(b"\n", 0, end) + 1
        quotes -= held.count(b'"', cut, end)
        if not cut or quotes % 2 == 0:
            return cut
        # The line end itself holds no quote: what stands before it has as many.
        end = cut - 1


def _empty_is_missing(column: pa.ChunkedArray) -> pa.ChunkedArray:
    coded = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    empty = pc.index(coded.dictionary, "").as_py()
    if empty < 0:
        return column
    gone = pc.equal(coded.indices, pa.scalar(empty, pa.int32()))
    indices = pc.if_else(gone, pa.scalar(None, pa.int32()), coded.indices)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(indices, coded.dictionary)])
