"""The one place where everything that runs can be stopped, by those who answer for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kernel import doors
from kernel.decision import Refused
from portal import stop as reading

PER_PAGE = 50
LABELS = {"contracts": "Contracts in force", "jobs": "Jobs under way", "stopped": "Stopped contracts"}


@login_required
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest) -> HttpResponse:
    """What runs under my authority. POST stops one thing, or resumes a contract; what was typed stays if it is refused."""
    actor = request.actor  # type: ignore[attr-defined]
    reach, status = reading.Reach.of(actor), 200
    show = request.GET.get("show", "contracts")
    show = show if show in LABELS else "contracts"
    context: dict[str, Any] = {"show": show, "nothing": reach.empty}
    if request.method == "POST":
        given = request.POST
        context["typed"] = given
        try:
            pk = UUID(given.get("id", ""))
        except ValueError:
            raise Http404 from None
        do, kind = given.get("do", ""), given.get("kind", "")
        try:
            done = reading.perform(actor, reach, do=do, kind=kind, pk=pk, reason=given.get("reason", ""))
        except doors.NotValid as invalid:
            context["errors"], status = invalid.form.errors, 422
        except Refused as refused:
            context["decision"], status = refused.decision, 409
        else:
            machine, action = reading.ACTIONS[kind, do]
            messages.success(request, f"{done.title()}: {machine.action(action).done}")
            return redirect(f"{reverse('stop')}?show={show}")
    found = reading.lists(reach)
    counts = {name: rows.count() for name, rows in found.items()}
    context["tabs"] = [
        {"label": label, "url": f"?show={name}", "current": name == show, "count": counts[name]}
        for name, label in LABELS.items()
    ]
    context["page"] = Paginator(found[show], PER_PAGE).get_page(request.GET.get("page"))
    context["query"] = f"show={show}"
    return render(request, "portal/stop.html", context, status=status)
