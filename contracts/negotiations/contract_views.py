"""Pages of agreements."""

from __future__ import annotations

import json
import uuid

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from contracts.negotiations import (
    beginnings,
    columns,
    companions,
    duties,
    ledger,
    selectors,
    signing,
    succession,
)
from contracts.negotiations.duty_views import fitting
from contracts.negotiations.machines import AGREEMENT
from contracts.negotiations.wording import language_of
from contracts.policies.terms import Terms
from contracts.policies.words import badges, sentences
from kernel import doors
from kernel.audit import selectors as audit
from trusts.witnesses.selectors import shown

PER_PAGE = 50


@login_required
@require_GET
def contracts(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    page = Paginator(selectors.agreements(actor).order_by("-created", "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    for item in page.object_list:
        item.giving = item.provider_id == actor.organisation_id
        item.reading = not item.giving and item.consumer_id != actor.organisation_id
        item.most = (item.terms.get("exports") or {}).get("at_most")
    return render(request, "negotiations/contracts.html", {"page": page, "query": ""})


@login_required
@require_GET
def contract(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.agreements(actor), pk=pk)
    terms = Terms.from_dict(found.terms)
    context = {
        "log": shown(audit.head()),
        "contract": found, "sentences": sentences(terms, found.consumer.name, language_of(request)), "language": language_of(request), "badges": badges(terms),
        "signatures": signing.check(found), "standing": selectors.standing(found), "odrl": json.dumps(found.odrl, indent=2),
        "choices": doors.choices(AGREEMENT, found, actor), "receiving": found.consumer_id == actor.organisation_id,
        "also": companions.words(found.also, terms), "with_it": found.also,
        "requesting": beginnings.requesting(found, actor),
        "column_warnings": columns.warnings(found), "line": succession.line(found),
        "succeeding": beginnings.succeeding(found, actor),
        "tallies": ledger.tallies(found), "events": audit.history(found.pk, actor, found.grounds()), "before": duties.paid(found), "closed": duties.downloads_are_open(found),
        "duties": [{"duty": d, "choices": fitting(d, actor)} for d in selectors.duties(actor).filter(agreement=found)],
        "requests": found.requests.exclude(state="draft").exclude(plan_hash="").order_by("-created")[:20] if found.consumer_id != actor.organisation_id
        else found.requests.order_by("-created")[:20],
    }  # fmt: skip
    return render(request, "negotiations/contract.html", context)


@login_required
@require_GET
def document(request: HttpRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """The policy as ODRL JSON-LD, or the contract with its signatures and keys, for `verify.py`."""
    found = get_object_or_404(selectors.agreements(request.actor), pk=pk)  # type: ignore[attr-defined]
    body = found.odrl if kind == "odrl" else signing.bundle(found)
    answer = JsonResponse(body, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{found.ref}.{kind}.json"'
    return answer
