"""A parameter of a step, and what is said of one that is not acceptable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.recipes.steps import texts


class StepFault(Exception):
    """A parameter is not acceptable: which, and what to do."""

    def __init__(self, field: str, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.field, self.text, self.remedy = field, text, remedy


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter.

    kind: column, columns, text, number, integer, boolean, choice, mapping, list, expression, order, rules,
    measures, input. choices: what a choice or the items of a list may be. default: what holds when it is
    left out. of: "columns" where the first halves of a mapping are columns. least, most: bounds of a number.
    """

    name: str
    label: str
    kind: str
    required: bool = True
    choices: tuple[str, ...] = ()
    help: str = ""
    default: Any = None
    of: str = ""
    least: int | None = None
    most: int | None = None

    def read(self, text: str) -> Any:
        """The value that one line of text says; `check` judges it. Raises StepFault."""
        try:
            return texts.read(self.kind, text)
        except ValueError as problem:
            raise StepFault(
                self.name, f"{self.label}: {problem}.", "Put text with commas or marks in double quotes."
            ) from None

    def show(self, value: Any) -> str:
        """The value as one line of text; `read` gives it back."""
        return texts.show(self.kind, value)
