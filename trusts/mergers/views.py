"""Mergers of one's own organisation: what they mean, what waits, what was."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from kernel import doors
from kernel.audit import selectors as audit
from kernel.decision import Refused
from trusts.mergers import selectors, services
from trusts.mergers.forms import ProposeForm
from trusts.mergers.machines import MERGER
from trusts.organisations.models import Organisation

SHOWN = 50


@login_required
@require_http_methods(["GET", "POST"])
def mergers(request: HttpRequest) -> HttpResponse:
    """The list, and the form that begins one, for owners."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.organisation_id is None:
        return render(request, "organisations/none.html")
    # The form begins it; whom it goes to is checked when it is sent.
    merged = Organisation.objects.filter(pk=actor.organisation_id).exclude(merged_into=None).exists()
    may = actor.holds("owner") and not merged
    form, refused = ProposeForm(request.POST if request.method == "POST" else None, actor=actor), None
    if request.method == "POST" and may and form.is_valid():
        try:
            made = services.propose(actor=actor, **form.cleaned_data)
        except Refused as problem:
            refused = problem.decision
        else:
            messages.success(
                request, f"{made.into} has been asked. Nothing changes until an owner there agrees."
            )
            return redirect(made)
    found = selectors.mergers(actor)[:SHOWN]
    context = {"mergers": found, "form": form if may else None, "decision": refused}
    status = (
        403
        if request.method == "POST" and not may
        else 409
        if refused is not None
        else 422
        if form.is_bound
        else 200
    )
    return render(request, "mergers/mergers.html", context, status=status)


@login_required
@require_GET
def merger(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = doors.find_visible(MERGER, pk, actor)
    context = {
        "merger": found,
        "choices": doors.choices(MERGER, found, actor),
        "events": audit.history(found.pk, actor),
    }
    return render(request, "mergers/merger.html", context)
