"""The page of a dataset's quality rules: add, change and remove one, bring a data contract in and take it out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from kernel import doors
from kernel.decision import Refused
from kernel.transition import may
from trusts.datasets import selectors
from trusts.datasets.expectations import KINDS
from trusts.datasets.machines import DATASET
from trusts.datasets.models import Dataset
from trusts.datasets.quality import rules_of
from trusts.datasets.rule_form import ContractForm, RuleForm
from trusts.datasets.views import page_of, ready_version


def _own(request: HttpRequest, slug: str) -> Dataset:
    """The dataset, for its holder's people only."""
    actor = request.actor  # type: ignore[attr-defined]
    found: Dataset = get_object_or_404(
        selectors.datasets(actor).filter(organisation_id=actor.organisation_id), slug=slug
    )
    return found


def _listed(dataset: Dataset, request: HttpRequest) -> dict[str, Any]:
    version = ready_version(request, dataset)
    context = page_of(request, dataset, version, "rules")
    if version:
        version.dataset = dataset
    waiting = [
        {**rule, "sentence": KINDS[rule["rule"]].says(rule), "state": "waiting", "text": "Checked when a version is read.", "label": KINDS[rule["rule"]].label}
        for rule in dataset.rules
    ]  # fmt: skip
    may_edit = may(DATASET, "set_rules", dataset, request.actor)  # type: ignore[attr-defined]
    return context | {
        "rules": rules_of(version) if version else waiting,
        "kinds": KINDS,
        "may_edit": may_edit.allowed,
        "seen": dataset.version,
    }


def _set(request: HttpRequest, dataset: Dataset, rules: list[dict[str, Any]]) -> None:
    """Through the same door as the API. Raises Refused and NotValid."""
    import json

    seen = request.POST.get("seen", "")
    doors.perform(
        DATASET, "set_rules", dataset, actor=request.actor,  # type: ignore[attr-defined]
        data={"rules": json.dumps(rules)}, seen=int(seen) if seen.isdigit() else None,
    )  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """All rules with their state. `?add=kind` and `?edit=id` open a form; posting saves or removes one."""
    dataset = _own(request, slug)
    asked = request.POST if request.method == "POST" else request.GET
    edited = next((r for r in dataset.rules if r["id"] == asked.get("edit")), None)
    kind = edited["rule"] if edited else asked.get("add", "")
    context = _listed(dataset, request)
    form, status = None, 200
    try:
        if request.method == "POST" and asked.get("remove"):
            _set(request, dataset, [r for r in dataset.rules if r["id"] != asked["remove"]])
            messages.success(request, "The rule is removed.")
            return redirect("dataset_rules", dataset.slug)
        if kind in KINDS:
            form = RuleForm(
                request.POST if request.method == "POST" else None, dataset=dataset, kind=kind, rule=edited
            )
            if request.method == "POST" and form.is_valid():
                rule = form.cleaned_data["made"]
                kept = [rule if edited and r["id"] == edited["id"] else r for r in dataset.rules]
                _set(request, dataset, kept if edited else [*dataset.rules, rule])
                messages.success(request, "Saved. A worker checks the rules on the newest version.")
                return redirect("dataset_rules", dataset.slug)
            status = 422 if form.is_bound else 200
        elif request.method == "POST":
            raise Http404
    except Refused as refused:
        context["decision"], status = refused.decision, 409
    except doors.NotValid as invalid:
        context["fault"], status = invalid.form.errors, 422
    context |= {"form": form, "kind": KINDS.get(kind), "kind_name": kind, "edited": edited}
    return render(request, "datasets/rules.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest, slug: str) -> HttpResponse:
    """Read an ODCS contract: what it holds is shown first, with what cannot be checked, and then saved."""
    dataset = _own(request, slug)
    context = _listed(dataset, request)
    form = ContractForm(request.POST or None, request.FILES or None, dataset=dataset)
    status = 200
    if form.is_bound:
        status = 200 if form.is_valid() else 422
        found = form.cleaned_data.get("found")
        if found and request.POST.get("save"):
            try:
                _set(request, dataset, [*dataset.rules, *found["rules"]])
            except Refused as refused:
                context["decision"], status = refused.decision, 409
            except doors.NotValid as invalid:
                context["fault"], status = invalid.form.errors, 422
            else:
                left = f" {len(found['unread'])} statements were not read." if found["unread"] else ""
                messages.success(request, f"{len(found['rules'])} rules were added.{left}")
                return redirect("dataset_rules", dataset.slug)
        context |= {"found": found, "text": form.cleaned_data.get("text", "")}
    return render(request, "datasets/rules_import.html", context | {"form": form}, status=status)
