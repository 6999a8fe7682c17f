"""Any supported file to one canonical, typed Parquet; nothing is changed or dropped in silence.

One streaming pass where the types guessed from the first rows hold for all; where they do not, a pass over the whole
file to learn them, and one to write.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.pipeline.faults import Cancelled, IntakeError
from jobs.pipeline.flow import beside
from jobs.pipeline.intake import flaws, looking, sheets, unpack
from jobs.pipeline.intake.faulty import readable
from jobs.pipeline.intake.kinds import Fit, Kind, Marks, convert
from jobs.pipeline.intake.learn import TEXT, Guess
from jobs.pipeline.intake.misfits import BLANKED, KEPT, Misfits
from jobs.pipeline.intake.table import Table, unheard
from jobs.pipeline.parquet import write_parquet
from jobs.pipeline.reading import Intake, Reading, reading_of
from jobs.pipeline.types import name_of

Progress = Callable[[str, int, int], None]
FEW = 0.3  # Share of distinct values in the first rows below which a column is read as a dictionary.


class Surprise(Exception):
    """A value that does not fit the type guessed from the first rows."""


@dataclass
class Column:
    """What is done with one column: the type it gets, and the type against which misfits are listed."""

    name: str
    kind: Kind = TEXT
    listed: Kind | None = None
    on_misfit: str = (
        ""  # Empty where no person chose: then a value that does not fit changes the type of the column.
    )
    seen: bool = True
    words: Counter[str] = field(default_factory=Counter)
    errors: int = 0  # Cells that a workbook could not calculate.


def to_parquet(
    original: Path,
    name: str,
    target: Path,
    *,
    reading: Reading | Mapping[str, Any] | None = None,
    misfits: Path | None = None,
    progress: Progress,
    cancelled: Callable[[], bool],
    memory: int = 1 << 30,
) -> Intake:
    """Write the canonical Parquet, and the list of cells that did not fit to `misfits` if there are any.

    reading: a person's corrections bind, the rest is guessed anew. memory: bytes that the job may take; workbooks, which
    are held whole, are refused above it. Everything else is read in blocks. Raises IntakeError (what, row, column, remedy),
    Fault for a full disk, or Cancelled; then neither file exists."""
    target, known = Path(target), reading_of(reading)
    misfits = Path(misfits) if misfits is not None else None
    with readable(target, misfits), tempfile.TemporaryDirectory(dir=target.parent) as folder:
        progress("Open the file", 0, 0)
        plain = unpack.open_up(Path(original), name, Path(folder), known)
        plain.largest = memory * 4 // 5
        found, notes, sure = looking.guess(plain, known)
        listed = sheets.told(plain)
        _stop(cancelled)
        table = looking.table_of(plain, found, Path(folder))
        found, sample, _looked, more = looking.learn(table, found, known, sure, looking.LOOKED_AT)
        work = Work(table, found, sample, target, misfits, progress, cancelled)
        rows = work.run()
        schema = [{"name": f.name, "type": name_of(f.type)} for f in work.schema()]
        notes = [*notes, *plain.notes, *table.notes, *more, *work.notes()]
        columns = {**found.columns, **work.types()}
        return Intake(
            rows, schema, replace(found, columns=columns), list(dict.fromkeys(notes)), work.record.result(),
            listed, plain.members,
        )  # fmt: skip


@dataclass
class Work:
    """One table on its way to Parquet."""

    table: Table
    reading: Reading
    sample: pa.RecordBatch
    target: Path
    path: Path | None
    progress: Progress
    cancelled: Callable[[], bool]

    def __post_init__(self) -> None:
        self.marks = Marks.of(self.reading)
        self.record = Misfits(None)
        self.total = self.table.total
        self.columns = [Column(name) for name in self.table.names]
        self.open = [c for c in self.columns if c.name not in self.table.fixed]
        self.place = {name: i for i, name in enumerate(self.table.names)}
        self.few = (
            {c.name for c in self.open if self._distinct(c.name) < FEW}
            if self.sample.num_rows > 100
            else set()
        )

    def _distinct(self, name: str) -> float:
        column = self.sample.column(self.place[name])
        return len(pc.unique(column)) / max(len(column), 1)

    def run(self) -> int:
        """Write the Parquet; the number of rows."""
        sampled = {**self._learn([self.sample], leave=self.table.guesses), **self.table.guesses}
        whole = self.sample.num_rows < looking.LOOKED_AT  # The first rows are all rows.
        self._decide(sampled)
        hopeful = not any(
            c.listed or c.on_misfit in ("stop", "keep_text") or c.kind.name == "decimal" for c in self.open
        )
        if whole or hopeful:
            try:
                return self._write(firm=whole)
            except Surprise:
                pass
        self._decide(self._learn(self._counted()))
        return self._write(firm=True)

    def _counted(self) -> Iterator[pa.RecordBatch]:
        done = 0
        for batch in beside(self.table.batches(unheard, self.few), 2):
            _stop(self.cancelled)
            done += batch.num_rows
            self.progress("Read types", done, self.total)
            yield looking.sound(self.table, batch)
        self.total = done

    def _learn(self, batches: Iterable[pa.RecordBatch], leave: Collection[str] = ()) -> dict[str, Guess]:
        guesses = {
            c.name: looking.guess_of(self.table, c.name, self.marks)
            for c in self.open
            if c.name not in leave and not self._is_text(c.name)
        }
        for batch in batches:
            for name, guess in guesses.items():
                guess.see(batch.column(self.place[name]))
        return guesses

    def _is_text(self, name: str) -> bool:
        choice = self.reading.choice(name)
        return bool(choice) and choice.get("type", "text") == "text"  # type: ignore[union-attr]

    def _decide(self, guesses: dict[str, Guess]) -> None:
        for column in self.open:
            guess = guesses.get(column.name)
            column.kind, column.listed, column.on_misfit = TEXT, None, ""
            if guess is None:
                if self.table.errors:
                    column.on_misfit = (self.reading.choice(column.name) or {}).get("on_misfit", "")
                continue
            column.seen = guess.seen > 0
            choice = self.reading.choice(column.name)
            if choice is None:
                column.kind, column.listed = guess.exact(), guess.nearly()
                continue
            column.on_misfit = choice.get("on_misfit", "keep_text")
            kind = looking.kind_of(choice["type"], guess)
            misfit = guess.hard.get(kind.name, 1) + guess.soft.get(kind.name, 1) > 0
            column.kind = kind
            if (
                column.on_misfit == "keep_text"
                and (misfit or self.table.errors)
                and not self._fits(column.name, kind)
            ):
                column.kind, column.listed = TEXT, kind

    def _fits(self, name: str, kind: Kind) -> bool:
        """Whether all values fit; asked where the guess did not keep count to the end."""
        for batch in self.table.batches(unheard, self.few):
            text = _values(batch.column(self.place[name]))[0]
            if self.table.errors and flaws.sound(text, self.table.errors)[1] is not None:
                return False
            if convert(self.marks.blanked(text), kind, self.marks).bad is not None:
                return False
        return True

    def schema(self) -> pa.Schema:
        return pa.schema([(c.name, self.table.fixed.get(c.name, c.kind.arrow)) for c in self.columns])

    def _write(self, firm: bool) -> int:
        """Write all batches. Not firm: raises Surprise at the first value that does not fit a guessed type."""
        self.record.close()
        self.record = Misfits(self.path)
        for column in self.columns:
            column.words.clear()
            column.errors = 0
        schema = self.schema()
        refused: set[str] = set()

        def typed() -> Iterator[pa.RecordBatch]:
            row = 1
            for batch in beside(self.table.batches(self.record.row, self.few), 2):
                arrays = [
                    self._column(c, batch.column(i), row, firm, refused) for i, c in enumerate(self.columns)
                ]
                row += batch.num_rows
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

        def show(done: int) -> None:
            _stop(self.cancelled)
            self.progress("Write", done, self.total)

        try:
            rows = write_parquet(beside(typed(), 2), schema, self.target, show)
        finally:
            self.record.close()
        for column in self.open:
            if column.on_misfit == "stop" and column.name in self.record.first:
                raise self.record.refuse(column.name, looking.WORD_OF.get(column.kind.name, column.kind.name))
        if not rows:
            raise IntakeError("file.no_rows", "There is a header but no row.", "Upload a file with data.")
        return rows

    def _column(self, column: Column, array: pa.Array, row: int, firm: bool, refused: set[str]) -> pa.Array:
        if column.name in self.table.fixed:
            return array
        array = self._flaws(column, array, row) if self.table.errors else array
        values, indices = _values(array)
        if column.kind == TEXT and column.listed is None:
            if (
                not firm
                and not column.seen
                and column.on_misfit == ""
                and len(values)
                and values.null_count < len(values)
            ):
                raise Surprise
            return values if indices is None else values.take(indices)
        text = self._blanked(column, values, indices)
        fit = convert(text, column.listed or column.kind, self.marks)
        if fit.bad is not None and fit.why is not None:
            if column.listed is None and not column.on_misfit and not firm:
                raise Surprise
            done = KEPT if column.listed else BLANKED
            spread = (
                fit
                if indices is None
                else Fit(fit.values, pc.fill_null(fit.bad.take(indices), False), fit.why.take(indices))
            )
            self.record.cells(
                column.name, spread, values if indices is None else array.dictionary_decode(), row, done
            )
        kept = values if column.listed else fit.values
        return kept if indices is None else kept.take(indices)

    def _flaws(self, column: Column, array: pa.Array, row: int) -> pa.Array:
        """The column without the errors of its workbook, which are listed; by their names where a person keeps such as text."""
        without, bad = flaws.sound(array, self.table.errors)
        if bad is None:
            return array
        text = flaws.named(array, bad)
        keep = column.on_misfit == "keep_text" and column.kind == TEXT
        why = pc.if_else(bad, pa.scalar("error_cell"), pa.scalar(None, pa.string()))
        column.errors += pc.sum(bad).as_py()
        if not (keep and column.listed):  # Else it is listed with all else that does not fit the type.
            self.record.cells(column.name, Fit(array, bad, why), text, row, KEPT if keep else BLANKED)
        return text if keep else without

    def _blanked(self, column: Column, values: pa.Array, indices: pa.Array | None) -> pa.Array:
        """Words that mean missing become missing, and are counted: `NA` in a column of numbers is a change too."""
        text = self.marks.blanked(values)
        if text is not values and column.listed is None:
            gone = pc.and_(pc.is_valid(values), pc.is_null(text))
            every = values if indices is None else values.take(indices)
            where = gone if indices is None else pc.fill_null(gone.take(indices), False)
            for found in pc.value_counts(every.filter(where)).to_pylist():
                if found["values"]:
                    column.words[found["values"]] += found["counts"]
        return text

    def types(self) -> dict[str, dict[str, str]]:
        """What the reading says of each column now that all values are known."""
        found = {}
        for c in self.open:
            kind = c.listed or c.kind
            found[c.name] = {
                "type": looking.WORD_OF.get(kind.name, kind.name),
                "on_misfit": c.on_misfit or ("set_missing" if c.errors and c.listed is None else "keep_text"),
            }
        return found | {
            c.name: dict(self.reading.columns[c.name]) for c in self.open if self.reading.choice(c.name)
        }

    def notes(self) -> list[str]:
        found = []
        for c in self.open:
            if c.words:
                listed = ", ".join(f"{word} ({many:,})" for word, many in c.words.most_common(5))
                found.append(f"{c.name}: taken for missing: {listed}.")
        for name, every in self.record.counts.items():
            flawed = every.get("error_cell", 0)
            many = sum(every.values()) - flawed
            column = next((c for c in self.open if c.name == name), None)
            if flawed:
                found.append(
                    f"{name}: {flawed:,} {'cell holds' if flawed == 1 else 'cells hold'} an error such as #DIV/0!; listed."
                )
            if not many:
                continue
            if column is None:
                found.append(f"{many:,} rows had too few or too many cells; they are listed.")
            elif column.listed:
                word = looking.WORD_OF.get(column.listed.name, column.listed.name)
                found.append(
                    f"{name} stays text: {many:,} of its values {'is' if many == 1 else 'are'} not {word}; listed."
                )
            else:
                found.append(f"{name}: {many:,} values did not fit and are missing; listed.")
        if len(found) > 100:
            found[100:] = [f"{len(found) - 100} more notes of this kind."]
        return found


def _values(array: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """(distinct values, places) of a dictionary; (values, None) of plain text."""
    if pa.types.is_dictionary(array.type):
        return array.dictionary, array.indices
    return array, None


def _stop(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled
