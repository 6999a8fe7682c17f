"""The expression language of recipes: what an expression is, its canonical text and its sentence.

`parse(text)` gives a tree of frozen nodes; `tree.to_text()` gives text that parses to the same tree.
`contracts.recipes.expression_types` says what type comes out; `jobs.pipeline.expressions` computes it.
Nothing is ever handed to eval.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from contracts.policies.taxonomy import listed

WORDS = {"=": "is", "!=": "is not", "<": "is less than", "<=": "is at most", ">": "is more than", ">=": "is at least"}  # fmt: skip
RESERVED = ("and", "or", "not", "in", "between", "is", "missing", "true", "false", "date", "timestamp")
# Function → fewest and most arguments, and the sentence.
FUNCTIONS: dict[str, tuple[int, int, str]] = {
    "lower": (1, 1, "{0} in lower case"),
    "upper": (1, 1, "{0} in upper case"),
    "length": (1, 1, "the number of characters of {0}"),
    "abs": (1, 1, "{0} without its sign"),
    "round": (1, 2, "{0} rounded, to whole numbers or to some digits; a half goes to the even digit"),
    "floor": (1, 1, "{0} rounded down"),
    "coalesce": (2, 20, "the first of {all} that is not missing"),
    "if": (3, 3, "{1} if {0}, else {2}"),
    "year": (1, 1, "the year of {0}"),
    "month": (1, 1, "the month of {0}"),
    "day": (1, 1, "the day of {0}"),
    "contains": (2, 2, "{0} contains {1}"),
    "starts_with": (2, 2, "{0} begins with {1}"),
    "ends_with": (2, 2, "{0} ends with {1}"),
    "matches": (2, 2, "{0} matches the pattern {1}"),
    "concat": (2, 20, "{all} put together"),
}


class ExpressionFault(Exception):
    """An expression is not acceptable: what, at which character (from 0), and what to do."""

    def __init__(self, text: str, at: int = 0, remedy: str = "", source: str = "") -> None:
        super().__init__(text)
        self.said, self.at, self.remedy, self.source = text, at, remedy, source

    @property
    def column(self) -> int:
        """The character's number as a person counts, from 1."""
        return self.at + 1

    @property
    def text(self) -> str:
        return f"{self.said} (at character {self.column})"

    def pointed(self, source: str) -> str:
        """Two lines: the part of the source around the place, and a caret under it."""
        start = max(self.at - 60, 0)
        shown = source[start : self.at + 60].replace("\n", " ").replace("\t", " ")
        return f"{shown}\n{' ' * (self.at - start)}^"


