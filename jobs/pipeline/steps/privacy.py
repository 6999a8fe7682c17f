"""Steps that make values or groups less telling."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import (
    Context,
    Frame,
    arrow_of,
    batch,
    learner,
    on_distinct,
    scalar_of,
    series_of,
)
from jobs.pipeline.steps.rows import row_keys


@batch("mask")
def mask(frame: Frame, *, column: str, keep_start: int = 0, keep_end: int = 0, **_: Any) -> Frame:
    def hide(value: Any) -> str:
        text = str(value)
        middle = len(text) - keep_start - keep_end
        if middle <= 0:
            return "*" * len(text)
        return text[:keep_start] + "*" * middle + (text[-keep_end:] if keep_end else "")

    return frame.assign(**{column: on_distinct(frame[column], hide, pa.string())})


def pseudonym(key: bytes, column: str, value: Any) -> str:
    """HMAC-SHA-256 over the value's text: same key, same value, same token; other keys unlinkable."""
    return "p_" + hmac.digest(key, str(value).encode(), hashlib.sha256).hex()[:32]


@batch("pseudonymise")
def pseudonymise(frame: Frame, *, columns: list[str], ctx: Context, **_: Any) -> Frame:
    return frame.assign(
        **{n: on_distinct(frame[n], lambda v, n=n: pseudonym(ctx.key, n, v), pa.string()) for n in columns}
    )


@batch("generalise")
def generalise(frame: Frame, *, column: str, how: str, width: str | None = None, unit: str | None = None,
               length: int | None = None, at: str | None = None, **_: Any) -> Frame:  # fmt: skip
    kind = arrow_of(frame[column]).type
    if how == "band":
        size = Decimal(width or "10")
        if size <= 0 or name_is_text(kind):
            raise StepError(
                "generalise.band",
                f"{column} cannot be put into bands of {width}.",
                "Bands need a number column and a positive width.",
                column=column,
            )

        def band(value: Any) -> str:
            low = (Decimal(str(value)) // size) * size
            low = low - size if Decimal(str(value)) < low else low
            return f"{low.normalize():f} to under {(low + size).normalize():f}"

        return frame.assign(**{column: on_distinct(frame[column], band, pa.string())})
    if how == "date":
        cut = 4 if unit == "year" else 7
        return frame.assign(**{column: on_distinct(frame[column], lambda v: str(v)[:cut], pa.string())})
    if how == "prefix":
        keep = max(int(length or 1), 0)
        return frame.assign(**{column: on_distinct(frame[column], lambda v: str(v)[:keep], pa.string())})
    limit = scalar_of(at or "0", kind, column)
    array = arrow_of(frame[column])
    return frame.assign(
        **{
            column: series_of(
                pc.if_else(pc.greater(array, limit), pc.cast(limit, kind), array), frame[column]
            )
        }
    )


def name_is_text(kind: pa.DataType) -> bool:
    return not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


@learner("suppress_small_groups")
class SmallGroups:
    """First pass counts the groups, second keeps those with at least k rows."""

    def __init__(self, ctx: Context, *, by: list[str], k: int, **_: Any) -> None:
        self.by, self.k = by, k
        self.counts: dict[bytes, int] = {}

    def learn(self, frame: Frame) -> None:
        found, counts = np.unique(row_keys(frame, self.by), return_counts=True)
        for item, count in zip(found, counts, strict=True):
            mark = item.tobytes()
            self.counts[mark] = self.counts.get(mark, 0) + int(count)

    def ready(self) -> None:
        return

    def apply(self, frame: Frame) -> Frame:
        keys = row_keys(frame, self.by)
        return frame[np.asarray([self.counts[item.tobytes()] >= self.k for item in keys], dtype=bool)]
