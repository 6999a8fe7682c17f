"""Pages of traces: send a file, read the answer."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from jobs.runs.shown import failure
from jobs.tracing import selectors, services, words
from jobs.tracing.forms import LeakForm
from jobs.tracing.machines import TRACE
from jobs.tracing.models import Trace
from kernel.decision import Refused
from trusts.datasets import selectors as datasets
from trusts.datasets.models import Dataset


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Send a file that turned up somewhere; earlier answers stand below."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset: Dataset = get_object_or_404(datasets.datasets(actor), slug=slug)
    if not services.may_trace(dataset, actor):
        return render(
            request, "errors/403.html", {"action": TRACE.action("ask"), "subject": dataset}, status=403
        )
    form = LeakForm(request.POST or None, request.FILES or None)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(services.ask(actor=actor, dataset=dataset, file=form.cleaned_data["file"]))
        except Refused as problem:
            refused = problem.decision
    earlier = selectors.traces(actor).filter(dataset=dataset)[:20]
    context = {
        "dataset": dataset,
        "form": form,
        "decision": refused,
        "earlier": earlier,
        "tab": "",
        "own": True,
    }
    status = 409 if refused is not None else 422 if form.is_bound else 200
    return render(request, "tracing/new.html", context, status=status)


def _fetched(one: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"by": fetch["by"], "at": datetime.fromisoformat(fetch["at"])} for fetch in one["fetched"]]


def _shown(request: HttpRequest, pk: uuid.UUID) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    found: Trace = get_object_or_404(selectors.traces(actor), pk=pk)
    named = [
        {
            **one,
            "made": datetime.fromisoformat(one["made"]),
            "fetched": _fetched(one),
            "chance": words.chance(one["log10_chance"]),
            "part": words.part(one["share"]),
        }
        for one in found.result.get("named", [])
    ]
    job = found.job
    return {
        "trace": found, "result": found.result, "named": named, "dataset": found.dataset, "job": job,
        "basis": words.basis(found.result) if found.result else [], "failure": failure(job, actor) if job else {},
        "waiting": found.state == "waiting" and (job is None or job.state in ("queued", "running", "checking")),
    }  # fmt: skip


@login_required
@require_GET
def trace(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return render(request, "tracing/trace.html", _shown(request, pk))


@login_required
@require_GET
def live(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The panel, asked for again until the worker is done; 286 tells htmx to stop."""
    context = _shown(request, pk)
    return render(request, "tracing/_panel.html", context, status=200 if context["waiting"] else 286)
