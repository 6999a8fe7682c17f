"""Clauses that are lists: one thing a line in the form, one sentence part in words. Reading inverts showing."""

from __future__ import annotations

import re
from typing import Any

from contracts.policies.clauses.base import ClauseError, Value

# How a condition on rows is written, and said. The steps of recipes read the same words.
COMPARISONS: dict[str, tuple[str, str]] = {
    "eq": ("is", "ist"), "ne": ("is not", "ist nicht"), "lt": ("is less than", "ist kleiner als"),
    "lte": ("is at most", "ist höchstens"), "gt": ("is more than", "ist größer als"),
    "gte": ("is at least", "ist mindestens"), "in": ("is one of", "ist eines von"),
    "not_in": ("is none of", "ist keines von"), "is_missing": ("is missing", "fehlt"),
    "not_missing": ("is not missing", "fehlt nicht"), "contains": ("contains", "enthält"),
}  # fmt: skip
SIGNS = {"eq": "=", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "in": "in", "not_in": "not in",
         "is_missing": "missing", "not_missing": "not missing", "contains": "contains"}  # fmt: skip
BARE = ("is_missing", "not_missing")
MANY = ("in", "not_in")
MOST_LINES = 40


def conditions(given: Any) -> list[Value]:
    """Conditions on rows, checked. Raises ClauseError with the number of the line."""
    clause = "only_rows"
    if not isinstance(given, (list, tuple)) or not 1 <= len(given) <= MOST_LINES:
        raise ClauseError(clause, "conditions", f"Write 1 to {MOST_LINES} conditions, one a line.",
                          "For example: carrier; =; UA")  # fmt: skip
    found = []
    for number, one in enumerate(given, 1):
        column, op = (one.get("column"), one.get("op")) if isinstance(one, dict) else (None, None)
        if not isinstance(column, str) or not column or op not in COMPARISONS:
            raise ClauseError(clause, "conditions", f"Line {number} is not a condition.",
                              "Write: column; sign; value, for example: carrier; =; UA")  # fmt: skip
        value = one.get("value") or []
        value = [str(v).strip() for v in (value if isinstance(value, (list, tuple)) else [value])]
        if op in BARE and value:
            raise ClauseError(clause, "conditions", f"Line {number}: “{SIGNS[op]}” takes no value.", "Leave it out.")  # fmt: skip
        if op not in BARE and (not value or not all(value) or (op not in MANY and len(value) > 1)):
            raise ClauseError(clause, "conditions", f"Line {number} has no value to compare with.",
                              "For example: carrier; =; UA")  # fmt: skip
        found.append({"column": column, "op": op, **({"value": value} if value else {})})
    unique = {repr(one): one for one in found}
    return sorted(unique.values(), key=lambda c: (c["column"], c["op"], c.get("value", [])))


def conditions_in_words(found: list[Value], language: str) -> str:
    at = 1 if language == "de" else 0
    joint = (" und " if at else " and ", " oder " if at else " or ")
    parts = [
        f"{c['column']} {COMPARISONS[c['op']][at]}" + (f" {joint[1].join(c['value'])}" if c.get("value") else "")
        for c in found
    ]  # fmt: skip
    return joint[0].join(parts)


def read_conditions(written: str) -> list[Value]:
    """Lines like `carrier; in; UA, AA`."""
    signs = {sign: op for op, sign in SIGNS.items()}
    found = []
    for line in written.splitlines():
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split(";", 2)]
        op = signs.get(" ".join(parts[1].split()).lower(), "?") if len(parts) > 1 else "?"
        one: Value = {"column": parts[0], "op": op}
        if len(parts) > 2 and parts[2]:
            one["value"] = [v.strip() for v in parts[2].split(",")] if op in MANY else [parts[2]]
        found.append(one)
    return found


