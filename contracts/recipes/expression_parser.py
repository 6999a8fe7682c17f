"""Text to expression: a tokeniser and a recursive-descent parser with limits.

or       = and {"or" and}
and      = not {"and" not}
not      = "not" not | relation
relation = sum [ ("=" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" "(" or {"," or} ")"
               | ["not"] "between" sum "and" sum | "is" ["not"] "missing" ]
sum      = product {("+" | "-") product}
product  = sign {("*" | "/" | "%") sign}
sign     = "-" sign | primary
primary  = number | 'text' | true | false | missing | date 'text' | timestamp 'text' | column | "column"
         | function "(" or {"," or} ")" | "(" or ")"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from contracts.recipes.expressions import (
    FUNCTIONS,
    Arithmetic,
    Between,
    Call,
    Compare,
    Expression,
    ExpressionFault,
    In,
    IsMissing,
    Literal,
    Logic,
    Name,
    Negative,
    Not,
)
from contracts.recipes.patterns import PatternFault, check_pattern
from contracts.recipes.schema import fits

LONGEST, DEEPEST, MOST = 4_000, 40, 600
TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?(?![\w.]))|(?P<word>[^\W\d]\w*)|'(?P<text>(?:[^']|'')*)'"""
    r"""|"(?P<quoted>(?:[^"]|"")*)"|(?P<mark><=|>=|!=|<>|==|[-+*/%=<>(),]))""",
)
KEYWORDS = ("and", "or", "not", "in", "between", "is", "missing", "true", "false")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    value: str
    at: int


def tokens(text: str) -> list[Token]:
    """The tokens of a text and an end mark. Raises ExpressionFault."""
    if len(text) > LONGEST:
        raise ExpressionFault(f"The expression has {len(text)} characters; at most {LONGEST}.", LONGEST,
                              "Make it in two steps.")  # fmt: skip
    for at, letter in enumerate(text):
        if 0xD800 <= ord(letter) <= 0xDFFF or letter == "\x00":
            raise ExpressionFault("This character is broken", at, "Take it out.")
    found, at = [], 0
    while rest := text[at:].lstrip():
        begin = len(text) - len(rest)
        match = TOKEN.match(text, begin)
        if match is None:
            raise _strange(rest, begin)
        kind = str(match.lastgroup)
        value = match.group(kind)
        if kind == "text":
            value = value.replace("''", "'")
        elif kind == "quoted":
            value = value.replace('""', '"')
        elif kind == "word" and value.lower() in KEYWORDS:
            kind, value = "keyword", value.lower()
        elif kind == "mark":
            value = {"<>": "!=", "==": "="}.get(value, value)
        elif kind == "number":
            value = _number(value, begin)
        found.append(Token(kind, value, begin))
        at = match.end()
    return [*found, Token("end", "", len(text.rstrip()))]


def _strange(rest: str, at: int) -> ExpressionFault:
    if rest[0] in "'\"":
        return ExpressionFault(f"The quote {rest[0]} never closes", at, "Close it; write it twice inside.")
    if rest[0].isdigit():
        return ExpressionFault(
            "This is not a number", at, "Write it like 12.5; quote a column that begins so."
        )
    return ExpressionFault(
        f"{rest[0]!r} has no meaning here", at, "Quote column names with “\"”, text with “'”."
    )


