"""A stored profile made ready for a page. Other organisations see no small counts and no personal values."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from trusts.datasets import masking
from trusts.datasets.changes import schema_changes
from trusts.datasets.expectations import KINDS, SEVERITIES, sentence
from trusts.datasets.masking import SMALL
from trusts.datasets.models import DatasetVersion

ABOUT = ("duplicates", "keys", "correlation", "identifying", "score", "drift")


def quality_of(version: DatasetVersion, *, masked: bool) -> dict[str, Any]:
    """The profile with totals; `masked` leaves only what other organisations may see (`masking`)."""
    profile = version.profile or {}
    rows = profile.get("rows") or version.rows or 0
    columns = profile.get("columns", [])
    cells = rows * max(len(columns), 1)
    missing = sum(int(column.get("missing") or 0) for column in columns)
    complete = round(100 * (1 - missing / cells), 1) if cells else 100.0
    profile = {**profile, "rules": rules_of(version)}
    if masked:
        personal = {c.name for c in version.columns.all() if c.personal}
        about = masking.whole(profile, personal)
        columns = [masking.column(column, rows, column["name"] in personal) for column in columns]
        complete = float(int(complete))
        missing = None if any(c["missing"] is None for c in columns) else missing  # type: ignore[assignment]
    else:
        about = {name: profile.get(name) for name in (*ABOUT, "gap_rows", "duplicate_rows")} | {
            "rules": profile["rules"]
        }
    return {
        "rows": rows,
        "columns": columns,
        "depth": profile.get("depth", "full"),
        "missing_cells": missing,
        "complete_percent": complete,
        "personal": [column for column in columns if column.get("personal")],
        "masked": masked,
        "gaps": [
            {"value": c["name"], "count": int(c.get("missing") or 0)} for c in columns if c.get("missing")
        ],
        **about,
    }


def changes_between(old: DatasetVersion, new: DatasetVersion, *, masked: bool) -> dict[str, Any]:
    """The change of columns; whether one was renamed is guessed for others from what they may see of it."""
    profiles = [quality_of(v, masked=True) if masked else v.profile for v in (old, new)]
    return schema_changes(old.column_types(), new.column_types(), *profiles)


def rules_of(version: DatasetVersion) -> list[dict[str, Any]]:
    """The dataset's rules with what this version made of each; a rule written since is waiting.

    Freshness grows stale by itself, so it is decided anew against today; `recorded` is what was decided when it was checked.
    """
    outcome = {(r["id"], r.get("rule_hash")): r for r in (version.profile or {}).get("rules", [])}
    found = []
    for rule in version.dataset.rules:
        kind = KINDS[rule["rule"]]
        result = outcome.get((rule["id"], fingerprint(rule)))
        entry = {
            **rule, "label": kind.label, "sentence": sentence(rule), "severity_label": SEVERITIES[rule["severity"]],
            "column": rule.get("column") or ", ".join(rule.get("columns", [])), "state": "waiting", "rows": [], "failed": 0, "checked": 0,
            "text": "A worker checks it in a moment.", "recorded": "waiting",
        }  # fmt: skip
        if result:
            entry |= {name: result[name] for name in ("state", "text", "rows", "failed", "checked")}
            entry["recorded"] = result["state"]
            if rule["rule"] == "freshness" and result.get("newest"):
                entry |= _age(rule, result["newest"])
        found.append(entry)
    return found


def _age(rule: dict[str, Any], newest: str) -> dict[str, Any]:
    age = (timezone.now().date() - date.fromisoformat(newest)).days
    return {"state": "pass" if age <= rule["days"] else "fail", "text": f"The newest is of {newest}, {age} days ago",
            "failed": int(age > rule["days"])}  # fmt: skip


def fingerprint(rule: dict[str, Any]) -> str:
    """What a result belongs to: the rule as it was when it was checked, without its note."""
    from kernel.canonical import sha256_hex

    return sha256_hex({k: v for k, v in rule.items() if k not in ("note", "dataset_title", "severity")})[:16]


def changed_answers(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    """Ids of the rules, unchanged themselves, that had one answer and now have another. A rule that could not be
    checked had no answer."""
    known = {(r["id"], r.get("rule_hash")): r["state"] for r in before}
    return [
        r["id"] for r in after
        if {known.get((r["id"], r.get("rule_hash"))), r["state"]} == {"pass", "fail"}
    ]  # fmt: skip


def must_failures(version: DatasetVersion) -> list[dict[str, Any]]:
    """The rules that must hold and are broken in this version."""
    return [rule for rule in rules_of(version) if rule["severity"] == "must" and rule["state"] == "fail"]


__all__ = ["SMALL", "changes_between", "fingerprint", "must_failures", "quality_of", "rules_of"]
