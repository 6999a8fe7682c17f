"""The documents that leave: which there are, and how each is made for who asks. Both doors call this."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from jobs.provenance.formats import croissant, dcat, frictionless, openlineage, prov
from jobs.provenance.graph import Graph
from jobs.provenance.load import described, lineage
from kernel.actor import Actor
from trusts.datasets import selectors as datasets
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.datasets.rulebook import contract_text

JSON_LD, TURTLE, JSON, LINES, YAML = (
    "application/ld+json", "text/turtle; charset=utf-8", "application/json", "application/x-ndjson", "application/yaml; charset=utf-8",
)  # fmt: skip
# Of the way of a dataset; a document is made while somebody waits.
MOST_WRITTEN = 5_000
PER_CATALOGUE = 100


@dataclass(frozen=True, slots=True)
class Document:
    """A text to download: under which name, of which media type. `more`: what was too much for it."""

    name: str
    kind: str
    text: str
    more: bool = False


def _json(found: Any) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False, default=str) + "\n"


def prov_of(dataset: Dataset, actor: Actor, portal: str) -> Document:
    """Where it came from and where it went, as PROV-O."""
    graph, more = lineage(dataset, actor, columns=True, most=MOST_WRITTEN)
    return Document(f"{dataset.slug}.prov.jsonld", JSON_LD, _json(prov.prov(graph, portal)), more)


def openlineage_of(dataset: Dataset, actor: Actor, portal: str) -> Document:
    """What ran on it, as OpenLineage events, one a line."""
    graph, more = lineage(dataset, actor, columns=True, most=MOST_WRITTEN)
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in openlineage.events(graph, portal))
    return Document(f"{dataset.slug}.openlineage.jsonl", LINES, lines, more)


def odcs_of(dataset: Dataset, actor: Actor, portal: str) -> Document:
    """Dictionary and quality rules as a data contract, with the terms that hold for it. For its holder: rules may quote its values."""
    graph = described([dataset], actor)
    terms = dcat.policies_of(graph, dataset.iri)
    named = [{"id": one.iri, "url": portal + one.url, "description": one.title} for one in terms]
    return Document(f"{dataset.slug}.odcs.yaml", YAML, contract_text(dataset, named))


def croissant_of(version: DatasetVersion, actor: Actor, portal: str) -> Document:
    """A version for those who load it into training or analysis."""
    made = croissant.croissant(_of(version, actor), version.iri, portal)
    return Document(f"{_name(version)}.croissant.json", JSON_LD, _json(made))


def package_of(version: DatasetVersion, actor: Actor, portal: str) -> Document:
    """A version as a Frictionless Data Package."""
    made = frictionless.package(_of(version, actor), version.iri, portal)
    return Document(f"{_name(version)}.datapackage.json", JSON, _json(made))


def catalogue(actor: Actor, portal: str, *, page: int = 1, turtle: bool = False) -> Document:
    """The datasets that the actor can find, as a DCAT-AP 3 catalogue, the last changed first; `page` counts from 1."""
    start = (max(page, 1) - 1) * PER_CATALOGUE
    found = list(datasets.datasets(actor).order_by("-changed", "pk")[start : start + PER_CATALOGUE + 1])
    graph = described(found[:PER_CATALOGUE], actor)
    made = dcat.catalogue(graph, portal, actor.organisation_name or actor.name)
    more = len(found) > PER_CATALOGUE
    if turtle:
        return Document("catalogue.ttl", TURTLE, dcat.turtle(made), more)
    return Document("catalogue.jsonld", JSON_LD, _json(made), more)


def readable(version: DatasetVersion) -> bool:
    """Whether there is something to describe: it was read."""
    return version.state in ("profiled", "retired") and bool(version.parquet_sha256)


def _of(version: DatasetVersion, actor: Actor) -> Graph:
    return described([version.dataset], actor, only=version)


def _name(version: DatasetVersion) -> str:
    return f"{version.dataset.slug}-v{version.number}"


OF_DATASET = {"prov": prov_of, "openlineage": openlineage_of, "odcs": odcs_of}
OF_VERSION = {"croissant": croissant_of, "datapackage": package_of}
