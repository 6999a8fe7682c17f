"""Parquet and Arrow files: columns that have a type already keep it, exactly, as one of the portal's few."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake.plain import Plain
from jobs.pipeline.intake.table import Odd, Table, clean_names
from jobs.pipeline.reading import Reading
from jobs.pipeline.types import canonical, name_of

ROWS = 64_000
Raw = Callable[[], Iterator[pa.RecordBatch]]


def table_of(plain: Plain, reading: Reading) -> Table:
    """The columns with the types they will have; those a person gave another type come as text. Raises IntakeError."""
    notes: list[str] = []
    schema, raw, total = _guarded(lambda: _parquet(plain) if plain.format == "parquet" else _arrow(plain))
    names = clean_names(schema.names, notes)
    if not names:
        raise IntakeError("file.no_rows", "The file has no columns.", "Upload a file with data.")
    if not total:
        raise IntakeError("file.no_rows", "The file has columns but no row.", "Upload a file with data.")
    kinds = [canonical(_bare(field.type)) for field in schema]
    for place, name in enumerate(names):
        chosen = reading.choice(name)
        if (chosen and chosen.get("type", "text") != name_of(kinds[place])) or (
            not pa.types.is_string(kinds[place]) and not _all_fit(raw, place, kinds[place])
        ):
            kinds[place] = pa.string()
        if name_of(_bare(schema.field(place).type)) != name_of(kinds[place]) or _unusual(
            schema.field(place).type
        ):
            notes.append(
                f"{name}: {str(schema.field(place).type)[:80]} is kept as {_word(schema.field(place).type, kinds[place])}."
            )
    fixed = {
        name: kind for name, kind in zip(names, kinds, strict=True)
        if not (reading.choice(name) and pa.types.is_string(kind))
    }  # fmt: skip
    target = pa.schema(list(zip(names, kinds, strict=True)))

    def batches(_odd: Odd, _dictionaries: set[str]) -> Iterator[pa.RecordBatch]:
        for batch in _guarded_iter(raw):
            columns = [as_kept(c, k) for c, k in zip(batch.columns, kinds, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, schema=target)

    return Table(names, batches, fixed=fixed, notes=notes, total=total)


def _parquet(plain: Plain) -> tuple[pa.Schema, Raw, int]:
    source = pq.ParquetFile(plain.path, page_checksum_verification=True)

    def raw() -> Iterator[pa.RecordBatch]:
        yield from source.iter_batches(
            batch_size=max(1_000, min(ROWS, 4_000_000 // max(len(source.schema_arrow), 1)))
        )

    return source.schema_arrow, raw, source.metadata.num_rows


def _arrow(plain: Plain) -> tuple[pa.Schema, Raw, int]:
    """IPC file or stream; each batch is checked before it is used, because its offsets could point anywhere."""
    with plain.path.open("rb") as handle:
        is_file = handle.read(6) == b"ARROW1"

    def raw() -> Iterator[pa.RecordBatch]:
        with pa.memory_map(str(plain.path)) as source:
            if is_file:
                reader = pa.ipc.open_file(source)
                for place in range(reader.num_record_batches):
                    yield from _checked(reader.get_batch(place))
            else:
                for batch in pa.ipc.open_stream(source):
                    yield from _checked(batch)

    with pa.memory_map(str(plain.path)) as source:
        schema = (pa.ipc.open_file if is_file else pa.ipc.open_stream)(source).schema
    return schema, raw, sum(batch.num_rows for batch in raw())


def _checked(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    batch.validate(full=True)
    for start in range(0, batch.num_rows, ROWS):
        yield batch.slice(start, ROWS)


def _guarded(work: Callable[[], Any]) -> Any:
    """Whatever Arrow says of a broken file is a fault of the file; a full disk or too little memory is not."""
    try:
        return work()
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError, OverflowError, KeyError) as problem:
        if isinstance(problem, pa.ArrowMemoryError) or (isinstance(problem, OSError) and problem.errno):
            raise
        raise IntakeError(
            "parquet.broken", f"The file cannot be read: {str(problem)[:200]}", "Write it again."
        ) from None


def _guarded_iter(raw: Raw) -> Iterator[pa.RecordBatch]:
    batches = _guarded(raw)
    while (batch := _guarded(lambda: next(batches, None))) is not None:
        yield batch


def _bare(kind: pa.DataType) -> pa.DataType:
    """Without an extension's name, dictionary or run lengths."""
    if isinstance(kind, pa.BaseExtensionType):
        return _bare(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _bare(kind.value_type)
    return kind


def _unusual(kind: pa.DataType) -> bool:
    """Nested values and bytes, which become text of another look."""
    kind, t = _bare(kind), pa.types
    return any((t.is_nested(kind), t.is_binary(kind), t.is_large_binary(kind), t.is_fixed_size_binary(kind)))


def _word(kind: pa.DataType, kept: pa.DataType) -> str:
    if pa.types.is_nested(_bare(kind)):
        return "JSON text"
    return "text, in hexadecimal where it is no UTF-8" if _unusual(kind) else name_of(kept)


def _all_fit(raw: Raw, place: int, kind: pa.DataType) -> bool:
    """Whether every value becomes the kept type without loss (nanoseconds, for one, may not)."""
    for batch in _guarded_iter(raw):
        column = batch.column(place)
        if _plain(column).type == kind or _widens(_plain(column).type, kind):
            return True
        try:
            as_kept(column, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return False
    return True


def _widens(kind: pa.DataType, kept: pa.DataType) -> bool:
    """Types of which every value fits the kept type, so that nothing needs to be tried."""
    t = pa.types
    if t.is_integer(kind):
        return bool(t.is_int64(kept) or t.is_decimal(kept))
    if t.is_timestamp(kind):
        return bool(kind.unit == "us")
    return bool(t.is_floating(kind) or t.is_boolean(kind) or t.is_date32(kind) or t.is_decimal128(kind))


def _plain(column: pa.Array) -> pa.Array:
    if isinstance(column.type, pa.BaseExtensionType):
        return _plain(column.storage)
    if pa.types.is_dictionary(column.type):
        return _plain(column.dictionary_decode())
    if pa.types.is_run_end_encoded(column.type):
        return _plain(pc.run_end_decode(column))
    return column


def as_kept(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """The column as the kept type. Raises ArrowInvalid where a value would change."""
    column = _plain(column)
    given = column.type
    if not pa.types.is_string(kind):
        return pc.cast(column, kind)
    if pa.types.is_string(given) or pa.types.is_large_string(given) or pa.types.is_string_view(given):
        return pc.cast(column, kind)
    if pa.types.is_binary(given) or pa.types.is_large_binary(given) or pa.types.is_fixed_size_binary(given) or pa.types.is_binary_view(given):  # fmt: skip
        return _from_bytes(column)
    if (
        pa.types.is_integer(given)
        or pa.types.is_boolean(given)
        or pa.types.is_decimal(given)
        or pa.types.is_date32(given)
    ):
        return pc.cast(column, kind)
    if pa.types.is_null(given):
        return pa.nulls(len(column), kind)
    if pa.types.is_timestamp(given) or pa.types.is_time(given) or pa.types.is_duration(given):
        return (
            pc.cast(column, kind)
            if not pa.types.is_duration(given)
            else pc.cast(pc.cast(column, pa.int64()), kind)
        )
    return pa.array([None if v is None else _json(v) for v in column.to_pylist()], kind)


def _from_bytes(column: pa.Array) -> pa.Array:
    found = []
    for value in column.to_pylist():
        try:
            found.append(None if value is None else value.decode("utf-8"))
        except UnicodeDecodeError:
            found.append(value.hex())
    return pa.array(found, pa.string())


def _json(value: Any) -> str:
    """Nested values as JSON text; a float alone as Python writes it."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_leaf)


def _leaf(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def joined(schemas: list[pa.Schema], names: list[str]) -> tuple[pa.Schema, list[str]]:
    """One schema for several files: the same columns in each, each of a type that holds all its values exactly.

    Raises IntakeError naming the first file that differs in its columns."""
    notes: list[str] = []
    first = schemas[0]
    if len(set(first.names)) != len(first.names):
        raise IntakeError(
            "columns.twice", f"{names[0]} has two columns of the same name.", "Rename one of them."
        )
    for schema, name in zip(schemas, names, strict=True):
        if sorted(schema.names) != sorted(first.names):
            odd = sorted(set(schema.names) ^ set(first.names)) or schema.names
            raise IntakeError("place.columns", f"{name} has other columns than {names[0]}: {', '.join(odd[:5])}.",
                              "Write all files with the same columns, or choose fewer of them.")  # fmt: skip
    fields = []
    for column in first.names:
        found = list(dict.fromkeys(s.field(column).type for s in schemas))
        kinds = list(dict.fromkeys(canonical(_bare(t)) for t in found if not pa.types.is_null(t)))
        kind = kinds[0] if len(kinds) == 1 else _common(kinds)
        if len(kinds) > 1 or any(_unusual(t) for t in found):
            notes.append(
                f"{column}: {', '.join(str(t)[:60] for t in found[:4])} is kept as {_word(found[0], kind)}."
            )
        fields.append((column, kind))
    return pa.schema(fields), notes


def _common(kinds: list[pa.DataType]) -> pa.DataType:
    """Whole numbers and decimals of different length have a decimal in common; anything else only text."""
    if kinds and all(pa.types.is_int64(k) or pa.types.is_decimal128(k) for k in kinds):
        scale = max(k.scale if pa.types.is_decimal128(k) else 0 for k in kinds)
        whole = max(k.precision - k.scale if pa.types.is_decimal128(k) else 19 for k in kinds)
        if whole + scale <= 38:
            return pa.decimal128(38, scale)
    return pa.string()
