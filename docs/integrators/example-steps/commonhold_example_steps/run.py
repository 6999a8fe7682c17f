"""How the steps run: a pure function of a pandas frame with Arrow types."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.steps.base import arrow_of, batch, series_of


@batch("miles_to_km")
def miles_to_km(frame, *, columns, **_):
    made = {
        name: series_of(
            pc.multiply(pc.cast(arrow_of(frame[name]), pa.float64(), safe=False), 1.609344), frame[name]
        )
        for name in columns
    }
    return frame.assign(**made)
