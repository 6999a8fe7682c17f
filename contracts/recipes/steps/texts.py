"""A parameter's value as one line of text and back, by the parameter's kind."""

from __future__ import annotations

import json
from typing import Any

from contracts.recipes.one_line import Line, read_list, read_pairs, show_list, show_pairs, word
from contracts.recipes.schema import decimal_of


def read(kind: str, text: str) -> Any:
    """The value that one line says. Raises ValueError with what was expected."""
    match kind:
        case "columns" | "list" | "order":
            return read_list(text)
        case "mapping":
            return read_pairs(text)
        case "rules":
            return _read_rules(text)
        case "measures":
            return _read_measures(text)
        case "integer":
            found = decimal_of(text)
            return int(found) if found is not None and found == found.to_integral_value() else text.strip()
        case "boolean":
            return {"yes": True, "true": True, "no": False, "false": False}.get(text.strip().lower(), text)
        case "number" | "choice" | "input":
            return text.strip()
    return text


def show(kind: str, value: Any) -> str:
    """The line; `read` gives the value back."""
    match kind:
        case "columns" | "list" | "order":
            return show_list(value)
        case "mapping":
            return show_pairs(value)
        case "rules":
            return "; ".join(_show_rule(item) for item in value)
        case "measures":
            return ", ".join(
                f"{m['how']}({word(m['column']) if m.get('column') else ''}) as {word(m['as'])}"
                for m in value
            )
        case "boolean":
            return "yes" if value else "no"
    return str(value)


def _show_rule(item: dict[str, Any]) -> str:
    parts = [f"{word(item['column'])}: {item['rule']}"]
    parts += [f"{name}={_spaceless(item[name])}" for name in ("min", "max", "pattern") if name in item]
    if "values" in item:
        parts.append(f"({show_list(item['values'])})")
    return " ".join(parts)


def _spaceless(text: str) -> str:
    """A value between spaces: quoted if it has one itself."""
    return json.dumps(text, ensure_ascii=False) if any(c.isspace() for c in text) else word(text)


def _read_rules(text: str) -> list[dict[str, Any]]:
    """`dep_delay: range min=-60 max=900; carrier: set (UA, AA); tailnum: pattern pattern="N.*"`."""
    line, found = Line(text), []
    while not line.ended:
        if line.take(";"):
            continue
        item: dict[str, Any] = {"column": line.word(":;")}
        line.need(":")
        item["rule"] = line.word(" ;(").strip()
        while not line.ended and not line.next_is(";"):
            if line.take("("):
                values = []
                while not line.take(")"):
                    if line.ended:
                        raise ValueError("a “(” has no “)”")
                    values.append(line.word(",)"))
                    line.take(",")
                item["values"] = values
                continue
            name = line.word("=; ")
            line.need("=")
            item[name] = line.word(" ;")
        found.append(item)
    return found


def _read_measures(text: str) -> list[dict[str, Any]]:
    """`mean(dep_delay) as mean_delay, count() as rows`."""
    line, found = Line(text), []
    while not line.ended:
        if line.take(","):
            continue
        item: dict[str, Any] = {"how": line.word("(, ").lower()}
        line.need("(")
        column = line.word(")")
        line.need(")")
        line.need("as ")
        item |= {"column": column} if column else {}
        item["as"] = line.word(",")
        found.append(item)
        if not line.ended:
            line.need(",")
    return found
