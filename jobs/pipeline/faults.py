"""What can go wrong with data, said so that a steward can act."""

from __future__ import annotations

from typing import Any


class Fault(Exception):
    """code, text, and where: row and column (rows count from 1, the header not counted).

    `count`: how many rows it is about, where that is known. Text, remedy and row may hold the data itself; they
    are for the data's holder, others get what `jobs.runs.said` makes of code, column, step and count.
    """

    def __init__(
        self,
        code: str,
        text: str,
        remedy: str = "",
        row: int | None = None,
        column: str | None = None,
        step: int | None = None,
        count: int | None = None,
    ) -> None:
        super().__init__(text)
        self.code, self.text, self.remedy = code, text, remedy
        self.row, self.column, self.step, self.count = row, column, step, count

    def as_dict(self) -> dict[str, Any]:
        names = ("code", "text", "remedy", "row", "column", "step", "count")
        return {name: getattr(self, name) for name in names if getattr(self, name) not in (None, "")}


class IntakeError(Fault):
    """The file cannot be read as a table."""


class StepError(Fault):
    """A step of the plan cannot be done; `step` counts from 0."""


class Cancelled(Exception):
    """Someone stopped the work."""
