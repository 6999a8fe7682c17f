"""A version as a Croissant description (MLCommons, format 1.0, with responsible-AI terms)."""

from __future__ import annotations

from typing import Any

from jobs.provenance.formats.dcat import policies_of
from jobs.provenance.graph import Graph
from kernel.iris import of_bytes

TERMS = ("citeAs", "column", "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key",
         "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "separator", "source", "subField", "transform")  # fmt: skip
CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/", "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"}, "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, **{term: f"cr:{term}" for term in TERMS},
}  # fmt: skip
TYPES = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "decimal": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
}


def croissant(graph: Graph, version: str, portal: str) -> dict[str, Any]:
    """What a loader needs of this version: its bytes by hash, its columns with types, and under which terms."""
    node = graph.nodes[version]
    dataset = graph.earlier(version, "part_of")[0]
    holders = graph.earlier(dataset.iri, "attributed_to")
    terms = policies_of(graph, dataset.iri)
    name, file = f"version-{node.facts['number']}", "data.parquet"
    fields = [
        {
            "@type": "cr:Field", "@id": f"rows/{c['name']}", "name": c["name"], "dataType": TYPES.get(c["type"], "sc:Text"),
            **({"description": _said(c)} if _said(c) else {}),
            "source": {"fileObject": {"@id": file}, "extract": {"column": c["name"]}},
        }
        for c in node.facts["columns"]
    ]  # fmt: skip
    found: dict[str, Any] = {
        "@context": CONTEXT, "@type": "sc:Dataset", "@id": node.iri, "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": f"{dataset.facts['slug']}-{name}", "alternateName": node.title, "identifier": node.iri,
        "description": dataset.facts.get("description") or dataset.facts.get("summary") or dataset.title,
        "url": portal + node.url, "version": f"{node.facts['number']}.0.0", "isBasedOn": dataset.iri,
        "creator": [{"@type": "sc:Organization", "@id": n.iri, "name": n.title, "url": portal + n.url} for n in holders],
        "publisher": [{"@type": "sc:Organization", "@id": n.iri, "name": n.title, "url": portal + n.url} for n in holders],
        "datePublished": node.at.isoformat() if node.at else "",
        # Where the terms are read, and their names: nothing here is free to use without a contract.
        "license": portal + (terms[0].url if terms else dataset.url), "usageInfo": [one.iri for one in terms],
        "isAccessibleForFree": False, "keywords": list(dataset.facts.get("keywords") or []),
        "distribution": [{
            "@type": "cr:FileObject", "@id": file, "name": file, "contentUrl": portal + node.url, "encodingFormat": "application/x-parquet",
            "sha256": node.sha256, "contentSize": f"{node.facts['bytes']} B", "sameAs": of_bytes(node.sha256),
        }],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "field": fields}],
    }  # fmt: skip
    if dataset.facts.get("provenance"):
        found["rai:dataCollection"] = dataset.facts["provenance"]
    if personal := [c["name"] for c in node.facts["columns"] if c["personal"]]:
        found["rai:personalSensitiveInformation"] = [
            f"The column {one} may identify a person." for one in personal
        ]
    return found


def _said(column: dict[str, Any]) -> str:
    unit = f" ({column['unit']})" if column["unit"] else ""
    return f"{column['description']}{unit}" if column["description"] else column["unit"]
