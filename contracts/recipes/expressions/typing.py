"""Which type an expression has over columns of known types; what does not fit is said before anything runs.

Whole numbers and decimals stay exact; `/` and a `number` column give a number (64-bit floating point).
Dividing by zero gives missing. A missing operand makes the result missing, but `false and missing` is
false and `true or missing` is true (Kleene).
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.policies.taxonomy import listed
from contracts.recipes.expressions.tree import (
    COMPARES,
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
from contracts.recipes.regex import RegexFault, check_regex

NUMBERS = ("integer", "decimal", "number")
TIMES = ("date", "timestamp")
# name → (types of the arguments, result). `*` any, `n` a number, `same` as the first, a trailing `…` repeats.
FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "lower": (("text",), "text"), "upper": (("text",), "text"), "length": (("text",), "integer"), "abs": (("n",), "first"),
    "round": (("n", "integer?"), "first"), "floor": (("n",), "integer"), "coalesce": (("*", "same…"), "first"), "if": (("boolean", "*", "same"), "second"),
    "year": (("t",), "integer"), "month": (("t",), "integer"), "day": (("t",), "integer"), "contains": (("text", "text"), "boolean"),
    "starts_with": (("text", "text"), "boolean"), "ends_with": (("text", "text"), "boolean"), "matches": (("text", "text"), "boolean"),
    "concat": (("text", "text…"), "text"),
}  # fmt: skip
_LITERAL_TAILS = ("contains", "starts_with", "ends_with", "matches")


def literal_type(node: Literal) -> str:
    if node.kind != "number":
        return node.kind
    if "e" in node.value.lower():
        return "number"
    return "decimal" if "." in node.value or len(node.value.lstrip("-")) > 18 else "integer"


def _meet(a: str, b: str) -> str | None:
    """The type that holds both, if they can be compared or take each other's place."""
    if "missing" in (a, b):
        return b if a == "missing" else a
    if a == b:
        return a
    if a in NUMBERS and b in NUMBERS:
        return "number" if "number" in (a, b) else "decimal"
    return "timestamp" if {a, b} == set(TIMES) else None


def type_of(node: Node, types: Mapping[str, str]) -> str:
    """text, integer, decimal, number, boolean, date, timestamp, or missing. Raises ExpressionFault."""
    match node:
        case Literal():
            return literal_type(node)
        case Column(name):
            if name not in types:
                raise ExpressionFault(
                    f"there is no column {name} at this point.",
                    f"Columns here: {', '.join(list(types)[:20])}.",
                )
            return types[name]
        case Negative(arg):
            return _wanted(arg, types, NUMBERS, "a minus sign")
        case Binary(op, left, right) if op in COMPARES:
            a, b = type_of(left, types), type_of(right, types)
            if _meet(a, b) is None:
                raise ExpressionFault(f"{left.to_text()} is of type {a} and cannot be compared with {right.to_text()}, which is of type {b}.",
                                      "Compare values of one type; text stands in 'quotes'.")  # fmt: skip
            if "boolean" in (a, b) and op not in ("=", "!="):
                raise ExpressionFault("true and false have no order.", "Use = or !=.")
            return "boolean"
        case Binary(op, left, right):
            a, b = _wanted(left, types, NUMBERS, op), _wanted(right, types, NUMBERS, op)
            if op == "/":
                return "number"
            return _meet(a, b) or "number"
        case Logic(_, args):
            for arg in args:
                _wanted(arg, types, ("boolean",), "and, or")
            return "boolean"
        case Not(arg):
            _wanted(arg, types, ("boolean",), "not")
            return "boolean"
        case In(arg, items):
            for item in items:
                type_of(Binary("=", arg, item), types)
            return "boolean"
        case Between(arg, low, high):
            type_of(Binary("<=", low, arg), types)
            type_of(Binary("<=", arg, high), types)
            return "boolean"
        case IsMissing(arg):
            type_of(arg, types)
            return "boolean"
        case Call(name, args):
            return _call(name, args, types)
    raise ExpressionFault("this is no expression.", "")


def _wanted(node: Node, types: Mapping[str, str], kinds: tuple[str, ...], what: str) -> str:
    found = type_of(node, types)
    if found not in (*kinds, "missing"):
        raise ExpressionFault(
            f"{node.to_text()} is of type {found}; {what} needs {listed(kinds, 'or')}.",
            "Use another column, or change its type first.",
        )
    return kinds[0] if found == "missing" else found


def _call(name: str, args: tuple[Node, ...], types: Mapping[str, str]) -> str:
    wanted, result = FUNCTIONS[name]
    least = sum(1 for w in wanted if not w.endswith(("?", "…")))
    most = None if wanted[-1].endswith("…") else len(wanted)
    if len(args) < least or (most is not None and len(args) > most):
        raise ExpressionFault(
            f"{name} takes {least}{' or more' if most is None else '' if most == least else f' to {most}'} values, not {len(args)}.",
            "Correct it.",
        )
    kinds: list[str] = []
    for place, arg in enumerate(args):
        rule = wanted[min(place, len(wanted) - 1)].rstrip("?…")
        if rule == "same":
            first = kinds[-1]
            met = _meet(first, type_of(arg, types))
            if met is None:
                raise ExpressionFault(
                    f"{name}: {arg.to_text()} is of another type than {first}.", "Use values of one type."
                )
            kinds = [met if k == first else k for k in kinds]
            kinds.append(met)
        elif rule == "*":
            kinds.append(type_of(arg, types))
        else:
            allowed = {"n": NUMBERS, "t": TIMES}.get(rule, (rule,))
            kinds.append(_wanted(arg, types, allowed, name))
    if name in _LITERAL_TAILS and not (isinstance(args[1], Literal) and args[1].kind == "text"):
        raise ExpressionFault(f"{name} looks for a fixed text.", "Write it in 'quotes'.")
    if (
        name == "round"
        and len(args) == 2
        and not (isinstance(args[1], Literal) and abs(int(args[1].value)) <= 18)
    ):
        raise ExpressionFault("round takes a fixed number of digits.", "Write it like round(x, 2).")
    if name == "matches" and isinstance(args[1], Literal):
        try:
            check_regex(args[1].value)
        except RegexFault as fault:
            raise ExpressionFault(
                f"matches: {fault}", "Only patterns that never hang are taken (RE2)."
            ) from None
    return {"first": kinds[0], "second": kinds[1] if len(kinds) > 1 else ""}.get(result, result)
