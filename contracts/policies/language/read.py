"""ODRL JSON-LD → Policy. What is not known stays: names as they are written, statements in `extra`.

A document in this portal's own form (`write.py`) is read as it stands, quickly. Any other goes through a JSON-LD
processor first (`jsonld.compacted`) and is then read by the same code, so that both give the same policy.
Pointers in faults are those of the compact form.
"""

from __future__ import annotations

from typing import Any

from contracts.policies.language.context import KINDS, NAMES, TERMS, expanded
from contracts.policies.language.faults import PolicyError
from contracts.policies.language.jsonld import compacted, parsed
from contracts.policies.language.model import (
    Action,
    Asset,
    Condition,
    Constraint,
    Logical,
    Party,
    Policy,
    Rule,
    RuleKind,
)
from contracts.policies.language.pieces import NAMING, RDF_VALUE, Pieces, Roundabout, listed
from contracts.policies.language.vocabulary import CONTEXT, FUNCTIONS, NS, ODRL

PHASE = NS + "phase"
PHASES = ("pre", "ongoing", "post")
_JOINTS = ("and", "or", "xone", "andSequence")
_JOINT_SET = frozenset(_JOINTS)
_ROLES = ("assigner", "assignee", *sorted({NAMES[iri] for iri in FUNCTIONS} - {"assigner", "assignee"}))
_ROLE_IRIS = {name: ODRL + name for name in _ROLES}
_ROLE_SET = frozenset(_ROLES)
_UNDER = (("duties", "duty"), ("remedies", "remedy"), ("consequences", "consequence"))
_KIND_NAMES = frozenset(NAMES[iri] for iri in KINDS)
_POLICY = NAMING | _ROLE_SET | frozenset(
    ["@context", "profile", "conflict", "inheritFrom", "target", "action", "permission", "prohibition", "obligation"]
)  # fmt: skip
_RULE = NAMING | _ROLE_SET | frozenset(["target", "action", "constraint", "duty", "remedy", "consequence"])
_DUTY = _RULE | {PHASE}
_RULE_TYPES = {
    "permission": frozenset(["Rule", "Permission"]), "prohibition": frozenset(["Rule", "Prohibition"]),
}  # fmt: skip
_DUTY_TYPES = frozenset(["Rule", "Duty"])
_CONSTRAINT = NAMING | frozenset(
    ["leftOperand", "operator", "rightOperand", "rightOperandReference", "dataType", "unit", "status"]
)
_BARE = frozenset(["leftOperand", "operator", "rightOperand"])
_CONSTRAINT_TYPES = frozenset(["Constraint", "LogicalConstraint"])
_LOGICAL = {joint: NAMING | {joint} for joint in _JOINTS}
_COLLECTION = NAMING | frozenset(["source", "refinement", "partOf"])
_ACTION = NAMING | frozenset(["rdf:value", RDF_VALUE, "refinement", "includedIn", "implies"])


def read(document: dict[str, Any] | list[Any] | str | bytes, *, any_action: bool = False) -> Policy:
    """The policy of an ODRL document. PolicyError lists what is wrong: where, what, and what to do.

    `any_action`: a rule that names no action is about every action, as some evaluators have it, instead of a fault.
    """
    given = parsed(document)
    if isinstance(given, dict) and given.get("@context") == CONTEXT:
        try:
            reader = _Reader(straight=True)
            reader.any_action = any_action
            policy = reader.policy(given)
            if not reader.faults:  # else the other way says it, which understands more
                return policy
        except Roundabout:
            pass
    reader = _Reader(straight=False)
    reader.any_action = any_action
    policy = reader.policy(compacted(given))  # type: ignore[arg-type]
    if reader.faults:
        raise PolicyError(reader.faults)
    return policy


