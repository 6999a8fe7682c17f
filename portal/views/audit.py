"""The audit trail: what happened, to whom it concerns, and the proof that nothing was changed."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_POST

from kernel import registry
from kernel.audit import proofs, selectors
from kernel.audit.models import Event, Leaf
from kernel.audit.verify import verify

PER_PAGE = 50
EXPORT_LIMIT = 100_000


def _day(text: str) -> date | None:
    """A day as typed, or nothing if there is no such day."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def _filtered(request: HttpRequest) -> Any:
    found = selectors.visible_to(request.actor)  # type: ignore[attr-defined]
    get = request.GET.get
    if get("what"):
        machine, _, action = get("what", "").partition(".")
        found = found.filter(machine=machine)
        if action:
            found = found.filter(action=action)
    if get("who"):
        found = found.filter(Q(actor_name__icontains=get("who")) | Q(organisation_name__icontains=get("who")))
    if get("about"):
        text = get("about", "")
        try:
            found = found.filter(subject_id=UUID(text))
        except ValueError:
            found = found.filter(subject_title__icontains=text)
    start, end = _day(get("from", "")), _day(get("until", ""))
    zone = timezone.get_current_timezone()
    if start:
        found = found.filter(created__gte=datetime.combine(start, datetime.min.time(), zone))
    if end:
        found = found.filter(created__lt=datetime.combine(end + timedelta(days=1), datetime.min.time(), zone))
    return found.order_by("-created", "-id")


@login_required
@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    page = Paginator(_filtered(request), PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "query": query.urlencode(),
        "head": selectors.head(),
        "kinds": [machine.name for machine in registry.machines()],
        "filters": {k: request.GET.get(k, "") for k in ("who", "what", "about", "from", "until")},
    }
    return render(request, "portal/audit.html", context)


@login_required
@require_GET
def event(request: HttpRequest, pk: UUID) -> HttpResponse:
    found: Event = get_object_or_404(selectors.visible_to(request.actor), pk=pk)  # type: ignore[attr-defined]
    leaf = Leaf.objects.filter(event=found).first()
    keys = sorted(found.before.keys() | found.after.keys())
    context = {
        "event": found,
        "leaf": leaf,
        "proof": proofs.of_event(found.pk) if leaf else None,
        "moved": [{"field": k, "before": found.before.get(k), "after": found.after.get(k)} for k in keys],
        "payload": json.dumps(proofs.disclosed(found, None), indent=2, ensure_ascii=False),
        "subject_url": _subject_url(found, request),
    }
    return render(request, "portal/event.html", context)


def _subject_url(found: Event, request: HttpRequest) -> str:
    """Where the subject lives, if this reader may see it."""
    try:
        entry = registry.entry(found.machine)
    except KeyError:
        return ""
    selector = entry.visible
    subject: Any = selector(request.actor).filter(pk=found.subject_id).first() if selector else None  # type: ignore[attr-defined]
    return str(subject.get_absolute_url()) if subject else ""


@login_required
@require_POST
def verify_now(request: HttpRequest) -> HttpResponse:
    """Recompute the whole log while the reader waits; the answer says what it proves."""
    started = timezone.now()
    result = verify()
    context = {
        "result": result,
        "seconds": (timezone.now() - started).total_seconds(),
        "head": selectors.head(),
    }
    fragment = bool(getattr(request, "htmx", False))
    return render(request, "portal/_verification.html" if fragment else "portal/verification.html", context)


@login_required
@require_GET
def export(request: HttpRequest, kind: str) -> HttpResponse | StreamingHttpResponse:
    """The filtered trail as CSV or JSON Lines, oldest last, streamed."""
    found = _filtered(request)[:EXPORT_LIMIT].iterator(chunk_size=1000)
    if kind == "jsonl":
        lines = (json.dumps(proofs.disclosed(e, None), ensure_ascii=False) + "\n" for e in found)
        answer = StreamingHttpResponse(lines, content_type="application/x-ndjson")
    elif kind == "csv":
        answer = StreamingHttpResponse(_csv(found), content_type="text/csv; charset=utf-8")
    else:
        raise Http404
    answer["Content-Disposition"] = f'attachment; filename="audit.{kind}"'
    return answer


class _Line:
    """A file-like that hands each written line back, so that csv.writer can stream."""

    def write(self, value: str) -> str:
        return value


def _safe(value: str) -> str:
    """Spreadsheets execute cells that begin like a formula."""
    return f"'{value}" if value[:1] in "=+-@\t\r" and value else value


def _csv(found: Any) -> Any:
    writer = csv.writer(_Line())
    yield writer.writerow(["when", "who", "organisation", "what", "about", "from", "to", "reason", "id"])
    for e in found:
        cells = [e.created.isoformat(), e.actor_name, e.organisation_name, f"{e.machine}.{e.action}"]
        cells += [e.subject_title, e.from_state, e.to_state, e.reason, str(e.id)]
        yield writer.writerow([_safe(cell) for cell in cells])
