"""The page of who may come in, the operator's list of claimed domains, and asking to join."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from kernel import doors
from kernel.decision import Refused
from kernel.machine import Machine
from trusts.organisations import access as verbs
from trusts.organisations import selectors
from trusts.organisations.access_machines import ACCESS_REVIEW, DOMAIN, JOINING
from trusts.organisations.machines import ORGANISATION
from trusts.organisations.sign_in_machines import PROVIDER

ACTIONS = frozenset(
    {"set_entrance", "claim_domain", "review_access", "set_up_provider", "switch_emergencies"}
)


def _rows(machine: Machine, found: Any, actor: Any) -> list[dict[str, Any]]:
    return [{"row": r, "actions": machine.offered(r.state, doors.roles_of(actor, r))} for r in found]


@login_required
@require_GET
def access(request: HttpRequest) -> HttpResponse:
    """Rules for signing in, domains, people who ask to join, reviews: for those who answer for it."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.organisation_id is None:
        return render(request, "organisations/none.html")
    found = selectors.acted_for(request)
    row = selectors.providers(actor).exclude(state="removed").first()
    context = {
        "organisation": found,
        "watches": actor.holds("owner", "auditor"),
        "choices": doors.choices(
            ORGANISATION, found, actor, only=ACTIONS - {"set_up_provider"} if row else ACTIONS
        ),
        "provider": row,
        "callback": settings.SITE_URL + reverse("sign_in_back", args=[found.slug]),
        # Of the two that undo each other, only the one that changes something.
        "provider_choices": [
            c
            for c in (doors.choices(PROVIDER, row, actor) if row else [])
            if c.name != ("require" if row.required else "relax")
        ],
        "domains": _rows(
            DOMAIN, found.domains.filter(state__in=["claimed", "confirmed"]).order_by("name"), actor
        ),
        "asking": _rows(JOINING, selectors.joinings(actor).filter(state="asked").order_by("created"), actor),
        "reviews": _rows(ACCESS_REVIEW, selectors.access_reviews(actor).order_by("-created")[:6], actor),
    }
    return render(request, "organisations/access.html", context)


@login_required
@require_GET
def claimed_domains(request: HttpRequest) -> HttpResponse:
    """What the operator has to confirm."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.is_operator:
        raise Http404
    found = selectors.domains(actor).filter(state="claimed").order_by("created")[:200]
    return render(request, "organisations/domains.html", {"domains": _rows(DOMAIN, found, actor)})


class AskForm(forms.Form):
    message = forms.CharField(
        label="A word to the owners",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@login_required
@require_http_methods(["GET", "POST"])
def ask_to_join(request: HttpRequest, slug: str) -> HttpResponse:
    """Only for whom it could succeed: everybody else is told that there is nothing here."""
    user: Any = request.user
    organisation = get_object_or_404(selectors.joinable(user), slug=slug)
    form, refused = AskForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            verbs.ask_to_join(organisation, actor=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        except Refused as problem:
            refused = problem.decision
        else:
            messages.success(request, f"The owners of {organisation.name} have been told.")
            return redirect("me")
    status = 409 if refused is not None else 422 if form.is_bound else 200
    context = {"organisation": organisation, "form": form, "decision": refused}
    return render(request, "organisations/join.html", context, status=status)


@login_required
@require_GET
def entrance(request: HttpRequest) -> HttpResponse:
    """What the organisation acted for asks before anyone acts for it."""
    found = getattr(request, "barrier", None)
    if found is None or not found.stops:
        raise Http404
    return render(request, "organisations/entrance.html", {"barrier": found}, status=403)
