"""Pages of jobs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.views.decorators.http import require_GET

from contracts.recipes.compile import plan_words
from jobs.runs import fair, selectors, shown
from jobs.runs.machines import JOB, LIVE
from jobs.runs.models import Job
from kernel import doors
from kernel.audit import selectors as audit

PER_PAGE = 50


SHOWN = {"": ("All", None), "open": ("Under way", LIVE), "failed": ("Failed", {"failed"}), "done": ("Done", {"done", "cancelled"})}  # fmt: skip


@login_required
@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    """All jobs one may know of, or those of one kind of state."""
    show = request.GET.get("show", "")
    show = show if show in SHOWN else ""
    found = selectors.jobs(request.actor).order_by("-created", "pk")  # type: ignore[attr-defined]
    states = SHOWN[show][1]
    page = Paginator(found.filter(state__in=states) if states else found, PER_PAGE).get_page(
        request.GET.get("page")
    )
    tabs = [(code, label) for code, (label, _) in SHOWN.items()]
    return render(
        request, "jobs/list.html", {"page": page, "query": f"show={show}", "show": show, "tabs": tabs}
    )


def _context(request: HttpRequest, found: Job) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    progress, holder = shown.progress(found, actor), shown.holds(found, actor)
    names, at = progress.get("steps", []), progress.get("at", 0)
    over = found.state == "done"
    beat = selectors.last_beat() if found.state == "queued" else None
    silent = found.state == "queued" and (beat is None or (timezone.now() - beat).total_seconds() > 60)
    own = actor.organisation_id == (found.consumer_id or found.holder_id)
    return {
        "job": found, "place": fair.place_of(found) if own and found.state == "queued" and not silent else None,
        "usage": _usage(found, holder), "failure": shown.failure(found, actor), "holder": holder, "progress": progress, "live": found.state in LIVE, "no_worker": silent,
        "steps": [{"name": n, "done": over or i < at, "here": not over and i == at} for i, n in enumerate(names)],
        "every": "1s" if not found.started or (timezone.now() - found.started).total_seconds() < 60 else "5s",
        "delivery": getattr(found, "delivery", None),
    }  # fmt: skip


def _lines(found: Job) -> list[dict[str, Any]]:
    return [{"at": datetime.fromisoformat(line["at"]), "text": line["text"]} for line in found.log]


def _usage(found: Job, holder: bool) -> list[tuple[str, str]]:
    """What the last attempt used, in words; empty where nothing was measured. Bytes tell of the data's size."""
    used = found.usage
    if not used.get("cpu"):
        return []
    size = lambda name: filesizeformat(used.get(name, 0))  # noqa: E731
    lines = [
        ("Time", f"{used.get('wall', 0):.1f} s"), ("Processor time", f"{used['cpu']:.1f} s"),
        ("Most memory", f"{used.get('memory_mb', 0)} MB"),
    ]  # fmt: skip
    return [*lines, ("Read", size("read")), ("Written", size("written"))] if holder else lines


@login_required
@require_GET
def job(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found: Job = get_object_or_404(selectors.jobs(actor), pk=pk)
    context = _context(request, found) | {
        "may_ask_again": found.state in ("failed", "cancelled") and found.request_id and actor.organisation_id == found.consumer_id,
        "choices": doors.choices(JOB, found, actor), "lines": _lines(found), "plan": plan_words(found.plan), "events": audit.history(found.pk, actor),
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
