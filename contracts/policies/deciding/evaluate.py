"""`evaluate(policy, request, world, *, as_of)`: permit, deny or needs information, with every premise.

Closed world: what is not permitted is refused. At run time a prohibition wins over a permission, unless the policy
itself says `perm`. A permission with an unknown condition does not permit; a prohibition with one applies.
`Prepared(policy)` does the work that depends on the policy alone, once for many decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

from contracts.policies.deciding.duties import PreparedDuty
from contracts.policies.deciding.facts import USED_UP, Known, Request, World
from contracts.policies.deciding.matching import (
    ASSIGNEE,
    action_check,
    refined,
    stated_members,
    stated_tree,
    subjects_check,
)
from contracts.policies.deciding.parts import DutyReport, Premise, RuleReport
from contracts.policies.deciding.premises import Check, condition_check
from contracts.policies.deciding.report import Decision
from contracts.policies.language.model import Condition, Constraint, Logical, Policy, Rule
from contracts.policies.language.vocabulary import BROADER, FORBIDDEN_WITH, short
from kernel.canonical import sha256_hex

ENGINE = "commonhold-decision/2"


def operands_of(rule: Rule) -> Iterator[Constraint]:
    """Every constraint of a rule, those inside joined ones and refinements too."""
    yield from _operands((*rule.constraints, *refined(rule)))


def _operands(conditions: Iterable[Condition]) -> Iterator[Constraint]:
    for one in conditions:
        if isinstance(one, Logical):
            yield from _operands(one.parts)
        else:
            yield one


class PreparedRule:
    """One permission, prohibition or obligation as functions from the facts to its premises."""

    __slots__ = ("actions", "checks", "counters", "duties", "kind", "rule", "uid")

    def __init__(self, rule: Rule, policy: Policy) -> None:
        self.rule, self.uid, self.kind = rule, rule.uid, rule.kind
        every = rule.kind == "permission"
        stated = stated_members(policy)
        tree = stated_tree(policy, BROADER if every else FORBIDDEN_WITH)
        self.actions = tuple(short(action.iri) for action in rule.actions)
        found: list[Check | None] = [
            subjects_check(rule.targets, lambda known: known.request.target, every, "target", rule.uid, stated),
            subjects_check(
                rule.with_function(ASSIGNEE), lambda known: known.request.assignee, every, "party", rule.uid, stated
            ),
            # An obligation stands whatever is asked for.
            action_check(rule, every, tree) if rule.kind != "obligation" else None,
            *(condition_check(one, every, "constraint", rule.uid) for one in rule.constraints),
        ]  # fmt: skip
        self.checks = [check for check in found if check is not None]
        below = rule.duties if every else rule.remedies if rule.kind == "prohibition" else (rule,)
        self.duties = [PreparedDuty(one) for one in below]
        self.counters = [
            c for c in operands_of(rule)
            if c.left in USED_UP and short(c.operator) in ("lt", "lteq")
        ] if every else []  # fmt: skip

    def run(self, known: Known) -> RuleReport:
        """Whether the rule is in effect for this request."""
        premises = [check(known) for check in self.checks]
        duties: list[DutyReport] = []
        for duty in self.duties:
            report, premise = duty.run(known)
            duties.append(report)
            if self.kind == "permission" and premise is not None:
                premises.append(premise)
        holds: bool | None = True
        for premise in premises:
            if premise.holds is False:
                holds = False
                break
            if premise.holds is None:
                holds = None
        return RuleReport(self.uid, self.kind, holds, tuple(premises), tuple(duties), self.actions)


class Prepared:
    """A policy made ready. `sha256` is the hash of the document it was read from, if there is one."""

    def __init__(self, policy: Policy, sha256: str = "") -> None:
        self.policy = policy.complete()
        self.sha256 = sha256 or sha256_hex(asdict(self.policy))
        self.rules = [PreparedRule(rule, self.policy) for rule in self.policy.rules]
        self.permission_wins = short(policy.conflict) == "perm"
        self.operands = frozenset(one.left for rule in self.policy.rules for one in operands_of(rule))

    def decide(self, request: Request, world: World, *, as_of: datetime | None) -> Decision:
        """The decision. `as_of` must name its zone; None: the moment is not known."""
        if as_of is not None and as_of.tzinfo is None:
            raise ValueError("as_of must name its zone")
        known = Known(request, world, as_of)
        rules = tuple([rule.run(known) for rule in self.rules])
        verdict = self._verdict(rules)
        now: list[DutyReport] = []
        later: list[DutyReport] = []
        counters: list[dict[str, str]] = []
        for prepared, report in zip(self.rules, rules, strict=True):
            if report.kind == "permission" and report.holds is not False:
                for duty in report.duties:
                    if duty.state == "unknown":
                        (later if duty.phase == "post" else now).append(duty)
                if report.active:
                    counters += [
                        {"rule": report.uid, "left_operand": short(c.left), "add": _added(known, c)}
                        for c in prepared.counters
                    ]
            elif report.kind == "obligation" and report.active:
                now += [duty for duty in report.duties if duty.state == "unknown"]
            for owed, done in zip(prepared.duties, report.duties, strict=True):
                if done.state == "violated" and report.kind in ("permission", "obligation"):
                    now += [opened for opened in owed.opened(known) if opened.state != "fulfilled"]
        return Decision(
            verdict, rules, tuple(now), tuple(later), tuple(counters), tuple(self._conflicts(rules)), _missing(rules),
            known.moment, self.sha256, (request, world), ENGINE,
        )  # fmt: skip

    def _verdict(self, rules: tuple[RuleReport, ...]) -> str:
        permitted = unknown = forbidden = False
        for rule in rules:
            if rule.kind == "permission":
                permitted = permitted or rule.holds is True
                unknown = unknown or rule.holds is None
            elif rule.kind == "prohibition":
                forbidden = forbidden or rule.holds is not False
        if permitted and self.permission_wins:
            return "permit"
        if forbidden:
            return "deny"
        if permitted:
            # Rules that are inherited and not at hand might forbid it.
            return "needs_information" if self.policy.inherit_from else "permit"
        return "needs_information" if unknown else "deny"

    def _conflicts(self, rules: tuple[RuleReport, ...]) -> Iterable[dict[str, object]]:
        permissions = [rule.uid for rule in rules if rule.kind == "permission" and rule.active]
        for rule in rules:
            if rule.kind == "prohibition" and rule.active and permissions:
                wins = "permission" if self.permission_wins else "prohibition"
                yield {"kind": "permission_and_prohibition", "rules": [*permissions, rule.uid], "wins": wins}
            if rule.kind == "obligation" and rule.active:
                for duty in rule.duties:
                    if duty.state == "violated":
                        yield {"kind": "obligation_violated", "rules": [rule.uid]}
        if self.policy.inherit_from:
            yield {"kind": "inherited_rules_missing", "rules": list(self.policy.inherit_from)}


def _added(known: Known, constraint: Constraint) -> str:
    asked = known.request.facts.get(constraint.left)
    return asked.shown if asked else str(USED_UP[constraint.left])


def _missing(rules: tuple[RuleReport, ...]) -> tuple[str, ...]:
    """The short names of what would have to be said, each once, in the order met."""
    found: dict[str, None] = {}

    def walk(premise: Premise) -> None:
        for part in premise.parts:
            walk(part)
        if premise.holds is None and not premise.parts:
            found[premise.left] = None

    for rule in rules:
        if rule.holds is None:
            for premise in rule.premises:
                walk(premise)
    return tuple(found)


def evaluate(policy: Policy, request: Request, world: World, *, as_of: datetime | None) -> Decision:
    """May this be done? Pure: equal arguments give an equal decision, byte for byte."""
    return Prepared(policy).decide(request, world, as_of=as_of)
