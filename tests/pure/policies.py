"""Policies, requests and worlds drawn at random, and a second, slow evaluator to hold the first one against."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from contracts.policies.language.model import Action, Asset, Constraint, Literal, Logical, Party, Policy, Rule
from contracts.policies.language.vocabulary import NS, ODRL, XSD
from contracts.policies.taxonomy import PURPOSES

NOON = datetime(2027, 6, 1, 12, tzinfo=UTC)
PEOPLE, DATA = ["urn:alice", "urn:bob", "urn:guild"], ["urn:x", "urn:y", "urn:shelf"]
ACTIONS = [
    ODRL + "use",
    ODRL + "read",
    ODRL + "distribute",
    ODRL + "transfer",
    NS + "train",
    ODRL + "reproduce",
]
PARENT = {"read": "use", "train": "use", "reproduce": "use", "distribute": "transfer"}
PURPOSE = [*sorted(PURPOSES)[:6], "research"]
ORDERED = ["eq", "neq", "lt", "lteq", "gt", "gteq"]
SETS = ["isAnyOf", "isNoneOf", "isA", "isPartOf"]


def number(value: int) -> Literal:
    return Literal(str(value), XSD + "integer")


purposes = st.builds(
    lambda op, names: Constraint(ODRL + "purpose", ODRL + op, tuple(Literal(n) for n in names)),
    st.sampled_from([*SETS, "eq", "neq"]), st.lists(st.sampled_from(PURPOSE), min_size=1, max_size=3, unique=True),
)  # fmt: skip
numbers = st.builds(
    lambda left, op, n: Constraint(ODRL + left, ODRL + op, (number(n),)),
    st.sampled_from(["count", "resolution", "version"]), st.sampled_from(ORDERED), st.integers(0, 4),
)  # fmt: skip
times = st.builds(
    lambda op, days: Constraint(
        ODRL + "dateTime", ODRL + op, (Literal((NOON + timedelta(days=days)).isoformat(), XSD + "dateTime"),)
    ),
    st.sampled_from(ORDERED), st.integers(-1, 1),
)  # fmt: skip
strange = st.builds(
    lambda left, op: Constraint(left, op, (Literal("1"),)),
    st.sampled_from(["urn:colour", ODRL + "version"]), st.sampled_from(["urn:looks-like", ODRL + "eq"]),
)  # fmt: skip
plain = st.one_of(purposes, numbers, times, strange)
conditions: Any = st.recursive(
    plain,
    lambda inner: st.builds(
        Logical,
        st.sampled_from(["and", "or", "xone", "andSequence"]),
        st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=4,
)
duties = st.builds(
    lambda n, phase: Rule("duty", f"urn:duty-{n}", (Action(ODRL + "inform"),), phase=phase),
    st.integers(0, 2), st.sampled_from(["", NS + "pre", NS + "ongoing", NS + "post"]),
)  # fmt: skip


def rules(kind: Any) -> Any:
    return st.builds(
        lambda what, who, on, actions, constraints, own: Rule(
            what, "", tuple(Action(a) for a in actions),
            tuple(Asset(o, collection=o == "urn:shelf") for o in on),
            tuple(Party(ODRL + "assignee", p, collection=p == "urn:guild") for p in who),
            tuple(constraints), duties=tuple(own) if what == "permission" else (),
        ),
        kind, st.lists(st.sampled_from(PEOPLE), max_size=1), st.lists(st.sampled_from(DATA), max_size=1),
        st.lists(st.sampled_from(ACTIONS), max_size=2, unique=True), st.lists(conditions, max_size=2), st.lists(duties, max_size=2),
    )  # fmt: skip


permissions, prohibitions = rules(st.just("permission")), rules(st.just("prohibition"))
policies = st.builds(
    lambda many, conflict: Policy("urn:p", ODRL + "Set", tuple(many), conflict=conflict),
    st.lists(rules(st.sampled_from(["permission", "permission", "prohibition"])), max_size=4),
    st.sampled_from(["", "", ODRL + "prohibit", ODRL + "perm"]),
)  # fmt: skip
requests: Any = st.fixed_dictionaries(
    {},
    optional={
        "assignee": st.sampled_from(PEOPLE[:2]), "target": st.sampled_from(DATA[:2]), "action": st.sampled_from(ACTIONS),
        "purpose": st.lists(st.sampled_from(PURPOSE), min_size=1, max_size=2, unique=True),
        "resolution": st.integers(0, 4), "version": st.sampled_from(["1", "two"]),
    },
)  # fmt: skip
worlds: Any = st.fixed_dictionaries(
    {},
    optional={
        "counters": st.fixed_dictionaries({"count": st.integers(0, 4)}),
        "members": st.fixed_dictionaries(
            {}, optional={"urn:guild": st.just(["urn:alice"]), "urn:shelf": st.just(["urn:x"])}
        ),
        "duties": st.dictionaries(
            st.integers(0, 2).map(lambda n: f"urn:duty-{n}"), st.sampled_from(["fulfilled", "violated", "unknown"])
        ),
    },
)  # fmt: skip


def slow(policy: Policy, request: dict[str, Any], world: dict[str, Any], as_of: datetime) -> str:
    """The verdict, the long way: every three-valued answer is found by trying what is unknown both ways."""
    verdicts = {"permission": [], "prohibition": []}  # type: ignore[var-annotated]
    for rule in policy.rules:
        answers = [
            _about(rule, request, world),
            *(_holds(c, rule, request, world, as_of) for c in rule.constraints),
        ]
        answers += [_duty(d, world) for d in rule.duties]
        false, unknown = False in answers, None in answers
        verdicts[rule.kind].append(False if false else None if unknown else True)
    if True in verdicts["permission"] and policy.conflict.endswith("perm"):
        return "permit"
    if any(v is not False for v in verdicts["prohibition"]):
        return "deny"
    if True in verdicts["permission"]:
        return "permit"
    return "needs_information" if None in verdicts["permission"] else "deny"


def _about(rule: Rule, request: dict[str, Any], world: dict[str, Any]) -> bool | None:
    answers = []
    for named, key in ((rule.parties, "assignee"), (rule.targets, "target")):
        if not named:
            continue
        asked, one = request.get(key), named[0]
        if asked is None:
            answers.append(None)
        elif asked == one.iri:
            answers.append(True)
        elif one.collection:
            listed = world.get("members", {}).get(one.iri)
            answers.append(None if listed is None else asked in listed)
        else:
            answers.append(False)
    if rule.actions:
        asked = request.get("action")
        if asked is None:
            answers.append(None)
        else:
            tail = asked.rsplit("/", 1)[1]
            chain = {tail, PARENT.get(tail, "")}
            if rule.kind == "prohibition" and tail == "distribute":
                chain.add("use")  # a ban on use forbids to pass on, too
            answers.append(any(a.iri.rsplit("/", 1)[1] in chain for a in rule.actions))
    return False if False in answers else None if None in answers else True


def _duty(duty: Rule, world: dict[str, Any]) -> bool | None:
    state = world.get("duties", {}).get(duty.uid, "unknown")
    if state == "violated":
        return False
    return None if state == "unknown" and duty.phase.endswith("pre") else True


def _holds(
    condition: Any, rule: Rule, request: dict[str, Any], world: dict[str, Any], as_of: datetime
) -> bool | None:
    if isinstance(condition, Logical):
        parts = [_holds(p, rule, request, world, as_of) for p in condition.parts]
        # Every way in which the unknown could turn out; one answer only if all agree.
        worlds: list[list[bool]] = [[]]
        for part in parts:
            worlds = [[*w, v] for w in worlds for v in ([True, False] if part is None else [part])]
        judge = {"and": all, "andSequence": all, "or": any, "xone": lambda w: sum(w) == 1}[condition.joint]
        outcomes = {bool(judge(w)) for w in worlds}
        return outcomes.pop() if len(outcomes) == 1 else None
    operator = condition.operator.removeprefix(ODRL)
    left = condition.left.removeprefix(ODRL)
    right = [getattr(v, "value", v) for v in condition.right]
    if ":" in operator or ":" in left:
        return None
    if left == "purpose":
        asked = request.get("purpose")
        if asked is None:
            return None
        answers = [_purpose(operator, one, right) for one in asked]
        every = rule.kind == "permission"
        if every:
            return False if False in answers else None if None in answers else True
        return True if True in answers else None if None in answers else False
    if left == "dateTime":
        return _compare(operator, as_of, datetime.fromisoformat(right[0]))
    if left == "count":
        used = world.get("counters", {}).get("count")
        if used is None:
            return None
        return _compare(operator, Fraction(used + (operator in ("lt", "lteq"))), Fraction(right[0]))
    given = request.get(left)
    if given is None:
        return None
    typed = bool(condition.right[0].datatype) or isinstance(given, int)
    if not typed:
        return _compare(operator, given, right[0]) if operator in ("eq", "neq") else None
    try:
        return _compare(operator, Fraction(given), Fraction(right[0]))
    except ValueError:
        return None


def _compare(operator: str, a: Any, b: Any) -> bool:
    return bool(
        {"eq": a == b, "neq": a != b, "lt": a < b, "lteq": a <= b, "gt": a > b, "gteq": a >= b}[operator]
    )


def _purpose(operator: str, asked: str, right: list[str]) -> bool | None:
    below = {asked} | {code for code, (_, parent) in PURPOSES.items() if parent == asked}
    covered = set(right) | {code for code, (_, parent) in PURPOSES.items() if parent in right}
    if operator in ("eq", "neq"):
        equal = True if asked in right else None if below & set(right) else False
        return equal if operator == "eq" or equal is None else not equal
    if operator == "isNoneOf":
        return not below & covered
    return below <= covered
