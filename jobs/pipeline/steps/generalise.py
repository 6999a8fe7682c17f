"""Making values coarser: bands, dates, prefixes, a top code, a table of broader values."""

from __future__ import annotations

from datetime import datetime
from decimal import Context as Digits
from decimal import Decimal, localcontext
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import StepError
from jobs.pipeline.steps.base import Context, Frame, arrow_of, batch, on_distinct, with_columns
from jobs.pipeline.steps.comparing import held
from jobs.pipeline.steps.numbers import clip

# Room for the digits between the largest and the smallest floating-point number.
_HUGE = Digits(prec=700)


def is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def band(value: Any, size: Decimal) -> str | None:
    """`40 to under 50`; lower ends are whole multiples of the width. A value that is not finite is missing."""
    number = Decimal(str(value))
    if not number.is_finite():
        return None
    with localcontext(_HUGE):
        low = number - number % size
        low = low - size if number < low else low
        return f"{_plain(low)} to under {_plain(low + size)}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize(_HUGE):f}"


@batch("generalise")
def generalise(frame: Frame, *, column: str, how: str, **params: Any) -> Frame:
    """All but topcode make the column text. A hierarchy's values are compared as values of the column."""
    series, kind = frame[column], arrow_of(frame[column]).type
    if how == "topcode":
        return clip(frame, column=column, max=params.get("at") or "0")
    if how == "band":
        size = Decimal(params.get("width") or "10")
        if size <= 0 or not is_number(kind):
            raise StepError("generalise.band", f"{column} cannot be put into bands of {params.get('width')}.",
                            "Bands need a number column and a positive width.", column=column)  # fmt: skip
        made = on_distinct(series, lambda v: band(v, size), pa.string())
    elif how == "date":
        cut = {"year": 4, "month": 7, "day": 10}[params.get("unit") or "month"]
        made = on_distinct(series, lambda v: str(v)[:cut], pa.string())
    elif how == "prefix":
        keep = max(int(params.get("length") or 0), 0)
        made = on_distinct(series, lambda v: word(v)[:keep], pa.string())
    else:
        made = _broader(frame, column, params["table"], params.get("otherwise", "stop"), params.get("ctx"))
    return with_columns(frame, {column: made})


def _broader(frame: Frame, column: str, table: dict[str, str], otherwise: str, ctx: Context | None) -> Any:
    """By a table of broader values; what is not in it is kept, set missing, or stops the job."""
    series = frame[column]
    kind = arrow_of(series).type
    known = {
        _same(scalar): broader
        for text, broader in table.items()
        if (scalar := held(text, kind, column)) is not None
    }
    unknown = pc.invert(
        pc.fill_null(arrow_of(on_distinct(series, lambda v: _same(v) in known, pa.bool_())), True)
    )
    if otherwise == "stop" and pc.any(unknown).as_py():
        position = pc.index(unknown, True).as_py()
        value = str(arrow_of(series)[position].as_py())[:60]
        raise StepError("generalise.unknown", f"{column}: {value!r} is not in the table of broader values.",
                        "Add it to the table, or set such values missing.", row=int(frame.index[position]) + 1, column=column)  # fmt: skip
    if otherwise == "set_missing" and ctx is not None:
        ctx.report(f"{column} set missing: not in the table", pc.sum(unknown).as_py() or 0)
    return on_distinct(
        series, lambda v: known.get(_same(v), word(v) if otherwise == "keep" else None), pa.string()
    )


def _same(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def word(value: Any) -> str:
    """A value as plain text: no exponents, true and false in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
