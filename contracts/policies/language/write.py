"""Policy → canonical compact JSON-LD: equal policies give equal bytes, and nothing that was read is lost.

Rules, constraints, duties and the values of set operators are always lists; anything else is a list only if there are
several. The order of what stands in a list is the author's. A unit is written as text, be it a name or an IRI.
"""

from __future__ import annotations

import json
from typing import Any

from contracts.policies.language.context import NAMES
from contracts.policies.language.gathering import collapsed, vocab_text
from contracts.policies.language.model import Action, Asset, Condition, Extra, Logical, Party, Policy, Rule
from contracts.policies.language.read import PHASE
from contracts.policies.language.values import json_of
from contracts.policies.language.vocabulary import CONTEXT, ODRL, SET_OPERATORS
from kernel.canonical import sha256_hex

_UNDER = (("duty", "duties"), ("remedy", "remedies"), ("consequence", "consequences"))


def write(policy: Policy) -> dict[str, Any]:
    """The policy as ODRL JSON-LD under ODRL's own context."""
    found: dict[str, Any] = {"@context": CONTEXT}
    _types(found, [NAMES.get(policy.kind, policy.kind)], policy.extra)
    if policy.uid:
        found["uid"] = policy.uid
    if policy.profiles:
        found["profile"] = collapsed(list(policy.profiles))
    if policy.conflict:
        found["conflict"] = vocab_text(policy.conflict)
    if policy.inherit_from:
        found["inheritFrom"] = collapsed(list(policy.inherit_from))
    _shared(found, policy)
    for rule in policy.rules:
        found.setdefault(rule.kind, []).append(_rule(rule))
    return _with(found, policy.extra)


def digest(policy: Policy) -> str:
    """SHA-256 of the canonical form, 64 hex digits: the same for every way of writing this policy."""
    return sha256_hex(write(policy))


def _types(found: dict[str, Any], own: list[str], extra: Extra) -> None:
    for key, text in extra:
        if key == "@type":
            more = json.loads(text)
            own = [*own, *(more if isinstance(more, list) else [more])]
    if own:
        found["@type"] = collapsed(own)


def _with(found: dict[str, Any], extra: Extra) -> dict[str, Any]:
    for key, text in extra:
        if key != "@type":
            found[key] = json.loads(text)
    return found


def _shared(found: dict[str, Any], holder: Policy | Rule) -> None:
    """Targets, parties and actions: at a rule, or at the policy for all of them."""
    if holder.targets:
        found["target"] = collapsed([_thing(asset, "AssetCollection") for asset in holder.targets])
    roles: dict[str, list[Any]] = {}
    for party in holder.parties:
        roles.setdefault(party.function.removeprefix(ODRL), []).append(_thing(party, "PartyCollection"))
    found.update({role: collapsed(parties) for role, parties in roles.items()})
    if holder.actions:
        found["action"] = collapsed([_action(action) for action in holder.actions])


def _rule(rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = {}
    _types(found, [], rule.extra)
    if rule.uid:
        found["uid"] = rule.uid
    _shared(found, rule)
    if rule.phase:
        found[PHASE] = rule.phase
    if rule.constraints:
        found["constraint"] = [_condition(one) for one in rule.constraints]
    for key, name in _UNDER:
        below = getattr(rule, name)
        if below:
            found[key] = [_rule(one) for one in below]
    return _with(found, rule.extra)


def _action(action: Action) -> Any:
    if not (action.refinement or action.included_in or action.implies or action.extra):
        return vocab_text(action.iri)
    found: dict[str, Any] = {}
    _types(found, [], action.extra)
    # A refinement belongs to this use of the action: written at the action itself it would hold everywhere.
    if action.refinement or any(key == "@id" for key, _ in action.extra):
        own = action.iri.startswith(ODRL)
        found["rdf:value"] = {"@id": f"odrl:{action.iri.removeprefix(ODRL)}" if own else action.iri}
    else:
        found["@id"] = action.iri
    if action.refinement:
        found["refinement"] = [_condition(one) for one in action.refinement]
    if action.included_in:
        found["includedIn"] = action.included_in
    if action.implies:
        found["implies"] = collapsed(list(action.implies))
    return _with(found, action.extra)


def _thing(thing: Asset | Party, collection: str) -> Any:
    if thing.iri and not (
        thing.collection or thing.source or thing.refinement or thing.part_of or thing.extra
    ):
        return thing.iri
    found: dict[str, Any] = {}
    _types(found, [collection] if thing.collection else [], thing.extra)
    if thing.iri:
        found["@id"] = thing.iri
    if thing.source:
        found["source"] = thing.source
    if thing.refinement:
        found["refinement"] = [_condition(one) for one in thing.refinement]
    if thing.part_of:
        found["partOf"] = collapsed(list(thing.part_of))
    return _with(found, thing.extra)


def _condition(one: Condition) -> dict[str, Any]:
    found: dict[str, Any] = {}
    _types(found, [], one.extra)
    if one.uid:
        found["uid"] = one.uid
    if isinstance(one, Logical):
        parts = [_condition(part) for part in one.parts]
        found[one.joint] = {"@list": parts} if one.joint == "andSequence" else parts
        return _with(found, one.extra)
    found["leftOperand"] = vocab_text(one.left)
    found["operator"] = vocab_text(one.operator)
    right = [json_of(value) for value in one.right]
    if one.ordered:
        found["rightOperand"] = {"@list": right}
    elif right or not one.reference:
        several = one.operator in SET_OPERATORS or len(right) != 1
        found["rightOperand"] = right if several else right[0]
    if one.reference:
        found["rightOperandReference"] = collapsed(list(one.reference))
    if one.unit:
        found["unit"] = one.unit
    if one.data_type:
        found["dataType"] = one.data_type
    if one.status is not None:
        found["status"] = json_of(one.status)
    return _with(found, one.extra)
