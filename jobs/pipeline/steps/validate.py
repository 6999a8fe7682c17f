"""Checking rows against rules: stop, flag or drop. Missing values break `not_null` only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.recipes.steps.rows import rule_words
from jobs.pipeline import duck
from jobs.pipeline.faults import StepError
from jobs.pipeline.parquet import write_parquet
from jobs.pipeline.steps.base import (
    Context,
    Frame,
    arrow_of,
    batch,
    learner,
    only,
    series_of,
    table,
    with_columns,
)
from jobs.pipeline.steps.comparing import among, compared

Rule = dict[str, Any]


def _unique(params: Any) -> bool:
    return any(rule["rule"] == "unique" for rule in params["rules"])


def _stops(params: Any) -> bool:
    return bool(params["on_fail"] == "stop") and not _unique(params)


def broken(frame: Frame, rule: Rule, twice: pa.Array | None = None) -> np.ndarray:
    """Where a rule does not hold."""
    array, kind, name = arrow_of(frame[rule["column"]]), rule["rule"], rule["column"]
    if kind == "not_null":
        return np.asarray(pc.is_null(array))
    if kind == "unique":
        assert twice is not None
        return np.asarray(pc.and_(twice, pc.is_valid(array)))
    if kind == "pattern":
        try:
            good = pc.match_substring_regex(array, f"^(?:{rule['pattern']})$")
        except pa.ArrowInvalid as problem:
            raise StepError("validate.pattern", f"The pattern {rule['pattern']!r} cannot be used: {str(problem)[:120]}",
                            "Correct the pattern; it follows RE2.", column=name) from None  # fmt: skip
    elif kind == "set":
        good = among(array, rule["values"], name)
    else:
        measured = pc.cast(pc.utf8_length(array), pa.int64()) if kind == "length" else array
        good = pa.array(np.ones(len(array), dtype=bool))
        for end, op in (("min", "gte"), ("max", "lte")):
            if end in rule:
                good = pc.and_(good, compared(measured, op, rule[end], name))
    return np.asarray(pc.invert(pc.fill_null(good, True)))


class _Broken:
    """The first row that breaks a rule, and how many rows break that rule, over all batches."""

    def __init__(self, rules: list[Rule]) -> None:
        self.rules, self.counts = rules, [0] * len(rules)
        self.first: tuple[int, int, Any] | None = None

    def see(self, frame: Frame, hits: list[np.ndarray], start: int) -> None:
        for place, hit in enumerate(hits):
            self.counts[place] += int(hit.sum())
            if hit.any():
                position = int(np.argmax(hit))
                if self.first is None or (start + position, place) < self.first[:2]:
                    value = arrow_of(frame[self.rules[place]["column"]])[position].as_py()
                    self.first = (start + position, place, value)

    def stop(self) -> None:
        if self.first is None:
            return
        row, place, value = self.first
        shown = "it is missing" if value is None else f"it is {str(value)[:60]!r}"
        count = f"{self.counts[place]} rows break" if self.counts[place] > 1 else "1 row breaks"
        raise StepError("validate.broken", f"It does not hold that {rule_words(self.rules[place])}: in row {row + 1} {shown}. {count} this rule.",
                        "Correct or drop such rows before this step.", row=row + 1, column=self.rules[place]["column"],
                        count=self.counts[place])  # fmt: skip


def _judged(frame: Frame, rules: list[Rule], hits: list[np.ndarray], on_fail: str, flag: str | None, ctx: Context) -> Frame:  # fmt: skip
    """Rows dropped or flagged. A row that breaks several rules is dropped for the first of them."""
    gone = np.zeros(len(frame), dtype=bool)
    said = []
    for rule, hit in zip(rules, hits, strict=True):
        words = f"not: {rule_words(rule)}"
        if on_fail == "flag":
            ctx.report(f"{words}, flagged", int(hit.sum()))
            said.append(pc.if_else(pa.array(hit), words, pa.scalar(None, pa.string())))
        else:
            ctx.report(words, int((hit & ~gone).sum()))
            gone |= hit
    if on_fail != "flag":
        return only(frame, ~gone)
    text = said[0]
    for other in said[1:]:
        text = pc.coalesce(pc.binary_join_element_wise(text, other, "; "), text, other)
    return with_columns(frame, {str(flag): series_of(text, frame[frame.columns[0]]).rename(flag)})


@batch("validate")
def validate(frame: Frame, *, rules: list[Rule], on_fail: str, ctx: Context, flag_column: str | None = "problems", **_: Any) -> Frame:  # fmt: skip
    return _judged(frame, rules, [broken(frame, rule) for rule in rules], on_fail, flag_column, ctx)


@learner("validate", when=_stops)
class ValidateOrStop:
    """Reads all rows first, so that the error tells how many break the rule."""

    def __init__(self, ctx: Context, *, rules: list[Rule], **_: Any) -> None:
        self.broken, self.seen = _Broken(rules), 0

    def learn(self, frame: Frame) -> None:
        self.broken.see(frame, [broken(frame, rule) for rule in self.broken.rules], self.seen)
        self.seen += len(frame)

    def ready(self) -> None:
        self.broken.stop()

    def apply(self, frame: Frame) -> Frame:
        return frame


@table("validate", when=_unique)
def validate_whole(source: Path, target: Path, *, rules: list[Rule], on_fail: str, ctx: Context, flag_column: str | None = "problems", **_: Any) -> None:  # fmt: skip
    """With a rule that needs the whole table: which values stand more than once is marked first."""
    marked = ctx.folder / "marked.parquet"
    schema = _mark(source, marked, [rule["column"] for rule in rules if rule["rule"] == "unique"], ctx)
    after = schema.append(pa.field(str(flag_column), pa.string())) if on_fail == "flag" else schema
    try:
        if on_fail == "stop":
            found = _Broken(rules)
            for frame, hits in _hits(marked, schema, rules):
                found.see(frame, hits, int(frame.index[0]))
            found.stop()

        def batches() -> Iterator[pa.RecordBatch]:
            for frame, hits in _hits(marked, schema, rules):
                judged = (
                    _judged(frame, rules, hits, on_fail, flag_column, ctx) if on_fail != "stop" else frame
                )
                columns = [arrow_of(judged[name]) for name in judged.columns]
                yield pa.RecordBatch.from_arrays(columns, schema=after)

        write_parquet(batches(), after, target, lambda _: None)
    finally:
        marked.unlink(missing_ok=True)


def _mark(source: Path, marked: Path, names: list[str], ctx: Context) -> pa.Schema:
    """The rows with one more column for each name: whether its value stands more than once."""
    with duck.opened(ctx) as base:
        schema = duck.load(base, source)
        every = ", ".join(f"c{i}" for i in range(len(schema)))
        flags = ", ".join(f"count(*) OVER (PARTITION BY {c}) > 1" for c in duck.refs(schema, names))
        wide = pa.schema([*schema, *(pa.field(f"twice {i}", pa.bool_()) for i in range(len(names)))])
        duck.pour(base, f"SELECT {every}, {flags} FROM t ORDER BY {duck.ROW}", wide, marked, ctx)
    return schema


def _hits(marked: Path, schema: pa.Schema, rules: list[Rule]) -> Iterator[tuple[Frame, list[np.ndarray]]]:
    done = 0
    for part in pq.ParquetFile(marked).iter_batches(batch_size=duck.BATCH):
        frame = pa.table(part.columns[: len(schema)], schema=schema).to_pandas(types_mapper=pd.ArrowDtype)
        frame.index = pd.RangeIndex(done, done + len(frame))
        done += len(frame)
        doubled = iter(part.columns[len(schema) :])
        yield (
            frame,
            [broken(frame, rule, next(doubled) if rule["rule"] == "unique" else None) for rule in rules],
        )
