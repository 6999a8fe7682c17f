"""Who watches the log: for organisations, and for the operator who makes outside witnesses known."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from kernel import doors
from kernel.audit.selectors import head
from kernel.decision import Refused
from kernel.transition import may_create, would_create
from trusts.witnesses import selectors, services
from trusts.witnesses.forms import RegisterForm
from trusts.witnesses.machines import SPLIT_VIEW, WITNESS

SPLITS_SHOWN, WITNESSES_SHOWN = 20, 200


def _rows(found: Any, actor: Any) -> list[dict[str, Any]]:
    """Each witness with when it last signed and what this person may do with it."""
    seen = found.annotate(last_size=Max("cosignatures__size"), last_signed=Max("cosignatures__signed"))
    return [
        {"row": row, "choices": [c for c in doors.choices(WITNESS, row, actor) if c.enabled]}
        for row in seen.order_by("state", "name")[:WITNESSES_SHOWN]
    ]


@login_required
@require_GET
def witnesses(request: HttpRequest) -> HttpResponse:
    """What a witness is, who signed the newest checkpoint, one's own witnesses, and what disagreed."""
    actor = request.actor  # type: ignore[attr-defined]
    found = selectors.witnesses(actor)
    own = found.filter(organisation_id=actor.organisation_id) if actor.organisation_id else found.none()
    newest = selectors.shown(head())
    context = {
        "newest": newest,
        "cosigned": None
        if newest is None or newest["lines"]
        else selectors.shown(selectors.latest_cosigned()),
        "own": _rows(own, actor),
        "others": _rows(found.exclude(pk__in=own), actor),
        "may_register": actor.organisation_id is not None
        and may_create(WITNESS, "register", actor, organisation_id=actor.organisation_id),
        "may_admit": may_create(WITNESS, "admit", actor),
        "splits": selectors.split_views(actor)[:SPLITS_SHOWN],
        "command": f"python witness.py {settings.SITE_URL} --key witness.key --state log-of-{settings.SITE_URL.split('://')[-1].replace(':', '-')}.json",
    }
    return render(request, "witnesses/witnesses.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Register a witness of the organisation acted for; with `?outside=1` the operator makes one of an outside party known."""
    actor = request.actor  # type: ignore[attr-defined]
    outside = request.GET.get("outside") == "1"
    action = WITNESS.action("admit" if outside else "register")
    whose = None if outside else actor.organisation_id
    allowed = would_create(WITNESS, action.name, actor, organisation_id=whose)
    if not allowed.allowed:
        about = {"title": "your organisation", "get_absolute_url": reverse("witnesses")}
        return render(request, "errors/403.html", {"action": action, "subject": about}, status=403)
    form, refused = RegisterForm(request.POST if request.method == "POST" else None, actor=actor), None
    if request.method == "POST" and form.is_valid():
        make = services.admit if outside else services.register
        try:
            made = make(actor=actor, **form.cleaned_data)
        except Refused as problem:
            refused = problem.decision
        else:
            messages.success(request, f"{made.name} is registered. Now let it run: the command is below.")
            return redirect(made)
    status = 409 if refused is not None else 422 if form.is_bound else 200
    context = {
        "form": form, "decision": refused, "outside": outside, "label": action.label, "line": services.challenge(whose),
        "example": f"{slugify(actor.organisation_name) or 'watcher'}.example/witness" if not outside else "watcher.example/witness",
    }  # fmt: skip
    return render(request, "witnesses/new.html", context, status=status)


@login_required
@require_GET
def split_view(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Both checkpoints, what follows from them, and what the operator says."""
    actor = request.actor  # type: ignore[attr-defined]
    found = doors.find_visible(SPLIT_VIEW, pk, actor)
    context = {"split": found, "choices": doors.choices(SPLIT_VIEW, found, actor)}
    return render(request, "witnesses/split_view.html", context)


@require_GET
def program(request: HttpRequest) -> HttpResponse:
    """`witness.py` as it lies in the repository: one file, for anyone."""
    text = (Path(settings.BASE_DIR) / "witness.py").read_bytes()
    return HttpResponse(
        text,
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="witness.py"'},
    )
