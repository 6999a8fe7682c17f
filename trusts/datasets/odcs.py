"""A dataset's dictionary and quality rules as an Open Data Contract (ODCS 3.1, YAML), out and in again.

The package is imported when a contract is read or written, so that a web process starts light.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from trusts.datasets.expectations import Rule, sentence

API_VERSION = "v3.1.0"
MOST_BYTES = 1 << 20
LOGICAL = {"decimal": "number", "text": "string"}
SEVERITY = {"must": "error", "warn": "warning"}
ZERO = {"mustBe": 0}
COUNTED = "SELECT COUNT(*) FROM {object} WHERE "


class OdcsFault(Exception):
    """The text is no data contract; says what is wrong and where."""


def _quality(rule: Rule) -> dict[str, Any] | None:
    """A rule as an entry of `quality`; None for what ODCS says elsewhere."""
    base: dict[str, Any] = {"id": rule["id"], "name": rule["rule"], "description": rule.get("note") or sentence(rule),
                            "severity": SEVERITY[rule["severity"]], "type": "library"}  # fmt: skip
    kind = rule["rule"]
    if kind == "not_null":
        return {**base, "metric": "nullValues", **ZERO}
    if kind == "unique":
        more = {"arguments": {"properties": rule["columns"]}} if len(rule["columns"]) > 1 else {}
        return {**base, "metric": "duplicateValues", **more, **ZERO}
    if kind == "pattern":
        return {**base, "metric": "invalidValues", "arguments": {"pattern": rule["pattern"]}, **ZERO}
    if kind == "set":
        return {**base, "metric": "invalidValues", "arguments": {"validValues": rule["values"]}, **ZERO}
    if kind == "row_count":
        low, high = rule.get("min"), rule.get("max")
        limits: dict[str, Any] = {"mustBeBetween": [low, high]} if low is not None and high is not None else (
            {"mustBeGreaterOrEqualTo": low} if low is not None else {"mustBeLessOrEqualTo": high})  # fmt: skip
        return {**base, "metric": "rowCount", **limits}
    if kind == "range":
        tests = [
            f"{{property}} {sign} '{rule[end]}'"
            for end, sign in (("min", "<"), ("max", ">"))
            if rule.get(end) is not None
        ]
        return {
            **base,
            "type": "sql",
            "query": COUNTED + " OR ".join(tests),
            **ZERO,
        }
    return None


def _of(rules: list[Rule], column: str) -> list[Rule]:
    return [r for r in rules if r.get("column") == column or r.get("columns") == [column]]


def export(
    dataset: Any,
    columns: list[Any],
    rules: list[Rule],
    version: str,
    data: Any = None,
    policies: Iterable[dict[str, str]] = (),
) -> str:
    """The contract as YAML. `columns`: name, type, description, unit and personal of the newest version, `data`.

    `policies`: the terms and contracts on it, each with its name (`id`), `url` and `description`.
    """
    from open_data_contract_standard.model import OpenDataContractStandard

    properties = []
    for column in columns:
        mine = _of(rules, column.name)
        found: dict[str, Any] = {"name": column.name, "physicalName": column.name, "physicalType": column.type,
                                 "logicalType": LOGICAL.get(column.type, column.type)}  # fmt: skip
        if column.description:
            found["description"] = column.description
        if column.unit:
            found["customProperties"] = [{"property": "unit", "value": column.unit}]
        if column.personal:
            found["classification"] = "personal"
        if quality := [q for r in mine if (q := _quality(r))]:
            found["quality"] = quality
        if links := [r for r in mine if r["rule"] == "reference"]:
            found["relationships"] = [
                {"id": r["id"], "type": "foreignKey", "to": f"{r['dataset']}.{r['their_column']}",
                 "customProperties": [{"property": "severity", "value": SEVERITY[r["severity"]]},
                                      {"property": "dataset", "value": r.get("dataset_title", "")}]}
                for r in links
            ]  # fmt: skip
        properties.append(found)
    known = {column.name for column in columns}
    whole = [r for r in rules if r["rule"] == "row_count" or len(r.get("columns", [])) > 1]
    table: dict[str, Any] = {"name": dataset.slug, "physicalType": "table", "businessName": dataset.title_text,
                             "description": dataset.summary or dataset.title_text, "properties": properties}  # fmt: skip
    # A rule on a column that is gone is kept with the column's name, so that nothing is lost on the way.
    lost = sorted(
        {n for r in rules for n in [r.get("column"), *r.get("columns", [])] if n and n not in known}
    )
    for name in lost:
        if quality := [q for r in _of(rules, name) if (q := _quality(r))]:
            properties.append({"name": name, "deprecated": True, "quality": quality})
    if whole:
        table["quality"] = [_quality(r) for r in whole]
    contract: dict[str, Any] = {
        "version": version, "kind": "DataContract", "apiVersion": API_VERSION, "id": str(dataset.pk), "name": dataset.title_text,
        "status": "active" if dataset.state == "listed" else "draft", "schema": [table],
        "description": {"purpose": dataset.description or dataset.summary or dataset.title_text},
    }  # fmt: skip
    if data is not None:
        found_in = {"version": data.iri, **data.hashes()}
        contract["customProperties"] = [
            {"property": name, "value": value} for name, value in found_in.items()
        ]
    if terms := list(policies):
        contract["authoritativeDefinitions"] = [{"type": "policy", **one} for one in terms]
    if fresh := [r for r in rules if r["rule"] == "freshness"]:
        contract["slaProperties"] = [
            {"id": r["id"], "property": "latency", "value": r["days"], "unit": "d",
             "element": f"{dataset.slug}.{r['column']}" if r.get("column") else dataset.slug,
             "customProperties": [{"property": "severity", "value": SEVERITY[r["severity"]]}]}
            for r in fresh
        ]  # fmt: skip
    return OpenDataContractStandard(**contract).to_yaml()


def _texts(value: Any) -> Any:
    """YAML makes dates of what looks like one; the standard has texts there."""
    if isinstance(value, dict):
        return {str(k): _texts(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_texts(v) for v in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def parse(text: str) -> Any:
    """The contract as the package's model. Raises OdcsFault."""
    import yaml
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    if len(text.encode()) > MOST_BYTES:
        raise OdcsFault("The contract is larger than 1 MB.")
    try:
        # Aliases can make a small text huge, and no contract needs them.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise OdcsFault("The YAML uses aliases (*name); write them out.")
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise OdcsFault(
            f"The text is not YAML{where}: {getattr(problem, 'problem', None) or problem}."
        ) from None
    if not isinstance(data, dict) or "schema" not in data:
        raise OdcsFault("This is no data contract: it has no schema.")
    try:
        return OpenDataContractStandard(**_texts(data))
    except (ValidationError, TypeError) as problem:
        if isinstance(problem, ValidationError):
            first = problem.errors()[0]
            raise OdcsFault(f"At {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
        raise OdcsFault(f"This is no data contract: {problem}.") from None


def read(text: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Rules that the contract holds and, in words, what it asks that this portal cannot check. Raises OdcsFault.

    The rules are raw: `rulebook` checks them against the dataset.
    """
    contract = parse(text)
    tables = contract.schema_ or []
    if not tables:
        raise OdcsFault("The contract's schema is empty.")
    rules: list[dict[str, Any]] = []
    unread: list[str] = [
        f"The table {t.name}: a dataset has one table, and the first is read." for t in tables[1:]
    ]
    table = tables[0]
    for column in table.properties or []:
        for found in _column(column):
            (unread if isinstance(found, str) else rules).append(found)  # type: ignore[arg-type]
    for quality in table.quality or []:
        _keep(_read_quality(quality, None), rules, unread)
    if table.relationships:
        unread.append("Relationships of the whole table: write them at the columns.")
    for promise in contract.slaProperties or []:
        _keep(_read_promise(promise), rules, unread)
    keys = sorted(
        (p for p in table.properties or [] if p.primaryKey), key=lambda p: p.primaryKeyPosition or 0
    )
    if keys:
        rules.append({"rule": "unique", "columns": [p.name for p in keys], "severity": "must"})
        rules += [{"rule": "not_null", "column": p.name, "severity": "must"} for p in keys]
    seen: list[dict[str, Any]] = []
    for rule in rules:
        bare = {k: v for k, v in rule.items() if k not in ("id", "severity", "note")}
        if not any(
            bare == {k: v for k, v in other.items() if k not in ("id", "severity", "note")} for other in seen
        ):
            seen.append(rule)
    return seen, unread


def _keep(found: Any, rules: list[dict[str, Any]], unread: list[str]) -> None:
    (unread if isinstance(found, str) else rules).append(found)


def _column(column: Any) -> Iterator[dict[str, Any] | str]:
    name = column.name or ""
    if column.required:
        yield {"rule": "not_null", "column": name, "severity": "must"}
    if column.unique:
        yield {"rule": "unique", "columns": [name], "severity": "must"}
    if column.enum:
        yield {
            "rule": "set",
            "column": name,
            "values": [str(v.value) for v in column.enum if v.value is not None],
        }
    options = dict(column.logicalTypeOptions or {})
    limits = {
        end: options.pop(key) for end, key in (("min", "minimum"), ("max", "maximum")) if key in options
    }
    if limits:
        yield {"rule": "range", "column": name, **limits}
    if "pattern" in options:
        yield {"rule": "pattern", "column": name, "pattern": str(options.pop("pattern"))}
    for key in options:
        yield f"{name}: the option {key} = {options[key]} of its type."
    for quality in column.quality or []:
        yield _read_quality(quality, name)
    for link in column.relationships or []:
        target = link.to if isinstance(link.to, str) else ""
        if link.type not in (None, "foreignKey") or target.count(".") < 1:
            yield f"{name}: a relationship to {link.to}."
            continue
        other, their = target.split(".", 1)
        yield {"id": link.id, "rule": "reference", "column": name, "dataset": other, "their_column": their, "severity": _severity(_custom(link, "severity"))}  # fmt: skip
    if column.properties or column.items:
        yield f"{name}: columns inside a column."


def _custom(found: Any, name: str) -> Any:
    return next((c.value for c in found.customProperties or [] if c.property == name), None)


def _severity(text: Any) -> str:
    return "must" if str(text or "").lower() in ("error", "critical", "high", "blocker") else "warn"


def _limits(quality: Any) -> dict[str, Any]:
    names = ("mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo",
             "mustBeBetween", "mustNotBeBetween")  # fmt: skip
    return {name: value for name in names if (value := getattr(quality, name)) is not None}


def _said(quality: Any, column: str | None) -> str:
    what = (
        quality.description
        or quality.name
        or quality.metric
        or quality.rule
        or quality.query
        or "a rule without words"
    )
    kind = quality.type or "library"
    return f"{column or 'The table'}: {what} ({kind}{f', {quality.engine}' if quality.engine else ''})."


def _read_quality(quality: Any, column: str | None) -> dict[str, Any] | str:
    """One entry as a rule, or in words what it asks."""
    base: dict[str, Any] = {"id": quality.id, "severity": _severity(quality.severity)}
    if quality.description:
        base["note"] = quality.description
    limits, metric, asked = _limits(quality), quality.metric or quality.rule, dict(quality.arguments or {})
    rows = quality.unit in (None, "rows") or not any(limits.values())
    if (quality.type or "library") == "sql":
        return _read_sql(quality, column, base, limits) or _said(quality, column)
    if (quality.type or "library") != "library" or not rows:
        return _said(quality, column)
    if metric == "rowCount" and column is None and (found := _row_count(limits)):
        return {**base, "rule": "row_count", **found}
    if limits != ZERO:
        return _said(quality, column)
    if metric in ("nullValues", "missingValues") and column and not asked:
        return {**base, "rule": "not_null", "column": column}
    if metric == "duplicateValues" and set(asked) <= {"properties"} and (column or asked):
        return {**base, "rule": "unique", "columns": asked.get("properties") or [column]}
    if metric == "invalidValues" and column and set(asked) == {"pattern"}:
        return {**base, "rule": "pattern", "column": column, "pattern": str(asked["pattern"])}
    if metric == "invalidValues" and column and set(asked) == {"validValues"}:
        return {**base, "rule": "set", "column": column, "values": asked["validValues"]}
    return _said(quality, column)


def _row_count(limits: dict[str, Any]) -> dict[str, Any] | None:
    """Least and greatest number of rows; None if the limits say something else."""
    found: dict[str, Any] = {}
    for name, value in limits.items():
        if name == "mustBeBetween":
            found |= {"min": value[0], "max": value[1]}
        elif name == "mustBe":
            found |= {"min": value, "max": value}
        elif name in ("mustBeGreaterThan", "mustBeGreaterOrEqualTo"):
            found["min"] = value + (name == "mustBeGreaterThan")
        elif name in ("mustBeLessThan", "mustBeLessOrEqualTo"):
            found["max"] = value - (name == "mustBeLessThan")
        else:
            return None
    return found or None


SQL = re.compile(
    r"SELECT COUNT\(\*\) FROM \{object\} WHERE (\{property\} [<>] '?[^' ]+(?: [0-9:.+]+)?'?(?: OR )?){1,2}"
)
TEST = re.compile(r"\{property\} ([<>]) '?([^' ]+(?: [0-9:.+]+)?)'?")


def _read_sql(
    quality: Any, column: str | None, base: dict[str, Any], limits: dict[str, Any]
) -> dict[str, Any] | None:
    """Only the limits that `export` writes are read; any other SQL is the author's own."""
    query = " ".join((quality.query or "").replace("${", "{").split())
    if column is None or limits != ZERO or not SQL.fullmatch(query):
        return None
    found = {"min" if sign == "<" else "max": value for sign, value in TEST.findall(query)}
    return {**base, "rule": "range", "column": column, **found}


def _read_promise(promise: Any) -> dict[str, Any] | str:
    unit = str(promise.unit or "d").lower()
    days = promise.value if isinstance(promise.value, (int, float)) else None
    if (
        promise.property not in ("latency", "freshness")
        or days is None
        or unit not in ("d", "day", "days")
        or days != int(days)
    ):
        return f"The promise {promise.property} = {promise.value} {promise.unit or ''}".rstrip() + "."
    column = (promise.element or "").partition(".")[2]
    return {"id": promise.id, "rule": "freshness", "days": int(days), "severity": _severity(_custom(promise, "severity")),
            **({"column": column} if column else {})}  # fmt: skip
