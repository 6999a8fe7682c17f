"""The graph around a dataset as an actor may see it, in a number of queries that does not grow with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db.models import Sum

from contracts.negotiations import selectors as negotiated
from contracts.negotiations import succession
from contracts.negotiations.models import Agreement, Companion, Offer
from contracts.policies.clauses import CLAUSES
from jobs.deliveries.models import Delivery
from jobs.provenance.graph import Edge, Graph, Node
from jobs.provenance.models import Origin, WithdrawnRows
from jobs.provenance.selectors import around, told
from jobs.runs import selectors as runs
from jobs.runs.models import Job
from kernel.actor import Actor
from kernel.iris import iri, of_bytes
from trusts.datasets import selectors as datasets
from trusts.datasets.models import Dataset, DatasetVersion, Source, light
from trusts.organisations.models import Organisation

MOST = 200


class Builder:
    """Collects nodes and edges from rows that the actor was found to be allowed to see."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []

    def add(self, node: Node) -> str:
        self.nodes.setdefault(node.iri, node)
        return node.iri

    def link(self, later: str, kind: str, earlier: str) -> None:
        self.edges.append(Edge(later, kind, earlier))

    def organisation(self, row: Organisation) -> str:
        if row.iri in self.nodes:
            return row.iri
        return self.add(Node(row.iri, "organisation", row.name, url=row.get_absolute_url()))

    def dataset(self, row: Dataset, url: bool = True) -> str:
        facts: dict[str, Any] = {}
        if url:
            names = ("slug", "summary", "description", "keywords", "provenance")
            facts = {name: getattr(row, name) for name in names}
        address = row.get_absolute_url() if url else ""
        name = self.add(Node(row.iri, "dataset", row.title_text, row.created, address, facts))
        self.link(name, "attributed_to", self.organisation(row.organisation))
        return name

    def version(self, row: DatasetVersion, *, visible: bool, columns: bool, withdrawn: int | None) -> str:
        """`visible`: whether its page opens for the actor; a party of a contract knows the version by number and hash."""
        own = self.owns(row.dataset)
        facts = {
            "number": row.number, "dataset": row.dataset.iri, "dataset_title": row.dataset.title_text, **row.hashes(), "rows": row.rows,
            "bytes": row.parquet_bytes, "state": row.state,
            "columns": [_column(c) for c in row.columns.all()] if columns and visible else [],
        }  # fmt: skip
        if withdrawn and own:
            facts["withdrawn"] = withdrawn
        url = row.get_absolute_url() if visible else ""
        name = self.add(Node(row.iri, "version", row.title(), row.created, url, facts))
        self.link(name, "part_of", self.dataset(row.dataset, visible))
        return name

    def owns(self, dataset: Dataset) -> bool:
        return self.actor.is_system or dataset.organisation_id == self.actor.organisation_id

    def made_of(self, row: DatasetVersion, source: Source | None) -> str:
        """The file or the place that it was read from; its holder alone sees that."""
        if not row.place:
            facts = {"sha256": row.original_sha256, "bytes": row.original_bytes}
            name = self.add(
                Node(of_bytes(row.original_sha256), "file", row.original_name, row.created, facts=facts)
            )
        elif source is not None:
            name = self.add(
                Node(source.iri, "source", str(source), source.created, source.get_absolute_url())
            )
        else:
            return ""
        self.link(row.iri, "derived_from", name)
        return name

    def job(self, row: Job, kind: str, url: bool = True) -> str:
        facts = {
            "ref": row.ref,
            "kind": kind,
            "state": row.state,
            "started": row.started,
            "ended": row.finished,
            "plan_sha256": row.plan_hash,
        }
        return self.add(
            Node(
                row.iri,
                "job",
                row.title(),
                row.finished or row.created,
                row.get_absolute_url() if url else "",
                facts,
            )
        )

    def policy(
        self, row: Agreement | Offer, provider: Organisation, consumer: Organisation | None = None
    ) -> str:
        """Terms on offer, or a contract; its sides are given, as they were read with something else."""
        if row.iri in self.nodes:
            return row.iri
        facts = {"policy": row.iri, "policy_sha256": row.policy_hash}
        if "terms" not in row.get_deferred_fields():
            facts["laws"] = [CLAUSES[code].law for code in row.terms if code in CLAUSES and CLAUSES[code].law]
        if isinstance(row, Agreement):
            node = Node(
                row.iri, "agreement", f"Contract {row.ref}", row.starts, row.get_absolute_url(), facts
            )
        else:
            node = Node(row.iri, "offer", f"Terms {row.ref}", row.created, row.get_absolute_url(), facts)
        name = self.add(node)
        self.link(
            name,
            "about",
            self.add(Node(row.dataset.iri, "dataset", row.dataset.title_text, row.dataset.created)),
        )
        self.link(name, "attributed_to", self.organisation(provider))
        if consumer is not None:
            self.link(name, "granted_to", self.organisation(consumer))
        return name

    def delivery(self, row: Delivery, withdrawn: bool) -> str:
        output = row.output or {}  # type: ignore[attr-defined]
        facts = {
            "ref": row.ref, "sha256": row.data_sha256, "package_sha256": row.package_sha256, "name": row.data_name, "format": output.get("format", ""),
            "bytes": row.data_bytes, "rows": row.rows, "columns": output.get("columns", []), "erased": row.erased, "state": row.state,
            **({"withdrawn": True} if withdrawn else {}),
        }  # fmt: skip
        name = self.add(
            Node(row.iri, "delivery", f"Export {row.ref}", row.created, row.get_absolute_url(), facts)
        )
        self.link(name, "attributed_to", self.organisation(row.provider))
        self.link(name, "delivered_to", self.organisation(row.consumer))
        for person in row.request.named.all():
            self.link(name, "delivered_to", self.add(Node(iri(person.user_id), "person", str(person.user))))
        return name


