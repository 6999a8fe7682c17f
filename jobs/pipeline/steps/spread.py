"""How a sensitive column is spread over groups: how many values each holds, and how far it is from the whole.

l (distinct): Machanavajjhala et al. 2007. t: Li, Li and Venkatasubramanian 2007, earth mover's distance, ordered
for numbers and dates, equal for the rest. A missing value counts as one more value, the largest.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

CLASSES = 100


def different(value: str, l: int) -> str:  # noqa: E741
    """The condition on a group that it holds at least l values."""
    return f"count(DISTINCT {value}) + CAST(count(*) > count({value}) AS INTEGER) >= {int(l)}"


def classes(base: Any, place: str, kind: pa.DataType) -> tuple[str, bool]:
    """The expression that numbers the values of a column of `t`, and whether their order counts.

    Numbers and dates of more than 100 different values are taken in 100 classes of equal size.
    """
    in_order = not (pa.types.is_string(kind) or pa.types.is_boolean(kind))
    distinct = base.execute(f"SELECT count(DISTINCT {place}) FROM t").fetchall()[0][0]
    if in_order and distinct > CLASSES:
        # By rank, so that equal values fall into one class.
        return f"CAST(ceil({CLASSES} * percent_rank() OVER (ORDER BY {place} NULLS LAST)) AS BIGINT)", True
    return f"dense_rank() OVER (ORDER BY {place} NULLS LAST)", in_order


def near(base: Any, table: str, groups: pa.Schema, t: Decimal, in_order: bool) -> Iterator[pa.RecordBatch]:
    """The groups (g0, g1, …) of `table` (g0, g1, …, v, n) whose distribution lies within t of the whole one."""
    whole = base.execute(f"SELECT v, sum(n) FROM {table} GROUP BY v ORDER BY v").fetchall()
    places = {v: i for i, (v, _) in enumerate(whole)}
    total = np.array([n for _, n in whole], dtype="f8")
    total /= total.sum()
    by = ", ".join(groups.names)
    query = f"SELECT {by}, list(v ORDER BY v) AS vs, list(CAST(n AS BIGINT) ORDER BY v) AS ns FROM {table} GROUP BY {by}"
    distance = _in_order if in_order else _equal
    for batch in base.sql(query).to_arrow_reader(10_000):
        near = [distance(np.array([places[v] for v in vs]), np.array(ns, dtype="f8"), total) <= float(t) + 1e-12
                for vs, ns in zip(batch.column(len(groups)).to_pylist(), batch.column(len(groups) + 1).to_pylist(), strict=True)]  # fmt: skip
        kept = batch.select(list(range(len(groups)))).filter(pa.array(near, pa.bool_()))
        yield pa.RecordBatch.from_arrays(
            [c.cast(f.type) for c, f in zip(kept.columns, groups, strict=True)], schema=groups
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
