"""“What would this decide?”: try a request on terms without writing one. And a kept decision, made again."""

from __future__ import annotations

import json
import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from contracts.decisions import subjects
from contracts.decisions.forms import TryForm
from contracts.decisions.keeping import replay
from contracts.decisions.models import StoredDecision
from contracts.decisions.selectors import decisions
from contracts.decisions.showing import shown
from contracts.policies.deciding.documents import smallest_change
from contracts.policies.deciding.facts import Request
from contracts.policies.deciding.report import Decision
from contracts.policies.language.faults import PolicyError
from trusts.datasets.models import Dataset


@login_required
@require_http_methods(["GET", "POST"])
def try_out(request: HttpRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """Who, what for, where, when: the decision in words, with its reasons. Changes nothing."""
    tried = subjects.tried(kind, pk, request.actor)  # type: ignore[attr-defined]
    start = {"who": tried.people[0][0], "action": "use", "used": tried.used}
    form = TryForm(request.POST if request.method == "POST" else start, tried=tried)
    names = {**dict(tried.people), tried.dataset.iri: tried.dataset.title_text}
    context = {"tried": tried, "form": form, "answer": None, "unreadable": ""}
    if form.is_valid():
        moment = form.cleaned_data["when"] or timezone.now()
        try:
            prepared = tried.prepared
            asked = Request.from_json(form.request(tried))
            world = tried.world(moment, form.cleaned_data["used"] or 0)
            decision = prepared.decide(asked, world, as_of=moment)
            context["answer"] = shown(decision, smallest_change(prepared, asked, world, moment), names)
        except PolicyError as problem:
            context["unreadable"] = str(problem)
    return render(request, "decisions/try.html", context, status=200 if form.is_valid() else 422)


@login_required
@require_GET
def decision(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A kept decision: its inputs, its answer, and whether the same inputs still give it."""
    found = get_object_or_404(decisions(request.actor), pk=pk)  # type: ignore[attr-defined]
    again = replay(found)
    pretty = {
        name: json.dumps(getattr(found, name), indent=2, ensure_ascii=False) for name in ("request", "world")
    }
    context = {
        "stored": found,
        "replay": again,
        "pretty": pretty,
        "answer": shown(Decision.from_dict(found.output), None, _names(found)),
    }
    return render(request, "decisions/decision.html", context)


def _names(stored: StoredDecision) -> dict[str, str]:
    """What the two sides and the data are called now, by IRI."""
    found = {side.iri: side.name for side in (stored.provider, stored.consumer)}
    try:
        target = uuid.UUID(str(stored.request.get("target", "")).removeprefix("urn:uuid:"))
    except ValueError:
        return found
    dataset = Dataset.objects.filter(pk=target).first()
    return found | ({dataset.iri: dataset.title_text} if dataset else {})
