"""Pages of offers: written from a template, a trust's template or a policy file; read, ruled and kept as a template."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts.charters.selectors import charter_check, rules_of
from contracts.negotiations import automatic, beginnings, offers, selectors
from contracts.negotiations.clause_form import TermsForm
from contracts.negotiations.forms import RuleForm
from contracts.negotiations.machines import OFFER
from contracts.negotiations.round_machines import RULE
from contracts.negotiations.views import dataset_of
from contracts.negotiations.wording import language_of, own_clauses, said, words
from contracts.policies.language.faults import PolicyError
from contracts.policies.language.read import read
from contracts.policies.language.write import write
from contracts.policies.odrl import UnknownTerm, gathered
from contracts.policies.templates import Template, templates
from contracts.policies.terms import Terms, TermsError
from contracts.policies.words import badges, sentences
from kernel import doors
from kernel.decision import ALLOW, Decision, Refused, deny
from kernel.transition import may, may_create
from kernel.web import not_now
from trusts.membership import services as membership
from trusts.membership.models import Trust
from trusts.membership.roles import OFFER as OFFERS
from trusts.membership.roles import lets_in
from trusts.membership.trust_machine import TRUST

MOST_BYTES = 1 << 20


def _templates(trusts: list[Trust], personal: list[str]) -> list[Template]:
    """The portal's templates, and those of the trusts; a trust's has a year from today and pseudonyms where needed."""
    today, zone = timezone.localdate(), str(timezone.get_current_timezone())
    found = templates(today, zone, personal)
    for trust in trusts:
        for one in rules_of(trust)[1].get("offers", []):
            period = {
                "from": today.isoformat(),
                "until": (today + timedelta(days=365)).isoformat(),
                "zone": zone,
            }
            more = {"pseudonymise": {"columns": personal}} if personal else {}
            values = {"period": period, **more, **one["terms"]}
            found.append(
                Template(
                    f"{one['code']}-{trust.slug}",
                    one["label"],
                    f"{trust}: {one['help']}".rstrip(": "),
                    values,
                )
            )
    return found


def _from_file(given: Any) -> tuple[dict[str, Any], Decision | None]:
    """The clauses of a policy file, and why it cannot be read. What cannot be explained is kept word for word."""
    if given.size > MOST_BYTES:
        return {}, deny(
            "policy.large",
            "The file is larger than 1 MB",
            remedy="A policy is a few kilobytes",
            field="policy",
        )
    try:
        return gathered(write(read(given.read()))), None
    except PolicyError as problem:
        first = problem.faults[0]
        return {}, deny("policy.file", f"The file is no policy that can be read: {first.text} ({first.pointer or '/'})",
                        remedy=first.remedy, field="policy")  # fmt: skip
    except UnknownTerm as problem:
        return {}, deny(
            "policy.unknown",
            str(problem),
            remedy="Start from a template, or ask who wrote it",
            field="policy",
        )


def _checked(form: TermsForm, dataset: Any, trust: Trust | None) -> dict[str, Any]:
    """The charter check of what is typed, if it is complete."""
    try:
        terms = Terms.from_dict(form.terms() if form.is_bound else form.before)
    except (TermsError, AttributeError):
        return {}
    return {
        "charter": charter_check(terms, dataset, trust),
        "asks": True,
        "terms_json": json.dumps(terms.as_dict()),
    }


@login_required
@require_http_methods(["GET", "POST"])
def offer_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Build terms from clauses, read them in words, publish them."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = dataset_of(request, slug)
    version = dataset.versions.filter(state="profiled").order_by("-number").first()
    asked = offers.may_publish(dataset, actor)
    if asked is None:
        return render(
            request, "errors/403.html", {"action": OFFER.action("publish"), "subject": dataset}, status=403
        )
    lets = lets_in(actor.organisation_id, OFFERS)
    if request.method == "GET" and not (decision := asked.and_(beginnings.in_some_trust(lets))).allowed:
        return not_now(request, "Publish terms", dataset, decision)
    columns = list(version.column_types()) if version else []
    personal = [c.name for c in version.columns.all() if c.personal] if version else []
    inside = Trust.objects.filter(pk__in=actor.trust_ids).order_by("name")
    trusts = [one for one in inside if lets.get(one.pk, ALLOW).allowed]
    choices = _templates(trusts, personal)
    current = dataset.offers.filter(state="published").first()
    picked = next((t for t in choices if t.code == request.GET.get("template")), None)
    start = picked.values if picked else current.terms if current else choices[0].values
    wrong, imported = None, "policy" in request.FILES
    if imported:
        read_, wrong = _from_file(request.FILES["policy"])
        start = start if wrong is not None else read_
    chosen = request.POST.get("trust") or str(dataset.trust_id or "")
    trust = next((t for t in trusts if str(t.pk) == chosen), trusts[0] if trusts else None)
    form = TermsForm(
        None if imported else request.POST or None,
        columns=columns,
        terms=start,
        own=own_clauses(trust),
        with_note=False,
    )
    context: dict[str, Any] = {
        "dataset": dataset, "form": form, "templates": choices, "picked": picked, "trusts": trusts, "version": version,
        "trust_id": request.POST.get("trust") or str(dataset.trust_id or ""), "title": "Publish terms",
        "before": current.terms if current else None, "may_import": True, "decision": asked if wrong is None else wrong, "imported": imported and wrong is None,
        "trust": trust, "closed": [one for one in lets.values() if not one.allowed],
    }  # fmt: skip
    status = 422 if wrong is not None else 200
    if request.method == "POST" and not imported:
        context |= words(form, "the partner", None)
        context |= _checked(form, dataset, trust) if form.is_valid() else {}
        if request.headers.get("HX-Request"):
            return render(request, "negotiations/_words.html", context)
        if form.is_valid() and "publish" in request.POST:
            try:
                if trust is None or str(trust.pk) != request.POST.get("trust"):
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
        context |= said(start, "the partner") | _checked(form, dataset, trust)
    return render(request, "negotiations/terms_form.html", context, status=status)


@login_required
@require_GET
def offer(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.offers(actor), pk=pk)
    terms, language = Terms.from_dict(found.terms), language_of(request)
    own = found.provider_id == actor.organisation_id
    rule = automatic.rules(actor).filter(offer=found, state__in=["on", "off"]).first() if own else None
    context = {
        "rule": rule, "rule_choices": doors.choices(RULE, rule, actor) if rule else [],
        "rule_says": automatic.in_words(rule) if rule else [],
        "may_rule": own and found.state != "withdrawn" and may_create(RULE, "lay_down", actor, offer=found, provider_id=found.provider_id),
        "offer": found, "sentences": sentences(terms, "", language), "language": language, "badges": badges(terms), "odrl": json.dumps(found.odrl, indent=2),
        "choices": doors.choices(OFFER, found, actor), "own": own,
        "onward": offers.may_publish(found.dataset, actor) if own and found.state == "published" else None,
        "asking": [] if own else beginnings.asking(found.dataset, actor, "Ask for these or other terms"),
        "may_keep": found.dataset.trust is not None and may(TRUST, "change_charter", found.dataset.trust, actor).allowed,
    }  # fmt: skip
    return render(request, "negotiations/offer.html", context)


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


@login_required
@require_POST
def offer_template(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Keep an offer's terms as a template of its trust: a new version of the charter, without what one dataset needs."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.offers(actor).select_related("dataset__trust"), pk=pk)
    trust = found.dataset.trust
    if trust is None or not may(TRUST, "change_charter", trust, actor).allowed:
        action = TRUST.action("change_charter")
        return render(request, "errors/403.html", {"action": action, "subject": found}, status=403)
    rules = rules_of(trust)[1]
    one = {"label": request.POST.get("label", ""), "help": request.POST.get("help", ""), "terms": found.terms}
    try:
        membership.change_charter(
            trust.pk, actor=actor, rules={**rules, "offers": [*rules.get("offers", []), one]}
        )
    except Refused as problem:
        messages.error(request, problem.decision.sentence)
    else:
        messages.success(request, f"Kept. Members of {trust} find it when they publish terms.")
    return redirect(found)