def _column(column: Any) -> dict[str, Any]:
    names = ("name", "type", "description", "unit", "personal")
    return {name: getattr(column, name) for name in names}


def lineage(dataset: Dataset, actor: Actor, *, columns: bool = False, most: int = MOST) -> tuple[Graph, bool]:
    """The graph, and whether there is more than the newest `most` versions and exports."""
    roots = datasets.versions(actor).filter(dataset=dataset)
    seen, given = around(roots, actor)
    seen = seen.defer(*light()).order_by("-created", "pk")
    if columns:
        seen = seen.prefetch_related("columns")
    versions = {v.pk: v for v in seen[: most + 1]}
    exports = list(told(given, most + 1).prefetch_related("request__named__user"))
    more = len(versions) > most or len(exports) > most
    built = Builder(actor)
    built.dataset(dataset)
    known = {**{e.job.version_of_data_id: e.job.version_of_data for e in exports}, **_joined(exports)}
    rows = _withdrawn({*versions, *known})
    for pk, row in {**known, **versions}.items():
        built.version(row, visible=pk in versions, columns=columns, withdrawn=rows.get(pk))
    _readings(built, [v for v in versions.values() if built.owns(v.dataset)])
    _revisions(built, versions.values())
    by_names = {(v.dataset.iri, v.number): v for v in known.values()}
    jobs = _seen_jobs(exports, actor)
    for export in exports:
        _export(built, export, by_names, rows, jobs)
    if columns:
        _policies(built, [dataset])
    links = Origin.objects.filter(version__in=versions, delivery__in=[e.pk for e in exports])
    for version_id, delivery_id in links.values_list("version_id", "delivery_id"):
        built.link(iri(version_id), "derived_from", iri(delivery_id))
    whole = Graph(built.nodes.values(), built.edges)
    mine = [v.iri for v in versions.values() if v.dataset_id == dataset.pk]
    terms = [node.iri for node in whole.later(dataset.iri, "about")]
    return whole.connected([*mine, dataset.iri, *terms]), more


def described(found: Sequence[Dataset], actor: Actor, only: DatasetVersion | None = None) -> Graph:
    """These datasets, which the actor may see, with their versions that were read (or `only` one), and the terms."""
    built = Builder(actor)
    for row in found:
        built.dataset(row)
    read = datasets.versions(actor).filter(dataset__in=found, state__in=["profiled", "retired"])
    read = read.exclude(parquet_sha256="").filter(**({"pk": only.pk} if only else {}))
    versions = list(read.defer(*light()).prefetch_related("columns").order_by("number"))
    for version in versions:
        built.version(version, visible=True, columns=True, withdrawn=None)
    _revisions(built, versions)
    _policies(built, found)
    return Graph(built.nodes.values(), built.edges)


