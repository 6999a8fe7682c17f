"""The JSON-LD context of ODRL 2.2, written here from the specification's facts; nothing is ever fetched.

ODRL Vocabulary & Expression 2.2 §3 (classes and properties) and §4 (terms). Two slips of the published context are
put right when reading: it has been seen to spell `neq` and `dataType` with IRIs that the vocabulary does not have.
"""

from __future__ import annotations

from typing import Any

from contracts.policies.language.vocabulary import ACTIONS, FUNCTIONS, LEFT_OPERANDS, ODRL, OPERATORS, XSD

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PREFIXES = {
    "odrl": ODRL,
    "rdf": RDF,
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": XSD,
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "schema": "http://schema.org/",
    "cc": "http://creativecommons.org/ns#",
}
XSD_NAME = "xsd:"


def _words(text: str) -> list[str]:
    return text.split()


CLASSES = tuple(_words(
    "Policy Rule Agreement Assertion Offer Privacy Request Set Ticket Asset AssetCollection Party PartyCollection "
    "PartyScope Action Permission Prohibition Duty Constraint LogicalConstraint Operator RightOperand LeftOperand "
    "ConflictTerm"
))  # fmt: skip
KINDS = frozenset(ODRL + n for n in _words("Policy Agreement Assertion Offer Privacy Request Set Ticket"))
CONFLICTS = ("perm", "prohibit", "invalid")

# Properties whose plain strings name a term (vocab), name a thing (id), or are just values (none).
VOCAB = frozenset(["action", "operator", "leftOperand", "conflict", "function"])
THINGS = frozenset([
    "profile", "inheritFrom", "relation", "hasPolicy", "target", "output", "partOf", "source", "assigneeOf",
    "assignerOf", "includedIn", "implies", "permission", "prohibition", "obligation", "duty", "consequence", "remedy",
    "constraint", "refinement", "rightOperandReference", "dataType", "and", "or", "xone", "andSequence",
    *(iri.removeprefix(ODRL) for iri in FUNCTIONS),
])  # fmt: skip
PLAIN = frozenset(["rightOperand", "unit", "status", "policyUsage"])
LISTS = frozenset(["andSequence"])  # always an ordered list, whether or not it was written with @list

# Every short name of the context and its IRI. `uid` and `type` stand for @id and @type beside these.
TERMS: dict[str, str] = {
    **PREFIXES,
    **{name: ODRL + name for name in (*CLASSES, *CONFLICTS, *VOCAB, *THINGS, *PLAIN)},
    **{
        iri.removeprefix(ODRL): iri
        for names in (ACTIONS, OPERATORS, LEFT_OPERANDS)
        for iri in names
        if iri.startswith(ODRL)
    },
}
NAMES = {iri: name for name, iri in TERMS.items()}
SLIPS = {
    ODRL + "neg": ODRL + "neq",
    ODRL + "datatype": ODRL + "dataType",
    ODRL + "industry:": ODRL + "industry",
}
# The same document under the addresses that are in use for it.
KNOWN = frozenset(
    scheme + rest
    for scheme in ("http://", "https://")
    for rest in (
        "www.w3.org/ns/odrl.jsonld", "www.w3.org/ns/odrl/2/ODRL22.json", "www.w3.org/ns/odrl/2/ODRL22.jsonld",
        "www.w3.org/ns/odrl/2/odrl.jsonld", "www.w3.org/ns/odrl/2/", "www.w3.org/ns/odrl",
    )
)  # fmt: skip


def context() -> dict[str, Any]:
    """The context as JSON-LD 1.1: every term with its IRI and how a plain string of it is read."""
    given: dict[str, Any] = {"uid": "@id", "type": "@type", **PREFIXES}
    for name, iri in TERMS.items():
        if name in PREFIXES:
            continue
        more = {"@type": "@vocab"} if name in VOCAB else {"@type": "@id"} if name in THINGS else {}
        given[name] = {"@id": iri, **more} if more else iri
        if name in LISTS:
            given[name]["@container"] = "@list"
    return given


def expanded(name: str) -> str:
    """The IRI of a term or prefixed name under this context; anything else as it stands."""
    iri = TERMS.get(name)
    if iri is not None:
        return SLIPS.get(iri, iri)
    return compact_iri(name)


def compact_iri(name: str) -> str:
    """`xsd:date` as a full IRI; what has no known prefix as it stands."""
    prefix, colon, rest = name.partition(":")
    if colon and not rest.startswith("//") and prefix in PREFIXES:
        name = PREFIXES[prefix] + rest
    return SLIPS.get(name, name)
