"""What type an expression gives on some columns, judged before anything runs.

Integer and decimal arithmetic stays exact; a number in it makes a number; `/` always gives a number.
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.recipes.expressions import (
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
from contracts.recipes.schema import NUMERIC, example

MISSING = "missing"
RANK = {"integer": 0, "decimal": 1, "number": 2}


def fault(node: Expression, text: str, remedy: str) -> ExpressionFault:
    return ExpressionFault(text, getattr(node, "at", 0), remedy)


def type_of(tree: Expression, types: Mapping[str, str]) -> str:
    """The portal's type word, or "missing" for an expression that is always missing.

    Raises ExpressionFault with the place of the first part that does not fit.
    """
    return _Judge(types).type(tree)


class _Judge:
    def __init__(self, types: Mapping[str, str]) -> None:
        self.types = types

    def type(self, node: Expression) -> str:
        match node:
            case Literal():
                if node.kind != "number":
                    return node.kind
                whole = "." not in node.value and int(node.value) < 2**63
                return "integer" if whole else "decimal"
            case Name():
                if node.name not in self.types:
                    there = ", ".join(list(self.types)[:20]) or "none"
                    raise fault(node, f"There is no column {node.name} at this point", f"Columns here: {there}. "
                                "Text stands in single quotes.")  # fmt: skip
                return self.types[node.name]
            case Negative():
                return self.numeric(node.item, "a minus")
            case Arithmetic():
                return self.arithmetic(node)
            case Compare():
                self.together(node, [node.left, node.right])
            case In():
                self.together(node, [node.item, *node.options])
            case Between():
                self.together(node, [node.item, node.low, node.high])
            case IsMissing():
                self.type(node.item)
            case Not():
                self.true_or_false(node.item)
            case Logic():
                for item in node.items:
                    self.true_or_false(item)
            case Call():
                return self.call(node)
        return "boolean"

    def true_or_false(self, node: Expression) -> None:
        if self.type(node) not in ("boolean", MISSING):
            raise fault(node, f"This is {self.type(node)}, not true or false", "Compare it with something.")

    def numeric(self, node: Expression, where: str) -> str:
        kind = self.type(node)
        if kind not in (*NUMERIC, MISSING):
            raise fault(node, f"This is {kind}; {where} needs numbers", "Change its type in a step before.")
        return kind

    def arithmetic(self, node: Arithmetic) -> str:
        left, right = (self.numeric(part, f"“{node.op}”") for part in node.parts())
        if MISSING in (left, right):
            return MISSING
        if node.op == "/":
            return "number"
        kind = max(left, right, key=RANK.__getitem__)
        if node.op == "%" and kind == "decimal":
            raise fault(node, "“%” is for integers and numbers, not decimals", "Change the type before.")
        return kind

    def together(self, node: Expression, parts: list[Expression]) -> str:
        """The one type of parts that are compared or chosen from."""
        kinds = [self.type(part) for part in parts]
        found = {k for k in kinds if k != MISSING}
        if found <= set(NUMERIC):
            return max(found, key=RANK.__getitem__) if found else MISSING
        if found <= {"date", "timestamp"}:
            return "timestamp" if "timestamp" in found else "date"
        if len(found) == 1:
            return found.pop()
        first = kinds[0] if kinds[0] != MISSING else next(k for k in kinds if k != MISSING)
        at = next(
            p for p, k in zip(parts, kinds, strict=True)
            if k not in (MISSING, first) and not {k, first} <= set(NUMERIC) and not {k, first} <= {"date", "timestamp"}
        )  # fmt: skip
        other = self.type(at)
        wanted = {"date": "date '2026-01-31'", "timestamp": "timestamp '2026-01-31 08:30'", "text": "'text'"}
        raise fault(at, f"{first} and {other} cannot stand together",
                    f"Write it like {wanted.get(first, example(first))}, or change the type before.")  # fmt: skip

    def call(self, node: Call) -> str:
        items = node.items
        match node.name:
            case "abs" | "round" | "floor":
                return self.numeric(items[0], node.name)
            case "coalesce":
                return self.together(node, list(items))
            case "if":
                self.true_or_false(items[0])
                return self.together(node, list(items[1:]))
            case "year" | "month" | "day":
                kind = self.type(items[0])
                if kind not in ("date", "timestamp", MISSING):
                    raise fault(
                        items[0], f"This is {kind}; {node.name} needs a date", "Parse it as a date before."
                    )
                return "integer"
        for item in items:
            if self.type(item) not in ("text", MISSING):
                raise fault(
                    item, f"This is {self.type(item)}; {node.name} needs text", "Change its type before."
                )
        if node.name == "length":
            return "integer"
        return "text" if node.name in ("lower", "upper", "concat") else "boolean"
