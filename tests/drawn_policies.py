"""Policies drawn at random for property tests: every kind of node of the model, known and unknown terms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from contracts.policies.language.context import NAMES
from contracts.policies.language.model import (
    Action,
    Asset,
    Condition,
    Constraint,
    Extra,
    Iri,
    Literal,
    Logical,
    Party,
    Policy,
    Rule,
)
from contracts.policies.language.read import PHASES
from contracts.policies.language.values import BOOLEAN, DOUBLE, INTEGER, JSON, canonical_text
from contracts.policies.language.vocabulary import ACTIONS, FUNCTIONS, LEFT_OPERANDS, NS, ODRL, OPERATORS, XSD

IRIS = (
    "urn:x:1",
    "urn:uuid:7",
    "https://example.org/a",
    "https://example.org/b#c",
    NS + "thing",
    ODRL + "use",
)
ROLES = (ODRL + "assigner", ODRL + "assignee", *sorted(FUNCTIONS - {ODRL + "assigner", ODRL + "assignee"}))
UNKNOWN = ("https://example.org/unheard", "urn:op:nearly", ODRL + "neverDefined")
# Names that no context knows; one of them looks like a term and must not become one.
NAMELESS = ("frobnicate", "use")
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
iris = st.sampled_from(IRIS)


def optional(given: Any) -> Any:
    """Often nothing at all: most policies use few of the possibilities."""
    return st.one_of(st.just(""), st.just(""), given)


def few(given: Any, most: int = 2) -> Any:
    return st.lists(given, max_size=most).map(tuple)


def names(known: frozenset[str], nameless: bool) -> Any:
    more = NAMELESS if nameless else ()
    return st.one_of(st.sampled_from(sorted(known)), st.sampled_from((*UNKNOWN, *more)))


literals = st.one_of(
    text.map(Literal),
    st.integers(-(2**53) + 1, 2**53 - 1).map(lambda n: Literal(str(n), INTEGER)),
    st.sampled_from([
        Literal("true", BOOLEAN), Literal("1", BOOLEAN), Literal("007", INTEGER), Literal("9" * 30, INTEGER),
        Literal("2.5", DOUBLE), Literal("2.5", XSD + "decimal"), Literal("2027-01-01T00:00:00Z", XSD + "dateTime"),
        Literal("P30D", XSD + "duration"), Literal("Hallo", language="de"), Literal("x", "https://example.org/type"),
        Literal(canonical_text({"@context": None, "a": [1, True]}), JSON),
    ]),
)  # fmt: skip
values = st.one_of(literals, iris.map(Iri))


def extras(nameless: bool) -> Any:
    keys = [NS + "zone", "http://purl.org/dc/terms/title", "urn:p", *(["foo", "grün"] if nameless else [])]
    simple = st.one_of(text, st.integers(-5, 5), st.booleans())
    thing = st.sampled_from(
        [{"@id": "urn:y"}, {"@type": "xsd:date", "@value": "2027-01-01"}, {"urn:q": {"urn:r": "s"}}]
    )
    one = st.one_of(simple, thing)
    several = st.lists(one, min_size=2, max_size=3)
    items = st.dictionaries(st.sampled_from(keys), st.one_of(one, several), max_size=2)
    made: Any = items.map(lambda d: tuple((k, canonical_text(d[k])) for k in sorted(d)))
    return st.one_of(st.just(()), st.just(()), made)


def conditions(nameless: bool, extra: Any) -> Any:
    constraint = st.builds(
        Constraint,
        left=names(LEFT_OPERANDS, nameless),
        operator=names(OPERATORS, nameless),
        right=few(values, 3),
        reference=few(iris, 1),
        unit=optional(st.sampled_from(["EUR", "https://example.org/unit"])),
        data_type=optional(st.just(XSD + "date")),
        status=st.one_of(st.none(), values),
        uid=optional(iris),
        ordered=st.booleans(),
        extra=extra,
    ).map(lambda c: c if c.right else replace(c, ordered=c.ordered and not c.reference))

    def joined(inner: Any) -> Any:
        joint = st.sampled_from(["and", "or", "xone", "andSequence"])
        parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return st.builds(Logical, joint=joint, parts=parts, uid=optional(iris), extra=extra)

    return st.recursive(constraint, joined, max_leaves=4)


def things(cls: Any, refinement: Any, extra: Any, **more: Any) -> Any:
    return st.builds(
        cls, iri=optional(iris), collection=st.booleans(), source=optional(iris), refinement=refinement,
        part_of=few(iris), extra=extra, **more,
    )  # fmt: skip


def policies(nameless: bool = True) -> Any:
    """Any policy in the order in which documents are read: rules by kind, parties by role."""
    extra = extras(nameless)
    condition: Any = conditions(nameless, extra)
    refined = st.one_of(st.just(()), few(condition, 1))
    actions = st.builds(
        Action, iri=names(ACTIONS, nameless), refinement=refined, included_in=optional(iris), implies=few(iris, 1),
        extra=extra,
    )  # fmt: skip
    assets = few(things(Asset, refined, extra))
    parties = few(things(Party, refined, extra, function=st.sampled_from(ROLES)), 3).map(
        lambda found: tuple(sorted(found, key=lambda p: ROLES.index(p.function)))
    )

    def rule(kind: str, depth: int) -> Any:
        below = kind in ("permission", "prohibition")
        more: dict[str, Any] = {}
        if depth:
            under = {"permission": ("duties", "duty"), "prohibition": ("remedies", "remedy")}
            name, inner = under.get(kind, ("consequences", "consequence"))
            more[name] = few(rule(inner, depth - 1), 1)
        return st.builds(
            Rule, kind=st.just(kind), uid=optional(iris), actions=st.lists(actions, min_size=1, max_size=2).map(tuple),
            targets=assets, parties=parties, constraints=few(condition), extra=extra,
            phase=st.just("") if below else st.sampled_from(("", *PHASES)), **more,
        )  # fmt: skip

    rules = st.tuples(*(few(rule(kind, 2), 1) for kind in ("permission", "prohibition", "obligation")))
    return st.builds(
        Policy, uid=optional(iris), kind=st.sampled_from(["Set", "Offer", "Agreement", "Request", "Policy"]).map(ODRL.__add__),
        rules=rules.map(lambda kinds: tuple(one for several in kinds for one in several)), profiles=few(iris),
        conflict=optional(st.sampled_from(["perm", "prohibit", "invalid"]).map(ODRL.__add__)), inherit_from=few(iris, 1),
        targets=assets, parties=parties, actions=few(actions, 1), extra=extra,
    )  # fmt: skip


_KEYS = [
    *sorted(NAMES.values()),
    "@id",
    "@type",
    "@value",
    "@list",
    "@graph",
    "@context",
    "uid",
    "type",
    "foo",
    "odrl:duty",
]
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), text, iris, st.sampled_from(sorted(NAMES.values()))
)
# JSON that looks as if it could be a policy.
junk: Any = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def damaged(draw: Any, document: dict[str, Any]) -> dict[str, Any]:
    """The document with something in it replaced, removed or added."""
    import copy

    found: Any = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        place: Any = found
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], (dict, list)) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            if isinstance(place, dict) and draw(st.booleans()):
                place[draw(st.sampled_from(_KEYS))] = place.pop(key)
            else:
                place[key] = draw(junk)
            break
    return found  # type: ignore[no-any-return]


__all__ = ["Condition", "Extra", "damaged", "junk", "policies"]
