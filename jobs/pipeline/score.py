"""One number for a version's quality, made of parts that each say what they count and where to look."""

from __future__ import annotations

from typing import Any

WEIGHTS = {"completeness": 30, "validity": 30, "uniqueness": 20, "consistency": 10, "freshness": 10}
TITLES = {
    "completeness": "Values are there", "validity": "Values keep to the rules", "uniqueness": "Rows do not repeat",
    "consistency": "Values of a column look alike", "freshness": "The data is recent",
}  # fmt: skip
MOST = 100
Part = dict[str, Any]


def score(
    profile: dict[str, Any], rules: list[dict[str, Any]], results: list[dict[str, Any]]
) -> dict[str, Any]:
    """`value` from 0 to 100 and `parts`: name, title, weight, value, text, rows; `left_out`: name and why.

    The value is the weighted mean of the parts that are known. `rows` are up to 100 rows behind
    the part, with their numbers. Nothing is known of an empty table: its value is None.
    """
    known: list[Part] = []
    left_out: list[dict[str, str]] = []
    outcome = {result["id"]: result for result in results}
    checked = [
        (rule, outcome[rule["id"]])
        for rule in rules
        if outcome.get(rule["id"], {}).get("state") in ("pass", "fail")
    ]
    for name, made in (
        ("completeness", _completeness(profile)),
        ("validity", _validity([pair for pair in checked if pair[0]["rule"] != "freshness"])),
        ("uniqueness", _uniqueness(profile)),
        ("consistency", _consistency(profile)),
        ("freshness", _freshness([pair for pair in checked if pair[0]["rule"] == "freshness"])),
    ):
        if isinstance(made, str):
            left_out.append({"name": name, "title": TITLES[name], "text": made})
        else:
            known.append({"name": name, "title": TITLES[name], "weight": WEIGHTS[name], **made})
    total = sum(part["weight"] for part in known)
    value = (
        sum(part["weight"] * part["value"] for part in known) / total if total and profile["rows"] else None
    )
    return {"value": None if value is None else _rounded(value), "parts": known, "left_out": left_out}


def _rounded(value: float) -> int:
    """To a whole number, but 100 only when nothing at all is amiss."""
    return min(round(value), 99) if value < 100 else 100


def _percent(part: float, whole: float) -> float:
    return round(100 * (1 - part / whole), 2) if whole else 100.0


def _completeness(profile: dict[str, Any]) -> Part | str:
    cells = profile["rows"] * len(profile["columns"])
    if not cells:
        return "There are no rows."
    missing = profile["missing_cells"]
    value = _percent(missing, cells)
    worst = max(profile["columns"], key=lambda c: c["missing"])
    more = f", most of them in {worst['name']}" if missing else ""
    return {"value": value, "text": f"{missing:,} of {cells:,} cells are empty{more}.", "rows": profile.get("gap_rows", [])[:MOST]}  # fmt: skip


def _validity(checked: list[tuple[dict[str, Any], dict[str, Any]]]) -> Part | str:
    if not checked:
        return "No rules have been written for this dataset yet."
    weights = [2 if rule.get("severity") == "must" else 1 for rule, _ in checked]
    shares = [_percent(r["failed"], r["checked"]) if rule["rule"] != "row_count" else 100.0 * (r["state"] == "pass")
              for rule, r in checked]  # fmt: skip
    value = sum(w * s for w, s in zip(weights, shares, strict=True)) / sum(weights)
    broken = sum(r["state"] == "fail" for _, r in checked)
    rows = [
        {**row, "column": rule.get("column") or ", ".join(rule.get("columns", []))}
        for rule, r in checked
        for row in r["rows"]
    ]
    text = f"{broken} of {len(checked)} rules are broken" if broken else f"All {len(checked)} rules are kept"
    return {
        "value": round(value, 2),
        "text": f"{text}; a rule that must hold counts twice.",
        "rows": rows[:MOST],
    }


def _uniqueness(profile: dict[str, Any]) -> Part | str:
    repeated = profile.get("duplicates")
    if repeated is None or not profile["rows"]:
        return "Repeated rows were not looked for."
    text = f"{repeated:,} rows are the same as an earlier one." if repeated else "Every row is different."
    return {
        "value": _percent(repeated, profile["rows"]),
        "text": text,
        "rows": profile.get("duplicate_rows", [])[:MOST],
    }


def _consistency(profile: dict[str, Any]) -> Part | str:
    formed = [c for c in profile["columns"] if c.get("odd")]
    if not formed:
        return "No text column has one usual format."
    odd = sum(c["odd"]["count"] for c in formed)
    values = sum(profile["rows"] - c["missing"] for c in formed)
    rows = [{**row, "column": c["name"]} for c in formed for row in c["odd"]["rows"]]
    text = f"In {len(formed)} columns nearly all values have one format; {odd:,} of {values:,} values have another."
    return {"value": _percent(odd, values), "text": text, "rows": rows[:MOST]}


def _freshness(checked: list[tuple[dict[str, Any], dict[str, Any]]]) -> Part | str:
    if not checked:
        return "No rule says how recent the data should be."
    kept = sum(r["state"] == "pass" for _, r in checked)
    return {
        "value": round(100 * kept / len(checked), 2),
        "text": f"{kept} of {len(checked)} rules on age are kept.",
        "rows": [],
    }
