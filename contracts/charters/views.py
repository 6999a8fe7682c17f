"""Pages of a trust's limits and of exceptions from them."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts.charters import selectors, services
from contracts.charters.forms import RulesForm
from contracts.charters.machines import EXEMPTION
from contracts.policies.charter import NEEDS, rules_in_words
from contracts.policies.terms import Terms, TermsError
from contracts.policies.words import sentences
from kernel import doors
from kernel.audit import selectors as audit
from kernel.decision import Refused, deny
from kernel.transition import may_create
from trusts.datasets import selectors as datasets
from trusts.membership import selectors as trusts
from trusts.membership import services as membership
from trusts.membership.trust_machine import TRUST
from trusts.membership.voting import propose


@login_required
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """The limits for all contracts of a trust: in words for members, as a form for trustees."""
    actor = request.actor  # type: ignore[attr-defined]
    trust = get_object_or_404(trusts.trusts(actor), slug=slug)
    number, found = selectors.rules_of(trust)
    way = trusts.way_to_change(trust, actor)
    form = RulesForm(request.POST or None, rules=found, votes=way == "propose") if way else None
    seen = request.POST.get("seen", str(trust.version))
    context: dict[str, Any] = {"trust": trust, "number": number, "words": rules_in_words(found), "form": form, "seen": seen, "way": way,
                               "own": found.get("clauses", []), "offers": found.get("offers", [])}  # fmt: skip
    status = 200
    if request.method == "POST":
        if form is None:
            action = TRUST.action("change_charter")
            return render(request, "errors/403.html", {"action": action, "subject": trust}, status=403)
        if form.is_valid():
            try:
                if way == "propose":
                    made = propose(trust, "charter", {"rules": form.rules()}, form.cleaned_data["why"], actor)
                    messages.success(request, "Proposed. The members vote on it.")
                    return redirect(made)
                membership.change_charter(
                    trust.pk, actor=actor, rules=form.rules(), seen=int(seen) if seen.isdigit() else None
                )
            except Refused as problem:
                context["decision"], status = problem.decision, 409
            else:
                messages.success(request, "Saved as a new version of the charter. It holds for what is agreed from now on.")  # fmt: skip
                return redirect("trust_rules", slug)
        else:
            status = 422
    return render(request, "charters/rules.html", context, status=status)


NOT_MISSING = {"exemption.second", "exemption.trustee", "exemption.voted"}


@login_required
@require_GET
def exemption(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One exception: what goes beyond the charter, the whole terms, who has agreed, and what is missing."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.exemptions(actor).select_related("second", "proposal"), pk=pk)
    excesses = [{**one, "says": NEEDS[one["needs"]].en} for one in found.excesses]
    context = {
        "exemption": found, "excesses": excesses, "old_votes": list(found.votes.select_related("organisation")), "sentences": sentences(Terms.from_dict(found.terms)),
        # An agreement that is not missing is nothing to press.
        "choices": [c for c in doors.choices(EXEMPTION, found, actor) if not {r.code for r in c.reasons} & NOT_MISSING], "own": found.provider_id == actor.organisation_id,
        "events": audit.history(found.pk, actor),
    }  # fmt: skip
    return render(request, "charters/exemption.html", context)


@login_required
@require_POST
def exemption_new(request: HttpRequest) -> HttpResponse:
    """Ask for an exception for the terms as they were shown; the reason is asked with them."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = get_object_or_404(datasets.datasets(actor), slug=request.POST.get("dataset", ""))
    trust = trusts.trusts(actor).filter(slug=request.POST.get("trust", "")).first() or dataset.trust
    if not may_create(
        EXEMPTION, "ask", actor, dataset=dataset, provider_id=dataset.organisation_id, trust=trust
    ):
        return render(
            request, "errors/403.html", {"action": EXEMPTION.action("ask"), "subject": dataset}, status=403
        )
    why = request.POST.get("why", "").strip()
    try:
        if len(why) < 10:
            raise Refused.because("exemption.why", "It is not said why an exception is needed",
                                  remedy="Write a sentence or two", field="why")  # fmt: skip
        if trust is None:
            raise Refused.because("exemption.trust", "There is no trust whose charter it would be", remedy="Choose a trust")  # fmt: skip
        made = services.ask(actor=actor, dataset=dataset, trust=trust, terms=json.loads(request.POST.get("terms", "")), why=why,
                            negotiation=request.POST.get("negotiation", ""))  # fmt: skip
    except Refused as problem:
        context = {"decision": problem.decision, "dataset": dataset, "why": why, "terms": request.POST.get("terms", ""),
                   "trust": trust, "negotiation": request.POST.get("negotiation", "")}  # fmt: skip
        return render(request, "charters/ask.html", context, status=409)
    except (ValueError, TermsError):
        wrong = deny(
            "exemption.terms", "The terms are not readable", remedy="Go back and try again", field="terms"
        )
        return render(request, "charters/ask.html", {"decision": wrong, "dataset": dataset, "why": why}, status=422)  # fmt: skip
    messages.success(request, "Asked for. Whoever has to agree finds it in the inbox.")
    return redirect(made)
