"""Pages of offers and negotiations."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from contracts.negotiations import companions, offers, selectors, services
from contracts.negotiations.clause_form import TermsForm
from contracts.negotiations.machines import NEGOTIATION, OFFER
from contracts.negotiations.models import Negotiation
from contracts.policies.difference import compare
from contracts.policies.templates import templates
from contracts.policies.terms import Terms, TermsError
from contracts.policies.words import badges, sentences
from kernel import doors
from kernel.audit import selectors as audit
from kernel.decision import Refused
from kernel.transition import may, may_create
from kernel.web import new_id
from trusts.datasets import selectors as datasets
from trusts.datasets.models import Dataset
from trusts.membership.models import Membership, Trust

PER_PAGE = 50


def _words(form: TermsForm, consumer: str, before: dict[str, Any] | None) -> dict[str, Any]:
    """The live panel: sentences, problems, and the difference from what was before."""
    if not form.is_valid():
        return {"problems": [e for errors in form.errors.values() for e in errors]}
    try:
        terms = Terms.from_dict(form.terms())
    except TermsError as problem:
        return {"problems": [f"{e.text} {e.remedy}" for e in problem.errors]}
    changes = compare(Terms.from_dict(before), terms) if before else None
    return {"sentences": sentences(terms, consumer), "changes": changes, "badges": badges(terms)}


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
    form = TermsForm(request.POST or None, columns=columns, terms=start, with_note=False)
    trusts = Trust.objects.filter(pk__in=actor.trust_ids).order_by("name")
    context: dict[str, Any] = {
        "dataset": dataset, "form": form, "templates": choices, "picked": picked, "trusts": trusts, "version": version,
        "trust_id": request.POST.get("trust") or str(dataset.trust_id or ""), "title": "Publish terms",
        "before": current.terms if current else None,
    }  # fmt: skip
    status = 200
    if request.method == "POST":
        context |= _words(form, "the partner", None)
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
        form.initial and context.update(_initial_words(form, start))
    return render(request, "negotiations/terms_form.html", context, status=status)


def _initial_words(form: TermsForm, start: dict[str, Any]) -> dict[str, Any]:
    try:
        terms = Terms.from_dict(start)
    except TermsError:
        return {}
    return {"sentences": sentences(terms), "badges": badges(terms)}


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
    found = dataset.offers.filter(state="published").first()
    version = dataset.versions.filter(state="profiled").order_by("-number").first()
    start = found.terms if found else {}
    with_it = companions.offered(dataset, request.POST.getlist("also"))
    columns = list(version.column_types()) if version else []
    form = TermsForm(request.POST or None, columns=columns, terms=start, more=with_it["more"])
    context: dict[str, Any] = {
        "also": with_it["also"],
        "dataset": dataset, "form": form, "title": "Offer to a partner", "partners": partners, "partner_id": wanted,
        "before": start or None, "id": new_id(request), "version": version, "listed": dataset.state == "listed",
    }  # fmt: skip

    def send() -> Negotiation:
        if partner is None:
            raise Refused.because("negotiation.partner", "No partner is chosen",
                                  remedy="Choose one of the trust's members", field="partner")  # fmt: skip
        return services.offer_to(actor=actor, dataset=dataset, consumer=partner, terms=form.terms(),
                                 note=form.cleaned_data.get("note", ""), id=uuid.UUID(context["id"]),
                                 also=companions.read_ids(request.POST.getlist("also")))  # fmt: skip

    who = partner.name if partner else "the partner"
    return _terms_page(request, context, form, who, start, send, f"Your offer is with {who}.")


@login_required
@require_GET
def offer(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.offers(actor), pk=pk)
    terms = Terms.from_dict(found.terms)
    context = {
        "offer": found, "sentences": sentences(terms), "badges": badges(terms), "odrl": json.dumps(found.odrl, indent=2),
        "choices": doors.choices(OFFER, found, actor), "own": found.provider_id == actor.organisation_id,
    }  # fmt: skip
    return render(request, "negotiations/offer.html", context)


@login_required
@require_GET
def negotiations(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    show = request.GET.get("show", "open")
    found = selectors.negotiations(actor)
    found = (
        found.filter(state__in=["requested", "offered"])
        if show == "open"
        else found.exclude(state__in=["requested", "offered"])
    )
    page = Paginator(found.order_by("due", "-changed", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    for item in page.object_list:
        side = "provider" if item.provider_id == actor.organisation_id else "consumer"
        item.my_turn = item.turn == side
        item.other = item.consumer if side == "provider" else item.provider
    return render(request, "negotiations/list.html", {"page": page, "show": show, "query": f"show={show}"})


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
    form = TermsForm(request.POST or None, columns=columns, terms=start, more=with_it["more"])
    context: dict[str, Any] = {
        "also": with_it["also"],
        "dataset": dataset, "form": form, "title": "Ask for terms", "asking": True, "before": start or None,
        "id": new_id(request), "version": version,
    }  # fmt: skip
    return _terms_page(request, context, form, actor.organisation_name, start, lambda: services.ask(
        actor=actor, dataset=dataset, terms=form.terms(), note=form.cleaned_data.get("note", ""), id=uuid.UUID(context["id"]),
        also=companions.read_ids(request.POST.getlist("also"))),
        "Your request for terms is with the provider.")  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def counter(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Write a counter-offer beside the words and the difference."""
    actor = request.actor  # type: ignore[attr-defined]
    found: Negotiation = get_object_or_404(selectors.negotiations(actor), pk=pk)
    action = "make_offer" if found.provider_id == actor.organisation_id else "counter"
    decision = may(NEGOTIATION, action, found, actor)
    if not decision.allowed:
        return render(
            request, "errors/403.html", {"action": NEGOTIATION.action(action), "subject": found}, status=403
        )
    last = found.proposals.order_by("-number").first()
    assert last is not None
    more = companions.personal_columns(
        c.version_of_data for c in found.companions.select_related("version_of_data")
    )
    form = TermsForm(
        request.POST or None, columns=list(found.version_of_data.column_types()), terms=last.terms, more=more
    )
    seen = request.POST.get("seen", str(found.version))
    context: dict[str, Any] = {
        "dataset": found.dataset,
        "negotiation": found,
        "form": form,
        "title": "Counter-offer",
        "before": last.terms,
        "seen": seen,
    }
    verb = services.make_offer if action == "make_offer" else services.counter
    return _terms_page(request, context, form, found.consumer.name, last.terms, lambda: verb(
        found.pk, actor=actor, terms=form.terms(), note=form.cleaned_data.get("note", ""), seen=int(seen) if seen.isdigit() else None),
        "Sent. It is the other side's turn.")  # fmt: skip


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
    if request.method == "POST":
        context |= _words(form, consumer, before or None)
        if request.headers.get("HX-Request"):
            return render(request, "negotiations/_words.html", context)
        if form.is_valid() and "publish" in request.POST:
            try:
                made = verb()
            except Refused as problem:
                context["decision"], status = problem.decision, 409
            else:
                messages.success(request, done)
                return redirect(made)
        elif not form.is_valid():
            status = 422
    elif before:
        context |= {
            "sentences": sentences(Terms.from_dict(before), consumer),
            "badges": badges(Terms.from_dict(before)),
        }
    return render(request, "negotiations/terms_form.html", context, status=status)


