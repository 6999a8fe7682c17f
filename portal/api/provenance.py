"""Where data came from and where it went: the graph, and the two questions that one asks of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.deliveries.models import Delivery
from jobs.provenance import documents, selectors
from jobs.provenance.load import lineage
from portal.api.views import MachineView
from portal.views.descriptions import catalogue_page, sent
from trusts.datasets import machines

MOST = 500


def exported(row: Delivery) -> dict[str, Any]:
    """An export as an answer names it."""
    version = row.job.version_of_data
    return {
        "delivery": str(row.pk), "iri": row.iri, "created": row.created, "rows": row.rows, "sha256": row.data_sha256,
        "held_by": {"iri": row.consumer.iri, "name": row.consumer.name}, "agreement": row.agreement.iri,
        "made_from": {"iri": version.iri, "dataset": version.dataset.iri, "title": version.dataset.title_text, "version": version.number},
        "fetched": row.downloads_made, "said_deleted": row.said_deleted, "withdrawn_told": row.withdrawn_told,  # type: ignore[attr-defined]
    }  # fmt: skip


class _Lineage(MachineView):
    scope = "datasets"

    def written(self, document: documents.Document) -> HttpResponse:
        return sent(document)

    def answered(self, found: Any) -> Response:
        page = self.paginate_queryset(selectors.told(found))
        return self.get_paginated_response([exported(row) for row in page or []])


class LineageOfDataset(_Lineage):
    machine = machines.DATASET

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def graph(self, request: Request, pk: UUID) -> Response:
        """Nodes by IRI and edges from what came later to what it came from; `more` if only the newest 500 are in it."""
        self.needs("read", self.scope)
        found, more = lineage(self.get_object(), self.actor, columns=True, most=MOST)
        nodes = [
            {"iri": n.iri, "kind": n.kind, "title": n.title, "at": n.at, "url": f"{settings.SITE_URL}{n.url}" if n.url else None, **n.facts}
            for n in found.nodes.values()
        ]  # fmt: skip
        edges = [{"later": e.later, "kind": e.kind, "earlier": e.earlier} for e in found.edges]
        return Response({"nodes": nodes, "edges": edges, "more": more})

    @extend_schema(responses={(200, documents.JSON_LD): OpenApiTypes.OBJECT})
    def prov(self, request: Request, pk: UUID) -> HttpResponse:
        """The same as PROV-O in JSON-LD."""
        self.needs("read", self.scope)
        return self.written(documents.prov_of(self.get_object(), self.actor, settings.SITE_URL))

    @extend_schema(responses={(200, documents.LINES): OpenApiTypes.STR})
    def openlineage(self, request: Request, pk: UUID) -> HttpResponse:
        """What ran on it, as OpenLineage run events, one a line."""
        self.needs("read", self.scope)
        return self.written(documents.openlineage_of(self.get_object(), self.actor, settings.SITE_URL))

    @extend_schema(
        responses={(200, documents.JSON_LD): OpenApiTypes.OBJECT},
        parameters=[OpenApiParameter("page", int, description="A hundred datasets a page, from 1")],
    )
    def catalogue(self, request: Request) -> HttpResponse:
        """The datasets that you can find, as a DCAT-AP 3 catalogue in JSON-LD."""
        self.needs("read", self.scope)
        return self.written(catalogue_page(request.query_params, self.actor, "jsonld"))

    @extend_schema(
        responses={(200, "text/turtle"): OpenApiTypes.STR},
        parameters=[OpenApiParameter("page", int, description="A hundred datasets a page, from 1")],
    )
    def turtle(self, request: Request) -> HttpResponse:
        """The same in Turtle."""
        self.needs("read", self.scope)
        return self.written(catalogue_page(request.query_params, self.actor, "turtle"))

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

    @extend_schema(responses={(200, documents.JSON_LD): OpenApiTypes.OBJECT})
    def croissant(self, request: Request, pk: UUID) -> HttpResponse:
        """The version as a Croissant description."""
        return self._described(documents.croissant_of)

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def datapackage(self, request: Request, pk: UUID) -> HttpResponse:
        """The version as a Frictionless Data Package."""
        return self._described(documents.package_of)

    def _described(self, form: Any) -> HttpResponse:
        self.needs("read", self.scope)
        version = self.get_object()
        if not documents.readable(version):
            raise Http404
        return self.written(form(version, self.actor, settings.SITE_URL))
