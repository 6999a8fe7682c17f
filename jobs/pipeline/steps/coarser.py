"""k-anonymity, l-diversity and t-closeness by making columns coarser, step by step, always the one with the most values.

Greedy and deterministic, as in Sweeney's Datafly (1998): not the smallest loss possible, but one that is
reached in as many looks at the groups as there are levels, in bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline import duck
from jobs.pipeline.parquet import write_parquet
from jobs.pipeline.steps import spread
from jobs.pipeline.steps.base import Context, table
from jobs.pipeline.steps.comparing import comparable
from jobs.pipeline.steps.generalise import band, is_number, word

ANY = "*"
MOST = 12
Level = Callable[[Any], str | None]


def _coarser(params: Mapping[str, Any]) -> bool:
    return params.get("on_fail") == "generalise"


@table("k_anonymity", when=_coarser)
def k_anonymity_coarser(
    source: Path, target: Path, *, ctx: Context, columns: list[str], k: int, **_: Any
) -> None:
    """Groups of at least k rows."""

    def goal(base: Any, schema: pa.Schema) -> Goal:
        return "0", lambda by: f"SELECT {by} FROM named GROUP BY {by} HAVING sum(n) >= {int(k)}"

    _raised(source, target, ctx, columns, goal, f"in a group of fewer than {k}")


@table("l_diversity", when=_coarser)
def l_diversity_coarser(
    source: Path, target: Path, *, ctx: Context, columns: list[str], sensitive: str, l: int, **_: Any  # noqa: E741
) -> None:  # fmt: skip
    """Groups with at least l values of the sensitive column."""

    def goal(base: Any, schema: pa.Schema) -> Goal:
        many = spread.different("v", l)
        return duck.refs(schema, [sensitive])[
            0
        ], lambda by: f"SELECT {by} FROM named GROUP BY {by} HAVING {many}"

    _raised(source, target, ctx, columns, goal, f"in a group with fewer than {l} values of {sensitive}")


@table("t_closeness", when=_coarser)
def t_closeness_coarser(
    source: Path, target: Path, *, ctx: Context, columns: list[str], sensitive: str, t: str, **_: Any
) -> None:
    """Groups whose sensitive values are spread within t of the whole."""

    def goal(base: Any, schema: pa.Schema) -> Goal:
        value, ordered = spread.classes(
            base, duck.refs(schema, [sensitive])[0], schema.field(schema.names.index(sensitive)).type
        )
        groups = pa.schema([(f"g{i}", pa.string()) for i in range(len(columns))])

        def near(by: str) -> str:
            base.register(
                "near", pa.Table.from_batches(spread.near(base, "named", groups, Decimal(t), ordered), groups)
            )
            return "SELECT * FROM near"

        return value, near

    _raised(
        source,
        target,
        ctx,
        columns,
        goal,
        f"in a group whose {sensitive} is spread otherwise than in the whole",
    )


# What of the sensitive column is counted, and the query for the groups (g0, g1, …) that are good.
Goal = tuple[str, Callable[[str], str]]


def _raised(
    source: Path, target: Path, ctx: Context, columns: list[str], goal: Callable[[Any, pa.Schema], Goal], reason: str
) -> None:  # fmt: skip
    """All these columns become text. Levels rise until every group is good or all are `*`; the rows of groups
    that still are not are removed."""
    total = pq.ParquetFile(source).metadata.num_rows
    with duck.opened(ctx) as base:
        schema = duck.load(base, source)
        ladder = [_Ladder(base, ctx, schema, name, i) for i, name in enumerate(columns)]
        value, good = goal(base, schema)
        keys = ", ".join(f"{step.place} AS q{i}" for i, step in enumerate(ladder))
        base.execute(
            f"CREATE TABLE cells AS SELECT *, count(*) AS n FROM (SELECT {keys}, {value} AS v FROM t) GROUP BY ALL"
        )
        by = ", ".join(f"g{i}" for i in range(len(ladder)))
        while True:
            _count(base, ladder)
            base.execute(f"CREATE OR REPLACE TABLE good AS {good(by)}")
            short = base.execute(
                f"SELECT (SELECT count(*) FROM (SELECT DISTINCT {by} FROM named)) - (SELECT count(*) FROM good)"
            ).fetchall()[0][0]
            rising = [i for i, step in enumerate(ladder) if step.at < len(step.levels) - 1]
            if not short or not rising:
                break
            widths = base.execute(
                f"SELECT {', '.join(f'count(DISTINCT g{i})' for i in rising)} FROM named"
            ).fetchall()[0]
            # On a tie the first named gives way.
            ladder[rising[widths.index(max(widths))]].rise()
        after = pa.schema([pa.field(f.name, pa.string()) if f.name in set(columns) else f for f in schema])
        shown = {step.index: f"m{i}.w" for i, step in enumerate(ladder)}
        wanted = ", ".join(f"{shown.get(i, f't.c{i}')} AS o{i}" for i in range(len(schema)))
        same = duck.same([f"m{i}.w" for i in range(len(ladder))], [f"good.g{i}" for i in range(len(ladder))])
        joins = _joins(ladder, "t", [step.place for step in ladder])
        left = duck.pour(
            base,
            f"SELECT {wanted} FROM t {joins} JOIN good ON {same} ORDER BY t.{duck.ROW}",
            after,
            target,
            ctx,
        )
    ctx.report(reason, total - left)


def _joins(ladder: list[_Ladder], table_: str, places: list[str]) -> str:
    return " ".join(
        f"JOIN {duck.reading(step.file)} m{i} ON {table_}.{place} IS NOT DISTINCT FROM m{i}.v"
        for i, (step, place) in enumerate(zip(ladder, places, strict=True))
    )


def _count(base: Any, ladder: list[_Ladder]) -> None:
    """How many rows each combination stands for at the present levels, for each value of what is counted."""
    names = ", ".join(f"m{i}.w AS g{i}" for i in range(len(ladder)))
    joins = _joins(ladder, "cells", [f"q{i}" for i in range(len(ladder))])
    base.execute(
        f"CREATE OR REPLACE TABLE named AS SELECT {names}, cells.v AS v, CAST(sum(n) AS BIGINT) AS n FROM cells {joins} GROUP BY ALL"
    )


class _Ladder:
    """One column's levels, and a file with each of its values and what it is called at the present level."""

    def __init__(self, base: Any, ctx: Context, schema: pa.Schema, name: str, number: int) -> None:
        self.base, self.index = base, schema.names.index(name)
        self.place, self.kind, self.at = f"c{self.index}", schema.field(self.index).type, 0
        self.file = ctx.folder / f"level-{number}.parquet"
        self.levels = _levels(base, self.place, self.kind)
        self._write()

    def rise(self) -> None:
        self.at += 1
        self._write()

    def _write(self) -> None:
        shape = pa.schema([("v", self.kind), ("w", pa.string())])

        def batches() -> Iterator[pa.RecordBatch]:
            for part in self.base.sql(f"SELECT DISTINCT {self.place} FROM t").to_arrow_reader(duck.BATCH):
                values = comparable(part.column(0).cast(self.kind))
                yield pa.RecordBatch.from_arrays([values, self._called(values)], schema=shape)

        fresh = self.file.with_suffix(".part")
        write_parquet(batches(), shape, fresh)
        fresh.replace(self.file)

    def _called(self, values: pa.Array) -> pa.Array:
        """Missing stays missing, but for the last level, which tells nothing at all."""
        if self.at == len(self.levels) - 1:
            return pa.repeat(pa.scalar(ANY), len(values))
        level = self.levels[self.at]
        return pa.array([None if v is None else level(v) for v in values.to_pylist()], pa.string())


