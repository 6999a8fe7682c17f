"""The catalogue and a dataset's home: where dataset, terms, access and work come together."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from contracts.negotiations import beginnings
from contracts.negotiations import selectors as negotiated
from contracts.negotiations.offers import may_publish
from contracts.sharing.access import Access, would_be_allowed
from jobs.runs import selectors as runs
from jobs.tracing.services import may_trace
from kernel import doors
from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.decision import ALLOW
from kernel.transition import may_create
from trusts.datasets import selectors
from trusts.datasets.machines import DATASET, SOURCE
from trusts.datasets.models import Dataset, DatasetVersion, light
from trusts.datasets.views import may_register
from trusts.membership.roles import merged_decision, places_of

PER_PAGE = 24


def newest_first(found: Any) -> Any:
    """Datasets with the newest readable version's number, rows and date as columns. No join grows."""
    ready = DatasetVersion.objects.filter(dataset=OuterRef("pk"), state="profiled").order_by("-number")
    return found.annotate(
        ready_number=Subquery(ready.values("number")[:1]),
        ready_rows=Subquery(ready.values("rows")[:1]),
        ready_created=Subquery(ready.values("created")[:1]),
    )


def _registering(request: HttpRequest) -> list[doors.Start]:
    """The button, closed for an organisation that has merged into another. No query: its places are known already."""
    actor = request.actor  # type: ignore[attr-defined]
    if not may_register(actor):
        return []
    own = (p.organisation for p in request.places if p.organisation_id == actor.organisation_id)  # type: ignore[attr-defined]
    decision = next((merged_decision(one) for one in own), ALLOW)
    return [doors.Start("register", "Register a dataset", reverse("dataset_new"), decision, "primary")]


@login_required
@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    """What my organisation holds and what its trusts offer, searched by words."""
    actor = request.actor  # type: ignore[attr-defined]
    asked = request.GET.get("q", "").strip()
    trust = request.GET.get("trust", "")
    whose = request.GET.get("whose", "")
    found = newest_first(selectors.datasets(actor))
    found = selectors.matching(found, asked)
    if trust:
        found = found.filter(trust__slug=trust)
    if whose == "ours":
        found = found.filter(organisation_id=actor.organisation_id)
    elif whose == "others":
        found = found.exclude(organisation_id=actor.organisation_id)
    page = Paginator(found.order_by(F("changed").desc(), "pk"), PER_PAGE).get_page(request.GET.get("page"))
    places = places_of(actor.organisation_id)
    access = would_be_allowed(list(page.object_list), actor, places=places)
    for dataset in page.object_list:
        dataset.access = access.get(dataset.pk)
    context = {
        "page": page,
        "asked": asked,
        "trust": trust,
        "whose": whose,
        "beginning": _registering(request),
        "trusts": [one.trust for one in places],
    }
    return render(request, "portal/catalogue.html", context)


def _beginning(found: Dataset, access: Access | None, actor: Actor) -> list[doors.Start]:
    """What somebody else may do about it next: ask for an export under the contract held, or for terms."""
    if access is not None and access.code == "contract":
        return beginnings.requesting(negotiated.agreements(actor).get(pk=access.agreement_id), actor)
    if access is not None and access.code in ("negotiate", "role"):
        return beginnings.asking(found, actor)
    return []


@login_required
@require_GET
def dataset(request: HttpRequest, slug: str) -> HttpResponse:
    """One dataset: what it is, on which terms, its versions, and what I can do now."""
    actor = request.actor  # type: ignore[attr-defined]
    found: Dataset = get_object_or_404(newest_first(selectors.datasets(actor)), slug=slug)
    versions = list(selectors.versions(actor).filter(dataset=found).defer(*light())[:20])
    ready = next((v for v in versions if v.state == "profiled"), None)
    own = found.organisation_id == actor.organisation_id
    job = (
        runs.jobs(actor).filter(version_of_data=versions[0], kind="intake").first()
        if own and versions
        else None
    )
    reading = own and bool(versions) and versions[0].state in ("registered", "profiling")
    source = selectors.sources(actor).filter(dataset=found).first() if own else None
    publishing = may_publish(found, actor) if found.state != "retired" else None
    offers = list(negotiated.offers(actor).filter(dataset=found).exclude(state="withdrawn"))
    access = would_be_allowed([found], actor).get(found.pk)
    context = {
        "source": source,
        "source_choices": doors.choices(SOURCE, source, actor) if source else [],
        "may_connect": own
        and found.state != "retired"
        and may_create(SOURCE, "connect", actor, dataset=found),
        "may_trace": may_trace(found, actor),
        "dataset": found,
        "data_version": ready,
        "versions": versions,
        "job": job,
        "reading": reading,
        "own": own,
        "tab": "overview",
        "may_offer": publishing is not None,
        "offers": offers,
        "offering": beginnings.offering(found, actor, publishing, bool(offers))
        if publishing is not None and ready
        else [],
        "negotiations": list(
            negotiated.negotiations(actor).filter(dataset=found).select_related("consumer", "provider")[:10]
        ),
        "contracts": list(
            negotiated.agreements(actor).filter(dataset=found).select_related("consumer", "provider")[:10]
        ),
        "access": access,
        "beginning": _beginning(found, access, actor),
        # Rules have a page of their own, one of the dataset's tabs.
        "choices": [c for c in doors.choices(DATASET, found, actor) if c.name != "set_rules"],
        "events": audit.history(found.pk, actor).order_by("-created")[:5],
    }
    answer = render(request, "portal/dataset.html", context)
    if getattr(request, "htmx", False) and not reading:
        answer["HX-Refresh"] = "true"  # the page waited for this; the rest of it changed too
    return answer
