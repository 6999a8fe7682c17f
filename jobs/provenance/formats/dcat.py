"""A DCAT-AP 3 catalogue as JSON-LD, and any such document as Turtle.

A dataset has its versions (DCAT 3: hasVersion, isVersionOf, previousVersion); the bytes of a version are its distribution. Terms
are `odrl:hasPolicy`; applicable legislation are the acts that the clauses of its published terms answer.
"""

from __future__ import annotations

import json
from typing import Any

from jobs.provenance.graph import Graph, Node
from kernel.iris import of_bytes

MEDIA = "http://www.iana.org/assignments/media-types/"
RESTRICTED = "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"
PARQUET = "application/vnd.apache.parquet"
PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#", "dcterms": "http://purl.org/dc/terms/", "dcatap": "http://data.europa.eu/r5r/",
    "foaf": "http://xmlns.com/foaf/0.1/", "odrl": "http://www.w3.org/ns/odrl/2/", "spdx": "http://spdx.org/rdf/terms#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "csvw": "http://www.w3.org/ns/csvw#", "xsd": "http://www.w3.org/2001/XMLSchema#",
    "eli": "http://data.europa.eu/eli/ontology#",
}  # fmt: skip
CONTEXT: dict[str, Any] = {
    **PREFIXES, "id": "@id", "type": "@type",
    **{name: f"dcterms:{name}" for name in ("title", "description", "identifier", "provenance")},
    **{name: {"@id": f"dcterms:{name}", "@type": "@id"} for name in ("publisher", "accessRights")},
    **{name: {"@id": f"dcterms:{name}", "@type": "xsd:dateTime"} for name in ("issued", "modified")},
    **{name: {"@id": f"dcat:{name}", "@type": "@id"} for name in
       ("dataset", "distribution", "hasVersion", "isVersionOf", "accessURL", "landingPage", "mediaType")},
    "previousVersion": {"@id": "dcat:previousVersion", "@type": "@id"},
    "keyword": "dcat:keyword", "version": "dcat:version", "byteSize": {"@id": "dcat:byteSize", "@type": "xsd:nonNegativeInteger"},
    "name": "foaf:name", "page": {"@id": "foaf:page", "@type": "@id"}, "homepage": {"@id": "foaf:homepage", "@type": "@id"},
    "hasPolicy": {"@id": "odrl:hasPolicy", "@type": "@id"}, "policySha256": "urn:commonhold:ns:policySha256",
    "applicableLegislation": {"@id": "dcatap:applicableLegislation", "@type": "@id"},
    "checksum": "spdx:checksum", "algorithm": {"@id": "spdx:algorithm", "@type": "@id"},
    "checksumValue": {"@id": "spdx:checksumValue", "@type": "xsd:hexBinary"},
    "tableSchema": "csvw:tableSchema", "column": {"@id": "csvw:column", "@container": "@list"}, "columnName": "csvw:name", "datatype": "csvw:datatype",
}  # fmt: skip
# How the acts that clauses name begin, and their European Legislation Identifiers.
ACTS = {
    "GDPR": "http://data.europa.eu/eli/reg/2016/679/oj", "Data Act": "http://data.europa.eu/eli/reg/2023/2854/oj",
    "DGA": "http://data.europa.eu/eli/reg/2022/868/oj", "AI Act": "http://data.europa.eu/eli/reg/2024/1689/oj",
    "EHDS": "http://data.europa.eu/eli/reg/2025/327/oj", "DSM Directive": "http://data.europa.eu/eli/dir/2019/790/oj",
}  # fmt: skip


def legislation(laws: list[str]) -> list[str]:
    """The acts named in the clauses' laws, such as "GDPR Art. 32; Data Act Art. 8", by their identifiers."""
    named = [part.strip() for law in laws for part in law.split(";")]
    return sorted({eli for act, eli in ACTS.items() if any(name.startswith(act) for name in named)})


def catalogue(graph: Graph, portal: str, reader: str) -> dict[str, Any]:
    """All datasets of the graph. `reader`: for whom it was made, as each sees another part of it."""
    datasets = graph.of("dataset")
    top = {
        "id": f"{portal}/datasets/", "type": "dcat:Catalog", "title": "Commonhold catalogue",
        "description": f"The datasets that {reader} can find here, with their versions and terms.", "homepage": f"{portal}/",
        "publisher": {"id": f"{portal}/#portal", "type": "foaf:Agent", "name": "Commonhold"}, "dataset": [d.iri for d in datasets],
    }  # fmt: skip
    agents = [
        {"id": n.iri, "type": ["foaf:Agent", "foaf:Organization"], "name": n.title, "page": portal + n.url}
        for n in graph.of("organisation")
    ]
    policies = [_policy(node, portal) for node in graph.of("offer", "agreement")]
    parts = [part for dataset in datasets for part in _dataset(graph, dataset, portal)]
    return {"@context": CONTEXT, "@graph": [top, *parts, *policies, *agents, *_kinds([top, *parts])]}


# Of what kind the profile wants that to be which a property points at: so that a reader need not fetch it to know.
KINDS = {
    "accessRights": "dcterms:RightsStatement", "mediaType": "dcterms:MediaType", "landingPage": "foaf:Document", "homepage": "foaf:Document",
    "applicableLegislation": "eli:LegalResource",
}  # fmt: skip