def _levels(base: Any, place: str, kind: pa.DataType) -> list[Level]:
    """From the value itself to `*`."""
    if is_number(kind):
        finite = f" WHERE isfinite({place})" if pa.types.is_floating(kind) else ""
        ends = base.execute(f"SELECT min({place}), max({place}) FROM t{finite}").fetchall()[0]
        spread = max((abs(Decimal(str(v))) for v in ends if v is not None), default=Decimal(0))
        widths = _widths(Decimal(5) if pa.types.is_integer(kind) else Decimal(1), spread * 2)
        return [word, *(lambda v, w=w: band(v, w) for w in widths), lambda _: ANY]
    if pa.types.is_temporal(kind):
        cuts = [] if pa.types.is_date(kind) else [lambda v: str(v)[:10]]
        return [
            str,
            *cuts,
            lambda v: str(v)[:7],
            lambda v: str(v)[:4],
            lambda v: str(v)[:3] + "0s",
            lambda _: ANY,
        ]
    if pa.types.is_boolean(kind):
        return [word, lambda _: ANY]
    longest = base.execute(f"SELECT max(length({place})) FROM t").fetchall()[0][0] or 0
    cuts = [n for n in (8, 5, 4, 3, 2, 1) if n < longest]
    return [str, *(lambda v, n=n: v[:n] + ANY if len(v) > n else v for n in cuts), lambda _: ANY]


def _widths(first: Decimal, last: Decimal) -> list[Decimal]:
    """1, 2, 5, 10, 20, 50, … from the first to the last; of many, twelve spread over them."""
    found, width = [], first
    while width <= last:
        found.append(width)
        width *= Decimal("2.5") if width.normalize().as_tuple().digits == (2,) else 2
    if len(found) <= MOST:
        return found
    return [found[round(i * (len(found) - 1) / (MOST - 1))] for i in range(MOST)]
