"""The portal's words for Arrow types, and the few types that are kept."""

from __future__ import annotations

import pyarrow as pa

ARROW: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamp_utc": pa.timestamp("us", tz="UTC"),
    "timestamp_any": pa.timestamp("us", tz="UTC"),  # Times with any offset, brought to UTC.
    "text": pa.string(),
}


def name_of(kind: pa.DataType) -> str:
    """The portal's word for an Arrow type."""
    tests = (
        (pa.types.is_boolean, "boolean"), (pa.types.is_integer, "integer"), (pa.types.is_floating, "number"),
        (pa.types.is_decimal, "decimal"), (pa.types.is_date, "date"), (pa.types.is_timestamp, "timestamp"),
    )  # fmt: skip
    return next((word for test, word in tests if test(kind)), "text")


def canonical(kind: pa.DataType) -> pa.DataType:
    """The type that the portal keeps for a column that is typed already: exact, and few."""
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return canonical(kind.value_type)
    if pa.types.is_uint64(kind):
        return pa.decimal128(20, 0)
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_decimal(kind) and 0 <= kind.scale <= kind.precision <= 38:
        return pa.decimal128(kind.precision, kind.scale)
    if pa.types.is_boolean(kind):
        return kind
    return pa.string()
