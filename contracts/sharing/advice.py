"""What the engine says about a request, and what it would say before one is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from contracts.decisions.keeping import keep
from contracts.decisions.models import StoredDecision
from contracts.decisions.situation import world_for
from contracts.negotiations.selectors import standing_through
from contracts.policies.deciding import parts, report
from contracts.policies.deciding.asking import request_for
from contracts.policies.deciding.documents import prepared_as, smallest_change
from contracts.policies.deciding.evaluate import Prepared
from contracts.policies.deciding.facts import Request as Asked
from contracts.policies.deciding.facts import World
from contracts.policies.deciding.wording import clause_of, failing, label, requirement, said, sentence, unsaid
from contracts.policies.taxonomy import listed
from contracts.sharing.models import Request
from kernel.decision import Decision, Outcome, Reason, worst_of

OUTCOMES = {"permit": Outcome.ALLOW, "needs_information": Outcome.NEEDS_INFORMATION, "deny": Outcome.DENY}
# The contract's page and the policy both know the period; the policy's sentence is the one that names its days.
_SAID_BY_THE_POLICY = {"agreement.early", "agreement.over", "terms.security_level"}


@dataclass(frozen=True, slots=True)
class Advice:
    """The decision in the portal's form, what the evaluator said, and what it said it from."""

    decision: Decision
    told: report.Decision
    request: Asked
    world: World
    prepared: Prepared
    as_of: datetime


def advice_on(
    request: Request, people: int, now: datetime | None = None, *, counted: int = 0, **facts: Any
) -> Advice:
    """The decision on a request as it stands, with every premise in its trace.

    `counted`: 1 once its own export is in the counter. `facts`: what the portal knows besides, by left operand.
    """
    moment = now or timezone.now()
    agreement = request.agreement
    prepared = prepared_as(agreement.policy_hash, lambda: agreement.odrl)
    asked = request_for(
        assignee=agreement.consumer.iri, target=agreement.dataset.iri, purpose=request.purpose, place=request.place,
        columns=request.columns, format=request.format, people=people,
        sums_up=any(step.get("name") == "group" for step in request.recipe),
    )  # fmt: skip
    world = world_for(
        agreement, prepared, moment, counted=counted, stated={iri: one["value"] for iri, one in request.stated.items()},
        **facts,
    )  # fmt: skip
    told = prepared.decide(asked, world, as_of=moment)
    return Advice(_decision(told, standing_through(agreement, moment)), told, asked, world, prepared, moment)


def advise(request: Request, people: int, now: datetime | None = None) -> Decision:
    """The decision alone."""
    return advice_on(request, people, now).decision


def _decision(told: report.Decision, stands: Decision) -> Decision:
    """The evaluator's answer and whether the contract stands, with a reason for each premise in the way."""
    state = Decision(stands.outcome, tuple(r for r in stands.reasons if r.code not in _SAID_BY_THE_POLICY))
    inactive = any(reason.code == "membership.inactive" for reason in state.reasons)
    stopped = any(reason.code == "agreement.state" for reason in state.reasons)
    standing_premises = [
        _line("party", not inactive, "is", "an active member", not inactive, "membership"),
        _line("state", not stopped, "is", "in force", not stopped, "contract"),
    ]
    trace = {
        "engine": told.engine, "as_of": told.as_of, "policy_sha256": told.policy_sha256, "trace_sha256": told.trace_sha256,
        "premises": [*standing_premises, *(line for rule in told.rules for line in _lines(rule))],
    }  # fmt: skip
    own = Decision(OUTCOMES[told.verdict], () if told.permitted else tuple(_reasons(told)))
    both = worst_of((Decision(state.outcome if state.reasons else Outcome.ALLOW, state.reasons), own))
    return Decision(both.outcome, both.reasons, trace)


def _reasons(told: report.Decision) -> list[Reason]:
    """From the permission to use, and every ban in effect: what stands in the way, clause by clause."""
    found = []
    for rule in told.rules:
        if rule.kind == "permission" and "use" in rule.actions and not rule.active:
            for premise in failing(rule.premises):
                text, remedy = sentence(premise)
                code = clause_of(premise)
                kind = "duty" if premise.name == "duty" else "terms"
                if premise.holds is None and unsaid([premise]):
                    kind, remedy = "fact", f"{remedy}. A reviewer of the provider states what is so"
                found.append(Reason(f"{kind}.{code}", text, remedy, f"clause {code}", code))
        elif rule.kind == "prohibition" and rule.active:
            text = f"The contract forbids to {said('action', ', '.join(rule.actions), 'or')} the data"
            if rule.holds is None and (open_ := unsaid(rule.premises)):
                code, text = "fact.forbidden", f"{text}, as long as it is not known otherwise"
                remedy = (
                    f"A reviewer of the provider states what is so: {listed(label(one) for one in open_)}"
                )
            else:
                code, remedy = "terms.forbidden", "Ask for another purpose, or negotiate"
            found.append(Reason(code, text, remedy, f"rule {rule.uid}"))
    return found or [Reason("terms.nothing", "Nothing in the contract permits this", "Negotiate for it")]


def facts_wanted(advice: Advice) -> list[str]:
    """The left operands that a person has to state before this can be decided."""
    if advice.told.permitted:
        return []
    return unsaid(p for rule in advice.told.rules if rule.holds is None for p in rule.premises)


def _line(
    clause: str, left: Any, operator: str, right: str, holds: bool | None, source: str
) -> dict[str, Any]:
    return {
        "clause": clause,
        "left": left,
        "operator": operator,
        "right": right,
        "holds": holds,
        "source": source,
    }


def _lines(rule: parts.RuleReport) -> list[dict[str, Any]]:
    """The premises of a permission to use as the page shows them; and bans that are in effect."""
    if rule.kind == "prohibition" and rule.active:
        done = said("action", ", ".join(rule.actions), "or")
        return [_line("ban", f"to {done} the data", "is", "forbidden by the contract", False, "contract")]
    if rule.kind != "permission" or "use" not in rule.actions:
        return []
    return [line for premise in rule.premises for line in _shown(premise)]


def _shown(premise: parts.Premise) -> list[dict[str, Any]]:
    if premise.name == "target" and premise.parts:
        return [line for part in premise.parts for line in _shown(part)]
    if premise.name in ("target", "party", "action"):
        return []
    left = "not said yet" if premise.value is None else said(premise.left, premise.value)
    source = {"not given": "request", "stated": "a reviewer"}.get(premise.source, premise.source)
    return [_line(label(premise.left), left, "", f"({requirement(premise)})", premise.holds, source)]


def advice_record(advice: Advice) -> dict[str, Any]:
    """What is kept with a request or review: outcome, reasons, premises, the change that would turn it."""
    turned = smallest_change(advice.prepared, advice.request, advice.world, advice.as_of)
    trace = advice.decision.trace
    return {
        **advice.decision.as_dict(), "premises": trace.get("premises", []), "as_of": trace.get("as_of"),
        "engine": trace.get("engine"), "trace_sha256": trace.get("trace_sha256"), "turning": turned.text if turned else "",
    }  # fmt: skip


def kept(
    moment: str, request: Request, advice: Advice, kind: str = "request", subject: UUID | None = None,
    provider: UUID | None = None,
) -> StoredDecision:  # fmt: skip
    """Keep the decision with its inputs, in the transaction that it was made for. Both sides see it, unless `provider`
    says who stands in the provider's place."""
    return keep(
        moment, kind, subject or request.pk, provider=provider or request.provider_id, consumer=request.consumer_id,
        document=request.agreement.odrl, decision=advice.told,
    )  # fmt: skip
