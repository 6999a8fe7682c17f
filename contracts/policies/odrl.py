"""Terms ⇄ ODRL 2.2 JSON-LD, lossless, from the form that each clause declares. The context is named, never fetched.

Every clause has one fixed place, so equal terms give equal bytes. What this profile does not know is kept word for
word as the clause `unexplained`, never silently narrowed; a policy whose form could not be written again without
loss is refused by name (UnknownTerm).
ODRL Information Model 2.2, https://www.w3.org/TR/odrl-model/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from contracts.policies.clauses import CLAUSES, ClauseKind
from contracts.policies.clauses.base import Allow, Duty, Forbid, Limit
from contracts.policies.language.vocabulary import CONTEXT, NS, PROFILE
from contracts.policies.terms import Terms
from kernel.canonical import canonical_bytes, sha256_hex

Node = dict[str, Any]
# Duties that the job plan does itself: by the time anything leaves, they are done.
DONE_BY_PLAN = frozenset({"anonymize", "aggregate", "watermark", f"{NS}summarise"})
_MOODS = {"may": "permission", "may_not": "prohibition", "must": "obligation"}


class UnknownTerm(Exception):
    """The document says something that this profile cannot carry. `terms` lists it."""

    def __init__(self, terms: list[str]) -> None:
        super().__init__("This portal cannot explain: " + ", ".join(terms))
        self.terms = terms


# ------------------------------------------------------------------------------------------------------ writing


def _written(limit: Limit, value: dict[str, Any]) -> Node:
    right = limit.wrap(value[limit.key])
    found = {"leftOperand": limit.left, "operator": limit.operator, "rightOperand": right}
    return {**found, **{name: value[key] for name, key in limit.more.items()}}


def _clauses(terms: Terms, form: type) -> Iterator[tuple[ClauseKind, Any, dict[str, Any]]]:
    """The clauses of these terms that have this form, as (kind, form, value)."""
    for code, value in terms.as_dict().items():
        kind = CLAUSES[code]
        if isinstance(kind.form, form):
            yield kind, kind.form, value


# The places of constraints and duties were fixed before some clauses came: the older ones keep theirs, so that
# terms signed then give the same bytes now.
_FIRST = ("purpose", "recipient", "place", "period", "exports")
_FIRST_DUTIES = ("pseudonymise", "min_group_size", "delete_within", "attribution")


def _in_place(codes: tuple[str, ...]) -> Callable[[tuple[str, Any]], int]:
    return lambda found: codes.index(found[0]) if found[0] in codes else len(codes)


def _permission(terms: Terms) -> list[Node]:
    period = terms.as_dict()["period"]
    zone = {f"{NS}zone": period["zone"]}
    found: list[tuple[str, list[Node]]] = [("period", [
        {"leftOperand": "dateTime", "operator": "gteq", "rightOperand": terms.starts.isoformat(), **zone},
        {"leftOperand": "dateTime", "operator": "lt", "rightOperand": terms.ends.isoformat(), **zone},
    ])]  # fmt: skip
    found += [
        (kind.code, [_written(form, v)]) for kind, form, v in _clauses(terms, Limit) if not form.refines
    ]
    return [node for _, nodes in sorted(found, key=_in_place(_FIRST)) for node in nodes]


def _duties(terms: Terms) -> list[Node]:
    late = [{"action": f"{NS}{what}"} for what in (terms.get("if_late") or {}).get("then", [])]
    found: list[tuple[str, Node]] = []
    for kind, form, value in _clauses(terms, Duty):
        node: Node = {"action": form.action, f"{NS}phase": form.phase}
        if form.limits:
            node["constraint"] = [_written(limit, value) for limit in form.limits]
        if late and kind.badge == "watched":
            node["consequence"] = late
        found.append((kind.code, node))
    return [node for _, node in sorted(found, key=_in_place(_FIRST_DUTIES))]


def _own(terms: Terms) -> Iterator[tuple[str, Node]]:
    for one in (terms.get("own") or {}).get("clauses", []):
        node = {"action": f"{NS}own", f"{NS}code": one["code"], f"{NS}en": one["en"], f"{NS}de": one["de"]}
        yield _MOODS[one["mood"]], node


def to_odrl(
    terms: Terms, *, uid: str, target: str, assigner: str, assignee: str = "", kind: str = "Offer"
) -> dict[str, Any]:
    """The policy as ODRL JSON-LD. `uid`, `target` and the parties are IRIs; kind Set, Offer or Agreement."""
    parties = {"assigner": assigner, **({"assignee": assignee} if assignee else {})}
    rule: Node = {"target": target, **parties, "action": "use", "constraint": _permission(terms)}
    refined = [_written(form, v) for _, form, v in _clauses(terms, Limit) if form.refines]
    if refined:
        rule["target"] = {"@id": target, "refinement": refined}
    if duties := _duties(terms):
        rule["duty"] = duties
    policy: Node = {
        "@context": CONTEXT, "@type": kind, "uid": uid, "profile": PROFILE, "permission": [rule],
    }  # fmt: skip
    for _, allow, value in _clauses(terms, Allow):
        limits = [_written(limit, value) for limit in allow.limits]
        policy["permission"].append(
            {"target": target, **parties, "action": allow.action, "constraint": limits}
        )
    for _, forbid, _value in _clauses(terms, Forbid):
        policy.setdefault("prohibition", []).append({"target": target, **parties, "action": forbid.action})
    for where, node in _own(terms):
        policy.setdefault(where, []).append({"target": target, **parties, **node})
    # A watched duty must be there for its consequence to stand at; without one it stands at the policy.
    if terms.has("if_late") and not any("consequence" in duty for duty in rule.get("duty", [])):
        policy[f"{NS}ifLate"] = terms.as_dict()["if_late"]["then"]
    for part in (terms.get("unexplained") or {}).get("parts", []):
        _put_back(policy, part["at"], part["node"])
    return policy


def _put_back(policy: Node, at: str, node: Any) -> None:
    rule = policy["permission"][0]
    match at:
        case "policy":
            policy[node["term"]] = node["value"]
        case "constraint" | "duty":
            rule.setdefault(at, []).append(node)
        case _:
            policy.setdefault(at, []).append(node)


# ------------------------------------------------------------------------------------------------------ reading


def from_odrl(policy: dict[str, Any]) -> Terms:
    """The terms of a policy in the compact form. Raises UnknownTerm if one could not be carried, TermsError for bad values.

    What this profile does not know becomes the clause `unexplained`.
    """
    terms = Terms.from_dict(gathered(policy))
    _nothing_lost(terms, policy, policy["permission"][0])
    return terms


def gathered(policy: dict[str, Any]) -> dict[str, Any]:
    """The clauses that a policy in the compact form holds, not checked yet, and perhaps not all that terms need.

    For a form to start from. Raises UnknownTerm for a policy that is about something else than using data.
    """
    given: dict[str, Any] = {}
    strange: list[Node] = []
    rules = policy.get("permission") or []
    rules = rules if isinstance(rules, list) else [rules]
    rule = next((r for r in rules if isinstance(r, dict) and r.get("action") == "use"), None)
    if rule is None:
        raise UnknownTerm(["a policy without a permission to use the data"])
    for constraint in _listed(rule.get("constraint")):
        if not _read_limit(constraint, given, refines=False) and not _read_period(constraint, given):
            strange.append({"at": "constraint", "node": constraint})
    target = rule.get("target")
    for refinement in _listed(target.get("refinement")) if isinstance(target, dict) else []:
        if not _read_limit(refinement, given, refines=True):
            raise UnknownTerm([canonical_bytes(refinement).decode()])
    for duty in _listed(rule.get("duty")):
        if not _read_duty(duty, given):
            strange.append({"at": "duty", "node": duty})
    for where in ("permission", "prohibition", "obligation"):
        for other in _listed(policy.get(where)):
            if other is not rule and not _read_rule(where, other, given):
                strange.append({"at": where, "node": other})
    known = {"@context", "@type", "@id", "uid", "profile", "permission", "prohibition", "obligation", f"{NS}ifLate",
             "target", "assigner", "assignee"}  # fmt: skip
    if f"{NS}ifLate" in policy:
        given["if_late"] = {"then": _listed(policy[f"{NS}ifLate"])}
    strange += [
        {"at": "policy", "node": {"term": k, "value": v}} for k, v in policy.items() if k not in known
    ]
    own = {"target", "assigner", "assignee", "action", "constraint", "duty", "uid", "@id", "@type"}
    if lost := [str(k) for k in rule if k not in own]:
        raise UnknownTerm(lost)
    if strange:
        given["unexplained"] = {"parts": strange}
    return given


def _listed(given: Any) -> list[Any]:
    """JSON-LD writes a set of one without brackets."""
    found = given if isinstance(given, list) else [] if given is None else [given]
    return [one for one in found if isinstance(one, (dict, str))]


def _nothing_lost(terms: Terms, policy: Node, rule: Node) -> None:
    """The proof: writing it again gives the same rules, whatever their order. Raises UnknownTerm."""
    target = rule.get("target")
    again = to_odrl(
        terms, uid=str(policy.get("uid")), kind=str(policy.get("@type")), assigner=str(rule.get("assigner", "")),
        target=str(target.get("@id") if isinstance(target, dict) else target), assignee=str(rule.get("assignee") or ""),
    )  # fmt: skip
    for key in ("permission", "prohibition", "obligation"):
        if _unordered(again.get(key, [])) != _unordered(policy.get(key, [])):
            raise UnknownTerm(["a form of this policy that would not survive being written again"])


def _unordered(value: Any) -> Any:
    """JSON-LD lists of rules and constraints are sets: order and repetition say nothing."""
    if isinstance(value, list):
        return sorted({canonical_bytes(_unordered(item)) for item in value})
    if isinstance(value, dict):
        return {key: [b.decode() for b in found] if isinstance(found := _unordered(item), list) else found
                for key, item in value.items()}  # fmt: skip
    return value


def _as_list(kind: ClauseKind, limit: Limit, right: Any) -> Any:
    """A set of one may be written without brackets."""
    many = limit.operator in ("isAnyOf", "isAllOf", "isNoneOf")
    return [right] if many and not isinstance(right, list) else right


def _value_of(kind: ClauseKind, limits: tuple[Limit, ...], nodes: list[Node]) -> dict[str, Any] | None:
    """The value of a clause from its constraints, or None if they are not its own."""
    if len(nodes) != len(limits) or not all(isinstance(n, dict) for n in nodes):
        return None
    found: dict[str, Any] = {}
    for limit in limits:
        fits = [
            n for n in nodes if n.get("leftOperand") == limit.left and n.get("operator") == limit.operator
        ]
        if len(fits) != 1 or set(fits[0]) - {"leftOperand", "operator", "rightOperand", *limit.more}:
            return None
        found[limit.key] = limit.unwrap(_as_list(kind, limit, fits[0].get("rightOperand")))
        found |= {key: fits[0].get(name) for name, key in limit.more.items()}
    return found


def _read_limit(node: Node, given: dict[str, Any], *, refines: bool) -> bool:
    if not isinstance(node, dict):
        return False
    for code, kind in CLAUSES.items():
        if not isinstance(kind.form, Limit) or kind.form.refines is not refines or code in given:
            continue
        if (value := _value_of(kind, (kind.form,), [node])) is not None:
            given[code] = value
            return True
    return False


def _read_period(node: Node, given: dict[str, Any]) -> bool:
    if not isinstance(node, dict):
        return False
    zone = node.get(f"{NS}zone")
    if node.get("leftOperand") != "dateTime" or not zone:
        return False
    period = given.setdefault("period", {})
    if node.get("operator") == "gteq" and "from" not in period:
        period.update({"from": str(node.get("rightOperand"))[:10], "zone": zone})
    elif node.get("operator") == "lt" and "until" not in period:
        period["until"] = _day_before(str(node.get("rightOperand")))
    else:
        return False
    return True


def _day_before(instant: str) -> str:
    try:
        return (date.fromisoformat(instant[:10]) - timedelta(days=1)).isoformat()
    except ValueError:
        return instant


def _read_duty(duty: Node, given: dict[str, Any]) -> bool:
    if not isinstance(duty, dict) or set(duty) - {"action", f"{NS}phase", "constraint", "consequence"}:
        return False
    for code, kind in CLAUSES.items():
        form = kind.form
        if not isinstance(form, Duty) or form.action != duty.get("action") or code in given:
            continue
        value = _value_of(kind, form.limits, _listed(duty.get("constraint")))
        if value is None or form.phase != duty.get(f"{NS}phase"):
            continue
        given[code] = value
        if late := duty.get("consequence"):
            given["if_late"] = {
                "then": [
                    str(one.get("action") if isinstance(one, dict) else one).removeprefix(NS)
                    for one in _listed(late)
                ]
            }
        return True
    return False


def _read_rule(where: str, node: Node, given: dict[str, Any]) -> bool:
    """A rule beside the permission to use: a prohibition, a further permission, a trust's own clause."""
    plain = {"target", "assigner", "assignee", "action", "constraint"}
    if not isinstance(node, dict):
        return False
    action = node.get("action")
    if action == f"{NS}own" and not set(node) - plain - {f"{NS}code", f"{NS}en", f"{NS}de"}:
        mood = next(m for m, kind in _MOODS.items() if kind == where)
        one = {
            "code": node.get(f"{NS}code"),
            "mood": mood,
            "en": node.get(f"{NS}en"),
            "de": node.get(f"{NS}de"),
        }
        given.setdefault("own", {"clauses": []})["clauses"].append(one)
        return True
    if set(node) - plain:
        return False
    for code, kind in CLAUSES.items():
        form = kind.form
        if code in given or not isinstance(form, (Forbid, Allow)) or form.action != action:
            continue
        if where == "prohibition" and isinstance(form, Forbid) and not node.get("constraint"):
            given[code] = {}
            return True
        if where == "permission" and isinstance(form, Allow):
            value = _value_of(kind, form.limits, _listed(node.get("constraint")))
            if value is not None:
                given[code] = value
                return True
    return False


def policy_hash(policy: dict[str, Any]) -> str:
    """SHA-256 over the canonical form: what people accept and the signatures cover."""
    return sha256_hex(policy)
