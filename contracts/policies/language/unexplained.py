"""Which terms of a policy this portal cannot explain, and where they stand. They are kept, and a person must look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from contracts.policies.language import phrases
from contracts.policies.language.context import RDF
from contracts.policies.language.model import (
    Action,
    Asset,
    Condition,
    Extra,
    Literal,
    Logical,
    Node,
    Party,
    Policy,
    Rule,
)
from contracts.policies.language.values import NODE
from contracts.policies.language.vocabulary import NS, PROFILES, PROPERTIES

# Statements that describe and change nothing: Dublin Core as ODRL 2.2 §2.8 uses it, and labels. Not those that say
# that another policy replaces this one, or where it holds.
DCT = "http://purl.org/dc/terms/"
DESCRIBING = frozenset([
    *(DCT + n for n in ("title", "description", "creator", "publisher", "issued", "created", "modified", "identifier", "source")),
    *("http://purl.org/dc/elements/1.1/" + n for n in ("title", "description", "creator", "publisher", "date", "identifier")),
    "http://www.w3.org/2000/01/rdf-schema#label", "http://www.w3.org/2000/01/rdf-schema#comment",
    RDF + "value",
])  # fmt: skip
# What a party is called and how it is reached, as ODRL's own examples write it.
VCARD, FOAF = "http://www.w3.org/2006/vcard/ns#", "http://xmlns.com/foaf/0.1/"
_CARDS = frozenset([
    *(VCARD + n for n in ("Organization", "Individual", "Group", "fn", "hasEmail", "hasTelephone", "organization-name")),
    *(FOAF + n for n in ("Person", "Organization", "Agent", "name", "mbox", "homepage")),
])  # fmt: skip
KNOWN = _CARDS | DESCRIBING | PROPERTIES - {NS + "phase"}  # a phase that was understood is not left over
_WORDS = {
    "permission": ("permission", "Erlaubnis"), "prohibition": ("prohibition", "Verbot"),
    "obligation": ("obligation", "Pflicht"), "duty": ("duty", "Auflage"), "remedy": ("remedy", "Abhilfe"),
    "consequence": ("consequence", "Folge"), "constraint": ("constraint", "Bedingung"), "action": ("action", "Handlung"),
    "target": ("data", "Daten"), "party": ("party", "Partei"), "policy": ("the policy", "die Vereinbarung"),
    "refinement": ("refinement", "Einschränkung"), "profile": ("profile", "Profil"), "parent": ("origin", "Herkunft"),
}  # fmt: skip
Place = tuple[tuple[str, int], ...]


def unexplained(policy: Policy, language: str = "en") -> tuple[Node, ...]:
    """Every place that holds terms which neither ODRL 2.2 nor the profile knows, in the order of the policy.

    Also named: what is kept elsewhere and never fetched, such as a parent policy or a referenced value.
    """
    found: dict[Place, list[str]] = {}
    for place, term in _policy(policy):
        terms = found.setdefault(place, [])
        if term not in terms:
            terms.append(term)
    return tuple(Node(_said(place, language), tuple(terms)) for place, terms in found.items())


def left_over(extra: Extra) -> list[str]:
    """The terms of statements that nobody has read; those that only describe are left out."""
    terms: list[str] = []
    for key, text in extra:
        if key in KNOWN:
            continue
        if key in ("@type", "@id", "@included"):
            given = json.loads(text)
            names = (_name(one) for one in (given if isinstance(given, list) else [given]))
            terms += [name for name in names if name not in _CARDS]
        else:
            terms.append(key)
    return terms


def _name(given: Any) -> str:
    if isinstance(given, dict):
        return str(given.get("@id") or f"@included {json.dumps(given, ensure_ascii=False)[:80]}")
    return str(given)


def _said(place: Place, language: str) -> str:
    german = language == "de"
    if not place:
        return _WORDS["policy"][german]
    return ", ".join(f"{_WORDS[name][german]} {number}" for name, number in place)


def _policy(policy: Policy) -> Iterator[tuple[Place, str]]:
    for number, profile in enumerate(policy.profiles, 1):
        if profile not in PROFILES:
            yield (("profile", number),), profile
    for number, parent in enumerate(policy.inherit_from, 1):
        yield (("parent", number),), parent
    if policy.conflict and policy.conflict not in phrases.CONFLICTS:
        yield (), policy.conflict
    yield from _shared(policy, ())
    yield from (((), term) for term in left_over(policy.extra))
    counts: dict[str, int] = {}
    for rule in policy.rules:
        counts[rule.kind] = counts.get(rule.kind, 0) + 1
        yield from _rule(rule, ((rule.kind, counts[rule.kind]),))


def _shared(holder: Policy | Rule, place: Place) -> Iterator[tuple[Place, str]]:
    for number, action in enumerate(holder.actions, 1):
        yield from _action(action, (*place, ("action", number)))
    for number, asset in enumerate(holder.targets, 1):
        yield from _thing(asset, (*place, ("target", number)))
    for number, party in enumerate(holder.parties, 1):
        yield from _thing(party, (*place, ("party", number)))


def _rule(rule: Rule, place: Place) -> Iterator[tuple[Place, str]]:
    yield from _shared(rule, place)
    yield from _conditions(rule.constraints, (*place,), "constraint")
    yield from ((place, term) for term in left_over(rule.extra))
    for below in (rule.duties, rule.remedies, rule.consequences):
        for number, one in enumerate(below, 1):
            yield from _rule(one, (*place, (one.kind, number)))


def _action(action: Action, place: Place) -> Iterator[tuple[Place, str]]:
    for iri in (action.iri, action.included_in, *action.implies):
        if iri and iri not in phrases.ACTIONS:
            yield place, iri
    yield from _conditions(action.refinement, place, "refinement")
    yield from ((place, term) for term in left_over(action.extra))


def _thing(thing: Asset | Party, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(thing, Party) and thing.function not in phrases.FUNCTIONS:
        yield place, thing.function
    yield from _conditions(thing.refinement, place, "refinement")
    yield from ((place, term) for term in left_over(thing.extra))


def _conditions(conditions: tuple[Condition, ...], place: Place, name: str) -> Iterator[tuple[Place, str]]:
    for number, one in enumerate(conditions, 1):
        here = (*place, (name, number))
        if isinstance(one, Logical):
            yield from _conditions(one.parts, here, "constraint")
        else:
            if one.left not in phrases.LEFT_OPERANDS:
                yield here, one.left
            if one.operator not in phrases.OPERATORS:
                yield here, one.operator
            yield from ((here, reference) for reference in one.reference)
            for value in one.right:
                if isinstance(value, Literal) and value.datatype == NODE:
                    yield here, value.value[:80]
        yield from ((here, term) for term in left_over(one.extra))
