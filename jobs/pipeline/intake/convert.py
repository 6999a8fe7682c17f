"""Any supported file to one canonical, typed Parquet; nothing is changed or dropped in silence."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline.faults import Cancelled, IntakeError
from jobs.pipeline.readers import texts_of
from jobs.pipeline.types import Guess, blanked, canonical, cast_text, name_of
from jobs.pipeline.unpack import Plain, open_up

ROW_GROUP = 250_000
Progress = Callable[[str, int, int], None]


@dataclass
class Intake:
    """rows, columns ({name, type}), and what was guessed of the file."""

    rows: int
    columns: list[dict[str, Any]]
    format: str
    encoding: str = ""
    delimiter: str = ""
    compression: str = ""
    notes: list[str] = field(default_factory=list)

    def reading(self) -> dict[str, Any]:
        names = ("format", "encoding", "delimiter", "compression", "notes")
        return {name: getattr(self, name) for name in names}


def to_parquet(
    original: Path, name: str, target: Path, *, progress: Progress, cancelled: Callable[[], bool]
) -> Intake:
    """Write the canonical Parquet. Raises IntakeError (what, row, column, remedy) or Cancelled."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        plain = open_up(original, name, Path(folder))
        if plain.format == "parquet":
            return _from_parquet(plain, target, progress, cancelled)
        return _from_text(plain, target, progress, cancelled)


def _from_text(plain: Plain, target: Path, progress: Progress, cancelled: Callable[[], bool]) -> Intake:
    texts = texts_of(plain)
    guesses = [Guess(name in texts.keep_text) for name in texts.names]
    total = 0
    for batch in texts.batches():
        _stop(cancelled)
        for position, guess in enumerate(guesses):
            guess.see(batch.column(position))
        total += batch.num_rows
        progress("Read types", total, 0)
    if total == 0:
        raise IntakeError("file.no_rows", "There is a header but no row.", "Upload a file with data.")
    types = [guess.arrow() for guess in guesses]
    schema = pa.schema(list(zip(texts.names, types, strict=True)))

    def typed() -> Iterator[pa.RecordBatch]:
        for batch in texts.batches():
            _stop(cancelled)
            yield pa.RecordBatch.from_arrays(
                [
                    column if pa.types.is_string(kind) else cast_text(blanked(column), kind)
                    for column, kind in zip(batch.columns, types, strict=True)
                ],
                schema=schema,
            )

    rows = write_parquet(typed(), schema, target, lambda done: progress("Write", done, total))
    columns = [{"name": n, "type": name_of(t)} for n, t in zip(texts.names, types, strict=True)]
    form = {"\t": "tsv"}.get(texts.delimiter, plain.format)
    return Intake(rows, columns, form, plain.encoding, texts.delimiter, plain.compression, texts.notes)


def _from_parquet(plain: Plain, target: Path, progress: Progress, cancelled: Callable[[], bool]) -> Intake:
    notes: list[str] = []
    try:
        source = pq.ParquetFile(plain.path)
        types = [canonical(field.type) for field in source.schema_arrow]
        names = source.schema_arrow.names
        if len(set(names)) != len(names):
            raise IntakeError("columns.twice", "Two columns have the same name.", "Rename one of them.")
        for found, kind in zip(source.schema_arrow, types, strict=True):
            if name_of(found.type) != name_of(kind) or (pa.types.is_nested(found.type)):
                notes.append(f"{found.name}: {found.type} is kept as {name_of(kind)}.")
        schema = pa.schema(list(zip(names, types, strict=True)))

        def typed() -> Iterator[pa.RecordBatch]:
            for batch in source.iter_batches(batch_size=64_000):
                _stop(cancelled)
                yield pa.RecordBatch.from_arrays(
                    [_as(c, k) for c, k in zip(batch.columns, types, strict=True)], schema=schema
                )

        rows = write_parquet(
            typed(), schema, target, lambda done: progress("Write", done, source.metadata.num_rows)
        )
    except (pa.ArrowException, OSError) as problem:
        raise IntakeError(
            "parquet.broken", f"The Parquet file cannot be read: {str(problem)[:200]}", "Write it again."
        ) from None
    if rows == 0:
        raise IntakeError("file.no_rows", "The file has columns but no row.", "Upload a file with data.")
    columns = [{"name": n, "type": name_of(t)} for n, t in zip(names, types, strict=True)]
    return Intake(rows, columns, "parquet", compression=plain.compression, notes=notes)


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    if pa.types.is_nested(column.type):
        import json

        return pa.array(
            [None if v is None else json.dumps(v, default=str) for v in column.to_pylist()], pa.string()
        )
    return pc.cast(column, kind)


def _stop(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled


def write_parquet(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, target: Path, progress: Callable[[int], None]
) -> int:
    """Canonical Parquet: zstd, even row groups whatever the batches, so that bytes repeat. Returns rows."""
    done, held, waiting = 0, 0, []
    with pq.ParquetWriter(target, schema, compression="zstd", version="2.6") as writer:
        for batch in batches:
            waiting.append(batch)
            held += batch.num_rows
            while held >= ROW_GROUP:
                table = pa.Table.from_batches(waiting, schema)
                writer.write_table(table.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                rest = table.slice(ROW_GROUP)
                waiting, held = rest.to_batches(), rest.num_rows
            done += batch.num_rows
            progress(done)
        if waiting:
            writer.write_table(
                pa.Table.from_batches(waiting, schema).combine_chunks(), row_group_size=ROW_GROUP
            )
    return done
