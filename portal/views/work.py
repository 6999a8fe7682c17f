"""Overview, and the demo's sign-in cards."""

from __future__ import annotations

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from contracts.negotiations import selectors as negotiated
from jobs.runs import selectors as runs
from kernel.audit import selectors as audit
from portal.inbox import waiting
from trusts.datasets import selectors as datasets
from trusts.organisations.models import User


@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    if actor.organisation_id is None:
        return render(request, "organisations/none.html")
    mine, now = actor.organisation_id, timezone.now()
    contracts = negotiated.agreements(actor)
    live = Q(state="in_force")
    context = {
        "waiting": waiting(request)[:5],
        "contracts": contracts.aggregate(giving=Count("pk", filter=live & Q(provider_id=mine)), receiving=Count("pk", filter=live & Q(consumer_id=mine))),
        "ending": contracts.filter(live, ends__lt=now + timedelta(days=60)).order_by("ends")[:5],
        "jobs": runs.jobs(actor).filter(created__gt=now - timedelta(days=7)).aggregate(done=Count("pk", filter=Q(state="done")), failed=Count("pk", filter=Q(state="failed"))),
        "datasets": datasets.datasets(actor).filter(organisation_id=mine).count(),
        "duties": negotiated.duties(actor).filter(state__in=["open", "late"]).order_by("due")[:5],
        "uses": contracts.filter(provider_id=mine).values("consumer__name", "dataset__title_text").annotate(n=Count("deliveries__downloads")).order_by("-n")[:6],
        "events": audit.visible_to(actor).order_by("-created", "-id")[:8],
    }  # fmt: skip
    return render(request, "portal/dashboard.html", context)


@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """A persona card signs in, in demo mode only."""
    if not settings.DEMO:
        raise Http404
    user = get_object_or_404(User, email=request.POST.get("email", ""), email__endswith=".example")
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    UserSession.objects.create_from_request(request)
    return redirect("inbox")
