"""Text to tree, by recursive descent; nothing is ever evaluated as code.

or:   and { "or" and }            compare: sum [ op sum | in (…) | between sum and sum | is [not] missing ]
and:  not { "and" not }           sum:     product { + - product }     product: unary { * / % unary }
not:  "not" not | compare         unary:   - unary | value             value: literal | column | f(…) | (or)
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache

from contracts.recipes.expressions.tree import (
    Between,
    Binary,
    Call,
    Column,
    ExpressionFault,
    In,
    IsMissing,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
)
from contracts.recipes.expressions.typing import FUNCTIONS

LONGEST, DEEPEST, MOST = 4_000, 40, 400
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)(?![A-Za-z_0-9.])|(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><=|>=|!=|<>|==|[-+*/%=<>(),]))"""
)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.depth = text, 0
        self.tokens: list[tuple[str, str, int]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                start = at + len(text[at:]) - len(text[at:].lstrip())
                if text[start] in "'\"":
                    raise ExpressionFault("A quote is opened and never closed", "Close it.", start)
                raise ExpressionFault(
                    f"{text[start]!r} means nothing here", "Take it out, or quote the column's name.", start
                )
            kind = str(found.lastgroup)
            self.tokens.append((kind, found.group(kind), found.start(kind)))
            at = found.end()
            if len(self.tokens) > MOST:
                raise ExpressionFault(
                    f"There are more than {MOST} parts", "Make it shorter, or use two steps."
                )
        self.place = 0

    def peek(self, *signs: str) -> bool:
        """Whether the next token is one of these signs or words."""
        if self.place >= len(self.tokens):
            return False
        kind, value, _ = self.tokens[self.place]
        return (kind == "sign" and value in signs) or (kind == "word" and value.lower() in signs)

    def take(self, *signs: str) -> str:
        if self.peek(*signs):
            self.place += 1
            return self.tokens[self.place - 1][1].lower()
        return ""

    def want(self, sign: str) -> None:
        if not self.take(sign):
            raise self.fault(f"“{sign}” is expected")

    def fault(self, text: str) -> ExpressionFault:
        if self.place < len(self.tokens):
            _, value, at = self.tokens[self.place]
            return ExpressionFault(f"{text}, not {value}", "Correct it there.", at)
        return ExpressionFault(f"{text}, and the text ends", "Complete it.", len(self.text))

    def any_of(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionFault(f"Parentheses are nested more than {DEEPEST} deep", "Use two steps.")
        args = [self.all_of()]
        while self.take("or"):
            args.append(self.all_of())
        self.depth -= 1
        return args[0] if len(args) == 1 else Logic("or", tuple(args))

    def all_of(self) -> Node:
        args = [self.negated()]
        while self.take("and"):
            args.append(self.negated())
        return args[0] if len(args) == 1 else Logic("and", tuple(args))

    def negated(self) -> Node:
        count = 0
        while self.take("not"):
            count += 1
        node = self.compared()
        for _ in range(min(count, DEEPEST)):
            node = Not(node)
        return node

    def compared(self) -> Node:
        left = self.summed()
        if op := self.take("=", "==", "!=", "<>", "<", "<=", ">", ">="):
            return Binary({"==": "=", "<>": "!="}.get(op, op), left, self.summed())
        if self.take("in"):
            self.want("(")
            items = [self.summed()]
            while self.take(","):
                items.append(self.summed())
            self.want(")")
            return In(left, tuple(items))
        if self.take("between"):
            low = self.summed()
            self.want("and")
            return Between(left, low, self.summed())
        if self.take("is"):
            negated = bool(self.take("not"))
            self.want("missing")
            return IsMissing(left, negated)
        return left

    def summed(self) -> Node:
        node = self.multiplied()
        while op := self.take("+", "-"):
            node = Binary(op, node, self.multiplied())
        return node

    def multiplied(self) -> Node:
        node = self.signed()
        while op := self.take("*", "/", "%"):
            node = Binary(op, node, self.signed())
        return node

    def signed(self) -> Node:
        count = 0
        while self.take("-"):
            count += 1
        node = self.value()
        for _ in range(min(count, DEEPEST)):
            negative = isinstance(node, Literal) and node.kind == "number" and not node.value.startswith("-")
            node = (
                Literal("number", f"-{node.value}")
                if negative and isinstance(node, Literal)
                else Negative(node)
            )
        return node

    def value(self) -> Node:
        if self.take("("):
            node = self.any_of()
            self.want(")")
            return node
        if self.place >= len(self.tokens):
            raise self.fault("A value is expected")
        kind, value, at = self.tokens[self.place]
        if kind == "sign":
            raise self.fault("A value is expected")
        self.place += 1
        if kind == "number":
            return Literal("number", value)
        if kind == "text":
            return Literal("text", value[1:-1].replace("''", "'"))
        if kind == "quoted":
            return Column(value[1:-1].replace('""', '"'))
        return self.word(value, at)

    def word(self, value: str, at: int) -> Node:
        low = value.lower()
        if low in ("true", "false"):
            return Literal("boolean", low)
        if low == "missing":
            return Literal("missing", low)
        if low in ("date", "timestamp"):
            return self.moment(low, at)
        if self.take("("):
            if low not in FUNCTIONS:
                raise ExpressionFault(
                    f"There is no function {value}", f"Known are {', '.join(sorted(FUNCTIONS))}.", at
                )
            args = [] if self.peek(")") else [self.any_of()]
            while self.take(","):
                args.append(self.any_of())
            self.want(")")
            return Call(low, tuple(args))
        if low in ("and", "or", "not", "in", "between", "is"):
            self.place -= 1
            raise self.fault("A value is expected")
        return Column(value)

    def moment(self, kind: str, at: int) -> Node:
        """A literal like date '2026-01-31'; the bare word is a column of that name."""
        if self.place >= len(self.tokens) or self.tokens[self.place][0] != "text":
            return Column(kind)
        text = self.tokens[self.place][1][1:-1]
        self.place += 1
        try:
            if not re.match(r"\d{4}-\d{2}-\d{2}(\Z|[T ])", text):
                raise ValueError
            shown = (
                date.fromisoformat(text).isoformat()
                if kind == "date"
                else datetime.fromisoformat(text).isoformat()
            )
        except ValueError:
            raise ExpressionFault(f"{text!r} is no {kind}", "Write it like '2026-01-31'.", at) from None
        return Literal(kind, shown)


@lru_cache(maxsize=256)
def parse(text: str) -> Node:
    """The tree. Raises ExpressionFault."""
    if len(text) > LONGEST:
        raise ExpressionFault(
            f"The expression has {len(text)} characters; {LONGEST} is the limit", "Use two steps."
        )
    if not text.strip():
        raise ExpressionFault("The expression is empty", "Write a condition or a calculation.")
    reader = _Reader(text)
    node = reader.any_of()
    if reader.place < len(reader.tokens):
        raise reader.fault("Nothing more is expected")
    return node
