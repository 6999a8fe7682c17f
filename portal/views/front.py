"""The public front page: what this is, for someone who has never heard of a data trust."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kernel.audit.selectors import head


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/front.html", {"head": head()})


@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    """Words and states, generated from the machines."""
    from kernel import registry

    return render(request, "portal/help.html", {"machines": registry.machines()})


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """Every component in each state, for those who build pages."""
    from portal.gallery import samples

    return render(request, "gallery.html", samples())
