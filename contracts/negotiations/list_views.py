"""The list of negotiations: whose turn, by when, how far apart; filters in the address, and as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from contracts.negotiations import selectors, table
from contracts.negotiations.machines import NEGOTIATION, OPEN
from contracts.negotiations.models import KINDS, Negotiation
from kernel.actor import Actor

PER_PAGE, MOST_ROWS = 50, 10_000
SHOWS = [("open", "Open"), ("mine", "Your turn"), ("theirs", "Their turn"), ("done", "Done")]
COLUMNS = [
    "reference",
    "dataset",
    "with",
    "kind",
    "state",
    "turn",
    "round",
    "terms apart",
    "reply by",
    "address",
]


@login_required
@require_GET
def negotiations(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    asked = {name: request.GET.get(name, "").strip().replace("\x00", "") for name in ("show", "q", "kind")}
    asked["show"] = asked["show"] if asked["show"] in dict(SHOWS) else "open"
    found = _filtered(actor, asked).prefetch_related("participants")
    found = found.order_by(F("due").asc(nulls_last=True), "-changed", "pk")
    query = urlencode({name: value for name, value in asked.items() if value})
    if request.GET.get("format") == "csv":
        answer = StreamingHttpResponse(
            _csv(found[:MOST_ROWS], actor, request), content_type="text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = 'attachment; filename="negotiations.csv"'
        return answer
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page, "filters": asked, "query": query, "kinds": KINDS, "filtered": bool(asked["q"] or asked["kind"]),
        "rows": [_row(item, actor) for item in page.object_list],
        "tabs": [{"label": label, "url": f"?{urlencode({**asked, 'show': code})}", "current": code == asked["show"]}
                 for code, label in SHOWS],
    }  # fmt: skip
    return render(request, "negotiations/list.html", context)


def _filtered(actor: Actor, asked: dict[str, str]) -> QuerySet[Negotiation]:
    match asked["show"]:
        case "mine":
            found = selectors.my_turn(actor)
        case "theirs":
            mine = selectors.my_turn(actor).prefetch_related(None).values("pk")
            found = selectors.negotiations(actor).filter(state__in=OPEN).exclude(pk__in=mine)
        case "done":
            found = selectors.negotiations(actor).exclude(state__in=OPEN)
        case _:
            found = selectors.negotiations(actor).filter(state__in=OPEN)
    if asked["kind"] in dict(KINDS):
        found = found.filter(kind=asked["kind"])
    if word := asked["q"]:
        theirs = Q(provider__name__icontains=word) | Q(consumer__name__icontains=word)
        found = found.filter(Q(dataset__title_text__icontains=word) | theirs)
    return found


def _row(item: Negotiation, actor: Actor) -> dict[str, Any]:
    giving = item.provider_id == actor.organisation_id
    other = item.consumer.name if giving else item.provider.name
    if giving and item.seats > 1:
        other = f"{other} and {item.seats - 1} more"
    mine = table.is_my_turn(item, actor)
    return {
        "item": item,
        "other": other,
        "mine": mine,
        "turn": "yours" if mine else "theirs" if item.turn else "",
    }


def _safe(value: Any) -> str:
    """Text that a spreadsheet would take for a formula is marked as text."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


class _Line:
    """A file-like that hands each written line back, so that csv.writer can stream."""

    def write(self, value: str) -> str:
        return value


def _csv(found: Any, actor: Actor, request: HttpRequest) -> Iterator[str]:
    writer = csv.writer(_Line(), lineterminator="\r\n")
    yield writer.writerow(COLUMNS)
    for item in found.iterator(chunk_size=500):
        row = _row(item, actor)
        line = [
            item.ref, item.dataset.title_text, row["other"], item.get_kind_display(), NEGOTIATION.state(item.state).label,
            row["turn"], item.rounds, item.apart, item.due.isoformat() if item.due else "",
            request.build_absolute_uri(item.get_absolute_url()),
        ]  # fmt: skip
        yield writer.writerow([_safe(value) for value in line])
