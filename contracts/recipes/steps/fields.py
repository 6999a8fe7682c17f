"""Parameters by their kind: one checked form, and the columns they name."""

from __future__ import annotations

from typing import Any

from contracts.recipes.expression_parser import parse
from contracts.recipes.expressions import ExpressionFault, columns_of
from contracts.recipes.one_line import read_list
from contracts.recipes.schema import decimal_of
from contracts.recipes.steps.param import Param, StepFault

HOWS = ("count", "distinct", "sum", "mean", "min", "max", "median")
RULES = ("not_null", "unique", "range", "pattern", "set", "length")
LONGEST, MOST_ITEMS = 10_000, 5_000


def plain_number(value: str) -> str | None:
    """A finite number in its one plain form: `1.50` and `15e-1` are `1.5`."""
    number = decimal_of(value)
    if number is None or (number and abs(number.adjusted()) > 60):
        return None
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _text(param: Param, value: Any, where: str) -> str:
    if isinstance(value, (dict, list)):
        raise StepFault(param.name, f"{where} must be text.", "Write one value.")
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StepFault(param.name, f"{where} holds a broken character.", "Write it again.") from None
    if "\x00" in text or len(text) > LONGEST:
        raise StepFault(param.name, f"{where} is too long or holds a NUL.", f"At most {LONGEST} characters.")
    return text


def _items(param: Param, value: Any, where: str) -> list[str]:
    if isinstance(value, str):
        try:
            value = read_list(value)
        except ValueError as problem:
            raise StepFault(param.name, f"{where}: {problem}.", "Separate by commas.") from None
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise StepFault(param.name, f"{where} must be a list of at most {MOST_ITEMS}.", "Separate by commas.")
    return [_text(param, item, where) for item in value]


def _pairs(param: Param, value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > MOST_ITEMS:
        raise StepFault(param.name, f"{where} must pair old and new.", "For example old=new.")
    found = {_text(param, k, where): _text(param, v, where) for k, v in value.items() if v is not None}
    if len(found) != len(value) or (param.of == "columns" and not all(k and v for k, v in found.items())):
        raise StepFault(param.name, f"{where} has a pair with an empty half.", "For example old=new.")
    return dict(sorted(found.items()))


def _integer(param: Param, value: Any, where: str) -> int:
    number = None if isinstance(value, bool) else decimal_of(str(value))
    if number is None or number != number.to_integral_value():
        raise StepFault(param.name, f"{where}: {value!r} is not a whole number.", "Correct it.")
    if abs(number) >= 2**53:
        raise StepFault(param.name, f"{where}: {value} is too large.", "Write a smaller number.")
    return int(number)


def _bounded(param: Param, value: int, where: str) -> int:
    if (param.least is not None and value < param.least) or (param.most is not None and value > param.most):
        text = f"at least {param.least}" if param.most is None else f"from {param.least} to {param.most}"
        raise StepFault(param.name, f"{where} must be {text}.", "Correct it.")
    return value


def checked(param: Param, value: Any, where: str) -> Any:
    """The value in its one form. Raises StepFault naming the field."""
    match param.kind:
        case "columns":
            names = _items(param, value, where)
            if not all(names):
                raise StepFault(param.name, f"{where} must be column names.", "Separate them by commas.")
            return list(dict.fromkeys(names))
        case "list":
            items = _items(param, value, where)
            strange = [i for i in items if param.choices and i not in param.choices]
            if strange:
                raise StepFault(
                    param.name, f"{where}: {strange[0]!r} is none of {', '.join(param.choices)}.", ""
                )
            return list(dict.fromkeys(items)) if param.choices else items
        case "order":
            names = list(dict.fromkeys(_items(param, value, where)))
            bare = [n.removeprefix("-") for n in names]
            if not all(bare) or len(set(bare)) != len(bare):
                raise StepFault(
                    param.name, f"{where}: a name is empty or stands twice.", "Write name or -name."
                )
            return names
        case "integer":
            return _bounded(param, _integer(param, value, where), where)
        case "number":
            number = None if isinstance(value, (bool, dict, list)) else plain_number(str(value))
            if number is None:
                raise StepFault(param.name, f"{where}: {value!r} is not a number.", "Write it like 12.5.")
            return number
        case "boolean":
            if str(value).lower() not in ("true", "false", "yes", "no"):
                raise StepFault(param.name, f"{where}: {value!r} is neither yes nor no.", "Write yes or no.")
            return str(value).lower() in ("true", "yes")
        case "choice":
            if not isinstance(value, str) or value.strip() not in param.choices:
                raise StepFault(param.name, f"{where}: choose one of {', '.join(param.choices)}.", "")
            return value.strip()
        case "mapping":
            return _pairs(param, value, where)
        case "expression":
            try:
                return parse(_text(param, value, where)).to_text()
            except ExpressionFault as fault:
                raise StepFault(param.name, f"{where}: {fault.text}", fault.remedy) from fault
        case "rules":
            return [_rule(param, item, where) for item in _objects(param, value, where)]
        case "measures":
            return [_measure(param, item, where) for item in _objects(param, value, where)]
        case _:
            return _text(param, value, where)


def _objects(param: Param, value: Any, where: str) -> list[dict[str, Any]]:
    if isinstance(value, str):
        value = param.read(value)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value) or len(value) > 200:
        raise StepFault(param.name, f"{where} must be a list of at most 200 objects.", "See the reference.")
    return value


