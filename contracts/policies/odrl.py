"""Terms ⇄ ODRL 2.2 JSON-LD, lossless. The context is named and never fetched.

Every clause has one fixed place, so equal terms give equal bytes. A document that holds anything
this profile does not know is refused by name (UnknownTerm), never silently narrowed.
ODRL Information Model 2.2, https://www.w3.org/TR/odrl-model/.
"""

from __future__ import annotations

from typing import Any

from contracts.policies.terms import Terms
from kernel.canonical import sha256_hex

CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
PROFILE = "https://commonhold.example/ns/profile"
NS = "https://commonhold.example/ns/"


class UnknownTerm(Exception):
    """The document says something that this profile cannot explain. `terms` lists it."""

    def __init__(self, terms: list[str]) -> None:
        super().__init__("This portal cannot explain: " + ", ".join(terms))
        self.terms = terms


def _constraint(left: str, operator: str, right: Any, **more: Any) -> dict[str, Any]:
    return {"leftOperand": left, "operator": operator, "rightOperand": right, **more}


def _permission(terms: Terms) -> list[dict[str, Any]]:
    v = terms.as_dict()
    found = [_constraint("purpose", "isAnyOf", v["purpose"]["any_of"])]
    if "recipient" in v:
        found.append(_constraint("recipient", "isA", f"{NS}{v['recipient']['who']}"))
    if "place" in v:
        found.append(_constraint("spatial", "isAnyOf", v["place"]["any_of"]))
    period = v["period"]
    found.append(_constraint("dateTime", "gteq", terms.starts.isoformat(), **{f"{NS}zone": period["zone"]}))
    found.append(_constraint("dateTime", "lt", terms.ends.isoformat(), **{f"{NS}zone": period["zone"]}))
    if "exports" in v:
        found.append(_constraint("count", "lteq", v["exports"]["at_most"]))
    return found


def _duties(terms: Terms) -> list[dict[str, Any]]:
    v = terms.as_dict()
    found: list[dict[str, Any]] = []
    if "pseudonymise" in v:
        found.append({
            "action": "anonymize", f"{NS}phase": "pre",
            "constraint": [_constraint(f"{NS}pseudonymisedColumns", "isAllOf", v["pseudonymise"]["columns"])],
        })  # fmt: skip
    if "min_group_size" in v:
        group = v["min_group_size"]
        found.append({
            "action": "aggregate", f"{NS}phase": "pre",
            "constraint": [
                _constraint(f"{NS}minGroupSize", "gteq", group["k"]),
                _constraint(f"{NS}groupColumns", "isAllOf", group["by"]),
            ],
        })  # fmt: skip
    if "delete_within" in v:
        period = f"P{v['delete_within']['days']}D"
        found.append({
            "action": "delete", f"{NS}phase": "post",
            "constraint": [_constraint("delayPeriod", "lteq", period)],
        })  # fmt: skip
    if "attribution" in v:
        found.append({
            "action": "attribute", f"{NS}phase": "ongoing",
            "constraint": [_constraint(f"{NS}creditLine", "eq", v["attribution"]["text"])],
        })  # fmt: skip
    return found


def to_odrl(
    terms: Terms, *, uid: str, target: str, assigner: str, assignee: str = "", kind: str = "Offer"
) -> dict[str, Any]:
    """The policy as ODRL JSON-LD. `uid`, `target` and the parties are IRIs; kind Set, Offer or Agreement."""
    v = terms.as_dict()
    parties = {"assigner": assigner, **({"assignee": assignee} if assignee else {})}
    rule: dict[str, Any] = {"target": target, **parties, "action": "use", "constraint": _permission(terms)}
    if "columns" in v:
        rule["target"] = {
            "@id": target,
            "refinement": [_constraint(f"{NS}columns", "isAnyOf", v["columns"]["only"])],
        }
    duties = _duties(terms)
    if duties:
        rule["duty"] = duties
    policy: dict[str, Any] = {
        "@context": CONTEXT, "@type": kind, "uid": uid, "profile": PROFILE, "permission": [rule],
    }  # fmt: skip
    prohibitions = [
        {"target": target, **parties, "action": action}
        for code, action in (("no_onward_transfer", "distribute"), ("no_reidentification", f"{NS}reidentify"))
        if code in v
    ]
    if prohibitions:
        policy["prohibition"] = prohibitions
    return policy


