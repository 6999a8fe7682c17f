"""The page of a negotiation, its policy as a file, and private notes."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from contracts.charters.selectors import charter_check
from contracts.negotiations import care, doors_of_table, notes, selectors, table
from contracts.negotiations.machines import NEGOTIATION
from contracts.negotiations.models import Negotiation, RuleAnswer
from contracts.negotiations.round_machines import NOTE
from contracts.negotiations.wording import language_of, tally
from contracts.policies.words import badges, sentences
from kernel import doors
from kernel.audit import selectors as audit
from kernel.decision import Refused

TABS = [("changes", "Changes"), ("text", "Whole text"), ("machine", "Machine (ODRL)"), ("history", "History")]


def _found(request: HttpRequest, pk: uuid.UUID) -> Negotiation:
    found: Negotiation = get_object_or_404(selectors.negotiations(request.actor), pk=pk)  # type: ignore[attr-defined]
    return found


@login_required
@require_GET
def negotiation(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Changes, text, machine form and history of a negotiation, and what I can do now."""
    actor, asked = request.actor, request.GET  # type: ignore[attr-defined]
    found = _found(request, pk)
    proposals = list(found.proposals.select_related("author"))
    newest, thread = proposals[-1], list(selectors.remarks(found))
    table.labels(thread)
    mine = table.is_my_turn(found, actor)
    pair = table.compared(proposals, asked, found)  # type: ignore[arg-type]
    tab = asked.get("tab", "changes")
    side = table.side_of(found, actor)
    everything = bool(asked.get("all"))
    shown = doors_of_table.split(doors.choices(NEGOTIATION, found, actor))
    looked_at = care.of(newest) if shown["accept"] else []
    context: dict[str, Any] = {
        "negotiation": found, "proposals": proposals, "newest": newest, "side": side, "my_turn": mine, **pair,
        "tab": tab, "tabs": [{"label": label, "url": f"?tab={code}", "current": code == tab,
                              "count": len(proposals) if code == "history" else None} for code, label in TABS],
        "rows": table.rows(pair["changes"], thread, only=not everything), "everything": everything,
        "summary": tally(pair["changes"]), "spoken": table.spoken_of(thread), "about": asked.get("about", ""),
        "sentences": _with_remarks(sentences(pair["terms"], table.whom(found), language_of(request)), thread), "language": language_of(request), "badges": badges(pair["terms"]),
        "odrl": json.dumps(pair["new"].odrl, indent=2, ensure_ascii=False), "rail": table.rail(found, proposals, mine),
        "thread": thread, "notes": _notes(request, found), "may_note": doors_of_table.may_note(actor, found),
        "events": audit.history(found.pk, actor) if tab == "history" else [],
        "care": looked_at, "accepting": table.accepting(found, pair["terms"]), "parties": table.parties(found),
        "agreements": list(selectors.agreements(actor).filter(negotiation=found)), "also": table.also(found, pair["terms"]),
        **_charter(found, pair, side), "newer": table.newer_version(found), "by_rule": _by_rule(found, side), **shown,
    }  # fmt: skip
    return render(request, "negotiations/negotiation.html", context)


def _charter(found: Negotiation, pair: dict[str, Any], side: str) -> dict[str, Any]:
    """What the trust's charter says of these terms. Exceptions are the provider's affair."""
    check = charter_check(pair["terms"], found.dataset, found.trust)
    if side != "provider":
        check["exemption"] = None
    return {
        "charter": check,
        "asks": side == "provider" and bool(found.turn),
        "terms_json": json.dumps(pair["new"].terms),
    }


def _with_remarks(said: list[Any], thread: list[Any]) -> list[dict[str, Any]]:
    spoken = table.spoken_of(thread)
    return [
        {"code": s.code, "text": s.text, "badge": s.badge, "mood": s.mood, "enforced_by": s.enforced_by, "law": s.law,
         "count": spoken[s.code]}
        for s in said
    ]  # fmt: skip


def _notes(request: HttpRequest, found: Negotiation) -> list[dict[str, Any]]:
    actor = request.actor  # type: ignore[attr-defined]
    kept = notes.notes(actor).filter(negotiation=found, state="kept")
    return [{"note": one, "choices": doors.choices(NOTE, one, actor)} for one in kept]


def _by_rule(found: Negotiation, side: str) -> RuleAnswer | None:
    """Why a rule left the newest turn to a person: the provider's affair only."""
    if side != "provider" or found.state != "requested":
        return None
    answers = RuleAnswer.objects.filter(proposal__negotiation=found, outcome="person")
    return answers.filter(proposal__number=found.rounds).select_related("rule").first()


@login_required
@require_GET
def policy(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One turn's policy as ODRL JSON-LD, exactly as its fingerprint covers it."""
    found = _found(request, pk)
    number = request.GET.get("offer", "")
    proposals = found.proposals.order_by("-number")
    chosen = (
        proposals.filter(number=int(number)).first()
        if number.isdigit() and len(number) < 6
        else proposals.first()
    )
    if chosen is None:
        return HttpResponse(status=404)
    answer = JsonResponse(chosen.odrl, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{found.ref}.offer-{chosen.number}.odrl.json"'
    return answer


@login_required
@require_POST
def note(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Keep a private note; only one's own organisation will read it."""
    found = _found(request, pk)
    try:
        notes.keep(actor=request.actor, negotiation=found, text=request.POST.get("text", ""))  # type: ignore[attr-defined]
    except Refused as refused:
        messages.error(request, refused.decision.sentence)
    else:
        messages.success(request, "Kept. Only your organisation sees it.")
    return redirect(f"{found.get_absolute_url()}#notes")
