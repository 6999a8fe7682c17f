"""Terms: an immutable, hashable set of clauses, checked when made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts.policies.clauses import CLAUSES, ClauseError, Value
from kernel.canonical import canonical_bytes, sha256_hex


class TermsError(Exception):
    """Some clauses are not acceptable; `errors` holds each ClauseError."""

    def __init__(self, errors: list[ClauseError]) -> None:
        super().__init__("; ".join(f"{e.clause}: {e.text}" for e in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Terms:
    """Clauses in the library's order. Make one with `Terms.from_dict`."""

    canonical: bytes
    _values: Mapping[str, Value]

    @classmethod
    def from_dict(cls, given: Mapping[str, Any], *, complete: bool = True) -> Terms:
        """Check and normalise `{code: value}`. Raises TermsError with every problem at once.

        `complete=False`: without the clauses that every contract needs, as a charter's limits are.
        """
        errors: list[ClauseError] = []
        values: dict[str, Value] = {}
        for code in given:
            if code not in CLAUSES:
                errors.append(
                    ClauseError(code, "", f"There is no clause {code!r}.", "Use a clause of the library.")
                )
        for code, kind in CLAUSES.items():
            if code not in given:
                if kind.required and complete:
                    errors.append(
                        ClauseError(code, "", f"{kind.label} is missing.", "Every contract needs it.")
                    )
                continue
            value = given[code]
            if not isinstance(value, Mapping):
                errors.append(ClauseError(code, "", f"{kind.label} must be an object.", "See the API guide."))
                continue
            try:
                values[code] = kind.check(dict(value))
            except ClauseError as error:
                errors.append(error)
        if errors:
            raise TermsError(errors)
        return cls(canonical_bytes(values), values)

    def __hash__(self) -> int:
        return hash(self.canonical)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Terms) and self.canonical == other.canonical

    def as_dict(self) -> dict[str, Value]:
        return {code: dict(value) for code, value in self._values.items()}

    @property
    def hash(self) -> str:
        return sha256_hex(self.as_dict())

    def get(self, code: str) -> Value | None:
        return self._values.get(code)

    def has(self, code: str) -> bool:
        return code in self._values

    def codes(self) -> list[str]:
        return list(self._values)

    def columns_allowed(self, every: Iterable[str]) -> list[str]:
        """Those of the dataset's columns that may leave, in the dataset's order."""
        clause = self.get("columns")
        names = list(every)
        return [n for n in names if n in set(clause["only"])] if clause else names

    def columns_named(self) -> set[str]:
        """Every column that some clause names; each must exist in the dataset."""
        found: set[str] = set()
        for code, key in (("columns", "only"), ("pseudonymise", "columns"), ("min_group_size", "by")):
            found.update((self.get(code) or {}).get(key, ()))
        for code, key in (("only_rows", "conditions"), ("generalise", "rules")):
            found.update(one["column"] for one in (self.get(code) or {}).get(key, ()))
        return found

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self._values["period"]["zone"])

    @property
    def starts(self) -> datetime:
        """The first instant of the first day, aware."""
        return datetime.combine(date.fromisoformat(self._values["period"]["from"]), time.min, self.zone)

    @property
    def ends(self) -> datetime:
        """The first instant after the last day, aware; exclusive."""
        last = date.fromisoformat(self._values["period"]["until"]) + timedelta(days=1)
        return datetime.combine(last, time.min, self.zone)
