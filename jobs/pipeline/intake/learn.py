"""Which type every value of a column can have without changing, and which type nearly all have."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.intake.kinds import DECIMAL, ORDER, WIDEST, Kind, Marks, convert, digits

DATES = ("date", "timestamp", "timestamp_utc")
SOFT = ("no_such_date", "other_order", "other_zone")  # Shaped like a date: the column speaks of dates.
NEARLY, ENOUGH = 0.01, 100  # At most 1 % of at least 100 values do not fit: a clear majority.
HOPELESS = 0.2
TEXT = Kind("text")
FEW = 16
NUMERIC = r"^-?[0-9]"
LIKE = {"boolean": r"^(?i:true|false)$", "date": r"^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}$",
        "timestamp": r"^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}[T ]"}  # fmt: skip
LIKE["timestamp_utc"] = LIKE["timestamp"]


def counted(column: pa.Array, marks: Marks) -> tuple[pa.Array, pa.Array]:
    """The distinct values that are not missing, and how often each stands."""
    found = pc.value_counts(column.indices if pa.types.is_dictionary(column.type) else column)
    values, counts = found.field("values"), found.field("counts")
    if pa.types.is_dictionary(column.type):
        values = column.dictionary.take(values)
    values = marks.blanked(values)
    keep = pc.is_valid(values)
    return values.filter(keep), counts.filter(keep)


def _could_be(kind: str, values: pa.Array) -> bool:
    """Whether any value has the first characters of the kind: asked first because it is cheap, and mostly the end of it."""
    shape = LIKE.get(kind, NUMERIC)
    if len(values) <= FEW:
        return any(re.match(shape, value) for value in values.to_pylist())
    return bool(pc.any(pc.match_substring_regex(values, shape)).as_py())


class Guess:
    """What one column can be, learned batch by batch from its distinct values."""

    def __init__(self, marks: Marks, kinds: Iterable[str] = ORDER) -> None:
        self.marks, self.kinds = marks, [k for k in ORDER if k in set(kinds)]
        self.seen = 0
        self.hard = dict.fromkeys(self.kinds, 0)
        self.soft = dict.fromkeys(self.kinds, 0)
        self.whole, self.scale = 1, 0

    def see(self, column: pa.Array) -> None:
        """Take a batch into account: text, or text as a dictionary."""
        if not self.kinds:
            self.seen += len(column) - column.null_count
            return
        values, counts = counted(column, self.marks)
        if not len(values):
            return
        self.seen += pc.sum(counts).as_py()
        for kind in list(self.kinds):
            hard, soft = (
                self._decimals(values, counts) if kind == "decimal" else self._misfits(kind, values, counts)
            )
            self.hard[kind] += hard
            self.soft[kind] += soft
            if self.hard[kind] > HOPELESS * self.seen and self.seen >= ENOUGH:
                self.kinds.remove(kind)

    def _misfits(self, kind: str, values: pa.Array, counts: pa.Array) -> tuple[int, int]:
        if not _could_be(kind, values):
            return pc.sum(counts).as_py() or 0, 0
        fit = convert(values, Kind(kind), self.marks)
        if fit.bad is None:
            return 0, 0
        every = pc.sum(counts.filter(fit.bad)).as_py() or 0
        gentle = pc.fill_null(pc.is_in(fit.why, value_set=pa.array(SOFT)), False)
        soft = pc.sum(counts.filter(gentle)).as_py() or 0
        return every - soft, soft

    def _decimals(self, values: pa.Array, counts: pa.Array) -> tuple[int, int]:
        if not _could_be("decimal", values):
            return pc.sum(counts).as_py() or 0, 0
        text = self.marks.plain(values)
        fits = pc.match_substring_regex(text, DECIMAL)
        whole, part = digits(text.filter(fits))
        self.whole = max(self.whole, pc.max(whole).as_py() or 1)
        self.scale = max(self.scale, pc.max(part).as_py() or 0)
        return pc.sum(counts.filter(pc.invert(fits))).as_py() or 0, 0

    def _kind(self, name: str) -> Kind:
        return Kind(name, self.scale if name == "decimal" else 0)

    def exact(self) -> Kind:
        """The type that every value has without changing; text if there is none."""
        if self.seen:
            for name in self.kinds:
                if self.hard[name] + self.soft[name] == 0 and self._holds(name):
                    return self._kind(name)
        return TEXT

    def nearly(self) -> Kind | None:
        """The type that all but a few values have, where no type has all."""
        if self.seen < ENOUGH or self.exact() != TEXT:
            return None
        near = [n for n in self.kinds if self.hard[n] <= NEARLY * self.seen and self._holds(n)]
        return self._kind(min(near, key=lambda n: self.hard[n] + self.soft[n])) if near else None

    def best(self, names: Iterable[str]) -> str:
        """Of these the one with the fewest misfits."""
        return min(names, key=lambda n: self.hard.get(n, 0) + self.soft.get(n, 0))

    def _holds(self, name: str) -> bool:
        return name != "decimal" or self.whole + self.scale <= WIDEST
