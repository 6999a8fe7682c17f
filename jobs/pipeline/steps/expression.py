"""Expressions over a frame."""

from __future__ import annotations

import pyarrow as pa

from contracts.recipes.expressions import Expression, columns_of
from jobs.pipeline.expressions import evaluate
from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import Frame, arrow_of, with_row


def worked_out(tree: Expression, frame: Frame) -> pa.Array:
    """One value for each row. Raises StepError with the row's number in the table, not in the batch."""
    return with_row(frame, lambda part: _values(tree, part))


def _values(tree: Expression, frame: Frame) -> pa.Array:
    try:
        return evaluate(tree, {name: arrow_of(frame[name]) for name in columns_of(tree)}, len(frame))
    except StepError as fault:
        if fault.row is not None and 0 < fault.row <= len(frame):
            fault.row = int(frame.index[fault.row - 1]) + 1
        raise
