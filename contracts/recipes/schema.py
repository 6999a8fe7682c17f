"""Columns as a recipe meets them: types, and which original columns each was made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

TYPES = ("text", "integer", "decimal", "number", "boolean", "date", "timestamp")
NUMERIC = ("integer", "decimal", "number")
ORDERED = (*NUMERIC, "date", "timestamp")


@dataclass(frozen=True, slots=True)
class Col:
    """A column: its type, the original columns its values come from, and how they are covered.

    cover: "" (plain), "pseudonym", "token" or "mask". An origin of a joined dataset is "alias.column".
    """

    type: str
    origins: frozenset[str] = frozenset()
    cover: str = ""

    def typed(self, kind: str) -> Col:
        return replace(self, type=kind)

    def covered(self, cover: str) -> Col:
        """As text under this cover; a pseudonym that is masked stays a pseudonym."""
        return Col("text", self.origins, "pseudonym" if self.cover == "pseudonym" else cover)


Schema = Mapping[str, Col]
Inputs = Mapping[str, Schema]


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns at one point of a recipe, in order."""

    columns: dict[str, Col]

    @classmethod
    def of(cls, types: Mapping[str, str | Col], alias: str = "") -> Shape:
        """From names and types; each column is its own origin."""
        return cls(
            {
                name: found
                if isinstance(found, Col)
                else Col(found, frozenset({f"{alias}.{name}" if alias else name}))
                for name, found in types.items()
            }
        )

    def types(self) -> dict[str, str]:
        """Present name → type, in order."""
        return {name: col.type for name, col in self.columns.items()}

    def named(self, original: str) -> str | None:
        """What the original column is called now; None if it is gone or only part of others."""
        only = frozenset({original})
        return next((now for now, col in self.columns.items() if col.origins == only), None)

    def made_from(self, originals: set[str]) -> list[str]:
        """The present columns in which any of these original columns has a part."""
        return [now for now, col in self.columns.items() if col.origins & originals]


_STAMP = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?(Z|\+00:00)?")


def decimal_of(text: str) -> Decimal | None:
    """The finite number that a text says, exactly; None if it says none or needs over 38 digits."""
    if not text.isascii() or len(text) > 60 or "_" in text:
        return None
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found.adjusted()) > 308:
        return None
    return found


def fits(text: str, kind: str) -> bool:
    """Whether a text is a value of this type that a column of it can hold."""
    if kind == "text":
        return True
    if kind == "boolean":
        return text.strip().lower() in ("true", "false")
    if kind in NUMERIC:
        number = decimal_of(text)
        if number is None:
            return False
        if kind == "integer":
            return number == number.to_integral_value() and -(2**63) <= number < 2**63
        return kind == "number" or len(format(number, "f").strip("-").replace(".", "")) <= 38
    try:
        if kind == "date":
            return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip())) and bool(
                date.fromisoformat(text.strip())
            )
        return bool(_STAMP.fullmatch(text.strip())) and bool(datetime.fromisoformat(text.strip()))
    except ValueError:
        return False


def comparable(text: str, kind: str) -> bool:
    """Whether a text can be compared with the values of this type: numbers with any number."""
    return fits(text, "number" if kind in NUMERIC else kind)


def example(kind: str) -> str:
    """How a value of this type is written."""
    return {"integer": "12", "decimal": "12.50", "number": "12.5", "boolean": "true", "date": "2026-01-31",
            "timestamp": "2026-01-31 08:30"}.get(kind, "text")  # fmt: skip


def ordered_value(text: str, kind: str) -> Decimal | str:
    """A value by which two literals of one type compare."""
    number = decimal_of(text) if kind in NUMERIC else None
    return text.strip().replace("T", " ") if number is None else number
