"""Pages of dry runs."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jobs.trials import selectors
from jobs.trials.models import Trial
from jobs.trials.shown import shown


def _found(request: HttpRequest, pk: uuid.UUID) -> Trial:
    found: Trial = get_object_or_404(selectors.trials(request.actor), pk=pk)  # type: ignore[attr-defined]
    return found


@login_required
@require_GET
def trial(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What the plan did to a sample: counts for everybody concerned, rows for the data's holder."""
    return render(request, "trials/trial.html", shown(_found(request, pk), request.actor))  # type: ignore[attr-defined]


@login_required
@require_GET
def live(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The panel, asked for again until the worker is done; 286 tells htmx to stop."""
    context = shown(_found(request, pk), request.actor)  # type: ignore[attr-defined]
    return render(request, "trials/_panel.html", context, status=200 if context["waiting"] else 286)
