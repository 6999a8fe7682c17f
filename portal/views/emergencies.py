"""Emergency openings: an operator opens, the organisations concerned see and judge."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from kernel import doors
from kernel.audit import selectors as audit
from kernel.decision import Refused
from trusts.organisations.selectors import acted_for
from trusts.rights import emergencies as services
from trusts.rights.emergency_machine import EMERGENCY
from trusts.rights.forms import EmergencyForm

PER_PAGE = 50


@login_required
@require_http_methods(["GET", "POST"])
def openings(request: HttpRequest) -> HttpResponse:
    """All that concern me; for operators also the form. POST opens one."""
    actor = request.actor  # type: ignore[attr-defined]
    form = EmergencyForm(request.POST or None, actor=actor) if actor.is_operator else None
    context: dict[str, Any] = {"form": form}
    status = 200
    if request.method == "POST":
        if form is None:
            action = EMERGENCY.action("open")
            return render(request, "errors/403.html", {"action": action, "subject": None}, status=403)
        if form.is_valid():
            try:
                machine = form.cleaned_data["kind"]
                subject = services.find(machine, form.cleaned_data["what"])
                services.open_up(
                    actor=actor, machine=machine, subject=subject, reason=form.cleaned_data["reason"]
                )
            except Refused as refused:
                context["decision"], status = refused.decision, 409
            else:
                messages.success(request, "Open for an hour. The organisations concerned were told.")
                return redirect(subject.get_absolute_url())
        else:
            status = 422
    found = services.emergencies(actor).order_by("-created", "pk")
    own = acted_for(request) if actor.organisation_id else None
    context |= {"organisation": own, "may_switch": own is not None and actor.holds("owner")}
    context |= {"page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")), "query": ""}
    return render(request, "portal/emergencies.html", context, status=status)


@login_required
@require_GET
def opening(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One opening: who, what, why, until when, and what somebody of the organisation has to say to it."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(services.emergencies(actor), pk=pk)
    context = {
        "emergency": found,
        "choices": doors.choices(EMERGENCY, found, actor),
        "events": audit.history(found.pk, actor),
        "concerned": found.organisation_id == actor.organisation_id,
    }
    return render(request, "portal/emergency.html", context)