@dataclass(frozen=True, slots=True)
class Expression(ABC):
    """A node. `at` is where it began in the text; it plays no part in equality."""

    LEVEL: ClassVar[int] = 9

    @abstractmethod
    def to_text(self) -> str:
        """Text that parses to this tree."""

    @property
    @abstractmethod
    def words(self) -> str:
        """The sentence's part."""

    def parts(self) -> tuple[Expression, ...]:
        """The nodes right below."""
        return ()

    def _in(self, level: int) -> str:
        """The text, in parentheses if it binds less than where it stands."""
        return self.to_text() if level <= self.LEVEL else f"({self.to_text()})"


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """kind: number, text, boolean, date, timestamp, missing. Numbers are their plain decimal text."""

    kind: str
    value: str
    at: int = field(default=0, compare=False)

    def to_text(self) -> str:
        if self.kind in ("number", "boolean", "missing"):
            return self.value
        quoted = "'" + self.value.replace("'", "''") + "'"
        return quoted if self.kind == "text" else f"{self.kind} {quoted}"

    @property
    def words(self) -> str:
        return f"“{self.value}”" if self.kind == "text" else self.value


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A column."""

    name: str
    at: int = field(default=0, compare=False)

    def to_text(self) -> str:
        if re.fullmatch(r"[^\W\d]\w*", self.name) and self.name.lower() not in RESERVED:
            return self.name
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def words(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Negative(Expression):
    LEVEL: ClassVar[int] = 7
    item: Expression
    at: int = field(default=0, compare=False)

    def to_text(self) -> str:
        return f"-{self.item._in(7)}"

    @property
    def words(self) -> str:
        return f"minus {self.item.words}"

    def parts(self) -> tuple[Expression, ...]:
        return (self.item,)


@dataclass(frozen=True, slots=True)
class Arithmetic(Expression):
    """op: + - * / %."""

    op: str
    left: Expression
    right: Expression
    at: int = field(default=0, compare=False)

    @property
    def level(self) -> int:
        return 5 if self.op in "+-" else 6

    def to_text(self) -> str:
        return f"{self.left._in(self.level)} {self.op} {self.right._in(self.level + 1)}"

    def _in(self, level: int) -> str:
        return self.to_text() if level <= self.level else f"({self.to_text()})"

    @property
    def words(self) -> str:
        sign = {"*": "×", "-": "−"}.get(self.op, self.op)
        left, right = ((f"({p.words})" if isinstance(p, Arithmetic) else p.words) for p in self.parts())
        return f"{left} {sign} {right}"

    def parts(self) -> tuple[Expression, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Compare(Expression):
    """op: = != < <= > >=."""

    LEVEL: ClassVar[int] = 4
    op: str
    left: Expression
    right: Expression
    at: int = field(default=0, compare=False)

    def to_text(self) -> str:
        return f"{self.left._in(5)} {self.op} {self.right._in(5)}"

    @property
    def words(self) -> str:
        return f"{self.left.words} {WORDS[self.op]} {self.right.words}"

    def parts(self) -> tuple[Expression, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class In(Expression):
    LEVEL: ClassVar[int] = 4
    item: Expression
    options: tuple[Expression, ...]
    negated: bool = False
    at: int = field(default=0, compare=False)

    def to_text(self) -> str:
        word = "not in" if self.negated else "in"
        return f"{self.item._in(5)} {word} ({', '.join(o._in(1) for o in self.options)})"

    @property
    def words(self) -> str:
        word = "is none of" if self.negated else "is one of"
        return f"{self.item.words} {word} {listed((o.words for o in self.options), 'or')}"

    def parts(self) -> tuple[Expression, ...]:
        return (self.item, *self.options)


@dataclass(frozen=True, slots=True)
class Between(Expression):
    LEVEL: ClassVar[int] = 4
    item: Expression
    low: Expression
    high: Expression
    negated: bool = False
    at: int = field(default=0, compare=False)

    def to_text(self) -> str:
        word = "not between" if self.negated else "between"
        return f"{self.item._in(5)} {word} {self.low._in(5)} and {self.high._in(5)}"

    @property
    def words(self) -> str:
        word = "is not from" if self.negated else "is from"
        return f"{self.item.words} {word} {self.low.words} to {self.high.words}"

    def parts(self) -> tuple[Expression, ...]:
        return (self.item, self.low, self.high)


@dataclass(frozen=True, slots=True)
class IsMissing(Expression):
    LEVEL: ClassVar[int] = 4
    item: Expression
    negated: bool = False
    at: int = field(default=0, compare=False)

    def to_text(self) -> str:
        return f"{self.item._in(5)} is {'not ' if self.negated else ''}missing"

    @property
    def words(self) -> str:
        return f"{self.item.words} is {'not ' if self.negated else ''}missing"

    def parts(self) -> tuple[Expression, ...]:
        return (self.item,)


@dataclass(frozen=True, slots=True)
class Not(Expression):
    LEVEL: ClassVar[int] = 3
    item: Expression
    at: int = field(default=0, compare=False)

    def to_text(self) -> str:
        return f"not {self.item._in(3)}"

    @property
    def words(self) -> str:
        return f"not ({self.item.words})"

    def parts(self) -> tuple[Expression, ...]:
        return (self.item,)


@dataclass(frozen=True, slots=True)
class Logic(Expression):
    """op: and, or; two or more items."""

    op: str
    items: tuple[Expression, ...]
    at: int = field(default=0, compare=False)

    @property
    def level(self) -> int:
        return 1 if self.op == "or" else 2

    def to_text(self) -> str:
        return f" {self.op} ".join(item._in(self.level + 1) for item in self.items)

    def _in(self, level: int) -> str:
        return self.to_text() if level <= self.level else f"({self.to_text()})"

    @property
    def words(self) -> str:
        return f" {self.op} ".join(f"({i.words})" if isinstance(i, Logic) else i.words for i in self.items)

    def parts(self) -> tuple[Expression, ...]:
        return self.items


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function of `FUNCTIONS`."""

    name: str
    items: tuple[Expression, ...]
    at: int = field(default=0, compare=False)

    def to_text(self) -> str:
        return f"{self.name}({', '.join(item._in(1) for item in self.items)})"

    @property
    def words(self) -> str:
        said = [item.words for item in self.items]
        text = FUNCTIONS[self.name][2].replace("{all}", "{" + str(len(said)) + "}")
        if self.name == "round":
            text = "{0} rounded to {1} digits" if len(said) == 2 else "{0} rounded"
        return text.format(*said, listed(said))

    def parts(self) -> tuple[Expression, ...]:
        return self.items


def walk(tree: Expression) -> Iterator[Expression]:
    """The node and every node below it."""
    yield tree
    for part in tree.parts():
        yield from walk(part)


def columns_of(tree: Expression) -> list[str]:
    """The columns that an expression reads, each once, in the order of the text."""
    return list(dict.fromkeys(node.name for node in walk(tree) if isinstance(node, Name)))
