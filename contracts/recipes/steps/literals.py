"""Values that a person writes for a column: whether they can be values of its type, before anything runs."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from contracts.recipes.steps.faults import StepFault


def fits(text: str, kind: str) -> bool:
    """Whether the text can be read as a value of the type."""
    try:
        if kind in ("integer", "decimal", "number"):
            return Decimal(text).is_finite() and "_" not in text
        if kind == "boolean":
            return text.lower() in ("true", "false")
        if kind == "date":
            return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)) and date.fromisoformat(text) is not None
        if kind == "timestamp":
            return bool(re.match(r"\d{4}-\d{2}-\d{2}", text)) and datetime.fromisoformat(text) is not None
    except (ValueError, InvalidOperation):
        return False
    return True


EXAMPLES = {
    "integer": "42", "decimal": "12.50", "number": "12.5", "boolean": "true", "date": "2026-01-31", "timestamp": "2026-01-31T12:00:00",
}  # fmt: skip


def need_literal(text: str, kind: str, column: str, where: str) -> None:
    """Raises StepFault if the text is no value of the column's type."""
    if not fits(str(text), kind):
        raise StepFault(where, f"{text!r} cannot be compared with {column}, which is of type {kind}.",
                        f"Write a value like {EXAMPLES.get(kind, 'abc')}.")  # fmt: skip
