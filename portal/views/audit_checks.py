"""Verification of the log while one looks on; a person's saved filters."""

from __future__ import annotations

from urllib.parse import parse_qsl
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from kernel.audit import selectors
from kernel.audit.models import Leaf
from kernel.decision import Refused
from portal.demo.tamper import MOST, TooLong, tamper
from portal.models import LogCheck, SavedTrail
from portal.trail import checks, saved


@login_required
@require_POST
def verify_now(request: HttpRequest) -> HttpResponse:
    """A short log at once; a long one by a worker, with a page that shows how far it is."""
    fragment = bool(getattr(request, "htmx", False))
    if checks.short():
        context = {"result": checks.now(), "head": selectors.head()}
        return render(
            request, "portal/_verification.html" if fragment else "portal/verification.html", context
        )
    check = checks.begin(request.user)  # type: ignore[arg-type]
    if not fragment:
        return redirect("audit_check", check.pk)
    return render(request, "portal/_check.html", {"check": check, "waits": True})


@login_required
@require_GET
def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far a verification is, or what it found. For htmx the moving part alone; 286 tells it to stop."""
    checks.give_up_silent()
    found = get_object_or_404(LogCheck, pk=pk)
    context = {
        "check": found,
        "result": found.result,
        "head": selectors.head(),
        "waits": found.under_way and not found.started,
    }
    if not getattr(request, "htmx", False):
        return render(request, "portal/verification.html", context)
    return render(request, "portal/_check.html", context, status=200 if found.under_way else 286)


@login_required
@require_POST
def tamper_with_copy(request: HttpRequest) -> HttpResponse:
    """In the demo: change a byte of one entry in a copy, and show that it is found. An entry of the reader's own choice,
    or one from the middle of what they may read."""
    if not settings.DEMO:
        raise Http404
    mine = Leaf.objects.select_related("event").filter(event__in=selectors.visible_to(request.actor))  # type: ignore[attr-defined]
    wanted = request.POST.get("event", "")
    if wanted:
        try:
            leaf = mine.filter(event_id=UUID(wanted)).first()
        except ValueError:
            leaf = None
    else:
        newest = list(mine.order_by("-index")[:200])
        leaf = newest[len(newest) // 2] if newest else None
    if leaf is None:
        messages.error(
            request, "There is no sealed entry of yours to try it on. New entries are sealed within seconds."
        )
        return redirect("audit")
    try:
        done = tamper(leaf)
    except TooLong:
        messages.error(request, f"The log has more than {MOST} entries; a demonstration copies no more.")
        return redirect("audit")
    return render(request, "portal/tampered.html", {"done": done})


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the filters in force under a name."""
    query = request.POST.get("query", "")[:4_000]
    try:
        kept = saved.save(request.user, request.POST.get("name", ""), dict(parse_qsl(query)))  # type: ignore[arg-type]
    except Refused as refused:
        _say(request, refused)
    else:
        messages.success(request, f"Kept as “{kept.name}”.")
    return redirect(f"{reverse('audit')}?{query}" if query else "audit")


@login_required
@require_POST
def kept(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Rename or delete a saved filter of one's own."""
    try:
        if request.POST.get("do") == "delete":
            saved.delete(request.user, pk)  # type: ignore[arg-type]
            messages.success(request, "Deleted.")
        else:
            one = saved.rename(request.user, pk, request.POST.get("name", ""))  # type: ignore[arg-type]
            messages.success(request, f"It is called “{one.name}” now.")
    except SavedTrail.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        _say(request, refused)
    return redirect("audit")


def _say(request: HttpRequest, refused: Refused) -> None:
    for reason in refused.decision.reasons:
        messages.error(request, f"{reason.text}. {reason.remedy}.")
