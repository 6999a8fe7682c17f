"""The robots of an organisation: what each does and did, and the switch."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kernel import doors
from kernel.decision import Refused
from kernel.roles import roles_of
from portal import robots as shown
from trusts.organisations import selectors
from trusts.organisations.machines import ORGANISATION


@login_required
@require_http_methods(["GET", "POST"])
def robots(request: HttpRequest) -> HttpResponse:
    """POST switches the one named in `robot`; what was typed stays if it is refused."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.organisation_id is None:
        return render(request, "organisations/none.html")
    found, action = selectors.acted_for(request), ORGANISATION.action("switch_robot")
    may_switch = ORGANISATION.fits(action, found.state, roles_of(actor, found))
    context: dict[str, Any] = {"organisation": found, "may_switch": may_switch}
    status = 200
    if request.method == "POST":
        if not may_switch:
            return render(request, "errors/403.html", {"action": action, "subject": found}, status=403)
        context["typed"] = request.POST
        try:
            doors.perform(ORGANISATION, "switch_robot", found, actor=actor, data=request.POST)
        except doors.NotValid as invalid:
            context["errors"], status = invalid.form.errors, 422
        except Refused as refused:
            context["decision"], status = refused.decision, 409
        else:
            messages.success(request, f"{action.done} The audit trail has your reason.")
            return redirect("robots")
    context |= {"rows": shown.rows(found, actor), "charters": shown.charters(actor)}
    return render(request, "organisations/robots.html", context, status=status)
