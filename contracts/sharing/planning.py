"""The plan that a request and its contract make, and what it can use up."""

from __future__ import annotations

from typing import Any

from contracts.negotiations import ledger
from contracts.negotiations.companions import inputs_of
from contracts.negotiations.models import Agreement
from contracts.policies.terms import Terms
from contracts.recipes.compile import Plan, compile_plan
from contracts.recipes.recipe import Recipe
from contracts.sharing.models import Request
from kernel.actor import Actor
from kernel.decision import Decision, Outcome, Reason, Refused
from trusts.datasets.models import DatasetVersion

COUNTER = "export counter"


def input_types(agreement: Agreement) -> dict[str, dict[str, str]]:
    """Alias → the columns of a further dataset with their types as a recipe meets them."""
    secret = set((Terms.from_dict(agreement.terms).get("pseudonymise") or {}).get("columns", ()))
    return {
        alias: {n: "text" if n in secret else t for n, t in version.column_types().items()}
        for alias, version in inputs_of(agreement).items()
    }


def plan_of(request: Request) -> Plan:
    """The plan that this request and its agreement make. Raises Refused, naming clause and step."""
    return plan_for(
        request.agreement, request.version_of_data, recipe=request.recipe, columns=request.columns,
        row_filter=request.row_filter, output_format=request.format,
    )  # fmt: skip


def plan_for(
    agreement: Agreement, version: DatasetVersion, *, recipe: list[dict[str, Any]], columns: list[str],
    row_filter: list[dict[str, Any]], output_format: str,
) -> Plan:  # fmt: skip
    """The plan of such answers under an agreement. Raises Refused, naming clause and step."""
    steps, problems = Recipe.from_list(recipe)
    if problems:
        reasons = tuple(
            Reason("recipe.step", p.text, p.remedy, "", f"recipe.{p.step}.{p.field}") for p in problems
        )
        raise Refused(Decision(Outcome.DENY, reasons))
    return compile_plan(
        Terms.from_dict(agreement.terms), recipe=steps, columns=columns, row_filter=row_filter,
        types=version.column_types(), output_format=output_format, input_sha256=version.parquet_sha256,
        policy_hash=agreement.policy_hash, inputs=input_types(agreement),
    )  # fmt: skip


def must_still_follow(request: Request) -> None:
    """The frozen plan still follows from the contract, clause by clause. Raises Refused."""
    if plan_of(request).hash != request.plan_hash:
        raise Refused.because(
            "request.plan_moved",
            "The plan no longer follows from the contract",
            remedy="Return it; the asker submits again",
        )


def reserve_for(request: Request, actor: Actor) -> None:
    """Set aside what an approved request can use up. Raises Refused when the contract has nothing left."""
    ledger.reserve(request.agreement_id, actor=actor, request=request.pk, rows=_most_rows(request))


def _most_rows(request: Request) -> int | None:
    """The most rows that the plan can deliver; None where a join may make more than there were."""
    if any(step["name"] == "join" for step in request.plan.get("steps", [])):
        return None
    return request.version_of_data.rows
