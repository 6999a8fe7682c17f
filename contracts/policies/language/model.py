"""A usage policy as immutable values: what ODRL's information model knows, and what it does not, kept beside.

Every node keeps terms it cannot explain in `extra`, so that reading and writing lose nothing. Names of ODRL are
stored as full IRIs (`vocabulary.ODRL` + name); equal values are equal policies.
ODRL Information Model 2.2, https://www.w3.org/TR/odrl-model/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal as Choice

Extra = tuple[tuple[str, str], ...]  # (key, canonical JSON of its value), sorted by key

RuleKind = Choice["permission", "prohibition", "obligation", "duty", "remedy", "consequence"]
Joint = Choice["and", "or", "xone", "andSequence"]


@dataclass(frozen=True, slots=True)
class Iri:
    """A thing named by its IRI."""

    value: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written: `value` its text, `datatype` an IRI (empty: a plain string), `language` a tag."""

    value: str
    datatype: str = ""
    language: str = ""


Value = Iri | Literal


@dataclass(frozen=True, slots=True)
class Constraint:
    """`left` `operator` `right`. ODRL 2.2 §2.5.1. Several right values are a set (or a list, if `ordered`)."""

    left: str
    operator: str
    right: tuple[Value, ...] = ()
    reference: tuple[
        str, ...
    ] = ()  # rightOperandReference: where the value is to be fetched; never fetched here
    unit: str = ""
    data_type: str = ""
    status: Value | None = None
    uid: str = ""
    ordered: bool = False
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Logical:
    """Several constraints joined: and, or, xone, andSequence. ODRL 2.2 §2.5.2."""

    joint: Joint
    parts: tuple[Constraint | Logical, ...]
    uid: str = ""
    extra: Extra = ()


Condition = Constraint | Logical


@dataclass(frozen=True, slots=True)
class Action:
    """What is done. ODRL 2.2 §2.4."""

    iri: str
    refinement: tuple[Condition, ...] = ()
    included_in: str = ""
    implies: tuple[str, ...] = ()
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Asset:
    """What it is done with: an asset, or a collection (`source` names it when members are refined). §2.2."""

    iri: str = ""
    collection: bool = False
    source: str = ""
    refinement: tuple[Condition, ...] = ()
    part_of: tuple[str, ...] = ()
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Party:
    """Who: `function` is the IRI of its role (assigner, assignee, informedParty, …). §2.3."""

    function: str
    iri: str = ""
    collection: bool = False
    source: str = ""
    refinement: tuple[Condition, ...] = ()
    part_of: tuple[str, ...] = ()
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Permission, prohibition, obligation; or a duty, remedy or consequence under one of them. §2.6.

    `phase` is the profile's pre, ongoing or post; empty counts as post.
    """

    kind: RuleKind
    uid: str = ""
    actions: tuple[Action, ...] = ()
    targets: tuple[Asset, ...] = ()
    parties: tuple[Party, ...] = ()
    constraints: tuple[Condition, ...] = ()
    duties: tuple[Rule, ...] = ()  # of a permission
    remedies: tuple[Rule, ...] = ()  # of a prohibition
    consequences: tuple[Rule, ...] = ()  # of a duty
    phase: str = ""
    extra: Extra = ()

    def with_function(self, function: str) -> tuple[Party, ...]:
        """The parties in this role."""
        return tuple(p for p in self.parties if p.function == function)

    def below(self) -> Iterator[Rule]:
        """The duties, remedies and consequences under this rule, nested ones too."""
        for one in (*self.duties, *self.remedies, *self.consequences):
            yield one
            yield from one.below()


@dataclass(frozen=True, slots=True)
class Policy:
    """A set of rules. `kind` is the IRI of Set, Offer, Agreement, Request, … §2.1.

    What stands at the policy itself (targets, parties, actions, constraints) counts for every rule that has none
    of its own: `complete()` gives the rules so.
    """

    uid: str
    kind: str
    rules: tuple[Rule, ...] = ()
    profiles: tuple[str, ...] = ()
    conflict: str = ""
    inherit_from: tuple[str, ...] = ()
    targets: tuple[Asset, ...] = ()
    parties: tuple[Party, ...] = ()
    actions: tuple[Action, ...] = ()
    extra: Extra = ()

    def of_kind(self, *kinds: str) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind in kinds)

    def complete(self) -> Policy:
        """The same policy with what stands at its top written into each rule, and a uid for each rule.

        Names made up here are stable: the policy's own, then kind and place (`…#permission-1`, `…#permission-1-duty-2`).
        """
        counts: dict[str, int] = {}
        rules = []
        for rule in self.rules:
            counts[rule.kind] = counts.get(rule.kind, 0) + 1
            rules.append(_completed(rule, self, f"{self.uid}#{rule.kind}-{counts[rule.kind]}"))
        return replace(self, rules=tuple(rules), targets=(), parties=(), actions=())


@dataclass(frozen=True, slots=True)
class Node:
    """One place in a policy that holds what cannot be explained: `path` for people, the terms."""

    path: str
    terms: tuple[str, ...] = field(default=())


def _completed(rule: Rule, policy: Policy, name: str) -> Rule:
    roles = {party.function for party in rule.parties}
    more = tuple(party for party in policy.parties if party.function not in roles)
    uid = rule.uid or name
    return replace(
        rule,
        uid=uid,
        actions=rule.actions or policy.actions,
        targets=rule.targets or policy.targets,
        parties=(*rule.parties, *more),
        duties=_named(rule.duties, uid),
        remedies=_named(rule.remedies, uid),
        consequences=_named(rule.consequences, uid),
    )


def _named(rules: tuple[Rule, ...], above: str) -> tuple[Rule, ...]:
    found = []
    for number, rule in enumerate(rules, 1):
        uid = rule.uid or f"{above}-{rule.kind}-{number}"
        found.append(
            replace(
                rule,
                uid=uid,
                duties=_named(rule.duties, uid),
                remedies=_named(rule.remedies, uid),
                consequences=_named(rule.consequences, uid),
            )
        )
    return tuple(found)
