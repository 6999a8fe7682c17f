"""Each kind of parameter value brought to one normal form, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from contracts.recipes.regex import RegexFault, check_regex
from contracts.recipes.steps.faults import StepFault
from contracts.recipes.steps.literals import fits

MOST, LONGEST = 5_000, 10_000
RULES = ("not_null", "unique", "range", "pattern", "set", "length")
MEASURES = ("count", "distinct", "sum", "mean", "min", "max", "median")


def _names(name: str, where: str, value: Any) -> list[str]:
    items = value if isinstance(value, list) else [v.strip() for v in str(value).split(",")]
    if not all(isinstance(n, str) and n for n in items) or len(items) > MOST:
        raise StepFault(name, f"{where} must be column names.", "Separate them by commas.")
    return list(dict.fromkeys(items))


def _integer(name: str, where: str, value: Any) -> int:
    text = str(value).strip()
    if (
        isinstance(value, bool)
        or not text.removeprefix("-").isascii()
        or not text.removeprefix("-").isdigit()
        or len(text) > 18
    ):
        raise StepFault(name, f"{where}: {value!r} is not a whole number.", "Correct it.")
    return int(text)


def number_text(name: str, where: str, value: Any) -> str:
    """A finite number as the text it was written in."""
    text = str(value).strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or len(text) > 60 or "_" in text:
        raise StepFault(name, f"{where}: {value!r} is not a number.", "Write it like 12.5.")
    return text


def _boolean(name: str, where: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).strip().lower() not in known:
        raise StepFault(name, f"{where}: {value!r} is neither yes nor no.", "Write yes or no.")
    return known[str(value).strip().lower()]


def _mapping(name: str, where: str, value: Any) -> dict[str, str]:
    fine = isinstance(value, dict) and all(
        isinstance(k, str) and isinstance(v, str) for k, v in value.items()
    )
    if not fine or len(value) > MOST:
        raise StepFault(name, f"{where} must pair old and new.", "For example old=new.")
    return dict(sorted(value.items()))


def _list(name: str, where: str, value: Any) -> list[str]:
    items = value if isinstance(value, list) else [v.strip() for v in str(value).split(",")]
    if any(isinstance(item, (list, dict)) for item in items) or len(items) > MOST:
        raise StepFault(name, f"{where} must be a list of values.", "Separate them by commas.")
    return [str(item) for item in items]


def _expression(name: str, where: str, value: Any) -> str:
    from contracts.recipes.expressions import ExpressionFault, parse

    try:
        return parse(str(value)).to_text()
    except ExpressionFault as fault:
        raise StepFault(name, f"{where}: {fault.text}", fault.remedy) from None


def _regex(name: str, where: str, value: Any) -> str:
    try:
        return check_regex(str(value))
    except RegexFault as fault:
        raise StepFault(name, f"{where}: {fault}", "Only patterns that never hang are taken (RE2).") from None


def _end(name: str, where: str, value: Any) -> str:
    """A number, or a date or time, as the text it was written in; the shape knows which it must be."""
    text = str(value).strip()
    return text if fits(text, "date") or fits(text, "timestamp") else number_text(name, where, value)


def _rules(name: str, where: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value) or len(value) > 200:
        raise StepFault(
            name,
            f"{where} must be a list of rules.",
            'For example [{"column": "seats", "rule": "range", "min": "1"}].',
        )
    found = []
    for number, item in enumerate(value, start=1):
        spot, kind = f"{where}, rule {number}", item.get("rule")
        extra = sorted(set(item) - {"column", "rule", "min", "max", "pattern", "values"})
        if extra:
            raise StepFault(name, f"{spot} has no {extra[0]!r}.", "Take it out.")
        if kind not in RULES or not isinstance(item.get("column"), str) or not item["column"]:
            raise StepFault(name, f"{spot}: name a column and one of {', '.join(RULES)}.", "Correct it.")
        rule: dict[str, Any] = {"column": item["column"], "rule": kind}
        if kind in ("range", "length"):
            read = number_text if kind == "length" else _end
            ends = {k: read(name, spot, item[k]) for k in ("min", "max") if item.get(k) not in (None, "")}
            if not ends:
                raise StepFault(name, f"{spot}: give a smallest or a largest value.", "Fill in min or max.")
            rule |= ends
        elif kind == "pattern":
            rule["pattern"] = _regex(name, spot, item.get("pattern") or "")
        elif kind == "set":
            rule["values"] = _list(name, spot, item.get("values") or [])
            if not rule["values"]:
                raise StepFault(name, f"{spot}: name the values that are allowed.", "Fill in values.")
        found.append(rule)
    return found


def _measures(name: str, where: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value) or len(value) > 200:
        raise StepFault(
            name,
            f"{where} must be a list of measures.",
            'For example [{"how": "mean", "column": "seats", "as": "mean_seats"}].',
        )
    found = []
    for number, item in enumerate(value, start=1):
        spot, how = f"{where}, measure {number}", item.get("how")
        if set(item) - {"column", "how", "as"} or how not in MEASURES:
            raise StepFault(name, f"{spot}: give how ({', '.join(MEASURES)}), column and as.", "Correct it.")
        if how != "count" and not item.get("column"):
            raise StepFault(name, f"{spot}: {how} needs a column.", "Name it.")
        column = str(item["column"]) if item.get("column") else ""
        called = str(item.get("as") or (f"{how}_{column}" if column else "rows"))
        found.append({"how": str(how), "as": called} | ({"column": column} if column else {}))
    return found


def _choice(name: str, where: str, value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise StepFault(name, f"{where}: choose one of {', '.join(choices)}.", "")
    return str(value)


def _text(name: str, where: str, value: Any) -> str:
    if isinstance(value, (list, dict)) or len(str(value)) > LONGEST:
        raise StepFault(name, f"{where} must be a text of at most {LONGEST} characters.", "Shorten it.")
    return str(value)


_KINDS: dict[str, Callable[[str, str, Any], Any]] = {
    "columns": _names, "order": _names, "integer": _integer, "number": number_text, "boolean": _boolean, "mapping": _mapping,
    "list": _list, "expression": _expression, "regex": _regex, "rules": _rules, "measures": _measures,
}  # fmt: skip


def checked(kind: str, name: str, where: str, value: Any, choices: tuple[str, ...] = ()) -> Any:
    """The value in its normal form. Raises StepFault with the parameter's name."""
    if kind == "choice":
        return _choice(name, where, value, choices)
    if kind == "list" and choices:
        return [_choice(name, where, item, choices) for item in _list(name, where, value)]
    read: Callable[[str, str, Any], Any] = _KINDS.get(kind, _text)
    return read(name, where, value)
