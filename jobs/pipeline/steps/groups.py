"""Seeing to it that nobody stands alone: small groups, k-anonymity, l-diversity, t-closeness.

k: Samarati and Sweeney 1998. l (distinct): Machanavajjhala et al. 2007. t: `spread`.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline import duck
from jobs.pipeline.faults import StepError
from jobs.pipeline.keys import counted, row_keys
from jobs.pipeline.lookup import Run
from jobs.pipeline.steps import spread
from jobs.pipeline.steps.base import Context, Frame, learner, only, table
from jobs.pipeline.tally import Tally


class _AtLeast:
    """Rows of groups with at least k rows stay; counted in one pass, applied in the next."""

    reason = "in a group of fewer than {k}"

    def __init__(self, ctx: Context, *, k: int, by: list[str], **_: Any) -> None:
        self.ctx, self.by, self.k = ctx, by, k
        self.tally = Tally(ctx.folder, ctx.memory)
        self.large: Run | None = None

    def keys(self, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        """The half of learning that knows one batch only."""
        return counted(row_keys(frame, self.by))

    def count(self, keys: tuple[np.ndarray, np.ndarray]) -> None:
        self.tally.add(*keys)

    def learn(self, frame: Frame) -> None:
        self.count(self.keys(frame))

    def ready(self) -> None:
        self.large = self.tally.at_least(self.k)

    def apply(self, frame: Frame) -> Frame:
        assert self.large is not None
        keep = self.large.has(row_keys(frame, self.by))
        self.small(frame, keep)
        return only(frame, keep)

    def small(self, frame: Frame, keep: np.ndarray) -> None:
        self.ctx.report(self.reason.format(k=self.k), int(len(keep) - keep.sum()))


@learner("suppress_small_groups")
class SmallGroups(_AtLeast):
    """Removes the rows of groups smaller than k."""


@learner("k_anonymity")
class Anonymity(_AtLeast):
    """Removes the rows of combinations that stand for fewer than k."""

    def __init__(self, ctx: Context, *, columns: list[str], k: int, **_: Any) -> None:
        super().__init__(ctx, k=k, by=columns)


@learner("k_anonymity", when=lambda p: p.get("on_fail") == "stop")
class AnonymityOrStop(Anonymity):
    """Stops at the first row of a combination that stands for fewer than k."""

    def small(self, frame: Frame, keep: np.ndarray) -> None:
        if not keep.all():
            raise StepError("k_anonymity.small", f"A combination of {', '.join(self.by)} stands for fewer than {self.k} rows.",
                            "Make a column coarser first, or let such rows be removed.", row=int(frame.index[int(np.argmin(keep))]) + 1)  # fmt: skip


def _keep(
    source: Path,
    target: Path,
    ctx: Context,
    columns: list[str],
    good: str,
    stop: str,
    reason: str,
    remedy: str,
    extra: Any = None,
) -> None:
    """Rows whose group is among those that the query `good` gives as g0…; or an error where one is not."""
    with duck.opened(ctx) as base:
        schema = duck.load(base, source)
        if extra is not None:
            base.register("extra", extra)
        keys = duck.refs(schema, columns)
        base.execute(
            f"CREATE TABLE good AS {good.format(keys=', '.join(f'{k} AS g{i}' for i, k in enumerate(keys)), by=', '.join(keys))}"
        )
        inside = f"EXISTS (SELECT 1 FROM good WHERE {duck.same([f't.{k}' for k in keys], [f'good.g{i}' for i in range(len(keys))])})"
        if stop:
            first = base.execute(f"SELECT min({duck.ROW}) FROM t WHERE NOT {inside}").fetchall()[0][0]
            if first is not None:
                raise StepError(stop, f"Row {first + 1}: {reason}.", remedy, row=int(first) + 1)
        every = ", ".join(f"c{i}" for i in range(len(schema)))
        left = duck.pour(
            base, f"SELECT {every} FROM t WHERE {inside} ORDER BY {duck.ROW}", schema, target, ctx
        )
        ctx.report(reason, pq.ParquetFile(source).metadata.num_rows - left)


@table("l_diversity")
def l_diversity(
    source: Path,
    target: Path,
    *,
    ctx: Context,
    columns: list[str],
    sensitive: str,
    l: int,  # noqa: E741
    on_fail: str = "suppress",
    **_: Any,
) -> None:
    """Distinct l-diversity; a missing sensitive value counts as one value."""
    place = duck.refs(pq.read_schema(source), [sensitive])[0]
    many = spread.different(place, l)
    _keep(source, target, ctx, columns, f"SELECT {{keys}} FROM t GROUP BY {{by}} HAVING {many}", "l_diversity.alike" if on_fail == "stop" else "",
          f"in a group with fewer than {l} values of {sensitive}", "Make a column coarser first, or let such rows be removed.")  # fmt: skip


@table("t_closeness")
def t_closeness(
    source: Path,
    target: Path,
    *,
    ctx: Context,
    columns: list[str],
    sensitive: str,
    t: str,
    on_fail: str = "suppress",
    **_: Any,
) -> None:
    """Numbers and dates of more than 100 different values are taken in 100 classes of equal size; a missing
    value counts as one more value, the largest. The whole is this step's input, before any row goes."""
    with duck.opened(ctx) as base:
        schema = duck.load(base, source)
        keys, place = duck.refs(schema, columns), duck.refs(schema, [sensitive])[0]
        value, ordered = spread.classes(base, place, schema.field(schema.names.index(sensitive)).type)
        named = ", ".join(f"{k} AS g{i}" for i, k in enumerate(keys))
        base.execute(f"CREATE TABLE coded AS SELECT {named}, {value} AS v FROM t")
        base.execute("CREATE VIEW counted AS SELECT *, count(*) AS n FROM coded GROUP BY ALL")
        groups = _closed(schema, columns)
        good = pa.Table.from_batches(spread.near(base, "counted", groups, Decimal(t), ordered), groups)
    names = ", ".join(f"g{i}" for i in range(len(columns)))
    _keep(source, target, ctx, columns, f"SELECT {names} FROM extra", "t_closeness.far" if on_fail == "stop" else "",
          f"in a group whose {sensitive} is spread otherwise than in the whole", "Make a column coarser first, or let such rows be removed.", good)  # fmt: skip


def _closed(schema: pa.Schema, columns: list[str]) -> pa.Schema:
    return pa.schema(
        [pa.field(f"g{i}", schema.field(schema.names.index(n)).type) for i, n in enumerate(columns)]
    )
