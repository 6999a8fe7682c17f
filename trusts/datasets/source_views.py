"""Registering data that stays where it is: as a new dataset, or as the source of one that exists."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from kernel.decision import Refused
from kernel.web import not_now
from trusts.datasets import places, selectors, sources
from trusts.datasets.models import Dataset
from trusts.datasets.source_forms import RegisterPlaceForm, SourceForm
from trusts.datasets.views import CATALOGUE, may_register, not_for_this_role
from trusts.membership.roles import may_begin


def _dataset(request: HttpRequest) -> Dataset | None:
    """The own dataset that gets a source, if the address names one."""
    slug = request.GET.get("dataset", "")
    if not slug:
        return None
    actor = request.actor  # type: ignore[attr-defined]
    own = selectors.datasets(actor).filter(organisation_id=actor.organisation_id)
    found: Dataset = get_object_or_404(own, slug=slug)
    return found


@login_required
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """`?kind=` folder, s3 or postgres; `?dataset=` of an own dataset. A worker makes the typed copy."""
    actor, dataset = request.actor, _dataset(request)  # type: ignore[attr-defined]
    if dataset is None and not may_register(actor):
        return not_for_this_role(request)
    if (
        dataset is None
        and request.method == "GET"
        and not (begins := may_begin(actor.organisation_id)).allowed
    ):
        return not_now(request, "Register a dataset", CATALOGUE, begins)
    kind = request.GET.get("kind", "folder")
    if kind not in places.KINDS:
        raise Http404
    kind_of_form = SourceForm if dataset else RegisterPlaceForm
    form = kind_of_form(request.POST or None, actor=actor, kind=kind, initial={"id": uuid.uuid4()})
    refused = None
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = dict(form.cleaned_data)
        try:
            if dataset:
                sources.connect(actor=actor, dataset=dataset, **given)
            else:
                dataset = sources.register_with_source(actor=actor, **given)
        except Refused as problem:
            refused = problem.decision
        else:
            messages.success(request, "Kept. A worker reads the source now.")
            return redirect(dataset.get_absolute_url())
    status = 409 if refused is not None else 422 if form.is_bound else 200
    context = {
        "form": form, "decision": refused, "kind": kind, "kinds": places.KINDS, "dataset": dataset,
        "allowed": places.any_allowed(kind, form.slug), "setting": "DATA_ROOTS" if kind == "folder" else "DATA_HOSTS",
    }  # fmt: skip
    return render(request, "datasets/place.html", context, status=status)
