"""A version as a Frictionless Data Package (version 1 of the standard)."""

from __future__ import annotations

from typing import Any

from jobs.provenance.formats.dcat import PARQUET, policies_of
from jobs.provenance.graph import Graph

TYPES = {
    "integer": "integer",
    "number": "number",
    "decimal": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "datetime",
}


def package(graph: Graph, version: str, portal: str) -> dict[str, Any]:
    """One resource: the typed Parquet, by hash and size, with its columns. It is fetched under a contract, not from here."""
    node = graph.nodes[version]
    dataset = graph.earlier(version, "part_of")[0]
    terms = policies_of(graph, dataset.iri)
    fields = [
        {"name": c["name"], "type": TYPES.get(c["type"], "string"), **({"description": c["description"]} if c["description"] else {}),
         **({"unit": c["unit"]} if c["unit"] else {}), **({"personal": True} if c["personal"] else {})}
        for c in node.facts["columns"]
    ]  # fmt: skip
    return {
        "profile": "tabular-data-package", "name": f"{dataset.facts['slug']}-v{node.facts['number']}", "id": node.iri, "title": node.title,
        "description": dataset.facts.get("description") or dataset.facts.get("summary") or dataset.title,
        "version": f"{node.facts['number']}.0.0", "homepage": portal + node.url, "keywords": list(dataset.facts.get("keywords") or []),
        "created": node.at.isoformat() if node.at else "",
        "contributors": [{"title": n.title, "path": portal + n.url, "role": "publisher"} for n in graph.earlier(dataset.iri, "attributed_to")],
        # `name` is for open licences only; these are terms, by their address and, beside it, their name.
        "licenses": [{"path": portal + one.url, "title": one.title, "policy": one.iri, "sha256": one.facts["policy_sha256"]} for one in terms]
        or [{"path": portal + dataset.url, "title": "No terms are on offer"}],
        "resources": [{
            "profile": "tabular-data-resource", "name": "data", "path": "data.parquet", "format": "parquet", "mediatype": PARQUET,
            "bytes": node.facts["bytes"], "hash": f"sha256:{node.sha256}", "schema": {"fields": fields},
        }],
    }  # fmt: skip