class _Reader(Pieces):
    """Reads the nodes of one compact document."""

    any_action = False

    def policy(self, d: dict[str, Any]) -> Policy:
        kinds, types = self.types(d, _KIND_NAMES)
        self.surely(bool(kinds) or not d.keys().isdisjoint(("permission", "prohibition", "obligation")))
        exact = kinds - {"Policy"} if len(kinds) > 1 else kinds
        if len(exact) > 1:
            self.fault(
                "/@type", f"The policy is {', '.join(sorted(exact))} at once", "Give it one of these types"
            )
        conflict = self.one(d, "conflict", "")
        actions = self.actions(d.get("action"), "/action")
        rules: list[Rule] = []
        kind: RuleKind
        for kind in ("permission", "prohibition", "obligation"):
            for at, one in enumerate(listed(d.get(kind))):
                rule = self.rule(kind, one, f"/{kind}/{at}")
                if rule is not None:
                    rules.append(rule)
                    if not rule.actions and not actions and not self.any_action:
                        self.fault(
                            f"/{kind}/{at}",
                            f"The {kind} names no action",
                            "Say what it is about, such as use",
                        )
        more: dict[str, Any] = {}
        self.surely("@included" not in d)
        included = [*listed(d.get("@included")), *self.described]
        if included:
            more["@included"] = included
        return Policy(
            uid=self.uid(d, "/uid"),
            kind=ODRL + sorted(exact)[0] if exact else ODRL + "Set",
            rules=tuple(rules),
            profiles=self.iris(d.get("profile"), "/profile"),
            conflict="" if conflict is None else self.term(conflict, "/conflict"),
            inherit_from=self.iris(d.get("inheritFrom"), "/inheritFrom"),
            targets=self.assets(d.get("target"), "/target"),
            parties=self.parties(d, ""),
            actions=actions,
            extra=self.left_over(d, _POLICY | more.keys(), types, more),
        )

    def rule(self, kind: RuleKind, d: Any, pointer: str) -> Rule | None:
        if not isinstance(d, dict):
            self.surely(not isinstance(d, list))
            self.fault(pointer, f"The {kind} {d} is only named", "Put what it says into the document")
            return None
        if kind in _RULE_TYPES:
            (_, types), known, phase = self.types(d, _RULE_TYPES[kind]), _RULE, ""
        else:
            (_, types), phase = self.types(d, _DUTY_TYPES), self.phase(d.get(PHASE))
            known = _DUTY if phase else _RULE
        below = {}
        for name, key in _UNDER:
            if key in d:
                duties = (
                    self.duty(key, one, f"{pointer}/{key}/{at}") for at, one in enumerate(listed(d[key]))
                )
                below[name] = tuple(duty for duty in duties if duty is not None)
        return Rule(
            kind=kind,
            uid=self.uid(d, f"{pointer}/uid"),
            actions=self.actions(d.get("action"), f"{pointer}/action"),
            targets=self.assets(d.get("target"), f"{pointer}/target"),
            parties=self.parties(d, pointer),
            constraints=self.conditions(d.get("constraint"), f"{pointer}/constraint"),
            phase=phase,
            extra=self.left_over(d, known, types),
            **below,
        )

    def duty(self, key: str, d: Any, pointer: str) -> Rule | None:
        found = self.rule(key, d, pointer)  # type: ignore[arg-type]
        if found is not None and not found.actions:
            self.fault(pointer, f"The {key} names no action", "Say what must be done, such as delete")
        return found

    def phase(self, given: Any) -> str:
        if isinstance(given, dict):
            self.surely(False)
            given = str(given.get("@id", "")).removeprefix(NS) if set(given) == {"@id"} else ""
        return given if isinstance(given, str) and given in PHASES else ""

    def actions(self, given: Any, pointer: str) -> tuple[Action, ...]:
        if given is None:
            return ()
        return tuple(self.action(one, pointer) for one in listed(given))

    def action(self, d: Any, pointer: str) -> Action:
        if not isinstance(d, dict) or d.keys() == {"@id"}:
            return Action(self.term(d, pointer))
        _, types = self.types(d, frozenset(["Action"]))
        named = self.uid(d, pointer)
        self.surely(not ("rdf:value" in d and RDF_VALUE in d))
        meant = d.get("rdf:value", d.get(RDF_VALUE))
        more: dict[str, Any] = {}
        if meant is None:
            iri = named
        else:
            iri = self.term(self.one({"rdf:value": meant}, "rdf:value", pointer), pointer)
            if self.straight and isinstance(meant, str):
                raise Roundabout
            if named:
                more["@id"] = named
        if not iri:
            self.fault(
                pointer, "The action has no name", 'Name it, such as {"rdf:value": {"@id": "odrl:use"}}'
            )
        above = self.iris(d.get("includedIn"), f"{pointer}/includedIn")
        if len(above) > 1:
            self.fault(f"{pointer}/includedIn", "An action is included in several others", "Name one")
        return Action(
            iri=iri,
            refinement=self.conditions(d.get("refinement"), f"{pointer}/refinement"),
            included_in=_known(above[0]) if above else "",
            implies=tuple(_known(one) for one in self.iris(d.get("implies"), f"{pointer}/implies")),
            extra=self.left_over(d, _ACTION, types, more),
        )

    def assets(self, given: Any, pointer: str) -> tuple[Asset, ...]:
        if given is None:
            return ()
        found = []
        for one in listed(given):
            if not isinstance(one, dict):
                found.append(Asset(self.iri(one, pointer)))
                continue
            mine, types = self.types(one, frozenset(["Asset", "AssetCollection"]))
            found.append(
                Asset(
                    self.uid(one, pointer), "AssetCollection" in mine, *self.collection(one, types, pointer)
                )
            )
        return tuple(found)

    def parties(self, d: dict[str, Any], pointer: str) -> tuple[Party, ...]:
        if d.keys().isdisjoint(_ROLE_SET):
            return ()
        found = []
        for role in _ROLES:
            if role not in d:
                continue
            function, at = _ROLE_IRIS[role], f"{pointer}/{role}"
            for one in listed(d[role]):
                if not isinstance(one, dict):
                    found.append(Party(function, self.iri(one, at)))
                    continue
                mine, types = self.types(one, frozenset(["Party", "PartyCollection"]))
                found.append(
                    Party(
                        function,
                        self.uid(one, at),
                        "PartyCollection" in mine,
                        *self.collection(one, types, at),
                    )
                )
        return tuple(found)

    def collection(self, d: dict[str, Any], types: list[str], pointer: str) -> tuple[Any, ...]:
        """What assets and parties have in common: source, refinement, part_of, extra."""
        source = self.one(d, "source", pointer)
        return (
            "" if source is None else self.iri(source, f"{pointer}/source"),
            self.conditions(d.get("refinement"), f"{pointer}/refinement"),
            self.iris(d.get("partOf"), f"{pointer}/partOf"),
            self.left_over(d, _COLLECTION, types),
        )

    def conditions(self, given: Any, pointer: str) -> tuple[Condition, ...]:
        if given is None:
            return ()
        if isinstance(given, dict) and given.keys() == {"@list"}:
            self.surely(False)
            given = given["@list"]
        found = (self.condition(one, f"{pointer}/{at}") for at, one in enumerate(listed(given)))
        return tuple(one for one in found if one is not None)

    def condition(self, d: Any, pointer: str) -> Condition | None:
        if not isinstance(d, dict):
            self.surely(not isinstance(d, list))
            self.fault(pointer, f"The constraint {d} is only named", "Put what it says into the document")
            return None
        if self.straight and d.keys() == _BARE:  # most are so plain; the rest is for the others
            left, operator, right = d["leftOperand"], d["operator"], d["rightOperand"]
            if (
                isinstance(left, str)
                and isinstance(operator, str)
                and not isinstance(right, (dict, type(None)))
            ):
                values = tuple([self.value(one, pointer) for one in listed(right)])
                return Constraint(self.term(left, pointer), self.term(operator, pointer), values)
        if not _JOINT_SET.isdisjoint(d):
            return self.logical(d, [joint for joint in _JOINTS if joint in d], pointer)
        if "leftOperand" not in d or "operator" not in d:
            self.surely("@list" not in d and "@set" not in d)
            missing = "leftOperand" if "leftOperand" not in d else "operator"
            self.fault(
                pointer, f"The constraint has no {missing}", "Give leftOperand, operator and rightOperand"
            )
            return None
        right, ordered = d.get("rightOperand"), False
        reference = d.get("rightOperandReference")
        if right is None and reference is None:
            self.fault(pointer, "The constraint has no rightOperand", "Say what it is compared with")
            return None
        if isinstance(right, dict) and right.keys() == {"@list"}:
            right, ordered = listed(right["@list"]), True
        _, types = self.types(d, _CONSTRAINT_TYPES)
        left, operator = self.one(d, "leftOperand", pointer), self.one(d, "operator", pointer)
        kind, status = self.one(d, "dataType", pointer), self.one(d, "status", pointer)
        unit, known = d.get("unit"), _CONSTRAINT
        if isinstance(unit, dict) and unit.keys() == {"@id"}:
            self.surely(False)
            unit = unit["@id"]
        elif unit is not None and not isinstance(unit, str):
            self.surely(False)
            unit, known = "", _CONSTRAINT - {"unit"}
        return Constraint(
            left=self.term(left, f"{pointer}/leftOperand"),
            operator=self.term(operator, f"{pointer}/operator"),
            right=tuple(self.value(one, f"{pointer}/rightOperand") for one in listed(right)),
            reference=self.iris(reference, f"{pointer}/rightOperandReference"),
            unit=unit or "",
            data_type="" if kind is None else self.iri(kind, f"{pointer}/dataType"),
            status=None if status is None else self.value(status, f"{pointer}/status"),
            uid=self.uid(d, f"{pointer}/uid"),
            ordered=ordered,
            extra=self.left_over(d, known, types),
        )

    def logical(self, d: dict[str, Any], joints: list[str], pointer: str) -> Logical | None:
        joint = joints[0]
        if len(joints) > 1 or "leftOperand" in d:
            also = joints[1] if len(joints) > 1 else "leftOperand"
            self.fault(
                pointer, f"A constraint has “{joint}” and “{also}” at once", "Make two constraints of them"
            )
            return None
        given = d[joint]
        if isinstance(given, dict) and given.keys() == {"@list"}:
            given = given["@list"]
        parts = self.conditions(given, f"{pointer}/{joint}")
        if not parts:
            self.fault(pointer, f"“{joint}” joins nothing", "Put the constraints into it")
        _, types = self.types(d, _CONSTRAINT_TYPES)
        uid = self.uid(d, f"{pointer}/uid")
        return Logical(joint, parts, uid, self.left_over(d, _LOGICAL[joint], types))  # type: ignore[arg-type]


def _known(iri: str) -> str:
    """Plain names of actions where the context reads a document's address: nobody means that."""
    return expanded(iri) if iri in TERMS else iri
