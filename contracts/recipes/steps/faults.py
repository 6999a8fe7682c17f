"""What can be wrong with a step's parameters."""

from __future__ import annotations


class StepFault(Exception):
    """A parameter is not acceptable: which, and what to do."""

    def __init__(self, field: str, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.field, self.text, self.remedy = field, text, remedy
