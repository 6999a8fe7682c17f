"""Documents about data in the formats of others, to download."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from jobs.provenance import documents
from jobs.provenance.documents import Document
from jobs.provenance.formats.openlineage import contract_schema
from trusts.datasets import selectors


def sent(document: Document) -> HttpResponse:
    """As a download. What did not fit has a link to the next page, or a header that says so."""
    answer = HttpResponse(document.text, content_type=document.kind)
    answer["Content-Disposition"] = f'attachment; filename="{document.name}"'
    if document.more:
        answer["X-Incomplete"] = "true"
    return answer


@login_required
@require_GET
def of_dataset(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """PROV-O, OpenLineage, or for the holder the data contract."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = get_object_or_404(selectors.datasets(actor), slug=slug)
    if form == "odcs" and dataset.organisation_id != actor.organisation_id:
        raise Http404
    return sent(documents.OF_DATASET[form](dataset, actor, settings.SITE_URL))


@login_required
@require_GET
def of_version(request: HttpRequest, slug: str, number: int, form: str) -> HttpResponse:
    """Croissant or Frictionless."""
    actor = request.actor  # type: ignore[attr-defined]
    version = get_object_or_404(selectors.versions(actor), dataset__slug=slug, number=number)
    if not documents.readable(version):
        raise Http404
    return sent(documents.OF_VERSION[form](version, actor, settings.SITE_URL))


@login_required
@require_GET
def catalogue(request: HttpRequest, form: str) -> HttpResponse:
    """DCAT-AP 3, a hundred datasets at a time: `?page=2` for the next."""
    actor = request.actor  # type: ignore[attr-defined]
    return sent(catalogue_page(request.GET, actor, form))


def catalogue_page(asked: Any, actor: Any, form: str) -> Document:
    """The page of the catalogue that is asked for; what is no number is the first."""
    given = asked.get("page", "1")
    page = int(given) if given.isdecimal() and len(given) < 7 else 1
    return documents.catalogue(actor, settings.SITE_URL, page=page, turtle=form == "turtle")


@require_GET
def facet(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of the facet by which OpenLineage events name the contract."""
    return JsonResponse(contract_schema(settings.SITE_URL))
