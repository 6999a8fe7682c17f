"""From expanded JSON-LD to the compact tree of one policy: finds it, puts what it names in place, shortens the names.

A reference is filled in only from a node that stands on its own in the document (as in a graph). What is written
inside one rule stays there: a dataset that one rule narrows is not narrowed in the others.
"""

from __future__ import annotations

from typing import Any

from contracts.policies.language.context import KINDS, NAMES, PLAIN, SLIPS, TERMS, THINGS, VOCAB, compact_iri
from contracts.policies.language.context import expanded as of_term
from contracts.policies.language.faults import refuse
from contracts.policies.language.values import json_of, literal_of
from contracts.policies.language.vocabulary import ODRL

Node = dict[str, Any]
LARGEST = 5_000  # nodes after filling in, against documents that name the same node again and again
_RULES = frozenset(ODRL + name for name in ("permission", "prohibition", "obligation"))
# Statements that stand at a party or asset about the policy, and what they say at the policy itself.
_OUTSIDE = {ODRL + "assignerOf": "assigner", ODRL + "assigneeOf": "assignee", ODRL + "hasPolicy": "target"}
_UID = ODRL + "uid"
_TEXTUAL = ("", "string", "anyURI", "anyType", "QName")


def gathered(graph: list[Node]) -> Node:
    """The one policy of an expanded document as a compact tree. PolicyError if there is none, or several."""
    nodes = _merged(_flat(_identified(graph)))
    policies = [node for node in nodes if _is_policy(node)]
    if not policies:
        policies, nodes = _held(nodes)
    if len(policies) != 1:
        named = ", ".join(str(p.get("@id", "one without a name")) for p in policies[:5])
        what = (
            f"The document holds {len(policies)} policies: {named}"
            if policies
            else "The document holds no policy"
        )
        raise refuse("", what, "Send one policy with its @type (Set, Offer, Agreement) and its rules")
    policy = policies[0]
    others = [node for node in nodes if node is not policy]
    _turned_inwards(policy, others)
    filling = _Filling(others)
    tree = filling.filled(policy, ())
    left = [node for node in others if node.get("@id") not in filling.used and set(node) - {"@id"}]
    if left:
        tree["@included"] = left
    labels: dict[str, int] = {}
    _counted(tree, labels)
    return shortened(_unlabelled(tree, labels))


def _identified(value: Any) -> Any:
    """`odrl:uid` as a property says what `@id` says; one that says something else stays as it is."""
    if isinstance(value, list):
        return [_identified(item) for item in value]
    if not isinstance(value, dict) or "@value" in value:
        return value
    found = {key: item if key == "@type" else _identified(item) for key, item in value.items()}
    given = found.get(_UID)
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], dict):
        name = given[0].get("@id", given[0].get("@value"))
        own = found.get("@id", "_:")
        if isinstance(name, str) and name and (own == name or own.startswith("_:")):
            del found[_UID]
            found["@id"] = name
    return found


def _flat(graph: list[Node]) -> list[Node]:
    found = []
    for node in graph:
        node = dict(node)
        inner = node.pop("@graph", None) if not _is_policy(node) else None
        included = node.pop("@included", [])
        if set(node) - {"@id"} or inner is None:
            found.append(node)
        found.extend(_flat([*(inner or []), *included]))
    return found


def _merged(nodes: list[Node]) -> list[Node]:
    """Nodes with one name become one; a name alone says nothing."""
    found: list[Node] = []
    by_name: dict[str, Node] = {}
    for node in nodes:
        name = node.get("@id")
        if name is None or name not in by_name:
            found.append(node)
            if name is not None:
                by_name[name] = node
            continue
        known = by_name[name]
        for key, items in node.items():
            if key == "@id":
                continue
            if isinstance(items, list) and isinstance(known.get(key, []), list):
                known[key] = [
                    *known.get(key, []),
                    *(item for item in items if item not in known.get(key, [])),
                ]
            else:
                known.setdefault(key, items)
    return found


def _is_policy(node: Node) -> bool:
    return bool(_RULES & set(node)) or bool(KINDS & {compact_iri(t) for t in node.get("@type", ())})


def _held(nodes: list[Node]) -> tuple[list[Node], list[Node]]:
    """A policy that stands inside its dataset or party: taken out, with what was around it beside it."""
    found = []
    for node in nodes:
        for key in _OUTSIDE:
            inside = [one for one in node.get(key, ()) if isinstance(one, dict) and _is_policy(one)]
            if inside and "@id" in node:
                found += inside
                # Kept as a name, so that it is turned inwards like any other statement from outside.
                node[key] = [{"@id": one.setdefault("@id", "_:policy")} for one in inside]
    return found, [*nodes, *found]


def _turned_inwards(policy: Node, others: list[Node]) -> None:
    name = policy.get("@id")
    if name is None:
        return
    for node in others:
        for key, inward in _OUTSIDE.items():
            about = [one for one in node.get(key, ()) if isinstance(one, dict) and one.get("@id") == name]
            if not about or "@id" not in node:
                continue
            rest = [one for one in node[key] if one not in about]
            node.pop(key) if not rest else node.__setitem__(key, rest)
            entry = {"@id": node["@id"]}
            if entry not in policy.setdefault(ODRL + inward, []):
                policy[ODRL + inward].append(entry)


