"""PROV-O (W3C) as JSON-LD."""

from __future__ import annotations

from typing import Any

from jobs.provenance.graph import Graph, Node

CONTEXT: dict[str, Any] = {
    "prov": "http://www.w3.org/ns/prov#", "dcterms": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/",
    "odrl": "http://www.w3.org/ns/odrl/2/", "csvw": "http://www.w3.org/ns/csvw#", "xsd": "http://www.w3.org/2001/XMLSchema#",
    "ch": "urn:commonhold:ns:", "id": "@id", "type": "@type",
    "title": "dcterms:title", "name": "foaf:name", "page": {"@id": "foaf:page", "@type": "@id"},
    "sha256": "ch:sha256", "columns": {"@id": "csvw:name", "@container": "@list"}, "rows": {"@id": "csvw:rowCount", "@type": "xsd:integer"},
    "planSha256": "ch:planSha256", "policySha256": "ch:policySha256", "version": {"@id": "ch:version", "@type": "xsd:integer"},
    "partOf": {"@id": "dcterms:isPartOf", "@type": "@id"}, "about": {"@id": "odrl:target", "@type": "@id"},
    "policy": {"@id": "odrl:hasPolicy", "@type": "@id"}, "grantedTo": {"@id": "odrl:assignee", "@type": "@id"},
    "deliveredTo": {"@id": "ch:deliveredTo", "@type": "@id"},
    "generatedAtTime": {"@id": "prov:generatedAtTime", "@type": "xsd:dateTime"},
    "startedAtTime": {"@id": "prov:startedAtTime", "@type": "xsd:dateTime"}, "endedAtTime": {"@id": "prov:endedAtTime", "@type": "xsd:dateTime"},
    **{term: {"@id": f"prov:{term}", "@type": "@id"} for term in
       ("used", "wasGeneratedBy", "wasDerivedFrom", "wasRevisionOf", "wasAttributedTo")},
}  # fmt: skip
TYPES = {
    "job": ["prov:Activity"], "organisation": ["prov:Agent", "prov:Organization"], "person": ["prov:Agent", "prov:Person"],
    "agreement": ["prov:Entity", "prov:Plan", "odrl:Agreement"], "offer": ["prov:Entity", "prov:Plan", "odrl:Offer"],
    "dataset": ["prov:Entity", "prov:Collection"],
}  # fmt: skip
EDGES = {
    "used": "used", "generated_by": "wasGeneratedBy", "derived_from": "wasDerivedFrom", "revision_of": "wasRevisionOf",
    "attributed_to": "wasAttributedTo", "part_of": "partOf", "under": "policy", "about": "about", "granted_to": "grantedTo",
    "delivered_to": "deliveredTo",
}  # fmt: skip
PLAIN = {"rows": "rows", "number": "version", "plan_sha256": "planSha256", "policy_sha256": "policySha256"}


def prov(graph: Graph, portal: str) -> dict[str, Any]:
    """The whole graph. What ran is an activity, organisations and people are agents, everything else an entity."""
    return {"@context": CONTEXT, "@graph": [_node(graph, node, portal) for node in graph.nodes.values()]}


def _node(graph: Graph, node: Node, portal: str) -> dict[str, Any]:
    agent = node.kind in ("organisation", "person")
    found: dict[str, Any] = {
        "id": node.iri,
        "type": TYPES.get(node.kind, ["prov:Entity"]),
        "name" if agent else "title": node.title,
    }
    if node.url:
        found["page"] = portal + node.url
    if node.sha256:
        found["sha256"] = node.sha256
    if columns := node.facts.get("columns"):
        found["columns"] = [one if isinstance(one, str) else one["name"] for one in columns]
    found |= {
        name: node.facts[fact] for fact, name in PLAIN.items() if node.facts.get(fact) not in (None, "")
    }
    if node.kind == "job":
        for fact, name in (("started", "startedAtTime"), ("ended", "endedAtTime")):
            if node.facts[fact]:
                found[name] = node.facts[fact].isoformat()
    elif node.at and not agent:
        found["generatedAtTime"] = node.at.isoformat()
    for kind, term in EDGES.items():
        if others := [other.iri for other in graph.earlier(node.iri, kind)]:
            found[term] = others
    return found
