"""A decision as the pages show it: rules, premises as a tree, in words."""

from __future__ import annotations

from typing import Any

from contracts.policies.deciding.parts import Premise, RuleReport
from contracts.policies.deciding.report import Decision
from contracts.policies.deciding.turning import Turning
from contracts.policies.deciding.wording import (
    SOURCES,
    duty_words,
    label,
    moment,
    reason_of,
    requirement,
    said,
    verdict_words,
)
from contracts.policies.taxonomy import listed

TONES = {"permit": "good", "deny": "bad", "needs_information": "care"}


def shown(decision: Decision, turned: Turning | None, names: dict[str, str]) -> dict[str, Any]:
    """For the template. `names`: what organisations and data are called, by IRI."""
    return {
        "verdict": decision.verdict, "tone": TONES[decision.verdict], "words": verdict_words(decision.verdict),
        "turning": _named(turned.text, names) if turned else "",
        "missing": listed(label(name) for name in decision.missing_facts),
        "rules": [_rule(rule, names) for rule in _by_weight(decision)],
        "now": [duty_words(duty) for duty in decision.duties_now],
        "later": [duty_words(duty) for duty in decision.duties_later],
        "reserve": [f"{one['add']} × {label(one['left_operand'])}" for one in decision.counters_to_reserve if one["add"] != "0"],
        "as_of": moment(decision.as_of), "engine": decision.engine, "trace": decision.trace_sha256, "policy": decision.policy_sha256,
    }  # fmt: skip


def _by_weight(decision: Decision) -> list[RuleReport]:
    """What decided it first: bans in effect, permissions, then the rest in the policy's order."""
    order = {"prohibition": 0, "permission": 1, "obligation": 3}
    return sorted(
        decision.rules, key=lambda rule: order[rule.kind] if rule.active or rule.kind == "permission" else 2
    )


def _named(text: str, names: dict[str, str]) -> str:
    for iri, name in names.items():
        text = text.replace(iri, name)
    return text


def _rule(rule: RuleReport, names: dict[str, str]) -> dict[str, Any]:
    what = said("action", ", ".join(rule.actions), "or") if rule.actions else "do anything"
    kinds = {"permission": "Permission", "prohibition": "Ban", "obligation": "Duty"}
    return {
        "title": f"{kinds.get(rule.kind, rule.kind)}: {what}", "active": rule.active, "state": rule.activation,
        "reason": _named(reason_of(rule), names), "premises": [_premise(p, names) for p in rule.premises], "uid": rule.uid,
    }  # fmt: skip


def _premise(premise: Premise, names: dict[str, str]) -> dict[str, Any]:
    value = "not known" if premise.value is None else said(premise.left, premise.value)
    title = label(premise.left) if premise.name != "duty" else "duty"
    return {
        "holds": premise.holds, "title": title, "value": "" if premise.name == "duty" or not premise.left else _named(value, names),
        "need": _named(requirement(premise), names), "source": SOURCES.get(premise.source, premise.source),
        "parts": [_premise(part, names) for part in premise.parts],
    }  # fmt: skip
