"""Any policy in plain words, English or German, from fixed templates (`phrases.py`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.policies.language import phrases
from contracts.policies.language.model import (
    Action,
    Asset,
    Condition,
    Constraint,
    Extra,
    Iri,
    Logical,
    Party,
    Policy,
    Rule,
    Value,
)
from contracts.policies.language.unexplained import DESCRIBING, left_over, unexplained
from contracts.policies.language.values import NODE
from contracts.policies.language.vocabulary import NS, ODRL, PROFILES, SET_OPERATORS, XSD, short

__all__ = ["Sentence", "sentences", "unexplained"]

_ASSIGNER, _ASSIGNEE = ODRL + "assigner", ODRL + "assignee"
_OWN, _IF_LATE = NS + "own", NS + "ifLate"
_MOODS = {"permission": "may", "prohibition": "may_not"}
_DURATION = re.compile(r"P(?:(\d+)([DWMY])|T(\d+)([HM]))")
_MOMENTS = frozenset([ODRL + "dateTime", ODRL + "event"])


@dataclass(frozen=True, slots=True)
class Sentence:
    """One rule or statement in words. `mood`: may, may_not, must, or empty; `depth`: how far under another rule."""

    text: str
    mood: str = ""
    depth: int = 0


def sentences(policy: Policy, language: str = "en", names: Mapping[str, str] | None = None) -> list[Sentence]:
    """The policy as sentences. `names` gives people's words for IRIs and codes; others stand as they are written.

    A term that is not known is said so, with the term: the same terms that `unexplained` lists.
    """
    return _Teller(language, names or {}).policy(policy)


class _Teller:
    """Tells in one language."""

    def __init__(self, language: str, names: Mapping[str, str]) -> None:
        self.at = 1 if language == "de" else 0
        self.names = names

    def plain(self, key: str, **parts: str) -> str:
        return phrases.PLAIN[key][self.at].format(**parts)

    def quoted(self, text: str) -> str:
        return f"„{text}“" if self.at else f"“{text}”"

    def listed(self, items: Iterable[str], word: str = "and") -> str:
        found = list(items)
        if len(found) < 2:
            return found[0] if found else self.plain("nothing")
        return ", ".join(found[:-1]) + self.plain(word) + found[-1]

    def unknown(self, term: str) -> str:
        return self.plain("unknown", term=term)

    def known(self, said: Mapping[str, phrases.Said], iri: str) -> str:
        found = said.get(iri)
        return found[self.at] if found else self.unknown(iri)

    # ------------------------------------------------------------------------------------------ policy and rules

    def policy(self, policy: Policy) -> list[Sentence]:
        found: list[Sentence] = []
        for rule in policy.complete().rules:
            found += self.rule(rule, "", (), 0)
        if policy.conflict:
            known = phrases.CONFLICTS.get(policy.conflict)
            found.append(Sentence(known[self.at] if known else self.more(self.unknown(policy.conflict))))
        for profile in policy.profiles:
            if profile not in PROFILES:
                found.append(Sentence(self.plain("profile", term=self.unknown(profile))))
        found += [Sentence(self.plain("parent", term=self.unknown(parent))) for parent in policy.inherit_from]
        for key, text in policy.extra:
            if key == _IF_LATE:
                what = [NS + str(one) for one in _several(json.loads(text))]
                then = self.listed(self.action_words(one, *self.data()) for one in what)
                found.append(Sentence(self.plain("late", then=then)))
        found += self.extras(policy.extra, 0)
        # What stands where no sentence passes, such as data at the top that every rule replaces.
        told = " ".join(sentence.text for sentence in found)
        for node in unexplained(policy, "de" if self.at else "en"):
            for term in node.terms:
                if term not in told:
                    found.append(Sentence(self.plain("at", path=node.path, term=self.unknown(term))))
        return found

    def rule(self, rule: Rule, who: str, above: tuple[Asset, ...], depth: int) -> list[Sentence]:
        """The rule and what stands under it, which is about the same party and data unless it names others."""
        targets = rule.targets or above
        grantees = rule.with_function(_ASSIGNEE)
        if grantees:
            who = self.listed(self.thing(party, "members") for party in grantees)
        elif not who:
            who = self.plain("anyone")
        if rule.kind == "remedy" and who == self.plain("anyone"):
            who = self.plain("doer")
        kind = f"duty {rule.phase or 'post'}" if rule.kind == "duty" else rule.kind
        if kind == "prohibition" and who == self.plain("anyone"):
            kind = "prohibition of all"
        frame = phrases.FRAMES[kind][self.at]
        conditions = [self.condition(one) for one in rule.constraints]
        for party in rule.parties:
            if party.function not in (_ASSIGNER, _ASSIGNEE):
                role = self.known(phrases.FUNCTIONS, party.function)
                conditions.append(f"{role}: {self.thing(party, 'members')}")
        granted = rule.with_function(_ASSIGNER)
        by = self.plain("by") + self.listed(self.thing(p, "members") for p in granted) if granted else ""
        how = "if" if rule.kind in _MOODS else "so"
        when = by + (self.plain(how) + "; ".join(conditions) if conditions else "")
        found = []
        mood = _MOODS.get(rule.kind, "must")
        for action in rule.actions:
            do = self.own(rule.extra) if action.iri == _OWN else ""
            text = frame.format_map({"who": who, "do": do or self.done(action, targets), "if": when})
            found.append(Sentence(text[:1].upper() + text[1:] if _wordy(text, who) else text, mood, depth))
        found += self.extras(rule.extra, depth)
        for one in (*rule.duties, *rule.remedies, *rule.consequences):
            found += self.rule(one, who, targets, depth + 1)
        return found

    def own(self, extra: Extra) -> str:
        """The words of a trust's own clause, as the trust wrote them."""
        for key, text in extra:
            if key == NS + ("de" if self.at else "en"):
                return self.quoted(str(json.loads(text)))
        return ""

    def extras(self, extra: Extra, depth: int) -> list[Sentence]:
        found = [Sentence(self.more(self.unknown(term)), depth=depth) for term in left_over(extra)]
        for key, text in extra:
            if key in DESCRIBING:
                given = json.loads(text)
                words = given if isinstance(given, str) else text
                found.append(Sentence(self.plain("described", text=words), depth=depth))
        return found

    def more(self, term: str) -> str:
        return self.plain("more", term=term)

    # ------------------------------------------------------------------------------------- actions, things, people

    def data(self) -> tuple[str, str]:
        return self.plain("data"), self.plain("data dative")

    def done(self, action: Action, targets: tuple[Asset, ...]) -> str:
        things = self.listed(self.thing(asset, "belonging") for asset in targets) if targets else ""
        text = self.action_words(action.iri, *((things, things) if things else self.data()))
        if action.refinement:
            text += self.plain("kept", conditions=self.all_of(action.refinement))
        if action.included_in:
            text += self.plain("kind of", term=self.action_name(action.included_in))
        for implied in action.implies:
            text += self.plain("implies", term=self.action_name(implied))
        return text + self.noted(action.extra)

    def action_words(self, iri: str, what: str, dative: str) -> str:
        known = phrases.ACTIONS.get(iri)
        if known:
            return known[self.at].format(what=what, dative=dative)
        return self.plain("unknown_action", what=what, dative=dative, term=self.unknown(iri))

    def action_name(self, iri: str) -> str:
        return self.action_words(iri, *self.data()) if iri in phrases.ACTIONS else self.unknown(iri)

    def thing(self, thing: Asset | Party, members: str) -> str:
        name = self.iri(thing.source or thing.iri) if thing.source or thing.iri else self.plain("some")
        if thing.collection or thing.source:
            name = self.plain(members, whom=name)
        if thing.refinement:
            name += self.plain("those", conditions=self.all_of(thing.refinement))
        for above in thing.part_of:
            name += self.plain("part of", whom=self.iri(above))
        return name + self.noted(thing.extra)

    def noted(self, extra: Extra) -> str:
        terms = left_over(extra)
        return f" ({self.listed(self.unknown(term) for term in terms)})" if terms else ""

    def iri(self, iri: str) -> str:
        said = phrases.VALUES.get(iri)
        return self.names.get(iri) or (said[self.at] if said else short(iri))

    # ------------------------------------------------------------------------------------------------- conditions

    def all_of(self, conditions: tuple[Condition, ...]) -> str:
        return "; ".join(self.condition(one) for one in conditions)

    def condition(self, one: Condition) -> str:
        if isinstance(one, Logical):
            parts = "; ".join(
                f"({letter}) {self.condition(part)}"
                for letter, part in zip(_letters(), one.parts, strict=False)
            )
            return f"{phrases.JOINTS[one.joint][self.at]}: {parts}{self.noted(one.extra)}"
        left = self.known(phrases.LEFT_OPERANDS, one.left)
        moments = phrases.MOMENTS if one.left in _MOMENTS else {}
        operator = self.known({**phrases.OPERATORS, **moments}, one.operator)
        text = f"{left} {operator} {self.right(one)}"
        if one.status is not None:
            text += self.plain("now", value=self.value(one.status))
        return text + self.noted(one.extra)

    def right(self, one: Constraint) -> str:
        values = [self.value(value) for value in one.right]
        values += [self.plain("looked", where=self.unknown(reference)) for reference in one.reference]
        any_one = one.operator in SET_OPERATORS and not one.operator.endswith("isAllOf")
        text = self.listed(values, "or" if any_one else "and")
        if one.ordered:
            text = self.plain("ordered") + text
        return f"{text} {self.iri(one.unit)}" if one.unit else text

    def value(self, value: Value) -> str:
        if isinstance(value, Iri):
            return self.iri(value.value)
        if value.datatype == NODE:
            return self.plain("described_by", term=self.unknown(value.value[:80]))
        known = self.names.get(value.value)
        if known:
            return known
        duration = _DURATION.fullmatch(value.value)
        if duration:
            return self.duration(duration)
        if value.datatype.startswith(XSD) or value.value.startswith(NS):
            return short(value.value)
        return self.quoted(value.value)

    def duration(self, found: re.Match[str]) -> str:
        days, unit, hours, small = found.groups()
        number = days or hours
        words = phrases.UNITS[unit or f"T{small}"][self.at]
        return f"{number} {words[number != '1']}"


def _letters() -> Iterable[str]:
    yield from "abcdefghijklmnopqrstuvwxyz"
    number = 27
    while True:
        yield str(number)
        number += 1


def _several(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _wordy(text: str, who: str) -> bool:
    """Whether a sentence begins with a word of ours, which takes a capital, and not with somebody's name."""
    anyone = {said for key in ("anyone", "doer") for said in phrases.PLAIN[key]}
    return (
        not text.startswith(who)
        or who in anyone
        or any(who.startswith(s.split("{")[0]) for s in phrases.PLAIN["members"])
    )