RAIL = [
    ("requested", "Requested"),
    ("offered", "Offered"),
    ("accepted", "Accepted"),
    ("agreed", "Agreed"),
    ("verified", "Verified"),
    ("finalized", "In force"),
]


@login_required
@require_GET
def negotiation(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found: Negotiation = get_object_or_404(selectors.negotiations(actor), pk=pk)
    proposals = list(found.proposals.select_related("author"))
    new = next((p for p in proposals if str(p.number) == request.GET.get("new")), proposals[-1])
    default_old = proposals[proposals.index(new) - 1] if proposals.index(new) else None
    old = next((p for p in proposals if str(p.number) == request.GET.get("old")), default_old)
    terms = Terms.from_dict(new.terms)
    # The first turn is read against what the provider had published.
    published = found.offer.terms if old is None and found.offer else None
    before = old.terms if old else published
    changes = compare(Terms.from_dict(before), terms) if before else None
    names = [code for code, _ in RAIL]
    at = names.index(found.state) if found.state in names else -1
    side = "provider" if found.provider_id == actor.organisation_id else "consumer"
    choices = list(doors.choices(NEGOTIATION, found, actor))
    context = {
        "negotiation": found, "proposals": proposals, "newest": proposals[-1], "new": new, "old": old, "side": side, "my_turn": found.turn == side,
        "tab": request.GET.get("tab", "changes"), "sentences": sentences(terms, found.consumer.name), "badges": badges(terms),
        "changes": changes, "moved": any(c.differs for c in changes or []), "published": published is not None, "odrl": json.dumps(new.odrl, indent=2),
        "choices": [c for c in choices if c.name not in ("accept", "accept_request", "counter", "make_offer")],
        "accept": next((c for c in choices if c.name in ("accept", "accept_request")), None),
        "counter": next((c for c in choices if c.name in ("counter", "make_offer")), None),
        "rail": [{"label": label, "past": i < at, "here": i == at} for i, (_, label) in enumerate(RAIL)],
        "thread": list(found.messages.select_related("author", "organisation")), "events": audit.history(found.pk, actor),
        "agreement": getattr(found, "agreement", None),
        "also": companions.words(companions.signed(found), terms),
    }  # fmt: skip
    return render(request, "negotiations/negotiation.html", context)