class _Filling:
    """Puts nodes where they are named."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = {node["@id"]: node for node in nodes if "@id" in node and set(node) - {"@id"}}
        self.used: set[str] = set()
        self.count = 0

    def filled(self, node: Any, above: tuple[str, ...]) -> Any:
        """The node with everything that it names in place of the names."""
        if isinstance(node, list):
            return [self.filled(item, above) for item in node]
        if not isinstance(node, dict) or "@value" in node:
            return node
        name = node.get("@id")
        if set(node) == {"@id"} and name in self.nodes and name not in above:
            self.used.add(str(name))
            node = self.nodes[name]
        self.count += set(node) != {"@id"}
        if self.count > LARGEST:
            what = f"The document grows beyond {LARGEST:,} nodes when its references are filled in"
            raise refuse("", what, "Name fewer things again and again")
        inside = (*above, name) if name is not None else above
        if len(inside) > 40:
            raise refuse("", "References of the document run deeper than 40 levels", "Make it flatter")
        return {k: v if k in ("@id", "@type", "@index") else self.filled(v, inside) for k, v in node.items()}


def _counted(node: Any, labels: dict[str, int]) -> None:
    """How often each label of a nameless node (`_:b0`) occurs."""
    if isinstance(node, list):
        for item in node:
            _counted(item, labels)
    elif isinstance(node, dict) and "@value" not in node:
        label = node.get("@id")
        if label is not None and label.startswith("_:"):
            labels[label] = labels.get(label, 0) + 1
        for key, item in node.items():
            if key != "@type":
                _counted(item, labels)


def _unlabelled(node: Any, labels: dict[str, int]) -> Any:
    """Without the labels that nothing else uses."""
    if isinstance(node, list):
        return [_unlabelled(item, labels) for item in node]
    if not isinstance(node, dict) or "@value" in node:
        return node
    return {
        key: item if key in ("@id", "@type") else _unlabelled(item, labels)
        for key, item in node.items()
        if not (key == "@id" and labels.get(item) == 1)
    }


def shortened(node: Node) -> Node:
    """An expanded node in compact form: ODRL's names short, every other IRI in full, values as JSON where they can be."""
    found: Node = {}
    for key, given in node.items():
        if key == "@id":
            found["@id"] = compact_iri(given)
        elif key == "@type":
            found["@type"] = collapsed([_type(t) for t in given])
        elif key.startswith("@"):
            found[key] = _inner(given)
        else:
            name = _name(key)
            items = given if isinstance(given, list) else [given]
            if name == "andSequence" and not (len(items) == 1 and "@list" in items[0]):
                items = [{"@list": items}]
            merged = [_value(name, item) for item in items]
            before = found.get(name)
            found[name] = collapsed(
                [*(before if isinstance(before, list) else [before]), *merged] if name in found else merged
            )
    return found


def collapsed(items: list[Any]) -> Any:
    """One item alone stands for itself."""
    return items[0] if len(items) == 1 else items


def _name(key: str) -> str:
    iri = compact_iri(key)
    iri = SLIPS.get(iri, iri)
    name = NAMES.get(iri)
    # Prefixes are names of the context too, but no properties; and an unknown name must not pass for a known one.
    return name if name in VOCAB or name in THINGS or name in PLAIN else iri


def _type(iri: str) -> str:
    iri = compact_iri(iri)
    return NAMES.get(iri, iri)


def _inner(given: Any) -> Any:
    if isinstance(given, list):
        return [
            shortened(item) if isinstance(item, dict) and "@value" not in item else item for item in given
        ]
    if isinstance(given, dict):
        return {_name(key): [_value("", item) for item in items] for key, items in given.items()}
    return given


def _value(name: str, item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    if "@list" in item:
        return {"@list": [_value(name, one) for one in item["@list"]]}
    if "@value" in item:
        literal = literal_of(item)
        textual = literal.datatype.rpartition("#")[2] in _TEXTUAL and not literal.language
        # A document without coercions writes names as text; read so, as there they can be nothing else.
        if name in VOCAB and textual:
            return vocab_text(of_term(literal.value))
        if name in THINGS and textual:
            return compact_iri(literal.value)
        return json_of(literal)
    if set(item) == {"@id"}:
        iri = compact_iri(item["@id"])
        if name in VOCAB:
            return vocab_text(SLIPS.get(iri, iri))
        return iri if name in THINGS else {"@id": iri}
    return shortened(item)


def vocab_text(iri: str) -> Any:
    """How a name is written where plain text is a term: short if ODRL's, whole otherwise, never mistaken for another."""
    if iri in NAMES:
        return NAMES[iri]
    return {"@id": iri} if iri in TERMS or iri in ("uid", "type") or iri[:1] == "@" else iri