def _known(param: Param, item: dict[str, Any], names: tuple[str, ...], where: str) -> None:
    strange = sorted(set(map(str, item)) - set(names))
    if strange:
        raise StepFault(param.name, f"{where} has no {strange[0]!r}.", f"It may have {', '.join(names)}.")


def _rule(param: Param, item: dict[str, Any], where: str) -> dict[str, Any]:
    _known(param, item, ("column", "rule", "min", "max", "pattern", "values"), where)
    found: dict[str, Any] = {}
    for name in ("column", "rule", "min", "max", "pattern"):
        if item.get(name) not in (None, ""):
            found[name] = _text(param, item[name], where)
    rule = found.get("rule")
    if not found.get("column") or rule not in RULES:
        raise StepFault(param.name, f"{where}: each rule needs a column and one of {', '.join(RULES)}.", "")
    needed = {"pattern": ("pattern",), "set": ("values",)}.get(str(rule), ())
    allowed = {"range": ("min", "max"), "length": ("min", "max")}.get(str(rule), needed)
    if item.get("values") not in (None, "", []):
        found["values"] = list(dict.fromkeys(_items(param, item["values"], where)))
    extra = [n for n in ("min", "max", "pattern", "values") if n in found and n not in allowed]
    if extra:
        raise StepFault(param.name, f"{where}: {rule} takes no {extra[0]}.", "Take it out.")
    if any(n not in found for n in needed) or (
        not needed and allowed and not any(n in found for n in allowed)
    ):
        raise StepFault(param.name, f"{where}: {rule} needs {' or '.join(needed or allowed)}.", "Fill it in.")
    return found


def _measure(param: Param, item: dict[str, Any], where: str) -> dict[str, Any]:
    _known(param, item, ("column", "how", "as"), where)
    found = {
        n: _text(param, item[n], where) for n in ("column", "how", "as") if item.get(n) not in (None, "")
    }
    if found.get("how") not in HOWS or not found.get("as"):
        raise StepFault(param.name, f"{where}: each measure needs a name and one of {', '.join(HOWS)}.",
                        "For example mean(dep_delay) as mean_delay.")  # fmt: skip
    if not found.get("column") and found["how"] != "count":
        raise StepFault(param.name, f"{where}: {found['how']} needs a column.", "Only count can do without.")
    return found


def names_in(param: Param, value: Any) -> list[str]:
    """The columns that a checked value names."""
    match param.kind:
        case "column":
            return [value]
        case "columns":
            return list(value)
        case "order":
            return [name.removeprefix("-") for name in value]
        case "mapping":
            return list(value) if param.of == "columns" else []
        case "rules" | "measures":
            return [item["column"] for item in value if item.get("column")]
        case "expression":
            return columns_of(parse(value))
    return []
