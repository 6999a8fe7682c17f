"""The mark of an export: a few rows are left out, and which ones tells the export. No value is ever changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jobs.pipeline.draws import withheld
from jobs.pipeline.steps.base import Context, Frame, chooses

REASON = "left out as the mark of this export"


def _nothing(params: Mapping[str, Any]) -> Sequence[str]:
    return ()


@chooses("watermark", reads=_nothing)
def watermark(frame: Frame, *, share: str, ctx: Context, **_: Any) -> np.ndarray:
    """Which rows stay: all without secrets, as in a dry run. Goes by the rows' numbers in the source, so it must
    stand first: then every export of a dataset draws from the same pool, whatever its filters and columns."""
    if not ctx.mark:
        return np.ones(len(frame), dtype=bool)
    gone = withheld(np.asarray(frame.index), ctx.mark["pool"], ctx.mark["own"], share)
    ctx.report(REASON, int(np.count_nonzero(gone)))
    return ~gone
