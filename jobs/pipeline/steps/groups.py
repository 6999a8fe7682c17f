"""Seeing to it that nobody stands alone: small groups, k-anonymity, l-diversity, t-closeness.

k: Samarati and Sweeney 1998. l (distinct): Machanavajjhala et al. 2007. t: Li, Li and Venkatasubramanian 2007,
earth mover's distance, ordered for numbers and dates, equal for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.pipeline import duck
from jobs.pipeline.faults import StepError
from jobs.pipeline.keys import Tally, contained, counted, row_keys
from jobs.pipeline.steps.base import Context, Frame, learner, only, table

CLASSES = 100


class _AtLeast:
    """Rows of groups with at least k rows stay; counted in one pass, applied in the next."""

    reason = "in a group of fewer than {k}"

    def __init__(self, ctx: Context, *, k: int, by: list[str], **_: Any) -> None:
        self.ctx, self.by, self.k = ctx, by, k
        self.tally = Tally(ctx.folder, ctx.memory)
        self.large = np.empty(0)

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
        keep = contained(self.large, row_keys(frame, self.by))
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
    many = f"count(DISTINCT {place}) + CAST(count(*) > count({place}) AS INTEGER) >= {int(l)}"
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
        good = pa.Table.from_batches(
            _close(base, schema, columns, sensitive, Decimal(t)), _closed(schema, columns)
        )
    names = ", ".join(f"g{i}" for i in range(len(columns)))
    _keep(source, target, ctx, columns, f"SELECT {names} FROM extra", "t_closeness.far" if on_fail == "stop" else "",
          f"in a group whose {sensitive} is spread otherwise than in the whole", "Make a column coarser first, or let such rows be removed.", good)  # fmt: skip


def _closed(schema: pa.Schema, columns: list[str]) -> pa.Schema:
    return pa.schema(
        [pa.field(f"g{i}", schema.field(schema.names.index(n)).type) for i, n in enumerate(columns)]
    )


def _close(
    base: Any, schema: pa.Schema, columns: list[str], sensitive: str, t: Decimal
) -> Iterator[pa.RecordBatch]:
    """The groups whose distribution lies within t of the whole one."""
    keys, place = duck.refs(schema, columns), duck.refs(schema, [sensitive])[0]
    kind = schema.field(schema.names.index(sensitive)).type
    in_order = not (pa.types.is_string(kind) or pa.types.is_boolean(kind))
    distinct = base.execute(f"SELECT count(DISTINCT {place}) FROM t").fetchall()[0][0]
    value = f"dense_rank() OVER (ORDER BY {place} NULLS LAST)"
    if in_order and distinct > CLASSES:
        # By rank, so that equal values fall into one class.
        value = f"CAST(ceil({CLASSES} * percent_rank() OVER (ORDER BY {place} NULLS LAST)) AS BIGINT)"
    base.execute(
        f"CREATE TABLE coded AS SELECT {', '.join(f'{k} AS g{i}' for i, k in enumerate(keys))}, {value} AS v FROM t"
    )
    whole = base.execute("SELECT v, count(*) FROM coded GROUP BY v ORDER BY v").fetchall()
    places = {v: i for i, (v, _) in enumerate(whole)}
    total = np.array([n for _, n in whole], dtype="f8")
    total /= total.sum()
    by = ", ".join(f"g{i}" for i in range(len(keys)))
    query = f"SELECT {by}, list(v ORDER BY v) AS vs, list(n ORDER BY v) AS ns FROM (SELECT {by}, v, count(*) AS n FROM coded GROUP BY {by}, v) GROUP BY {by}"
    distance = _in_order if in_order else _equal
    for batch in base.sql(query).to_arrow_reader(10_000):
        near = [distance(np.array([places[v] for v in vs]), np.array(ns, dtype="f8"), total) <= float(t) + 1e-12
                for vs, ns in zip(batch.column(len(keys)).to_pylist(), batch.column(len(keys) + 1).to_pylist(), strict=True)]  # fmt: skip
        kept = batch.select(list(range(len(keys)))).filter(pa.array(near, pa.bool_()))
        yield pa.RecordBatch.from_arrays(
            [c.cast(f.type) for c, f in zip(kept.columns, _closed(schema, columns), strict=True)],
            schema=_closed(schema, columns),
        )


def _in_order(places: np.ndarray, counts: np.ndarray, whole: np.ndarray) -> float:
    """How far and how much must be moved, a step between neighbours being 1 / (values - 1)."""
    apart = -whole.copy()
    apart[places] += counts / counts.sum()
    return float(np.abs(np.cumsum(apart)).sum() / max(len(whole) - 1, 1))


def _equal(places: np.ndarray, counts: np.ndarray, whole: np.ndarray) -> float:
    """Half of the sum of differences; what is not in the group differs by all that it has in the whole."""
    here = whole[places]
    return float((np.abs(counts / counts.sum() - here).sum() + 1 - here.sum()) / 2)
