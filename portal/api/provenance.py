"""Where data came from and where it went: the graph, and the two questions that one asks of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.deliveries.models import Delivery
from jobs.provenance import selectors
from jobs.provenance.load import lineage
from portal.api.views import MachineView
from trusts.datasets import machines


def exported(row: Delivery) -> dict[str, Any]:
    """An export as an answer names it."""
    version = row.job.version_of_data
    return {
        "delivery": str(row.pk), "iri": row.iri, "created": row.created, "rows": row.rows, "sha256": row.data_sha256,
        "held_by": {"iri": row.consumer.iri, "name": row.consumer.name}, "agreement": row.agreement.iri,
        "made_from": {"iri": version.iri, "dataset": version.dataset.iri, "title": version.dataset.title_text, "version": version.number},
        "fetched": row.downloads_made, "said_deleted": row.said_deleted,  # type: ignore[attr-defined]
    }  # fmt: skip


class _Lineage(MachineView):
    scope = "datasets"

    def answered(self, found: Any) -> Response:
        page = self.paginate_queryset(selectors.told(found))
        return self.get_paginated_response([exported(row) for row in page or []])


class LineageOfDataset(_Lineage):
    machine = machines.DATASET

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def graph(self, request: Request, pk: UUID) -> Response:
        """Nodes by IRI and edges from what came later to what it came from; `more` if only the newest 500 are in it."""
        self.needs("read", self.scope)
        found, more = lineage(self.get_object(), self.actor, columns=True)
        nodes = [
            {"iri": n.iri, "kind": n.kind, "title": n.title, "at": n.at, "url": f"{settings.SITE_URL}{n.url}" if n.url else None, **n.facts}
            for n in found.nodes.values()
        ]  # fmt: skip
        edges = [{"later": e.later, "kind": e.kind, "earlier": e.earlier} for e in found.edges]
        return Response({"nodes": nodes, "edges": edges, "more": more})

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def withdrawn(self, request: Request, pk: UUID) -> Response:
        """Which exports contain rows that were withdrawn: those made from a version that holds some."""
        self.needs("read", self.scope)
        return self.answered(selectors.with_withdrawn(self.get_object(), self.actor))


class LineageOfVersion(_Lineage):
    machine = machines.VERSION

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def holders(self, request: Request, pk: UUID) -> Response:
        """Who holds data made from this version, also by way of derived datasets: an entry for each export."""
        self.needs("read", self.scope)
        return self.answered(selectors.holders(self.get_object(), self.actor))
