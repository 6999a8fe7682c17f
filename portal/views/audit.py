"""The audit trail: what happened, to whom it concerns, and the proof that nothing was changed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from jobs.evidence import receipts
from kernel import registry
from kernel.audit import proofs, selectors
from kernel.audit import trail as log
from kernel.audit.models import Event, Leaf
from kernel.audit.trail import Wanted
from kernel.roles import AUDITOR
from portal.trail import activity, changes, exports, known, saved
from portal.trail.asked import DOORS, kinds, query, read
from portal.trail.belonging import KINDS

FIRST_YEAR = 2000


@login_required
@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    """The newest entries that fit, or those older or newer than a place in the trail."""
    actor = request.actor  # type: ignore[attr-defined]
    asked = read(request.GET, actor)
    context = {
        "page": log.page(actor, asked.wanted, at=asked.at, newer=asked.newer),
        "sought": asked,
        "head": selectors.head(),
        "kinds": kinds(),
        "doors": DOORS,
        "saved": [(one, query(one.fields)) for one in saved.of(actor.user_id)],
        "may_tamper": settings.DEMO,
        "audits": any(one.role == AUDITOR for one in actor.granted),
    }
    return render(request, "portal/audit.html", context)


@login_required
@require_GET
def year(request: HttpRequest) -> HttpResponse:
    """A calendar of one year with the number of entries on each day, under the same filters."""
    actor, this = request.actor, timezone.localdate().year  # type: ignore[attr-defined]
    asked = read(request.GET, actor)
    text = request.GET.get("year", "")
    number = (
        int(text)
        if text.isascii() and text.isdigit() and len(text) == 4 and int(text) >= FIRST_YEAR
        else this
    )
    if text and str(number) != text:
        asked.says.append(f"“{text[:20]}” is no year. Here is {number}.")
    months = activity.year(actor, asked, number)
    context = {
        "months": months,
        "total": sum(month.total for month in months),
        "year": number,
        "year_before": number - 1,
        "year_after": number + 1,
        "before": query(asked.fields, year=str(number - 1)) if number > FIRST_YEAR else "",
        "after": query(asked.fields, year=str(number + 1)) if number < this else "",
        "sought": asked,
        "kinds": kinds(),
        "doors": DOORS,
    }
    return render(request, "portal/activity.html", context)


@login_required
@require_GET
def suggest(request: HttpRequest, kind: str) -> HttpResponse:
    """Names for a field of the filter while one types: of those who stand in the reader's own trail."""
    look = {"who": known.people, "organisation": known.organisations}.get(kind)
    if look is None:
        raise Http404
    text = request.GET.get(kind, "").strip()[:200]
    found = look(request.actor, text)[: known.MOST] if len(text) > 1 else []  # type: ignore[attr-defined]
    return render(request, "portal/_suggestions.html", {"found": found})


def _readable(request: HttpRequest, pk: UUID) -> Event:
    found = selectors.one(pk, request.actor)  # type: ignore[attr-defined]
    if found is None:
        raise Http404
    return found


@login_required
@require_GET
def event(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = _readable(request, pk)
    actor = request.actor  # type: ignore[attr-defined]
    leaf, words = Leaf.objects.filter(event=found).first(), changes.Words(found, actor)
    context = {
        "event": found,
        "leaf": leaf,
        "proof": proofs.of_event(found.pk) if leaf else None,
        "moved": changes.moved(found, words),
        "besides": changes.besides(found, words),
        "reasons": changes.reasons(found),
        "refused": "refused" in found.detail,
        "erased": changes.erased_names(found),
        "from_state": words.value(("state",), found.from_state) if found.from_state else "",
        "to_state": words.value(("state",), found.to_state),
        "door": DOORS.get(found.door, found.door),
        "same": log.beside(actor, found, Wanted(subjects=(found.subject_id,))),
        "any": log.beside(actor, found, Wanted()),
        "payload": json.dumps(proofs.disclosed(found, None), indent=2, ensure_ascii=False),
        "subject_url": _subject_url(found, request),
        "has_receipt": leaf is not None and receipts.kind_of(found) is not None,
        "whole": f"{found.machine}.{found.subject_id}" if found.machine in KINDS else "",
    }
    return render(request, "portal/event.html", context)


@login_required
@require_GET
def event_json(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The entry with what makes its commitments checkable, its way up the tree, and the seal over the root."""
    found = _readable(request, pk)
    proof = proofs.of_event(found.pk)
    said = proofs.disclosed(found, proof) | ({"checkpoint": proof.checkpoint.note} if proof else {})
    answer = HttpResponse(
        json.dumps(said, indent=2, ensure_ascii=False) + "\n", content_type="application/json"
    )
    answer["Content-Disposition"] = f'attachment; filename="entry-{proof.index if proof else found.pk}.json"'
    return answer


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
@require_GET
def export(request: HttpRequest, kind: str) -> HttpResponse | StreamingHttpResponse:
    """Everything that fits as CSV, JSON or JSON Lines, newest first, streamed."""
    if kind not in exports.KINDS:
        raise Http404
    actor = request.actor  # type: ignore[attr-defined]
    asked = read(request.GET, actor)
    write, content_type = exports.KINDS[kind]
    answer = StreamingHttpResponse(write(log.every(actor, asked.wanted)), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="audit.{kind}"'
    return answer
