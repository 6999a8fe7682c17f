"""Whom, what and which action a rule is about: does this request fall under it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from contracts.policies.deciding.facts import Fact, Known
from contracts.policies.deciding.operators import Truth, and3, or3
from contracts.policies.deciding.parts import Premise
from contracts.policies.deciding.premises import Check, condition_check
from contracts.policies.language.model import Action, Asset, Condition, Party, Policy, Rule
from contracts.policies.language.vocabulary import ODRL, broader, short

ASSIGNEE = ODRL + "assignee"


def refined(rule: Rule) -> Iterator[Condition]:
    """The refinements of a rule's actions, targets and parties."""
    holders: tuple[Action | Asset | Party, ...] = (*rule.actions, *rule.targets, *rule.parties)
    for one in holders:
        yield from one.refinement


def stated_members(policy: Policy) -> dict[str, frozenset[str]]:
    """Asset or party → the collections that the policy itself says it is part of."""
    found: dict[str, set[str]] = {}
    for rule in policy.rules:
        things: tuple[Asset | Party, ...] = (*rule.targets, *rule.parties)
        for one in things:
            if one.iri and one.part_of:
                found.setdefault(one.iri, set()).update(one.part_of)
    return {iri: frozenset(above) for iri, above in found.items()}


def stated_tree(policy: Policy, tree: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """The tree of actions, with what the policy says of its own actions."""
    own: dict[str, tuple[str, ...]] = {}
    for rule in policy.rules:
        for one in (rule, *rule.below()):
            for action in one.actions:
                if action.included_in and action.iri not in tree:
                    own[action.iri] = (action.included_in,)
    return {**tree, **own} if own else tree


class Subject:
    """A party or an asset that a rule names: matches itself or, if it is a collection, its members."""

    __slots__ = ("checks", "collection", "iri", "names", "shown")

    def __init__(self, one: Party | Asset, every: bool, name: str, rule: str) -> None:
        self.iri = one.iri or one.source
        self.names = frozenset(n for n in (one.iri, one.source) if n)
        self.collection = one.collection or bool(one.source)
        self.shown = self.iri or "members that fit"
        self.checks = [
            condition_check(condition, every, f"refinement of {name}", rule, _of_subject)
            for condition in one.refinement
        ]

    def is_it(self, known: Known, asked: str, stated: Mapping[str, frozenset[str]]) -> Truth:
        """Whether the one who asks, or what is asked for, is this. Unknown: nobody listed the members."""
        if not self.names or asked in self.names:
            return True
        above = known.world.collections_of(asked) | stated.get(asked, frozenset())
        if not above.isdisjoint(self.names):
            return True
        if self.collection and not any(n in known.world.members for n in self.names):
            return None
        return False

    def premises(self, known: Known, asked: str) -> list[Premise]:
        known.subject = asked
        return [check(known) for check in self.checks]


def _of_subject(operand: str) -> Callable[[Known], Fact | None]:
    return lambda known: known.about(operand)


def subjects_check(
    named: Iterable[Party | Asset], asked_of: Callable[[Known], tuple[str, ...]], every: bool, name: str, rule: str,
    stated: Mapping[str, frozenset[str]],
) -> Check | None:  # fmt: skip
    """The premise on the party or the target; None if the rule names none and so holds for all."""
    subjects = [Subject(one, every, name, rule) for one in named]
    if not subjects:
        return None
    left = "assignee" if name == "party" else "target"
    shown = ", ".join(one.shown for one in subjects)
    operator = (
        "isPartOf" if any(one.collection for one in subjects) else "eq" if len(subjects) == 1 else "isAnyOf"
    )
    plain = (
        frozenset().union(*(one.names for one in subjects))
        if not any(one.checks for one in subjects)
        else None
    )
    join = and3 if every else or3
    alone = subjects[0] if len(subjects) == 1 and subjects[0].checks else None

    def check(known: Known) -> Premise:
        asked = asked_of(known)
        if not asked:
            return Premise(name, left, None, operator, shown, None, "not given")
        if alone is not None and len(asked) == 1 and asked[0] in alone.names:
            inner = tuple(alone.premises(known, asked[0]))
            return Premise(
                name, left, asked[0], operator, shown, and3([p.holds for p in inner]), "request", inner
            )
        if plain is not None and len(asked) == 1 and asked[0] in plain:
            return Premise(name, left, asked[0], operator, shown, True, "request")
        parts: list[Premise] = []
        answers = []
        for one in asked:
            fits = []
            for subject in subjects:
                found = subject.is_it(known, one, stated)
                refined = subject.premises(known, one) if found is not False else []
                parts += refined
                fits.append(and3((found, *(p.holds for p in refined))))
            answers.append(or3(fits))
        source = "world" if operator == "isPartOf" else "request"
        return Premise(name, left, ", ".join(asked), operator, shown, join(answers), source, tuple(parts))

    return check


def action_check(rule: Rule, every: bool, tree: Mapping[str, tuple[str, ...]]) -> Check | None:
    """The premise on the action: one of the rule's, or one that it includes. Only stated inclusion counts."""
    if not rule.actions:
        return None
    offered: list[tuple[Action, list[Check]]] = [
        (a, [condition_check(c, every, "refinement of action", rule.uid) for c in a.refinement])
        for a in rule.actions
    ]
    shown = ", ".join(short(a.iri) for a in rule.actions)
    above: dict[str, frozenset[str]] = {}
    plain = not any(checks for _, checks in offered)
    found: dict[str, Premise] = {}  # of actions that were asked before, when nothing else matters

    def check(known: Known) -> Premise:
        asked = known.request.action
        if asked in found:
            return found[asked]
        if not asked:
            return Premise("action", "action", None, "isPartOf", shown, None, "not given")
        names = above.get(asked)
        if names is None:
            names = broader(asked, tree)
            if len(above) < 256:
                above[asked] = names
        parts: list[Premise] = []
        fits: list[Truth] = []
        for action, refinements in offered:
            if action.iri not in names:
                fits.append(False)
                continue
            refined = [one(known) for one in refinements]
            parts += refined
            fits.append(and3(p.holds for p in refined))
        premise = Premise(
            "action", "action", short(asked), "isPartOf", shown, or3(fits), "request", tuple(parts)
        )
        if plain and len(found) < 256:
            found[asked] = premise
        return premise

    return check
