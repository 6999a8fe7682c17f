"""OpenLineage events (spec 2-0-2): for each finished job one that it began and one that it is complete."""

from __future__ import annotations

from typing import Any

from jobs.provenance.graph import Graph, Node
from kernel.iris import uuid_of

SPEC = "https://openlineage.io/spec"
EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
PRODUCER = "urn:commonhold:portal"
FACETS = {
    "schema": "1-2-0/SchemaDatasetFacet", "version": "1-0-1/DatasetVersionDatasetFacet", "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet", "jobType": "2-0-4/JobTypeJobFacet",
}  # fmt: skip
# The facet that OpenLineage does not know: under which contract a run was. Its schema is ours, and served by the portal.
CONTRACT = "commonhold_contract"
CONTRACT_SCHEMA = "schemas/openlineage/contract-run-facet-1.json"
NAMES = ("agreement", "policy", "policySha256", "planSha256", "delivery", "dataset")


def contract_schema(portal: str) -> dict[str, Any]:
    """The JSON Schema of our facet."""
    texts = {name: {"type": "string"} for name in NAMES}
    own = {
        "type": "object",
        "properties": {**texts, "deliveredTo": {"type": "array", "items": {"type": "string"}}},
        "required": ["agreement", "policy", "policySha256", "planSha256"],
    }
    facet = {"allOf": [{"$ref": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunFacet"}, own], "type": "object"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{portal}/{CONTRACT_SCHEMA}",
        "title": "The contract under which data was delivered", "$defs": {"ContractRunFacet": facet},
        "type": "object", "properties": {CONTRACT: {"$ref": "#/$defs/ContractRunFacet"}},
    }  # fmt: skip


def events(graph: Graph, portal: str) -> list[dict[str, Any]]:
    """In order of time. A dataset is named by its version's IRI, an export by its own, in the namespace of the portal."""
    found = []
    for job in graph.of("job"):
        common = {
            "producer": PRODUCER, "schemaURL": EVENT,
            "run": {"runId": str(uuid_of(job.iri)), "facets": _run_facets(graph, job, portal)},
            "job": {"namespace": portal, "name": _name(graph, job), "facets": {
                "jobType": _facet("jobType", processingType="BATCH", integration="COMMONHOLD", jobType=job.facts["kind"].upper())}},
            "inputs": [_dataset(node, portal) for node in graph.earlier(job.iri, "used")],
        }  # fmt: skip
        outputs = [_dataset(node, portal, output=True) for node in graph.later(job.iri, "generated_by")]
        for moment, kind, made in (
            (job.facts["started"], "START", []),
            (job.facts["ended"], "COMPLETE", outputs),
        ):
            if moment:
                found.append({"eventType": kind, "eventTime": moment.isoformat(), **common, "outputs": made})
    return sorted(found, key=lambda event: (event["eventTime"], event["eventType"] != "START"))


def _facet(name: str, **values: Any) -> dict[str, Any]:
    path = FACETS[name]
    return {
        "_producer": PRODUCER,
        "_schemaURL": f"{SPEC}/facets/{path}.json#/$defs/{path.partition('/')[2]}",
        **values,
    }


def _name(graph: Graph, job: Node) -> str:
    """The same for each run of the same work: reading one dataset, exporting under one contract."""
    if contracts := graph.earlier(job.iri, "under"):
        return f"export:{contracts[0].iri}"
    made = graph.later(job.iri, "generated_by")
    return f"read:{made[0].facts['dataset']}" if made else job.title


def _run_facets(graph: Graph, job: Node, portal: str) -> dict[str, Any]:
    contracts, made = graph.earlier(job.iri, "under"), graph.later(job.iri, "generated_by")
    if not contracts:
        return {}
    contract = contracts[0]
    about = [n.iri for n in graph.earlier(contract.iri, "about")]
    return {CONTRACT: {
        "_producer": PRODUCER, "_schemaURL": f"{portal}/{CONTRACT_SCHEMA}#/$defs/ContractRunFacet",
        "agreement": contract.iri, "policy": contract.facts["policy"], "policySha256": contract.facts["policy_sha256"],
        "planSha256": job.facts["plan_sha256"],
        **({"delivery": made[0].iri, "deliveredTo": [n.iri for n in graph.earlier(made[0].iri, "delivered_to")]} if made else {}),
        **({"dataset": about[0]} if about else {}),
    }}  # fmt: skip


def _dataset(node: Node, portal: str, output: bool = False) -> dict[str, Any]:
    facets: dict[str, Any] = {"documentation": _facet("documentation", description=node.title)}
    if node.sha256:
        facets["version"] = _facet("version", datasetVersion=node.sha256)
    if columns := node.facts.get("columns"):
        facets["schema"] = _facet("schema", fields=[_field(one) for one in columns])
    found: dict[str, Any] = {"namespace": portal, "name": node.iri, "facets": facets}
    if output and node.facts.get("rows") is not None:
        found["outputFacets"] = {
            "outputStatistics": _facet(
                "outputStatistics", rowCount=node.facts["rows"], size=node.facts["bytes"]
            )
        }
    return found


def _field(column: Any) -> dict[str, Any]:
    if isinstance(column, str):
        return {"name": column}
    return {
        "name": column["name"],
        "type": column["type"],
        **({"description": column["description"]} if column["description"] else {}),
    }
