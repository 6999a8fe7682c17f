"""Pages of a dataset that need nothing but the dataset: register, quality, dictionary, versions."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from kernel import doors
from kernel.decision import Refused
from trusts.datasets import selectors, services
from trusts.datasets.forms import RegisterForm
from trusts.datasets.machines import DATASET, VERSION
from trusts.datasets.models import Dataset, DatasetVersion
from trusts.datasets.quality import quality_of


@login_required
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Upload a file and name it; a worker reads it while the steward goes on describing."""
    actor = request.actor  # type: ignore[attr-defined]
    form = RegisterForm(request.POST or None, request.FILES or None, initial={"id": uuid.uuid4()})
    refused = None
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        file = data.pop("file")
        try:
            dataset = services.register_with_file(actor=actor, file=file, **data)
        except Refused as problem:
            refused = problem.decision
        else:
            messages.success(request, f"{file.name} is kept. A worker is reading it now.")
            target = dataset.get_absolute_url()
            if request.headers.get("X-Requested-With") == "XMLHttpRequest":
                answer = HttpResponse(status=201)
                answer["Location"] = target
                return answer
            return redirect(target)
    status = 409 if refused is not None else 422 if form.is_bound else 200
    return render(request, "datasets/register.html", {"form": form, "decision": refused}, status=status)


def _found(request: HttpRequest, slug: str) -> Dataset:
    found: Dataset = get_object_or_404(selectors.datasets(request.actor), slug=slug)  # type: ignore[attr-defined]
    return found


def _ready(request: HttpRequest, dataset: Dataset, number: int | None = None) -> DatasetVersion | None:
    versions = selectors.versions(request.actor).filter(dataset=dataset)  # type: ignore[attr-defined]
    if number is not None:
        return get_object_or_404(versions, number=number)
    return versions.filter(state="profiled").order_by("-number").first()


def _page(request: HttpRequest, dataset: Dataset, version: DatasetVersion | None, tab: str) -> dict[str, Any]:
    own = dataset.organisation_id == request.actor.organisation_id  # type: ignore[attr-defined]
    return {"dataset": dataset, "data_version": version, "tab": tab, "own": own}


@login_required
@require_GET
def quality(request: HttpRequest, slug: str) -> HttpResponse:
    dataset = _found(request, slug)
    version = _ready(request, dataset)
    context = _page(request, dataset, version, "quality")
    context["quality"] = quality_of(version, masked=not context["own"]) if version else None
    return render(request, "datasets/quality.html", context)


@login_required
@require_GET
def schema(request: HttpRequest, slug: str) -> HttpResponse:
    dataset = _found(request, slug)
    version = _ready(request, dataset)
    context = _page(request, dataset, version, "schema")
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
    dataset = _found(request, slug)
    found = _ready(request, dataset, number)
    assert found is not None
    context = _page(request, dataset, found, "versions")
    earlier = (
        selectors.versions(request.actor).filter(dataset=dataset, number__lt=number, state="profiled").first()
    )  # type: ignore[attr-defined]
    context["difference"] = (
        schema_difference(earlier, found) if earlier and found.state == "profiled" else None
    )
    context["earlier"] = earlier
    context["choices"] = doors.choices(VERSION, found, request.actor)  # type: ignore[attr-defined]
    return render(request, "datasets/version.html", context)


def schema_difference(before: DatasetVersion, after: DatasetVersion) -> dict[str, Any]:
    """Columns added, removed and retyped between two versions, and the change in rows."""
    old, new = before.column_types(), after.column_types()
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "retyped": [(name, old[name], new[name]) for name in new if name in old and old[name] != new[name]],
        "rows": (after.rows or 0) - (before.rows or 0),
    }


def dataset_actions(request: HttpRequest, dataset: Dataset) -> list[doors.Choice]:
    return doors.choices(DATASET, dataset, request.actor)  # type: ignore[attr-defined]
