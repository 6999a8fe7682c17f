"""Overview, and the demo's sign-in cards."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal import dashboards
from portal.views import health
from trusts.organisations.models import User


@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """The overview that this person wants first, or the one asked for."""
    actor = request.actor  # type: ignore[attr-defined]
    views = dashboards.views_of(actor)
    if not views:
        return render(request, "organisations/none.html")
    asked = request.GET.get("view", "")
    view = asked if asked in views else next(iter(views))
    tabs = [{"label": dashboards.LABELS[one], "url": f"?view={one}", "current": one == view} for one in views]
    context = dashboards.build(view, views[view], actor)
    if view == dashboards.OPERATOR:
        context["checks"] = health.checks()
    return render(request, f"portal/dashboard_{view}.html", {"tabs": tabs, "now": timezone.now(), **context})


@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """A persona card signs in, in demo mode only."""
    if not settings.DEMO:
        raise Http404
    user = get_object_or_404(User, email=request.POST.get("email", ""), email__endswith=".example")
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    UserSession.objects.create_from_request(request)
    return redirect("inbox")
