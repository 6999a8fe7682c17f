"""Pages of jobs."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from contracts.recipes.compile import plan_words
from jobs.runs import selectors
from jobs.runs.machines import JOB, LIVE
from jobs.runs.models import Job
from kernel import doors
from kernel.audit import selectors as audit

PER_PAGE = 50


@login_required
@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    page = Paginator(selectors.jobs(request.actor).order_by("-created", "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )  # type: ignore[attr-defined]
    return render(request, "jobs/list.html", {"page": page, "query": ""})


def _context(request: HttpRequest, found: Job) -> dict[str, Any]:
    progress = found.progress or {}
    names, at = progress.get("steps", []), progress.get("at", 0)
    over = found.state == "done"
    beat = selectors.last_beat() if found.state == "queued" else None
    silent = found.state == "queued" and (beat is None or (timezone.now() - beat).total_seconds() > 60)
    return {
        "job": found, "progress": progress, "live": found.state in LIVE, "no_worker": silent,
        "steps": [{"name": n, "done": over or i < at, "here": not over and i == at} for i, n in enumerate(names)],
        "every": "1s" if not found.started or (timezone.now() - found.started).total_seconds() < 60 else "5s",
        "delivery": getattr(found, "delivery", None),
    }  # fmt: skip


@login_required
@require_GET
def job(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found: Job = get_object_or_404(selectors.jobs(actor), pk=pk)
    context = _context(request, found) | {
        "choices": doors.choices(JOB, found, actor), "plan": plan_words(found.plan), "events": audit.history(found.pk, actor),
    }  # fmt: skip
    return render(request, "jobs/job.html", context)


@login_required
@require_GET
def live(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The moving part. When the job is over, 286 tells htmx to stop and the page reloads once."""
    found: Job = get_object_or_404(selectors.jobs(request.actor), pk=pk)  # type: ignore[attr-defined]
    answer = render(request, "jobs/_live.html", _context(request, found))
    if found.state not in LIVE:
        answer.status_code = 286
        answer["HX-Refresh"] = "true"
    return answer
