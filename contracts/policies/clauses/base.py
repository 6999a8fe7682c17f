"""What a clause is: code, form, sentence in two languages, badge, law, ODRL form, and which way is wider.

A clause's value is canonical JSON. `check` normalises it or raises ClauseError; `words` says it.
Badge: *enforced* by the portal, *watched* (a duty with a date), *promised* (legal only).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Value = dict[str, Any]
LANGUAGES = ("en", "de")


class ClauseError(Exception):
    """A clause's value is not acceptable: which clause, which field, what is wrong, what to do."""

    def __init__(self, clause: str, field: str, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.clause, self.field, self.text, self.remedy = clause, field, text, remedy


@dataclass(frozen=True, slots=True)
class Said:
    """One text in English and German."""

    en: str
    de: str

    def in_(self, language: str) -> str:
        return self.de if language == "de" else self.en


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a clause's form: `kind` says how it is asked (see `clause_form`)."""

    name: str
    kind: str
    label: Said
    choices: tuple[tuple[str, Said], ...] = ()
    help: Said = Said("", "")


# How a clause stands in an ODRL policy. One of these beside each clause; reading inverts it.


@dataclass(frozen=True, slots=True)
class Limit:
    """A constraint of the permission: `left operator value[key]`. `wrap` and `unwrap` change its written form."""

    left: str
    operator: str
    key: str
    wrap: Callable[[Any], Any] = lambda v: v
    unwrap: Callable[[Any], Any] = lambda v: v
    more: Mapping[str, str] = field(default_factory=dict)  # further property → key of the value
    refines: bool = False  # at the target instead of the permission


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty of the permission: an action with a phase, told apart from others of the action by its limits."""

    action: str
    phase: str
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Forbid:
    """A prohibition of an action."""

    action: str


@dataclass(frozen=True, slots=True)
class Allow:
    """A permission of its own, beside that to use the data."""

    action: str
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Special:
    """Written and read by `odrl.py` itself: the period, consequences, a trust's own clauses, what is unexplained."""

    name: str


Form = Limit | Duty | Forbid | Allow | Special
Verdict = str  # same, wider, narrower, changed


@dataclass(frozen=True, slots=True)
class ClauseKind:
    """One kind of clause.

    mood: may, may_not or must: permission, prohibition, duty; `will` for what is done to what is received.
    compare: (old value, new value) → same, wider, narrower or changed, seen from the partner's freedom.
    added: what adding the clause does to that freedom. care: why widening or losing it needs a second look.
    """

    code: str
    labels: Said
    mood: str
    badge: str
    helps: Said
    enforcement: Said
    check: Callable[[Value], Value]
    say: Callable[[Value, str], str]
    form: Form
    compare: Callable[[Value, Value], Verdict]
    fields: tuple[Field, ...] = ()
    required: bool = False
    law: str = ""
    default: Value = field(default_factory=dict)
    added: str = "narrower"
    care: Said = Said("", "")
    voice: str = ""  # "will": what is received, rather than what must be done

    @property
    def label(self) -> str:
        return self.labels.en

    @property
    def help(self) -> str:
        return self.helps.en

    @property
    def enforced_by(self) -> str:
        return self.enforcement.en

    def words(self, value: Value, language: str = "en") -> str:
        """The clause without its subject: “use the data for research”."""
        return self.say(value, language)


# ------------------------------------------------------------------------------------------- checks of values


def codes(clause: str, field: str, given: Any, known: Any, what: str) -> list[str]:
    """A sorted list of known codes. Raises ClauseError."""
    if not isinstance(given, (list, tuple)) or not given:
        raise ClauseError(clause, field, f"Choose at least one {what}.", "Or leave the clause out.")
    unknown = sorted({str(code) for code in given if code not in known})
    if unknown:
        raise ClauseError(
            clause, field, f"{', '.join(unknown)} is not a known {what}.", f"Choose a {what} from the list."
        )
    return sorted(set(given))


def whole(clause: str, field: str, given: Any, low: int, high: int) -> int:
    """A whole number within limits. Raises ClauseError."""
    try:
        number = int(str(given))
    except ValueError:
        number = low - 1
    if isinstance(given, bool) or not low <= number <= high:
        raise ClauseError(
            clause, field, f"{given!r} is not a whole number from {low} to {high}.", "Correct the number."
        )
    return number


def names(clause: str, field: str, given: Any, what: str = "column") -> list[str]:
    """A sorted list of names. Raises ClauseError."""
    if not isinstance(given, (list, tuple)) or not given or not all(isinstance(n, str) and n for n in given):
        raise ClauseError(
            clause, field, f"Name at least one {what}.", f"Tick the {what}s, or leave the clause out."
            if what == "column" else "Write one a line, or leave the clause out.",
        )  # fmt: skip
    return sorted(set(given))


def text(clause: str, field: str, given: Any, low: int, high: int, what: str) -> str:
    """One line of text, squeezed. Raises ClauseError."""
    found = " ".join(str(given or "").split())
    if not low <= len(found) <= high:
        raise ClauseError(clause, field, f"{what}, {low} to {high} characters.", "Or leave the clause out.")
    return found


def day(clause: str, field: str, given: Any) -> str:
    """An ISO day. Raises ClauseError."""
    if isinstance(given, date):
        return given.isoformat()
    try:
        return date.fromisoformat(str(given)).isoformat()
    except ValueError:
        said = f"{given!r} is not a day." if given not in (None, "") else "A day is missing."
        raise ClauseError(clause, field, said, "Write it as 2027-06-30.") from None


def nothing(value: Value) -> Value:
    """For a clause that is there or not."""
    return {}


# ------------------------------------------------------------------------------------- which way is wider


def sets(old: set[str] | frozenset[str], new: set[str] | frozenset[str]) -> Verdict:
    """More to choose from is wider."""
    if old == new:
        return "same"
    return "wider" if old < new else "narrower" if new < old else "changed"


def more_is_wider(key: str) -> Callable[[Value, Value], Verdict]:
    return lambda old, new: "same" if old[key] == new[key] else "wider" if new[key] > old[key] else "narrower"


def more_is_narrower(key: str) -> Callable[[Value, Value], Verdict]:
    return lambda old, new: "same" if old[key] == new[key] else "narrower" if new[key] > old[key] else "wider"


def longer_list_is_wider(key: str) -> Callable[[Value, Value], Verdict]:
    return lambda old, new: sets(set(old[key]), set(new[key]))


def longer_list_is_narrower(key: str) -> Callable[[Value, Value], Verdict]:
    return lambda old, new: sets(set(new[key]), set(old[key]))


def any_change(old: Value, new: Value) -> Verdict:
    return "same" if old == new else "changed"
