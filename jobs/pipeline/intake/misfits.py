"""The list of what did not fit: every cell counted, the first so many listed in a gzip CSV."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import IntakeError
from jobs.pipeline.intake.kinds import Fit
from jobs.pipeline.reasons import WORDS

CAP = 100_000
LONGEST = 200
HEADER = ("row", "column", "value", "reason", "done")
WHOLE_ROW = "(row)"
KEPT, BLANKED, PADDED, CUT = (
    "kept as text",
    "set to missing",
    "filled up with missing cells",
    "cells left out",
)


def harmless(text: str) -> str:
    """Text that a spreadsheet would run gets an apostrophe in front."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


class Misfits:
    """Counts by column and reason; lists to `path` if there is one. The file exists only if something was listed."""

    def __init__(self, path: Path | None, cap: int = CAP) -> None:
        self.path, self.cap, self.listed = path, cap, 0
        self.counts: dict[str, Counter[str]] = {}
        self.first: dict[str, tuple[int, str, str]] = {}
        self._files: list[Any] = []
        self._out: Any = None
        if path is not None:
            path.unlink(missing_ok=True)

    def cells(self, name: str, fit: Fit, column: pa.Array, start: int, done: str) -> None:
        """The bad cells of a batch whose first row is row `start`; `column` holds the text."""
        if fit.bad is None or fit.why is None:
            return
        counts = self.counts.setdefault(name, Counter())
        for found in pc.value_counts(fit.why.filter(fit.bad)).to_pylist():
            counts[found["values"]] += found["counts"]
        where = pc.indices_nonzero(fit.bad)
        if name not in self.first:
            at = where[0].as_py()
            self.first[name] = (start + at, column[at].as_py(), fit.why[at].as_py())
        if self.path is None or self.listed >= self.cap:
            return
        where = where[: self.cap - self.listed]
        for at, value, why in zip(where.to_pylist(), column.take(where).to_pylist(), fit.why.take(where).to_pylist(), strict=True):  # fmt: skip
            self._line(start + at, name, value, why, done)

    def row(self, number: int, reason: str, text: str) -> None:
        """A row that was filled up or cut."""
        self.counts.setdefault(WHOLE_ROW, Counter())[reason] += 1
        if self.path is not None and self.listed < self.cap:
            self._line(number, WHOLE_ROW, text, reason, CUT if reason == "too_many_cells" else PADDED)

    def _line(self, row: int, name: str, value: str, why: str, done: str) -> None:
        if self._out is None:
            raw = self.path.open("wb")  # type: ignore[union-attr]
            packed = gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0)
            text = io.TextIOWrapper(packed, encoding="utf-8", newline="")
            self._files = [text, packed, raw]
            self._out = csv.writer(text)
            self._out.writerow(HEADER)
        shown = value if len(value) <= LONGEST else value[:LONGEST] + "…"
        self._out.writerow((row, harmless(name), harmless(shown), WORDS.get(why, why), done))
        self.listed += 1

    @property
    def total(self) -> int:
        return sum(sum(c.values()) for c in self.counts.values())

    def forget(self, name: str) -> None:
        self.counts.pop(name, None)

    def result(self) -> dict[str, dict[str, int]]:
        return {name: dict(counts) for name, counts in self.counts.items()}

    def close(self) -> None:
        """Finish the file; its last line says when not all are listed."""
        if self._out is not None:
            if self.total > self.listed:
                self._out.writerow(
                    (
                        "",
                        "",
                        "",
                        f"The list stops after {self.listed:,}; {self.total:,} did not fit in all.",
                        "",
                    )
                )
            for file in self._files:
                file.close()
            self._out = None

    def refuse(self, name: str, word: str) -> IntakeError:
        """The fault for a column in which nothing may misfit."""
        row, value, why = self.first[name]
        many = sum(self.counts[name].values())
        rest = (
            "" if many == 1 else f" {many - 1:,} more {'value does' if many == 2 else 'values do'} not fit."
        )
        return IntakeError("column.misfit", f"Row {row:,} of {name}: {value[:80]!r} {WORDS[why]}; {word} was asked for.{rest}",
                           "Correct the values, or choose to keep the column as text or to set such values missing.",
                           row=row, column=name)  # fmt: skip
