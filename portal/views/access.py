"""Who can reach one object and why, rights on it, and all rights of one's own or of one's organisation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from kernel import doors, registry
from kernel.decision import Refused
from kernel.web import new_id
from portal import access as reach
from trusts.rights import selectors, services
from trusts.rights.forms import GrantForm
from trusts.rights.machines import GRANT

PER_PAGE = 50


@login_required
@require_http_methods(["GET", "POST"])
def access(request: HttpRequest, machine_name: str, pk: UUID) -> HttpResponse:
    """For the people of the object's sides. POST grants a right on it."""
    try:
        machine = registry.entry(machine_name).machine
    except KeyError:
        raise Http404 from None
    actor = request.actor  # type: ignore[attr-defined]
    subject = doors.find_visible(machine, pk, actor)
    if not reach.sides_of(subject, actor):
        raise Http404
    kinds = reach.grantable(machine, subject, actor)
    form = GrantForm(request.POST or None, subject=subject, actor=actor, kinds=kinds)
    context: dict[str, Any] = {"subject": subject, "machine": machine, "form": form if kinds else None}
    status = 200
    if request.method == "POST":
        if not kinds:
            action = GRANT.action("grant")
            return render(request, "errors/403.html", {"action": action, "subject": subject}, status=403)
        if form.is_valid():
            try:
                made = services.grant(
                    actor=actor, machine=machine.name, object_id=subject.pk, id=UUID(new_id(request)), **form.cleaned_data
                )  # fmt: skip
            except Refused as refused:
                context["decision"], status = refused.decision, 409
            else:
                messages.success(request, f"{made.user} is now {made.label.lower()} here, and was told.")
                return redirect("object_access", machine.name, subject.pk)
        else:
            status = 422
    context |= {
        "colleagues": reach.colleagues(machine, subject, actor),
        "others": reach.others(machine, subject, actor),
        "granted": reach.granted(subject, actor),
        "ended": reach.ended(subject, actor),
        "emergencies": reach.emergencies_on(subject, actor),
    }
    return render(request, "portal/access.html", context, status=status)


@login_required
@require_GET
def grants(request: HttpRequest) -> HttpResponse:
    """Every right on a single object that I hold, and that my organisation has given."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.grants(actor).order_by("state", "until", "pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        reach.with_choices(row, actor)
        | {"mine": row.user_id == actor.user_id, "side": row.organisation_id == actor.organisation_id}
        for row in page.object_list
    ]
    return render(request, "portal/grants.html", {"page": page, "rows": rows, "query": ""})


@login_required
@require_GET
def granted(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the object of a right, if it is still seen; else back to the list of rights."""
    actor = request.actor  # type: ignore[attr-defined]
    right = get_object_or_404(selectors.grants(actor), pk=pk)
    visible = registry.entry(right.machine).visible
    subject = visible(actor).filter(pk=right.object_id).first() if visible else None
    return redirect(subject.get_absolute_url() if subject else "grants")
