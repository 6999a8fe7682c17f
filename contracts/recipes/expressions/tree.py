"""An expression as a tree: what it says as text, in words, and which columns it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.policies.taxonomy import listed

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
RESERVED = frozenset(
    ["and", "or", "not", "in", "between", "is", "missing", "true", "false", "date", "timestamp"]
)


class ExpressionFault(Exception):
    """The text is no expression: what is wrong, at which character (from 0), and what to do."""

    def __init__(self, text: str, remedy: str = "", at: int | None = None) -> None:
        super().__init__(text)
        self.text = text if at is None else f"{text[:1].lower()}{text[1:]} (character {at + 1})"
        self.remedy, self.at = remedy, at


@dataclass(frozen=True, slots=True)
class Node:
    def to_text(self) -> str:
        raise NotImplementedError

    @property
    def words(self) -> str:
        raise NotImplementedError

    def parts(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """kind: number, text, boolean, missing, date, timestamp. A number keeps the digits it was written with."""

    kind: str
    value: str

    def to_text(self) -> str:
        quoted = "'" + self.value.replace("'", "''") + "'"
        return {"text": quoted, "date": f"date {quoted}", "timestamp": f"timestamp {quoted}"}.get(
            self.kind, self.value
        )

    @property
    def words(self) -> str:
        return f"“{self.value}”" if self.kind == "text" else self.value


@dataclass(frozen=True, slots=True)
class Column(Node):
    name: str

    def to_text(self) -> str:
        if PLAIN.match(self.name) and self.name.lower() not in RESERVED:
            return self.name
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def words(self) -> str:
        return self.name


def _inner(node: Node) -> str:
    return (
        f"({node.to_text()})"
        if isinstance(node, (Binary, Logic, Not, In, Between, IsMissing, Negative))
        else node.to_text()
    )


def _said(node: Node) -> str:
    return f"({node.words})" if isinstance(node, (Binary, Logic)) else node.words


@dataclass(frozen=True, slots=True)
class Negative(Node):
    arg: Node

    def to_text(self) -> str:
        return f"-{_inner(self.arg)}"

    @property
    def words(self) -> str:
        return f"minus {_said(self.arg)}"

    def parts(self) -> tuple[Node, ...]:
        return (self.arg,)


_SAID = {
    "+": "plus", "-": "minus", "*": "times", "/": "divided by", "%": "modulo", "=": "is", "!=": "is not", "<": "is less than",
    "<=": "is at most", ">": "is more than", ">=": "is at least",
}  # fmt: skip
COMPARES = ("=", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic or a comparison."""

    op: str
    left: Node
    right: Node

    def to_text(self) -> str:
        return f"{_inner(self.left)} {self.op} {_inner(self.right)}"

    @property
    def words(self) -> str:
        return f"{_said(self.left)} {_SAID[self.op]} {_said(self.right)}"

    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Logic(Node):
    op: str
    args: tuple[Node, ...]

    def to_text(self) -> str:
        return f" {self.op} ".join(_inner(arg) for arg in self.args)

    @property
    def words(self) -> str:
        inner = [f"({a.words})" if isinstance(a, Logic) else a.words for a in self.args]
        return f" {self.op} ".join(inner)

    def parts(self) -> tuple[Node, ...]:
        return self.args


@dataclass(frozen=True, slots=True)
class Not(Node):
    arg: Node

    def to_text(self) -> str:
        return f"not {_inner(self.arg)}"

    @property
    def words(self) -> str:
        return f"not ({self.arg.words})"

    def parts(self) -> tuple[Node, ...]:
        return (self.arg,)


@dataclass(frozen=True, slots=True)
class In(Node):
    arg: Node
    items: tuple[Node, ...]

    def to_text(self) -> str:
        return f"{_inner(self.arg)} in ({', '.join(item.to_text() for item in self.items)})"

    @property
    def words(self) -> str:
        return f"{_said(self.arg)} is one of {listed([i.words for i in self.items], 'or')}"

    def parts(self) -> tuple[Node, ...]:
        return (self.arg, *self.items)


@dataclass(frozen=True, slots=True)
class Between(Node):
    arg: Node
    low: Node
    high: Node

    def to_text(self) -> str:
        return f"{_inner(self.arg)} between {_inner(self.low)} and {_inner(self.high)}"

    @property
    def words(self) -> str:
        return f"{_said(self.arg)} is from {_said(self.low)} to {_said(self.high)}"

    def parts(self) -> tuple[Node, ...]:
        return (self.arg, self.low, self.high)


@dataclass(frozen=True, slots=True)
class IsMissing(Node):
    arg: Node
    negated: bool = False

    def to_text(self) -> str:
        return f"{_inner(self.arg)} is {'not ' if self.negated else ''}missing"

    @property
    def words(self) -> str:
        return f"{_said(self.arg)} is {'not ' if self.negated else ''}missing"

    def parts(self) -> tuple[Node, ...]:
        return (self.arg,)


@dataclass(frozen=True, slots=True)
class Call(Node):
    name: str
    args: tuple[Node, ...]

    def to_text(self) -> str:
        return f"{self.name}({', '.join(arg.to_text() for arg in self.args)})"

    @property
    def words(self) -> str:
        said = [arg.words for arg in self.args]
        if self.name == "if":
            return f"(if {said[0]} then {said[1]} else {said[2]})"
        return (
            f"{self.name.replace('_', ' ')} of {listed(said)}"
            if len(said) == 1
            else f"{self.name}({', '.join(said)})"
        )

    def parts(self) -> tuple[Node, ...]:
        return self.args


def walk(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts():
        yield from walk(part)


def columns_of(node: Node) -> set[str]:
    """The columns that the expression reads."""
    return {found.name for found in walk(node) if isinstance(found, Column)}
