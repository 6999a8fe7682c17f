"""Pages of offers and negotiations."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from contracts.negotiations import automatic, companions, offers, selectors, services
from contracts.negotiations.clause_form import TermsForm
from contracts.negotiations.counter_form import ReplyForm
from contracts.negotiations.forms import RuleForm
from contracts.negotiations.machines import NEGOTIATION, OFFER
from contracts.negotiations.models import Negotiation
from contracts.negotiations.round_machines import RULE
from contracts.negotiations.wording import own_clauses, said, words
from contracts.policies.templates import templates
from contracts.policies.terms import Terms
from contracts.policies.words import badges, sentences
from kernel import doors
from kernel.decision import Refused
from kernel.transition import may_create
from kernel.web import new_id
from trusts.datasets import selectors as datasets
from trusts.datasets.models import Dataset
from trusts.membership.models import Membership, Trust


def _dataset(request: HttpRequest, slug: str) -> Dataset:
    found: Dataset = get_object_or_404(datasets.datasets(request.actor), slug=slug)  # type: ignore[attr-defined]
    return found


@login_required
@require_http_methods(["GET", "POST"])
def offer_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Build terms from clauses, read them in words, publish them."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = _dataset(request, slug)
    version = dataset.versions.filter(state="profiled").order_by("-number").first()
    if not may_create(OFFER, "publish", actor, dataset=dataset, provider_id=dataset.organisation_id):
        return render(
            request, "errors/403.html", {"action": OFFER.action("publish"), "subject": dataset}, status=403
        )
    columns = list(version.column_types()) if version else []
    personal = [c.name for c in version.columns.all() if c.personal] if version else []
    choices = templates(timezone.localdate(), str(timezone.get_current_timezone()), personal)
    current = dataset.offers.filter(state="published").first()
    picked = next((t for t in choices if t.code == request.GET.get("template")), None)
    start = picked.values if picked else current.terms if current else choices[0].values
    form = TermsForm(
        request.POST or None, columns=columns, terms=start, own=own_clauses(dataset.trust), with_note=False
    )
    trusts = Trust.objects.filter(pk__in=actor.trust_ids).order_by("name")
    context: dict[str, Any] = {
        "dataset": dataset, "form": form, "templates": choices, "picked": picked, "trusts": trusts, "version": version,
        "trust_id": request.POST.get("trust") or str(dataset.trust_id or ""), "title": "Publish terms",
        "before": current.terms if current else None,
    }  # fmt: skip
    status = 200
    if request.method == "POST":
        context |= words(form, "the partner", None)
        if request.headers.get("HX-Request"):
            return render(request, "negotiations/_words.html", context)
        if form.is_valid() and "publish" in request.POST:
            try:
                trust = next((t for t in trusts if str(t.pk) == request.POST.get("trust")), None)
                if trust is None:
                    raise Refused.because(
                        "offer.trust",
                        "No trust is chosen",
                        remedy="Join or found one, and choose it",
                        field="trust",
                    )
                made = offers.publish(dataset.pk, actor=actor, terms=form.terms(), trust=trust)
            except Refused as problem:
                context["decision"], status = problem.decision, 409
            else:
                messages.success(request, f"Published. Members of {trust} find it in the catalogue now.")
                return redirect(made)
        elif not form.is_valid():
            status = 422
    else:
        context |= said(start, "the partner")
    return render(request, "negotiations/terms_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def offer_to(request: HttpRequest, slug: str) -> HttpResponse:
    """Offer terms to one partner; what is published for all members stays as it is."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = _dataset(request, slug)
    if not may_create(NEGOTIATION, "offer_to", actor, dataset=dataset, provider_id=dataset.organisation_id):
        return render(
            request,
            "errors/403.html",
            {"action": NEGOTIATION.action("offer_to"), "subject": dataset},
            status=403,
        )
    inside = Membership.objects.filter(trust_id=dataset.trust_id, state="active").select_related(
        "organisation"
    )
    partners = [
        m.organisation
        for m in inside.exclude(organisation_id=actor.organisation_id).order_by("organisation__name")
    ]
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
        "bound": bound, "everyone": bool(request.POST.get("everyone")),
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
@require_GET
def offer(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.offers(actor), pk=pk)
    terms = Terms.from_dict(found.terms)
    own = found.provider_id == actor.organisation_id
    rule = automatic.rules(actor).filter(offer=found, state__in=["on", "off"]).first() if own else None
    context = {
        "rule": rule, "rule_choices": doors.choices(RULE, rule, actor) if rule else [],
        "rule_says": automatic.in_words(rule) if rule else [],
        "may_rule": own and found.state != "withdrawn" and may_create(RULE, "lay_down", actor, offer=found, provider_id=found.provider_id),
        "offer": found, "sentences": sentences(terms), "badges": badges(terms), "odrl": json.dumps(found.odrl, indent=2),
        "choices": doors.choices(OFFER, found, actor), "own": own,
    }  # fmt: skip
    return render(request, "negotiations/offer.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def negotiation_new(request: HttpRequest) -> HttpResponse:
    """Ask for terms, starting from what the provider holds out."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = _dataset(request, request.GET.get("dataset") or request.POST.get("dataset") or "")
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


@login_required
@require_http_methods(["GET", "POST"])
def offer_rule(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Set what the portal answers by itself on an offer, in place of the rule that stands."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.offers(actor).filter(provider_id=actor.organisation_id), pk=pk)
    if not may_create(RULE, "lay_down", actor, offer=found, provider_id=found.provider_id):
        return render(
            request, "errors/403.html", {"action": RULE.action("lay_down"), "subject": found}, status=403
        )
    standing = automatic.rules(actor).filter(offer=found, state__in=["on", "off"]).first()
    form = RuleForm(request.POST or None, rule=standing)
    context: dict[str, Any] = {"offer": found, "form": form, "rule": standing}
    if request.method == "POST" and form.is_valid():
        try:
            automatic.lay_down(actor=actor, offer=found, **form.given())
        except Refused as refused:
            context["decision"] = refused.decision
            return render(request, "negotiations/rule.html", context, status=409)
        messages.success(request, "The rule is on. It answers the next request on this offer.")
        return redirect(found)
    status = 422 if request.method == "POST" else 200
    return render(request, "negotiations/rule.html", context, status=status)
