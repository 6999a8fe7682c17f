"""Steps that choose, name and type columns."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import (
    CAST,
    Frame,
    arrow_of,
    batch,
    series_of,
)


@batch("select")
def select(frame: Frame, *, columns: list[str], **_: Any) -> Frame:
    return frame[columns]


@batch("rename")
def rename(frame: Frame, *, mapping: dict[str, str], **_: Any) -> Frame:
    return frame.rename(columns=mapping)


@batch("cast")
def cast(frame: Frame, *, column: str, to: str, **_: Any) -> Frame:
    """Raises StepError with the first row whose value does not fit, if the change is not exact."""
    source = arrow_of(frame[column])
    try:
        if pa.types.is_string(source.type) and to == "boolean":
            source = pc.utf8_lower(source)
        done = pc.cast(source, CAST[to])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        for position, value in enumerate(source.to_pylist()):
            try:
                pc.cast(pa.array([value], source.type), CAST[to])
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                raise StepError(
                    "cast.does_not_fit", f"{column} cannot be read as {to}: {str(value)[:60]!r} does not fit.",
                    "Filter or correct such rows before this step.", row=int(frame.index[position]) + 1, column=column,
                ) from None  # fmt: skip
        raise
    return frame.assign(**{column: series_of(done, frame[column])})
