"""Pages that open a negotiation."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from contracts.negotiations import beginnings, companions, services
from contracts.negotiations.clause_form import TermsForm
from contracts.negotiations.counter_form import ReplyForm
from contracts.negotiations.machines import NEGOTIATION
from contracts.negotiations.models import Negotiation
from contracts.negotiations.wording import own_clauses, said, words
from kernel.actor import Actor
from kernel.decision import Decision, Refused
from kernel.transition import may_create
from kernel.web import new_id, not_now
from trusts.datasets import selectors as datasets
from trusts.datasets.models import Dataset
from trusts.membership.models import Membership
from trusts.membership.roles import ASK, OFFER, may_do, role_decision
from trusts.organisations.models import Organisation


def dataset_of(request: HttpRequest, slug: str) -> Dataset:
    found: Dataset = get_object_or_404(datasets.datasets(request.actor), slug=slug)  # type: ignore[attr-defined]
    return found


def _partners(dataset: Dataset, actor: Actor) -> tuple[list[Organisation], list[Decision]]:
    """The other active members whose roles let them ask, by name, and why the others cannot be offered anything."""
    if dataset.trust is None:
        return [], []
    inside = Membership.objects.filter(trust=dataset.trust, state="active")
    rows = inside.exclude(organisation_id=actor.organisation_id).order_by("organisation__name")
    governance, partners, closed = dataset.trust.governance(), [], []
    for row in rows.select_related("organisation__merged_into"):
        decision = role_decision(governance, dataset.trust, row.organisation, row.roles, ASK)
        if decision.allowed:
            partners.append(row.organisation)
        else:
            closed.append(decision)
    return partners, closed


@login_required
@require_http_methods(["GET", "POST"])
def offer_to(request: HttpRequest, slug: str) -> HttpResponse:
    """Offer terms to one partner; what is published for all members stays as it is."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = dataset_of(request, slug)
    if not may_create(NEGOTIATION, "offer_to", actor, dataset=dataset, provider_id=dataset.organisation_id):
        return render(
            request,
            "errors/403.html",
            {"action": NEGOTIATION.action("offer_to"), "subject": dataset},
            status=403,
        )
    if request.method == "GET":
        decision = may_do(dataset.trust, actor.organisation_id, OFFER)
        if not decision.allowed:
            return not_now(request, "Offer to a partner", dataset, decision)
    partners, closed = _partners(dataset, actor)
    wanted = request.POST.get("partner") or request.GET.get("partner") or ""
    partner = next((p for p in partners if str(p.pk) == wanted), None)
    bound = (
        set(request.POST.getlist("others"))
        if not request.POST.get("everyone")
        else {str(p.pk) for p in partners}
    )
    found = dataset.offers.filter(state="published").first()
    version = dataset.versions.filter(state="profiled").order_by("-number").first()
    start = found.terms if found else {}
    with_it = companions.offered(dataset, request.POST.getlist("also"))
    columns = list(version.column_types()) if version else []
    form = TermsForm(
        request.POST or None,
        columns=columns,
        terms=start,
        own=own_clauses(dataset.trust),
        more=with_it["more"],
    )
    context: dict[str, Any] = {
        "also": with_it["also"],
        "dataset": dataset, "form": form, "title": "Offer to a partner", "partners": partners, "partner_id": wanted,
        "before": start or None, "id": new_id(request), "version": version, "listed": dataset.state == "listed",
        "closed": closed, "bound": bound, "everyone": bool(request.POST.get("everyone")),
    }  # fmt: skip

    def send(days: int | None) -> Negotiation:
        if partner is None:
            raise Refused.because("negotiation.partner", "No partner is chosen",
                                  remedy="Choose one of the trust's members", field="partner")  # fmt: skip
        return services.offer_to(actor=actor, dataset=dataset, consumer=partner, terms=form.terms(),
                                 note=form.cleaned_data.get("note", ""), id=uuid.UUID(context["id"]),
                                 also=companions.read_ids(request.POST.getlist("also")), reply_days=days,
                                 others=[p for p in partners if str(p.pk) in bound and p != partner])  # fmt: skip

    who = partner.name if partner else "the partner"
    return _terms_page(request, context, form, who, start, send, f"Your offer is with {who}.")


@login_required
@require_http_methods(["GET", "POST"])
def negotiation_new(request: HttpRequest) -> HttpResponse:
    """Ask for terms, starting from what the provider holds out."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = dataset_of(request, request.GET.get("dataset") or request.POST.get("dataset") or "")
    if request.method == "GET":
        action = NEGOTIATION.action("ask")
        if not beginnings.asks(dataset, actor):
            return render(request, "errors/403.html", {"action": action, "subject": dataset}, status=403)
        if not (decision := beginnings.may_ask(dataset, actor)).allowed:
            return not_now(request, action.label, dataset, decision)
    found = dataset.offers.filter(state="published").first()
    version = dataset.versions.filter(state="profiled").order_by("-number").first()
    columns = list(version.column_types()) if version else []
    start = found.terms if found else {}
    with_it = companions.offered(dataset, request.POST.getlist("also"))
    form = TermsForm(
        request.POST or None,
        columns=columns,
        terms=start,
        own=own_clauses(dataset.trust),
        more=with_it["more"],
    )
    context: dict[str, Any] = {
        "also": with_it["also"],
        "dataset": dataset, "form": form, "title": "Ask for terms", "asking": True, "before": start or None,
        "id": new_id(request), "version": version,
    }  # fmt: skip
    return _terms_page(request, context, form, actor.organisation_name, start, lambda days: services.ask(
        actor=actor, dataset=dataset, terms=form.terms(), note=form.cleaned_data.get("note", ""), id=uuid.UUID(context["id"]),
        also=companions.read_ids(request.POST.getlist("also")), reply_days=days),
        "Your request for terms is with the provider.")  # fmt: skip


def _terms_page(
    request: HttpRequest,
    context: dict[str, Any],
    form: TermsForm,
    consumer: str,
    before: dict[str, Any],
    verb: Any,
    done: str,
) -> HttpResponse:
    status = 200
    reply = context["reply"] = ReplyForm(request.POST) if request.method == "POST" else ReplyForm()
    if request.method == "POST":
        context |= words(form, consumer, before or None)
        if request.headers.get("HX-Request"):
            return render(request, "negotiations/_words.html", context)
        if form.is_valid() and reply.is_valid() and "publish" in request.POST:
            try:
                made = verb(reply.cleaned_data["reply_days"])
            except Refused as problem:
                context["decision"], status = problem.decision, 409
            else:
                messages.success(request, done)
                return redirect(made)
        elif "publish" in request.POST:
            status = 422
    elif before:
        context |= said(before, consumer)
    return render(request, "negotiations/terms_form.html", context, status=status)
