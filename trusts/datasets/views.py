"""Pages of a dataset that need nothing but the dataset: register, quality, dictionary, versions."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_GET, require_http_methods

from kernel import doors
from kernel.decision import Refused
from kernel.transition import may_create
from kernel.web import not_now
from trusts.datasets import selectors, services
from trusts.datasets.changes import in_words
from trusts.datasets.forms import RegisterForm
from trusts.datasets.machines import DATASET, VERSION
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.datasets.quality import changes_between, must_failures
from trusts.membership.roles import may_begin

CATALOGUE = {"title": "datasets", "get_absolute_url": reverse_lazy("catalogue")}


def may_register(actor: Any) -> bool:
    return actor.organisation_id is not None and may_create(
        DATASET, "register", actor, organisation_id=actor.organisation_id
    )


def not_for_this_role(request: HttpRequest) -> HttpResponse:
    """Said before anybody types or sends a file."""
    context = {"action": DATASET.action("register"), "subject": CATALOGUE}
    return render(request, "errors/403.html", context, status=403)


@login_required
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Upload a file and name it; a worker reads it while the steward goes on describing."""
    actor = request.actor  # type: ignore[attr-defined]
    if not may_register(actor):
        return not_for_this_role(request)
    if request.method == "GET" and not (begins := may_begin(actor.organisation_id)).allowed:
        return not_now(request, "Register a dataset", CATALOGUE, begins)
    form = RegisterForm(request.POST or None, request.FILES or None, initial={"id": uuid.uuid4()})
    refused = None
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        try:
            dataset = services.register_with_file(actor=actor, **data)
        except Refused as problem:
            refused = problem.decision
        else:
            messages.success(request, "The file is kept. A worker is reading it now.")
            target = dataset.get_absolute_url()
            if request.headers.get("X-Requested-With") == "XMLHttpRequest":
                answer = HttpResponse(status=201)
                answer["Location"] = target
                return answer
            return redirect(target)
    status = 409 if refused is not None else 422 if form.is_bound else 200
    context = {"form": form, "decision": refused, "unfinished": selectors.unfinished(actor)}
    return render(request, "datasets/register.html", context, status=status)


def found_dataset(request: HttpRequest, slug: str) -> Dataset:
    found: Dataset = get_object_or_404(selectors.datasets(request.actor), slug=slug)  # type: ignore[attr-defined]
    return found


def ready_version(request: HttpRequest, dataset: Dataset, number: int | None = None) -> DatasetVersion | None:
    versions = selectors.versions(request.actor).filter(dataset=dataset)  # type: ignore[attr-defined]
    if number is not None:
        return get_object_or_404(versions, number=number)
    return versions.filter(state="profiled").order_by("-number").first()


def page_of(
    request: HttpRequest, dataset: Dataset, version: DatasetVersion | None, tab: str
) -> dict[str, Any]:
    own = dataset.organisation_id == request.actor.organisation_id  # type: ignore[attr-defined]
    return {"dataset": dataset, "data_version": version, "tab": tab, "own": own}


@login_required
@require_GET
def schema(request: HttpRequest, slug: str) -> HttpResponse:
    dataset = found_dataset(request, slug)
    version = ready_version(request, dataset)
    context = page_of(request, dataset, version, "schema")
    if version:
        context["columns"] = list(version.columns.all())
        context["choices"] = [
            c
            for c in doors.choices(VERSION, version, request.actor)  # type: ignore[attr-defined]
            if c.name == "describe_columns"
        ]
    return render(request, "datasets/schema.html", context)


@login_required
@require_GET
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    dataset = found_dataset(request, slug)
    found = ready_version(request, dataset, number)
    assert found is not None
    context = page_of(request, dataset, found, "versions")
    earlier = (
        selectors.versions(request.actor).filter(dataset=dataset, number__lt=number, state="profiled").first()
    )  # type: ignore[attr-defined]
    if earlier and found.state == "profiled":
        changes = changes_between(earlier, found, masked=not context["own"])
        context["changes"] = in_words(changes)
        context["more_rows"] = (found.rows or 0) - (earlier.rows or 0)
    context["broken"] = must_failures(found) if context["own"] and found.state == "profiled" else []
    context["earlier"] = earlier
    context["choices"] = doors.choices(VERSION, found, request.actor)  # type: ignore[attr-defined]
    return when_read(request, found, render(request, "datasets/version.html", context))


def when_read(request: HttpRequest, version: DatasetVersion, answer: HttpResponse) -> HttpResponse:
    """A page that waited for the version to be read is loaded anew as a whole."""
    if getattr(request, "htmx", False) and version.state not in ("registered", "profiling"):
        answer["HX-Refresh"] = "true"
    return answer
