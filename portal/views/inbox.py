"""The inbox: what waits for me or for others, by when; the number in the side list; one action on many."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.inbox import KINDS, ME, MOST, OTHERS, Item, badge, bulk, gather, load, waiting
from portal.inbox.registry import BULK, Line

SHOWS = [(ME, "Waiting for me"), (OTHERS, "Waiting for others")]
WEEK = timedelta(days=7)
ON_A_PAGE = 50


@login_required
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    if actor.organisation_id is None:
        return render(request, "organisations/none.html")
    show = OTHERS if request.GET.get("show") == OTHERS else ME
    # What waits for me also tells the side list its number.
    every = waiting(request) if show == ME else gather(actor, OTHERS)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    lines = [one for one in every if not kind or one.source.kind == kind]
    page = Paginator(lines, ON_A_PAGE).get_page(request.GET.get("page"))
    found = load(actor, list(page))
    asked = {"show": show} if show != ME else {}
    now = timezone.now()
    context = {
        "show": show, "kind": kind, "items": found, "groups": grouped(found, now), "now": now,
        "kinds": _kinds(every), "more": len(every) >= MOST, "most": MOST, "actions": _actions(found),
        "page": page, "query": urlencode(asked | ({"kind": kind} if kind else {})),
        "tabs": [
            {"label": label, "url": f"?{urlencode({'show': code})}" if code != ME else "?", "current": code == show,
             "count": badge.said(len(every)) or "0" if code == show else None}
            for code, label in SHOWS
        ],
    }  # fmt: skip
    return render(request, "portal/inbox.html", context)


def grouped(found: list[Item], now: datetime) -> list[dict[str, Any]]:
    """Items by when they are due; groups without any are left out. The order inside stays."""
    groups: dict[str, list[Item]] = {"Overdue": [], "This week": [], "Later": [], "Without a date": []}
    for one in found:
        if one.due is None:
            groups["Without a date"].append(one)
        elif one.due < now:
            groups["Overdue"].append(one)
        else:
            groups["This week" if one.due <= now + WEEK else "Later"].append(one)
    return [{"label": label, "items": rows} for label, rows in groups.items() if rows]


def _kinds(every: list[Line]) -> list[dict[str, Any]]:
    counts = Counter(one.source.kind for one in every)
    return [
        {"code": k.code, "label": k.label, "count": counts[k.code]} for k in KINDS.values() if counts[k.code]
    ]


def _actions(found: list[Item]) -> list[dict[str, str]]:
    """The actions for many that at least one of the items allows."""
    offered = dict.fromkeys(f"{one.machine.name}.{name}" for one in found for name in one.bulk)
    return [{"name": name, "label": BULK[(name.split(".")[0], name.split(".")[1])].label} for name in offered]


@login_required
@require_GET
def count(request: HttpRequest) -> HttpResponse:
    """The number for the side list, fetched after the page when it is not known."""
    number = len(waiting(request)) if request.actor.organisation_id else 0  # type: ignore[attr-defined]
    answer = render(request, "portal/_count.html", {"count": badge.said(number), "means": "waiting"})
    answer["Cache-Control"] = "no-store"
    return answer


@login_required
@require_GET
def first(request: HttpRequest) -> HttpResponse:
    """The first five of what waits, for the overview, which is shown before they are gathered."""
    found = waiting(request) if request.actor.organisation_id else []  # type: ignore[attr-defined]
    context = {"items": load(request.actor, found[:5]), "more": len(found) - 5, "now": timezone.now()}
    return render(request, "portal/_first.html", context)


@login_required
@require_POST
def act_on_many(request: HttpRequest) -> HttpResponse:
    """Do one action on all that are marked; show what became of each."""
    wanted, keys = bulk.known(request.POST.get("do", "")), request.POST.getlist("item")
    if wanted is None or not keys:
        messages.error(
            request,
            "Nothing was changed: mark at least one line, then choose what to do."
            if wanted
            else "Nothing was changed: this cannot be done for several at once. Open each and do it there.",
        )
        return redirect("inbox")
    results = bulk.perform(request.actor, *wanted, keys)  # type: ignore[attr-defined]
    if not results:
        messages.error(request, "Nothing was changed: this does not apply to what you marked.")
        return redirect("inbox")
    context = {
        "results": results,
        "label": BULK[wanted].label,
        "done": sum(one.done for one in results),
    }
    return render(request, "portal/inbox_done.html", context)