def show_conditions(found: list[Value]) -> str:
    return "\n".join(
        f"{c['column']}; {SIGNS.get(c['op'], c['op'])}" + (f"; {', '.join(c['value'])}" if c.get("value") else "")
        for c in found
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------- coarser values

HOWS = {"band": "width", "date": "unit", "prefix": "length", "topcode": "at"}
UNITS = ("day", "month", "year")


def coarser(given: Any) -> list[Value]:
    """Rules that make columns coarser, one a column. Raises ClauseError with the number of the line."""
    clause = "generalise"
    if not isinstance(given, (list, tuple)) or not 1 <= len(given) <= MOST_LINES:
        raise ClauseError(clause, "rules", f"Write 1 to {MOST_LINES} rules, one a line.", "For example: born; year")  # fmt: skip
    found: dict[str, Value] = {}
    for number, one in enumerate(given, 1):
        how = one.get("how") if isinstance(one, dict) else None
        column = one.get("column") if isinstance(one, dict) else None
        if how not in HOWS or not isinstance(column, str) or not column:
            raise ClauseError(clause, "rules", f"Line {number} does not say how to make a column coarser.",
                              "Write: column; year · column; band 10 · column; first 2 · column; at most 90")  # fmt: skip
        if column in found:
            raise ClauseError(clause, "rules", f"Line {number}: {column} has a rule already.", "Keep one of them.")  # fmt: skip
        found[column] = {"column": column, "how": how, HOWS[how]: _argument(number, how, one.get(HOWS[how]))}
    return [found[name] for name in sorted(found)]


def _argument(number: int, how: str, given: Any) -> Any:
    wrong = ClauseError("generalise", "rules", f"Line {number}: {given!r} does not go with “{how}”.",
                        "Write: year, month or day · band 10 · first 2 · at most 90")  # fmt: skip
    if how == "date":
        if given not in UNITS:
            raise wrong
        return given
    if how == "prefix":
        if not str(given).isdigit() or not 1 <= int(given) <= 1000:
            raise wrong
        return int(given)
    said = str(given if given is not None else "").strip()
    if not said or (how == "band" and not _positive(said)):
        raise wrong
    return said


def _positive(said: str) -> bool:
    return bool(re.fullmatch(r"\d{1,15}(\.\d{1,9})?", said)) and bool(re.search("[1-9]", said))


def coarser_in_words(found: list[Value], language: str) -> str:
    german = language == "de"
    units = {"day": "Tag", "month": "Monat", "year": "Jahr"} if german else {u: u for u in UNITS}
    said = []
    for rule in found:
        match rule["how"]:
            case "band":
                how = f"in Stufen von {rule['width']}" if german else f"in bands of {rule['width']}"
            case "date":
                how = f"nur als {units[rule['unit']]}" if german else f"by {rule['unit']} only"
            case "prefix":
                how = (
                    f"nur die ersten {rule['length']} Zeichen"
                    if german
                    else f"by its first {rule['length']} characters"
                )
            case _:
                how = f"höchstens {rule['at']}" if german else f"as {rule['at']} at most"
        said.append(f"{rule['column']} ({how})" if german else f"{rule['column']} {how}")
    return (" und " if german else " and ").join(said)


def read_coarser(written: str) -> list[Value]:
    """Lines like `born; year`, `price; band 10`, `zip; first 2`, `age; at most 90`."""
    found: list[Value] = []
    for line in written.splitlines():
        if not line.strip():
            continue
        column, _, rest = (part.strip() for part in line.partition(";"))
        words = rest.split()
        match words:
            case [unit] if unit in UNITS:
                found.append({"column": column, "how": "date", "unit": unit})
            case ["band", width]:
                found.append({"column": column, "how": "band", "width": width})
            case ["first", length]:
                found.append({"column": column, "how": "prefix", "length": length})
            case ["at", "most", *at]:
                found.append({"column": column, "how": "topcode", "at": " ".join(at)})
            case _:
                found.append({"column": column, "how": rest})
    return found


def show_coarser(found: list[Value]) -> str:
    shown = {"date": "{unit}", "band": "band {width}", "prefix": "first {length}", "topcode": "at most {at}"}
    return "\n".join(f"{r['column']}; {shown[r['how']].format(**r)}" for r in found if r.get("how") in shown)