def _number(text: str, at: int) -> str:
    if not text.isascii():
        raise ExpressionFault("Digits other than 0 to 9 are no number", at, "Write it like 12.5.")
    plain = format(Decimal(text), "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    plain = plain.lstrip("0") or "0"
    plain = "0" + plain if plain.startswith(".") else plain
    if len(plain.replace(".", "")) > 38:
        raise ExpressionFault("The number has more than 38 digits", at, "Write a shorter one.")
    return plain


class Parser:
    """One text. `whole` gives its tree."""

    def __init__(self, text: str) -> None:
        self.tokens, self.place, self.level, self.nodes = tokens(text), 0, 0, 0
        self.depths: dict[int, int] = {}

    @property
    def now(self) -> Token:
        return self.tokens[self.place]

    def _ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.place + count, len(self.tokens) - 1)]

    def _take(self, kind: str, *values: str) -> Token | None:
        token = self.now
        if token.kind == kind and (not values or token.value in values):
            self.place += 1
            return token
        return None

    def _need(self, kind: str, value: str, why: str) -> Token:
        found = self._take(kind, value)
        if found is None:
            raise ExpressionFault(f"{value!r} is expected {why}", self.now.at, f"Put {value!r} there.")
        return found

    def _made(self, node: Expression) -> Expression:
        """The node, once it is known that the tree is not too deep or too large."""
        self.nodes += 1
        depth = 1 + max((self.depths[id(part)] for part in node.parts()), default=0)
        if depth > DEEPEST or self.nodes > MOST:
            raise ExpressionFault(
                "The expression is too large", getattr(node, "at", 0), "Make it in two steps."
            )
        self.depths[id(node)] = depth
        return node

    def whole(self) -> Expression:
        if self.now.kind == "end":
            raise ExpressionFault("The expression is empty", 0, "Write for example dep_delay > 60.")
        found = self._or()
        if self.now.kind != "end":
            raise ExpressionFault(f"{self.now.value!r} is not expected here", self.now.at,
                                  "Put “and”, “or” or an operator before it, or take it out.")  # fmt: skip
        return found

    def _or(self) -> Expression:
        self.level += 1
        if self.level > DEEPEST:
            raise ExpressionFault(
                "The parentheses are nested too deeply", self.now.at, "Make it in two steps."
            )
        found = self._chain("or")
        self.level -= 1
        return found

    def _chain(self, word: str) -> Expression:
        at = self.now.at
        items = [self._below(word)]
        while self._take("keyword", word):
            items.append(self._below(word))
        return items[0] if len(items) == 1 else self._made(Logic(word, tuple(items), at))

    def _below(self, word: str) -> Expression:
        return self._chain("and") if word == "or" else self._not()

    def _not(self) -> Expression:
        marks = []
        while token := self._take("keyword", "not"):
            marks.append(token.at)
            if len(marks) > DEEPEST:
                raise ExpressionFault("Too many “not”", token.at, "Take them out.")
        found = self._relation()
        for at in reversed(marks):
            found = self._made(Not(found, at))
        return found

    def _relation(self) -> Expression:
        at, left = self.now.at, self._sum()
        if mark := self._take("mark", "=", "!=", "<", "<=", ">", ">="):
            found = self._made(Compare(mark.value, left, self._sum(), at))
        else:
            found = self._word_relation(left, at)
        if self.now.kind == "mark" and self.now.value in ("=", "!=", "<", "<=", ">", ">="):
            raise ExpressionFault("Comparisons cannot follow each other", self.now.at, "Join them by “and”.")
        return found

    def _word_relation(self, left: Expression, at: int) -> Expression:
        negated = self.now.value == "not" and self._ahead().value in ("in", "between")
        if negated:
            self.place += 1
        if self._take("keyword", "in"):
            return self._made(In(left, self._arguments("after “in”"), negated, at))
        if self._take("keyword", "between"):
            low = self._sum()
            self._need("keyword", "and", "after the lower bound of “between”")
            return self._made(Between(left, low, self._sum(), negated, at))
        if self._take("keyword", "is"):
            negated = self._take("keyword", "not") is not None
            self._need("keyword", "missing", "after “is”")
            return self._made(IsMissing(left, negated, at))
        return left

    def _arguments(self, where: str) -> tuple[Expression, ...]:
        self._need("mark", "(", where)
        found = [self._or()]
        while self._take("mark", ","):
            found.append(self._or())
        self._need("mark", ")", "to close the list")
        return tuple(found)

    def _sum(self) -> Expression:
        at, found = self.now.at, self._product()
        while mark := self._take("mark", "+", "-"):
            found = self._made(Arithmetic(mark.value, found, self._product(), at))
        return found

    def _product(self) -> Expression:
        at, found = self.now.at, self._sign()
        while mark := self._take("mark", "*", "/", "%"):
            found = self._made(Arithmetic(mark.value, found, self._sign(), at))
        return found

    def _sign(self) -> Expression:
        marks = []
        while token := self._take("mark", "-"):
            marks.append(token.at)
            if len(marks) > DEEPEST:
                raise ExpressionFault("Too many “-”", token.at, "Take them out.")
        found = self._primary()
        for at in reversed(marks):
            found = self._made(Negative(found, at))
        return found

    def _primary(self) -> Expression:
        token = self.now
        self.place += token.kind != "end"
        if token.kind in ("number", "text"):
            return self._made(Literal(token.kind, token.value, token.at))
        if token.kind == "keyword" and token.value in ("true", "false", "missing"):
            kind = "missing" if token.value == "missing" else "boolean"
            return self._made(Literal(kind, token.value, token.at))
        if token.kind == "word":
            return self._word(token)
        if token.kind == "quoted" and token.value:
            return self._made(Name(token.value, token.at))
        if token.kind == "mark" and token.value == "(":
            found = self._or()
            self._need("mark", ")", "to close the parenthesis")
            return found
        if token.kind == "end":
            raise ExpressionFault("The expression ends too early", token.at, "Write a value or a column.")
        raise ExpressionFault(f"A value or a column is expected, not {token.value!r}", token.at,
                              "Quote a column of that name with double quotes.")  # fmt: skip

    def _word(self, token: Token) -> Expression:
        kind = token.value.lower()
        if kind in ("date", "timestamp") and self.now.kind == "text":
            said = self.now
            self.place += 1
            if not fits(said.value, kind) or said.value != said.value.strip():
                raise ExpressionFault(f"{said.value!r} is no {kind}", said.at, "Write it like 2026-01-31.")
            return self._made(Literal(kind, said.value, token.at))
        if self.now.kind != "mark" or self.now.value != "(":
            return self._made(Name(token.value, token.at))
        if kind == "is_missing":
            items = self._arguments("after “is_missing”")
            if len(items) != 1:
                raise ExpressionFault("is_missing takes one value", token.at, "Write a is missing.")
            return self._made(IsMissing(items[0], False, token.at))
        if kind not in FUNCTIONS:
            raise ExpressionFault(f"There is no function {token.value!r}", token.at,
                                  f"There are {', '.join(FUNCTIONS)}.")  # fmt: skip
        return self._call(kind, self._arguments(f"after “{kind}”"), token.at)

    def _call(self, name: str, items: tuple[Expression, ...], at: int) -> Expression:
        least, most, _ = FUNCTIONS[name]
        if not least <= len(items) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise ExpressionFault(f"{name} takes {wanted} values, not {len(items)}", at, "Correct it.")
        if name in ("contains", "starts_with", "ends_with", "matches"):
            part = items[1]
            if not isinstance(part, Literal) or part.kind != "text":
                raise ExpressionFault(f"{name} needs a 'text' as its second value", at, "Write it in quotes.")
            if name == "matches":
                try:
                    check_pattern(part.value)
                except PatternFault as fault:
                    raise ExpressionFault(fault.text, part.at, fault.remedy) from fault
        if name == "round" and len(items) == 2:
            digits = items[1]
            plain = isinstance(digits, Literal) and digits.kind == "number" and digits.value.isdigit()
            if not plain or int(digits.to_text()) > 15:
                raise ExpressionFault("round needs a whole number of digits up to 15", at, "For example 2.")
        return self._made(Call(name, items, at))


def parse(text: str) -> Expression:
    """The tree of a text. Raises ExpressionFault with the place; never another exception."""
    return Parser(text).whole()
