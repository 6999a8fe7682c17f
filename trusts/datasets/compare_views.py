"""Two versions of a dataset side by side: columns, numbers, and how far each distribution moved."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from trusts.datasets import selectors
from trusts.datasets.changes import in_words, quality_changes
from trusts.datasets.models import light
from trusts.datasets.quality import changes_between, quality_of
from trusts.datasets.views import found_dataset, page_of, ready_version

PER_PAGE = 50
ORDER = {"clearly": 0, "little": 1, "unknown": 2, "same": 3}


@login_required
@require_GET
def compare(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Against the version before, or `?with=` a chosen earlier one. Drift is kept against the one before."""
    dataset = found_dataset(request, slug)
    version = ready_version(request, dataset, number)
    assert version is not None
    context = page_of(request, dataset, version, "versions")
    earlier = list(
        selectors.versions(request.actor)  # type: ignore[attr-defined]
        .filter(dataset=dataset, number__lt=number, state="profiled")
        .defer(*light())
        .order_by("-number")[:50]
    )
    asked = request.GET.get("with", "")
    chosen = next((v for v in earlier if str(v.number) == asked), earlier[0] if earlier else None)
    context |= {"earlier": earlier, "chosen": chosen}
    if chosen and version.state == "profiled":
        masked = not context["own"]
        changes = changes_between(chosen, version, masked=masked)
        old, new = quality_of(chosen, masked=masked), quality_of(version, masked=masked)
        numbers = quality_changes(
            {**old, "completeness": old["complete_percent"]}, {**new, "completeness": new["complete_percent"]}
        )
        drift = new["drift"] if new["drift"] and new["drift"].get("against") == chosen.number else None
        columns = sorted(drift["columns"], key=lambda c: ORDER[c["level"]]) if drift else []
        for column in columns:
            if column["kind"] == "values" and column.get("before"):
                after = {item["value"]: item["count"] for item in column["after"]["top"]}
                column["rows_of_values"] = [
                    {"value": i["value"], "before": i["count"], "after": after.get(i["value"], 0)} for i in column["before"]["top"]
                ]  # fmt: skip
        context |= {
            "changes": in_words(changes), "numbers": numbers, "drift": drift, "masked": masked,
            "moved": sum(c["level"] in ("little", "clearly") for c in columns),
            "page": Paginator(columns, PER_PAGE).get_page(request.GET.get("page")), "query": f"with={chosen.number}",
        }  # fmt: skip
    return render(request, "datasets/compare.html", context)