def _policies(built: Builder, found: Sequence[Dataset]) -> None:
    """Published terms, and contracts that are not over."""
    for offer in negotiated.offers(built.actor).filter(dataset__in=found, state="published"):
        built.policy(offer, offer.provider)
    live = negotiated.agreements(built.actor).filter(dataset__in=found, state__in=succession.LIVE)
    for row in live.defer("payload", "jws", "odrl", *light("version_of_data")):
        built.policy(row, row.provider, row.consumer)


def _seen_jobs(exports: Sequence[Delivery], actor: Actor) -> set[UUID]:
    """Whose pages the actor may open. A party of an export may; who reads it by a right on the contract may not always."""
    made = {export.job_id for export in exports}
    return set(runs.jobs(actor).filter(pk__in=made).values_list("pk", flat=True)) if actor.granted else made


def _export(
    built: Builder,
    row: Delivery,
    by_names: dict[tuple[str, int], DatasetVersion],
    rows: dict[Any, int],
    jobs: set[UUID],
) -> None:
    main = row.job.version_of_data
    inputs = [main, *(v for one in row.joined or [] if (v := by_names.get((one["id"], one["version"]))))]  # type: ignore[attr-defined]
    name = built.delivery(row, withdrawn=any(rows.get(v.pk) for v in inputs))
    job = built.job(row.job, "export", url=row.job_id in jobs)
    contract = built.policy(row.agreement, row.provider, row.consumer)
    built.link(name, "generated_by", job)
    built.link(name, "under", contract)
    built.link(job, "under", contract)
    for version in inputs:
        built.link(job, "used", version.iri)
        built.link(name, "derived_from", version.iri)


def _joined(exports: Iterable[Delivery]) -> dict[Any, DatasetVersion]:
    """The versions that plans joined: those of the contracts' further datasets that a receipt names."""
    named = {(one["id"], one["version"]) for e in exports for one in e.joined or []}  # type: ignore[attr-defined]
    contracts = [e.agreement.negotiation_id for e in exports if e.joined]  # type: ignore[attr-defined]
    if not contracts:
        return {}
    at = "version_of_data"
    rows = (
        Companion.objects.filter(negotiation__in=contracts)
        .select_related(f"{at}__dataset__organisation")
        .defer(*light(at))
    )
    found = {row.version_of_data_id: row.version_of_data for row in rows}
    return {pk: v for pk, v in found.items() if (v.dataset.iri, v.number) in named}


def _withdrawn(ids: set[Any]) -> dict[Any, int]:
    rows = WithdrawnRows.objects.filter(version__in=ids, rows__gt=0).values_list("version_id")
    return dict(rows.annotate(Sum("rows")))


def _readings(built: Builder, own: list[DatasetVersion]) -> None:
    """For the holder: where each version was read from, and the job that did."""
    places = {
        s.dataset_id: s
        for s in datasets.sources(built.actor).filter(dataset__in=[v.dataset_id for v in own if v.place])
    }
    made_of = {v.pk: built.made_of(v, places.get(v.dataset_id)) for v in own}
    done = runs.jobs(built.actor).filter(kind="intake", state="done", version_of_data__in=[v.pk for v in own])
    done = done.defer("plan", "log", "stages", "progress", "result", "usage", *light("version_of_data"))
    for row in done.order_by("finished"):
        if row.version_of_data_id in made_of:
            name = built.job(row, "intake")
            built.link(iri(row.version_of_data_id), "generated_by", name)
            if made_of[row.version_of_data_id]:
                built.link(name, "used", made_of[row.version_of_data_id])


def _revisions(built: Builder, versions: Iterable[DatasetVersion]) -> None:
    of: dict[Any, list[DatasetVersion]] = {}
    for version in sorted(versions, key=lambda v: v.number):
        of.setdefault(version.dataset_id, []).append(version)
    for line in of.values():
        for before, after in pairwise(line):
            built.link(after.iri, "revision_of", before.iri)