def _kinds(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, str] = {}
    for part in parts:
        for name, kind in KINDS.items():
            given = part.get(name, [])
            found |= dict.fromkeys(given if isinstance(given, list) else [given], kind)
    return [{"id": iri, "type": kind} for iri, kind in sorted(found.items())]


def policies_of(graph: Graph, dataset: str) -> list[Node]:
    """Terms on offer for it, and contracts on it, as far as they are seen."""
    return graph.later(dataset, "about")


def _policy(node: Node, portal: str) -> dict[str, Any]:
    kind = "odrl:Agreement" if node.kind == "agreement" else "odrl:Offer"
    return {"id": node.iri, "type": ["odrl:Policy", kind], "title": node.title, "page": portal + node.url,
            "policySha256": node.facts["policy_sha256"]}  # fmt: skip


def _dataset(graph: Graph, node: Node, portal: str) -> list[dict[str, Any]]:
    versions = sorted(graph.later(node.iri, "part_of"), key=lambda v: v.facts["number"])
    terms = policies_of(graph, node.iri)
    laws = legislation([law for one in terms for law in one.facts.get("laws", [])])
    publisher = [n.iri for n in graph.earlier(node.iri, "attributed_to")]
    common = {"type": "dcat:Dataset", "publisher": publisher, "accessRights": RESTRICTED,
              **({"hasPolicy": [one.iri for one in terms]} if terms else {}),
              **({"applicableLegislation": laws} if laws else {})}  # fmt: skip
    whole: dict[str, Any] = {
        "id": node.iri, **common, "identifier": node.iri, "title": node.title,
        "description": node.facts.get("description") or node.facts.get("summary") or node.title,
        "landingPage": portal + node.url, "hasVersion": [v.iri for v in versions],
    }  # fmt: skip
    if keywords := node.facts.get("keywords"):
        whole["keyword"] = list(keywords)
    if node.facts.get("provenance"):
        whole["provenance"] = {"type": "dcterms:ProvenanceStatement", "description": node.facts["provenance"]}
    if node.at:
        whole["issued"] = node.at.isoformat()
    parts = [whole]
    for before, version in zip([None, *versions], versions, strict=False):
        data = _distribution(version, terms, portal)
        parts.append({
            "id": version.iri, **common, "identifier": version.iri, "title": version.title, "isVersionOf": node.iri,
            "description": whole["description"], "version": str(version.facts["number"]), "landingPage": portal + version.url,
            **({"issued": version.at.isoformat()} if version.at else {}),
            **({"previousVersion": before.iri} if before else {}), "distribution": data["id"],
        })  # fmt: skip
        parts.append(data)
    if versions:
        # For harvesters that know no versions: the dataset's own distribution is the newest one's.
        whole["distribution"] = parts[-1]["id"]
    return parts


def _distribution(version: Node, terms: list[Node], portal: str) -> dict[str, Any]:
    columns = [{"columnName": c["name"], "datatype": c["type"]} for c in version.facts["columns"]]
    return {
        # Not the name of the bytes: two versions may hold the same.
        "id": f"{version.iri}#data", "type": "dcat:Distribution", "identifier": of_bytes(version.sha256), "title": version.title, "accessURL": portal + version.url,
        "mediaType": MEDIA + PARQUET, "byteSize": version.facts["bytes"],
        "checksum": {"type": "spdx:Checksum", "algorithm": "spdx:checksumAlgorithm_sha256", "checksumValue": version.sha256},
        # The profile wants at most one here; the dataset names them all.
        **({"hasPolicy": terms[0].iri} if len(terms) == 1 else {}),
        **({"tableSchema": {"type": "csvw:Schema", "column": columns}} if columns else {}),
    }  # fmt: skip


def turtle(document: dict[str, Any]) -> str:
    """The same statements as Turtle: prefixes, one block a subject. Reads any JSON-LD whose context is in it."""
    from pyld import jsonld

    quads = jsonld.to_rdf(document, {"documentLoader": _nothing})["@default"]
    subjects: dict[str, list[str]] = {}
    for quad in quads:
        subjects.setdefault(_term(quad["subject"]), []).append(
            f"{_verb(quad['predicate'])} {_term(quad['object'])}"
        )
    blocks = [f"@prefix {name}: <{iri}> ." for name, iri in sorted(PREFIXES.items())]
    for subject, said in subjects.items():
        blocks.append("\n" + subject + "\n    " + " ;\n    ".join(said) + " .")
    return "\n".join(blocks) + "\n"


def _nothing(url: str, options: Any) -> Any:
    raise ValueError(f"Nothing is fetched: {url}")


TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def _verb(term: dict[str, Any]) -> str:
    return "a" if term["value"] == TYPE else _term(term)


def _term(term: dict[str, Any]) -> str:
    value = str(term["value"])
    if term["type"] == "IRI":
        for name, iri in PREFIXES.items():
            rest = value.removeprefix(iri)
            if rest != value and rest.isidentifier() and rest.isascii():
                return f"{name}:{rest}"
        return f"<{value}>"
    if term["type"] == "blank node":
        return value
    # JSON's escapes are Turtle's too.
    text = json.dumps(value)
    if language := term.get("language"):
        return f"{text}@{language}"
    kind = term["datatype"]
    return text if kind == PREFIXES["xsd"] + "string" else f"{text}^^{_term({'type': 'IRI', 'value': kind})}"