def from_odrl(policy: dict[str, Any]) -> Terms:
    """The terms back. Raises UnknownTerm for anything that would be lost, TermsError for bad values."""
    given: dict[str, Any] = {}
    strange: list[str] = []
    rules = policy.get("permission") or []
    if len(rules) != 1 or not isinstance(rules[0], dict):
        raise UnknownTerm([f"{len(rules)} permissions where one is expected"])
    rule = rules[0]
    for constraint in rule.get("constraint", []):
        _read_constraint(constraint, given, strange)
    target = rule.get("target")
    if isinstance(target, dict):
        for refinement in target.get("refinement", []):
            _read_constraint(refinement, given, strange)
    for duty in rule.get("duty", []):
        _read_duty(duty, given, strange)
    for prohibition in policy.get("prohibition", []):
        action = prohibition.get("action")
        if action == "distribute":
            given["no_onward_transfer"] = {}
        elif action == f"{NS}reidentify":
            given["no_reidentification"] = {}
        else:
            strange.append(f"prohibition of {action}")
    if rule.get("action") != "use":
        strange.append(f"permission of {rule.get('action')}")
    known = {"@context", "@type", "uid", "profile", "permission", "prohibition"}
    strange += [str(key) for key in policy if key not in known]
    strange += [
        str(k) for k in rule if k not in {"target", "assigner", "assignee", "action", "constraint", "duty"}
    ]
    if strange:
        raise UnknownTerm(strange)
    terms = Terms.from_dict(given)
    again = to_odrl(
        terms, uid=str(policy.get("uid")), kind=str(policy.get("@type")), assigner=str(rule.get("assigner", "")),
        target=str(target.get("@id") if isinstance(target, dict) else target), assignee=str(rule.get("assignee") or ""),
    )  # fmt: skip
    # The proof that nothing was lost: writing it again gives the same permission and prohibitions.
    if again["permission"] != rules or again.get("prohibition", []) != policy.get("prohibition", []):
        raise UnknownTerm(["a form of this policy that would not survive being written again"])
    return terms


def _read_constraint(found: dict[str, Any], given: dict[str, Any], strange: list[str]) -> None:
    left, operator, right = found.get("leftOperand"), found.get("operator"), found.get("rightOperand")
    match left, operator:
        case "purpose", "isAnyOf":
            given["purpose"] = {"any_of": right}
        case "recipient", "isA":
            given["recipient"] = {"who": str(right).removeprefix(NS)}
        case "spatial", "isAnyOf":
            given["place"] = {"any_of": right}
        case "dateTime", "gteq":
            given.setdefault("period", {}).update({"from": str(right)[:10], "zone": found.get(f"{NS}zone")})
        case "dateTime", "lt":
            given.setdefault("period", {})["until"] = _day_before(str(right))
        case "count", "lteq":
            given["exports"] = {"at_most": right}
        case name, "isAnyOf" if name == f"{NS}columns":
            given["columns"] = {"only": right}
        case _:
            strange.append(f"{left} {operator}")


def _day_before(instant: str) -> str:
    from datetime import date, timedelta

    try:
        return (date.fromisoformat(instant[:10]) - timedelta(days=1)).isoformat()
    except ValueError:
        return instant


def _read_duty(duty: dict[str, Any], given: dict[str, Any], strange: list[str]) -> None:
    rights = {c.get("leftOperand"): c.get("rightOperand") for c in duty.get("constraint", [])}
    match duty.get("action"):
        case "anonymize":
            given["pseudonymise"] = {"columns": rights.get(f"{NS}pseudonymisedColumns")}
        case "aggregate":
            given["min_group_size"] = {
                "k": rights.get(f"{NS}minGroupSize"),
                "by": rights.get(f"{NS}groupColumns"),
            }
        case "delete":
            given["delete_within"] = {"days": str(rights.get("delayPeriod", ""))[1:-1]}
        case "attribute":
            given["attribution"] = {"text": rights.get(f"{NS}creditLine")}
        case other:
            strange.append(f"duty to {other}")


def policy_hash(policy: dict[str, Any]) -> str:
    """SHA-256 over the canonical form: what people accept and both signatures cover."""
    return sha256_hex(policy)
