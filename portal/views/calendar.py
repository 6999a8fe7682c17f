"""The calendar's address, for its person; and the calendar itself, for whoever holds the address."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_http_methods, require_safe

from portal import calendar
from portal.models import CalendarFeed


@login_required
@require_http_methods(["GET", "POST"])
def address(request: HttpRequest) -> HttpResponse:
    """Make, replace and take back the address. It is shown once, when it is made."""
    user: Any = request.user
    secret = ""
    if request.method == "POST" and request.POST.get("do") == "make":
        secret = calendar.make(user.pk)
    elif request.method == "POST":
        if calendar.stop(user.pk):
            messages.success(request, "The address answers no more. Remove the calendar from your program.")
        return redirect("calendar")
    link = settings.SITE_URL + reverse("calendar_feed", args=[secret]) if secret else ""
    context = {"feed": CalendarFeed.objects.filter(user=user).first(), "link": link}
    answer = render(request, "portal/calendar.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The calendar; 304 if the program has this one already, 404 for any address that is not in use."""
    user = calendar.owner(secret)
    if user is None:
        raise Http404
    body = calendar.write(user)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    answer = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="commonhold.ics"'
    answer["Cache-Control"] = "private, no-cache"
    answer["X-Robots-Tag"] = "noindex"
    answer["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=answer) or answer
