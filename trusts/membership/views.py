"""Pages of trusts and their members."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from kernel import doors
from kernel.actor import Actor
from kernel.decision import Refused
from kernel.doors import Start
from kernel.roles import roles_of
from kernel.transition import would_create
from kernel.web import not_now
from trusts.membership import buttons, selectors, services
from trusts.membership.charter_forms import FoundForm
from trusts.membership.charter_templates import BY_CODE, TEMPLATES
from trusts.membership.forms import ApplyForm
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import STANDING
from trusts.membership.parting import silent_since
from trusts.membership.roles import may_begin
from trusts.membership.trust_machine import TRUST


@login_required
@require_GET
def trusts(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    active = Count("memberships", filter=Q(memberships__state="active"), distinct=True)
    found = selectors.trusts(actor).annotate(member_count=active).order_by("name")
    return render(
        request,
        "membership/trusts.html",
        {"trusts": list(found[:200]), "mine": actor.trust_ids, "beginning": _founding(actor)},
    )


def _founding(actor: Actor) -> list[Start]:
    if actor.organisation_id is None:
        return []
    return [
        Start("found", "Found a trust", reverse("trust_new"), may_begin(actor.organisation_id), "primary")
    ]


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose a charter to start from (`?from=health`), then fill in the words."""
    if request.method == "GET":
        begins = may_begin(request.actor.organisation_id)  # type: ignore[attr-defined]
        if not begins.allowed:
            trusts_ = {"title": "trusts", "get_absolute_url": reverse("trusts")}
            return not_now(request, "Found a trust", trusts_, begins)
    template = BY_CODE.get(request.GET.get("from", ""))
    if request.method == "GET" and template is None:
        return render(request, "membership/start.html", {"templates": TEMPLATES})
    form = (
        FoundForm(request.POST) if request.method == "POST" or template is None else FoundForm.start(template)
    )
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.found(actor=request.actor, **form.given())  # type: ignore[attr-defined]
        except Refused as problem:
            refused = problem.decision
        else:
            messages.success(request, "Founded. Invite the first members.")
            return redirect(made)
    status = 409 if refused is not None else 422 if form.is_bound else 200
    return render(request, "membership/new.html", {"form": form, "decision": refused, "template": template}, status=status)  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def trust(request: HttpRequest, slug: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.trusts(actor), slug=slug)
    mine = (
        found.memberships.filter(organisation_id=actor.organisation_id, state__in=STANDING).first()
        if actor.organisation_id
        else None
    )
    applying = None
    if mine is None and found.open_to_apply and actor.organisation_id:
        applying = would_create(
            MEMBERSHIP, "apply", actor, trust=found, organisation_id=actor.organisation_id
        )
    may_apply = applying is not None and applying.allowed
    form = ApplyForm(request.POST if request.method == "POST" and may_apply else None)
    # Who may ask but does not fit is told why; whose role it is not is told whose it is.
    unfit = applying is not None and any(r.code == "membership.charter" for r in applying.reasons)
    refused = applying if unfit else None
    if request.method == "POST" and may_apply and form.is_valid():
        try:
            services.apply(found.pk, actor=actor, **form.cleaned_data)
        except Refused as problem:
            refused = problem.decision
        else:
            by = "members, who vote on it" if found.governance().by_vote("admit") else "trustees"
            messages.success(request, f"Your application is with the {by}.")
            return redirect(found)
    context = {
        "trust": found, "mine": mine, "form": form if may_apply else None, "unfit": unfit, "decision": refused,
        "charter": found.charters.first(), "choices": doors.choices(TRUST, found, actor),
        "my_choices": buttons.own(mine, actor) if mine else [],
        "member_count": found.memberships.filter(state="active").count(), "inside": found.pk in actor.trust_ids,
        "admits_by_vote": found.governance().by_vote("admit"), "dataset_count": found.datasets.filter(state="listed").count() if found.pk in actor.trust_ids else None,
    }  # fmt: skip
    return render(
        request,
        "membership/trust.html",
        context,
        status=409 if refused is not None and request.method == "POST" else 422 if form.is_bound else 200,
    )


# On the list stands what waits for a decision; the rest is done on the membership's own page.
DECIDING = ("accept", "decline", "admit", "refuse", "withdraw", "revoke")


@login_required
@require_GET
def members(request: HttpRequest, slug: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.trusts(actor), slug=slug)
    found.standing()
    listed = list(selectors.memberships(actor).filter(trust=found).order_by("organisation__name")[:500])
    # Who is silent is said to those who may act on it.
    silent = silent_since(listed) if actor.organisation_id in found.trustees() else {}
    rows = []
    for membership in listed:
        membership.trust = found
        rows.append(
            {
                "membership": membership,
                "silent": silent.get(membership.pk),
                "actions": [
                    a
                    for a in MEMBERSHIP.offered(membership.state, roles_of(actor, membership))
                    if a.name in DECIDING
                ],
            }
        )
    context = {
        "trust": found,
        "rows": rows,
        "inside": found.pk in actor.trust_ids,
        "choices": [c for c in doors.choices(TRUST, found, actor) if c.name == "invite"],
    }
    return render(request, "membership/members.html", context)
