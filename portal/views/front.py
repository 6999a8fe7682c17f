"""The public front page: what this is, for someone who has never heard of a data trust."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from contracts.library import builder
from contracts.policies import moments
from kernel import registry
from kernel.audit.selectors import head
from portal import personas
from portal.gallery import samples


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/front.html", {"head": head(), "cards": personas.cards()})


@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    """Words, steps and states; what the code knows comes from the code."""
    context = {"machines": registry.machines(), "step_groups": builder.groups(), "clauses": moments.rows()}
    return render(request, "portal/help.html", context)


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """Every component in each state, for those who build pages."""
    return render(request, "gallery.html", samples())
