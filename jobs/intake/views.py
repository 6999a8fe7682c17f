"""How a version was read: the guess in words, its first rows, what did not fit, and the form to correct it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jobs.intake import words
from jobs.intake.forms import ReadingForm
from kernel import doors, store
from kernel.roles import roles_of
from trusts.datasets.machines import VERSION
from trusts.datasets.models import DatasetVersion
from trusts.datasets.selectors import remembered, versions
from trusts.datasets.views import page_of, when_read

MOST_MISFITS = 100
MOST_NOTES = 20


def _own(request: HttpRequest, slug: str, number: int) -> DatasetVersion:
    """A version of one's own organisation; nobody else ever sees its rows."""
    actor = request.actor  # type: ignore[attr-defined]
    own = versions(actor).filter(dataset__organisation_id=actor.organisation_id)
    found: DatasetVersion = get_object_or_404(own, dataset__slug=slug, number=number)
    return found


def _corrects(request: HttpRequest, version: DatasetVersion) -> bool:
    actor = request.actor  # type: ignore[attr-defined]
    return bool(VERSION.action("correct").by & roles_of(actor, version))


def _head(version: DatasetVersion) -> list[dict[str, Any]]:
    """name, type and what is to be said of it, for each column of the preview."""
    reading = version.reading
    found = []
    for name, kind in zip(version.preview.get("names", []), version.preview.get("types", []), strict=True):
        guessed = reading.get("columns", {}).get(name, {}).get("type", kind)
        found.append({"name": name, "type": kind, "instead_of": guessed if guessed != kind else "", "number": kind in ("integer", "decimal", "number"),
                      "corrected": f"columns.{name}" in reading.get("corrected", ())})  # fmt: skip
    return found


@login_required
@require_GET
def reading(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """For the people of the holder; owner and stewards also get the form and the list."""
    version = _own(request, slug, number)
    actor = request.actor  # type: ignore[attr-defined]
    context = page_of(request, version.dataset, version, "versions")
    head = _head(version)
    found = words.misfits(version.misfits, version.reading)
    notes = version.reading.get("notes", [])
    context |= {
        "facts": words.facts(version.reading) if version.state != "choosing" else [], "corrected": len(version.reading.get("corrected", ())),
        "remembered": bool(remembered(version)), "head": head,
        "rows": [list(zip(head, row, strict=True)) for row in version.preview.get("rows", [])],
        "hidden": version.preview.get("columns", 0) - len(head), "misfits": found[:MOST_MISFITS],
        "more_misfits": len(found) - MOST_MISFITS, "total": sum(one["count"] for one in found),
        "notes": notes[:MOST_NOTES], "more_notes": len(notes) - MOST_NOTES, "may_correct": _corrects(request, version),
    }  # fmt: skip
    choice = next((c for c in doors.choices(VERSION, version, actor) if c.name == "correct"), None)
    if choice:
        context |= {
            "choice": choice,
            "form": ReadingForm(subject=version, actor=actor, window=request.GET),
        }
    return when_read(request, version, render(request, "datasets/reading.html", context))


@login_required
@require_GET
def misfits(request: HttpRequest, slug: str, number: int) -> HttpResponseBase:
    """The list of what did not fit as a gzip CSV: row, column, value, reason, done. For owner and stewards."""
    version = _own(request, slug, number)
    if not _corrects(request, version):
        raise PermissionDenied
    if not version.misfits_sha256:
        raise Http404
    try:
        content = store.open_stream(version.misfits_sha256)
    except FileNotFoundError:
        raise Http404 from None
    name = f"misfits-{version.dataset.slug}-v{version.number}.csv.gz"
    answer = FileResponse(content, as_attachment=True, filename=name, content_type="application/gzip")
    answer["X-Content-SHA256"] = version.misfits_sha256
    return answer
