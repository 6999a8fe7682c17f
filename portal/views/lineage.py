"""Where a dataset came from and where it went: drawn, listed, and asked."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from jobs.provenance import documents, telling
from jobs.provenance import selectors as provenance
from jobs.provenance.graph import DRAWN, Graph, Node
from jobs.provenance.load import MOST, lineage
from kernel import doors
from portal.charts import MOST_NODES
from trusts.datasets import selectors
from trusts.datasets.machines import DATASET, VERSION
from trusts.datasets.models import Dataset, light

KINDS = {"source": "Source", "file": "File", "version": "Version", "job": "Job", "delivery": "Export"}
SHOWN = 50


class SpanForm(forms.Form):
    """From one day to another, both included."""

    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "This day is before the first.")
        return cleaned

    def span(self) -> tuple[datetime | None, datetime | None]:
        """The two moments, the second not included; nothing if it cannot be understood."""
        if not self.is_valid():
            return None, None
        days = self.cleaned_data["since"], self.cleaned_data["until"]
        begin, end = (timezone.make_aware(datetime.combine(day, time())) if day else None for day in days)
        return begin, end + timedelta(days=1) if end else None


def short(graph: Graph, node: Node, dataset: Dataset) -> str:
    """What a small box says of it."""
    if node.kind == "version":
        number = f"Version {node.facts['number']}"
        return (
            number
            if node.facts["dataset"] == dataset.iri
            else f"{node.facts['dataset_title']}, {number.lower()}"
        )
    if node.kind == "job":
        return "Clean and export"
    receivers = [n.title for n in graph.earlier(node.iri, "delivered_to") if n.kind == "organisation"]
    if node.kind == "delivery" and receivers:
        return receivers[0]
    return node.title


def named(graph: Graph, node: Node, dataset: Dataset) -> str:
    """What a line of the list says of it: there is room for the reference."""
    ref = node.facts.get("ref")
    if not ref:
        return node.title
    said = short(graph, node, dataset)
    return f"{ref} to {said}" if node.kind == "delivery" else f"{ref}, {said.lower()}"


def drawing(graph: Graph, dataset: Dataset) -> dict[str, Any]:
    """Nodes, steps and lines as the template draws them."""
    small = graph.without_readings().folded(MOST_NODES)
    nodes = [
        {"key": n.iri, "title": short(small, n, dataset), "kind": "Export to" if n.kind == "delivery" else KINDS[n.kind], "url": n.url,
         "current": n.facts.get("dataset") == dataset.iri}
        for n in small.of(*DRAWN)
    ]  # fmt: skip
    lines: list[dict[str, Any]] = []
    before = -1
    for depth, node, again in small.tree():
        lines.append({
            "opens": range(max(depth - before, 0)), "closes": range(max(before - depth, 0)), "node": node, "kind": KINDS[node.kind],
            "title": named(small, node, dataset),
            "again": again, "contracts": small.earlier(node.iri, "under") if node.kind == "delivery" else [],
        })  # fmt: skip
        before = depth
    return {"nodes": nodes, "steps": small.steps(), "lines": lines, "left": range(before + 1)}


@login_required
@require_GET
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The graph around a dataset, and the two questions that one asks of it."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset: Dataset = get_object_or_404(selectors.datasets(actor), slug=slug)
    form = SpanForm(request.GET or None)
    graph, more = lineage(dataset, actor)
    shown = graph.between(*form.span()) if form.is_bound else graph
    versions = list(selectors.versions(actor).filter(dataset=dataset).defer(*light())[:MOST])
    asked = request.GET.get("version", "")
    ready = [v for v in versions if v.parquet_sha256]
    chosen = next((v for v in ready if str(v.number) == asked), ready[0] if ready else None)
    own = dataset.organisation_id == actor.organisation_id
    withdrawals = provenance.withdrawals(dataset) if own else []
    told = telling.told_by(withdrawals) if withdrawals else {}
    context = {
        "dataset": dataset, "own": own, "tab": "lineage", "form": form, "more": more, "most": MOST,
        "filtered": form.is_bound and any(request.GET.get(n) for n in ("since", "until")),
        **drawing(shown, dataset),
        "ready": ready, "chosen": chosen,
        "holders": list(provenance.told(provenance.holders(chosen, actor), SHOWN + 1)) if chosen else [],
        "affected": list(provenance.told(provenance.with_withdrawn(dataset, actor), SHOWN + 1)),
        "shown_at_most": SHOWN,
        "withdrawals": [(one, told.get(one.pk, [])) for one in withdrawals],
        "described": chosen if chosen and documents.readable(chosen) else None,
        "choices": doors.choices(DATASET, dataset, actor, only=("withdraw_rows",)),
        "version_choices": doors.choices(VERSION, chosen, actor, only=("made_from",)) if chosen else [],
    }  # fmt: skip
    return render(
        request, "portal/lineage.html", context, status=422 if form.is_bound and not form.is_valid() else 200
    )
