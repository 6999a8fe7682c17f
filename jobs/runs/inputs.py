"""The further datasets of a contract as a recipe may join them: pseudonyms are made before any join."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.negotiations.companions import inputs_of
from contracts.negotiations.models import Agreement
from contracts.policies.terms import Terms
from jobs.runs.work import Work


def joined(plan: dict[str, Any]) -> set[str]:
    """The aliases that the plan's steps join."""
    return {step["params"]["with"] for step in plan["steps"] if step["name"] == "join"}


def prepared(work: Work, agreement: Agreement, plan: dict[str, Any], key: bytes) -> dict[str, Path]:
    """Alias → typed Parquet of each dataset that the plan joins, its pseudonyms made under the contract's key.

    Raises Refused if the bytes are not those that were signed.
    """
    wanted, found = joined(plan), {}
    secret = (Terms.from_dict(agreement.terms).get("pseudonymise") or {}).get("columns", [])
    for alias, version in inputs_of(agreement).items():
        if alias not in wanted:
            continue
        source = work.source(version.parquet_sha256)
        columns = [name for name in version.column_types() if name in secret]
        if columns:
            folder = work.folder / f"input-{alias}"
            folder.mkdir(exist_ok=True)
            step = {
                "name": "pseudonymise",
                "params": {"columns": columns},
                "locked": True,
                "clause": "pseudonymise",
            }
            with work.stage(f"Prepare {alias}"):
                result = work.do(
                    "jobs.pipeline.engine:run", plan={"steps": [step]}, source=source, folder=folder, key=key
                )
            source = Path(result["path"])
        found[alias] = source
    return found


def described(agreement: Agreement, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """For the receipt: the datasets that the plan joined, as they were signed."""
    wanted = joined(plan)
    return [one for one in agreement.also if one["alias"] in wanted]
