"""A table as it is read: names, and batches that can be read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from jobs.pipeline.faults import IntakeError

MAX_COLUMNS = 5_000
NAME_LENGTH = 200
Odd = Callable[[int, str, str], None]
"""Told of a row with too few or too many cells: its number, the reason, its text."""


def unheard(row: int, reason: str, text: str) -> None:
    """Nobody listens: for passes that only look."""


@dataclass
class Table:
    """names, and `batches(odd, dictionaries)`: text, but for the columns in `fixed`, which have their type already.

    dictionaries: columns with few distinct values, which a reader may hand out as dictionaries.
    errors: what stands in cells that a workbook could not calculate (`flaws`).
    dates_only: text that may be dates but no numbers, because the format says that it is text.
    """

    names: list[str]
    batches: Callable[[Odd, set[str]], Iterator[pa.RecordBatch]]
    fixed: dict[str, pa.DataType] = field(default_factory=dict)
    dates_only: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    total: int = 0
    odd: list[tuple[int, str, str]] = field(default_factory=list)
    errors: set[str] = field(default_factory=set)
    guesses: dict[str, Any] = field(default_factory=dict)


def clean_names(given: list[str], notes: list[str]) -> list[str]:
    """Column names that are there, differ, and are no longer than 200 characters; what was changed is noted."""
    if len(given) > MAX_COLUMNS:
        raise IntakeError(
            "columns.too_many",
            f"The table has {len(given):,} columns; {MAX_COLUMNS:,} is the limit.",
            "Split it.",
        )
    names: list[str] = []
    taken: set[str] = set()
    for position, raw in enumerate(given, start=1):
        text = " ".join("".join(c if c.isprintable() else " " for c in str(raw)).split())
        name = text[:NAME_LENGTH].rstrip() or f"column_{position}"
        if not text:
            notes.append(f"Column {position} had no name and is called {name}.")
        elif len(text) > NAME_LENGTH:
            notes.append(
                f"The name of column {position} has {len(text):,} characters and is cut to {len(name)}."
            )
        base, number = name, 2
        while name in taken:
            name = f"{base[: NAME_LENGTH - 6]}_{number}"
            number += 1
        if name != base:
            notes.append(f"The name {base[:60]} stands twice; column {position} is called {name[:70]}.")
        names.append(name)
        taken.add(name)
    if len(notes) > 20:
        notes[20:] = [f"{len(notes) - 20} more notes of this kind."]
    return names
