"""The one page for all actions: ask with the action's form, do it, or say why not."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from kernel import doors, registry
from kernel.decision import Decision, Refused
from kernel.machine import Action, Machine
from kernel.rehearsal import rehearse
from kernel.roles import roles_of
from kernel.transition import Stale, may


def _seen(request: HttpRequest) -> int | None:
    value = request.POST.get("seen", "")
    return int(value) if value.isdigit() else None


def new_id(request: HttpRequest) -> str:
    """The id that the page gave to a new object, so that a repetition is recognised; else a fresh one."""
    try:
        return str(UUID(request.POST.get("id", "")))
    except ValueError:
        return str(uuid4())


def _beforehand(machine: Machine, action: Action, subject: Any, actor: Any) -> dict[str, Any]:
    """Whether it is possible now and, where the action is foretold, what would follow."""
    decision = may(machine, action.name, subject, actor)
    told = action.foretold and decision.allowed
    return {
        "decision": decision,
        **({"effects": rehearse(machine, action.name, subject, actor)} if told else {}),
    }


@login_required
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, machine_name: str, pk: UUID, action: str) -> HttpResponse:
    """GET asks for what the action needs; POST does it and returns to the object's page."""
    try:
        machine = registry.entry(machine_name).machine
        row = machine.action(action)
    except KeyError:
        raise Http404 from None
    actor = request.actor  # type: ignore[attr-defined]
    subject = doors.find_visible(machine, pk, actor)
    if row.hidden or not row.by.intersection(roles_of(actor, subject)):
        return render(request, "errors/403.html", {"action": row, "subject": subject}, status=403)
    context: dict[str, Any] = {
        "machine": machine,
        "action": row,
        "subject": subject,
        "seen": subject.version,
        "back": _back(request),
    }
    if request.method == "GET":
        form_class = doors.form_for(machine, action)
        context["form"] = form_class(subject=subject, actor=actor)  # type: ignore[call-arg]
        context |= _beforehand(machine, row, subject, actor)
        return render(request, "action.html", context)
    try:
        done = doors.perform(
            machine, action, subject, actor=actor, data=request.POST, files=request.FILES, seen=_seen(request)
        )
    except doors.NotValid as invalid:
        context |= {"form": invalid.form, **_beforehand(machine, row, subject, actor)}
        return render(request, "action.html", context, status=422)
    except Stale as stale:
        context |= {
            "form": _kept(machine, action, request, subject),
            "decision": stale.decision,
            "stale": True,
        }
        return render(request, "action.html", context, status=409)
    except Refused as refused:
        context |= {"form": _kept(machine, action, request, subject), "decision": refused.decision}
        return render(request, "action.html", context, status=409)
    if isinstance(done, doors.Shown):
        answer = render(request, "shown.html", context | {"shown": done})
        answer["Cache-Control"] = "no-store"
        return answer
    # What was done may say more than the table: that others have still to agree, for example.
    messages.success(request, getattr(done, "told", "") or row.done or f"{row.label}: done.")
    return HttpResponseRedirect(_back(request) or _after(request, done, subject))


def _kept(machine: Any, action: str, request: HttpRequest, subject: Any) -> Any:
    """The form again with what was typed, so that a refusal loses nothing."""
    form = doors.form_for(machine, action)(
        request.POST,
        request.FILES,
        subject=subject,
        actor=request.actor,  # type: ignore[attr-defined]
    )
    form.is_valid()
    return form


def _back(request: HttpRequest) -> str:
    """The page of this portal from which the action was begun, where that is not the object's own."""
    given = (request.POST if request.method == "POST" else request.GET).get("back", "")
    return (
        given if given.startswith("/") and url_has_allowed_host_and_scheme(given, allowed_hosts=None) else ""
    )


def _after(request: HttpRequest, done: Any, subject: Any) -> str:
    target = done if hasattr(done, "get_absolute_url") else subject
    return str(target.get_absolute_url())


def not_now(request: HttpRequest, title: str, subject: Any, decision: Decision) -> HttpResponse:
    """In place of a form that would be filled in for nothing: why not, and what helps."""
    return render(request, "not_now.html", {"title": title, "subject": subject, "decision": decision})
