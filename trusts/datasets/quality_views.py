"""The quality page of a dataset, and the rows behind a part of its score or a rule."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from trusts.datasets.models import Dataset
from trusts.datasets.quality import quality_of, rules_of
from trusts.datasets.selectors import datasets
from trusts.datasets.views import found_dataset, page_of, ready_version

PER_PAGE = 100
MOST_BARS = 20


@login_required
@require_GET
def quality(request: HttpRequest, slug: str) -> HttpResponse:
    """What was measured, the score and its parts; a hundred columns at a time, found by name."""
    dataset = found_dataset(request, slug)
    version = ready_version(request, dataset)
    context = page_of(request, dataset, version, "quality")
    if version:
        found = quality_of(version, masked=not context["own"])
        asked = request.GET.get("column", "").strip()
        shown = [c for c in found["columns"] if asked.lower() in c["name"].lower()]
        page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
        drift = {c["name"]: c for c in (found["drift"] or {}).get("columns", [])}
        for column in page.object_list:
            column["moved"] = drift.get(column["name"], {}).get("level") in ("little", "clearly")
        rules = found["rules"]
        context |= {
            "quality": found, "page": page, "asked": asked, "query": f"column={asked}" if asked else "",
            "gaps": sorted(found["gaps"], key=lambda g: (-g["count"], g["value"]))[:MOST_BARS],
            "banded": [c for c in found["columns"] if c.get("bands")][:MOST_BARS],
            "correlation": _pairs(found["correlation"]),
            "broken": sum(r["state"] == "fail" for r in rules), "must_broken": [r for r in rules if r["state"] == "fail" and r["severity"] == "must"],
            "moved": [c for c in drift.values() if c["level"] in ("little", "clearly")],
        }  # fmt: skip
    return render(request, "datasets/quality.html", context)


def _pairs(found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The twelve strongest pairs of numbers that move together, with what that means in words."""
    if not found:
        return []
    names, matrix, pairs = found["columns"], found["matrix"], []
    for i, one in enumerate(names):
        for j in range(i):
            value = matrix[i][j]
            if value is not None and abs(value) >= 0.3:
                way = "rise together" if value > 0 else "one falls as the other rises"
                strength = (
                    "nearly always" if abs(value) >= 0.9 else "mostly" if abs(value) >= 0.6 else "somewhat"
                )
                pairs.append({"one": names[j], "other": one, "value": value, "words": f"{strength} {way}"})
    return sorted(pairs, key=lambda p: -abs(p["value"]))[:12]


@login_required
@require_GET
def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """Up to a hundred rows behind a part of the score or a broken rule. Only for the holder's people."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset: Dataset = get_object_or_404(
        datasets(actor).filter(organisation_id=actor.organisation_id), slug=slug
    )
    version = ready_version(request, dataset)
    if version is None:
        raise Http404
    context = page_of(request, dataset, version, "quality")
    part, rule = request.GET.get("part", ""), request.GET.get("rule", "")
    if rule:
        found = next((r for r in rules_of(version) if r["id"] == rule), None)
        if found is None:
            raise Http404
        context |= {
            "title": found["sentence"],
            "text": found["text"],
            "found": found["rows"],
            "count": found["failed"],
        }
    else:
        parts = (version.profile.get("score") or {}).get("parts", [])
        found = next((p for p in parts if p["name"] == (part or "completeness")), None)
        if found is None and part:
            raise Http404
        found = found or {"title": "Nothing was measured", "text": "", "rows": []}
        context |= {
            "title": found["title"],
            "text": found["text"],
            "found": found["rows"],
            "parts": parts,
            "part": part,
        }
    for row in context["found"]:
        if row.get("columns"):
            row["column"] = ", ".join(row["columns"])
    return render(request, "datasets/quality_rows.html", context)
