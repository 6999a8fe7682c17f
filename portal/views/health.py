"""Health for operators: alive, ready, and a page that says what is wrong in words."""

from __future__ import annotations

import shutil
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from kernel.audit import keyring
from kernel.audit.models import Waiting
from kernel.audit.selectors import head
from kernel.models import Outbox


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        return "The database does not answer."
    return ""


def _broker() -> str:
    from portal.celery import app

    try:
        with app.connection_for_write(transport_options={"max_retries": 0}) as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    except Exception:
        return "The broker does not answer; jobs wait in the outbox."
    return ""


def _disk() -> str:
    free = shutil.disk_usage(settings.COMMONHOLD_VAR).free
    return "" if free > 500 * 1024**2 else "Less than 500 MB are free where files are kept."


def _worker() -> str:
    from jobs.runs.selectors import last_beat

    beat = last_beat()
    if beat is None or (timezone.now() - beat).total_seconds() > 60:
        return "No worker has reported for 60 seconds; jobs are safe and wait."
    return ""


def _log() -> str:
    """Entries wait for their seal: because the key is another, or because nobody seals."""
    oldest = Waiting.objects.order_by("id").select_related("event").first()
    if oldest is None or (timezone.now() - oldest.event.created).total_seconds() < 60:
        return ""
    try:
        keyring.portal_key()
    except ImproperlyConfigured as problem:
        return str(problem)
    return "Entries of the log have waited for their seal for more than a minute; the worker for errands does it."


def checks() -> dict[str, str]:
    """Part → what is wrong, empty if nothing is."""
    database = _database()
    found = {"database": database, "broker": _broker(), "disk": _disk()}
    found["worker"] = "" if database else _worker()
    found["log"] = "" if database else _log()
    return found


@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """503 while the web process cannot do its work; a missing worker or broker is reported, not fatal."""
    found = checks()
    ready = not found["database"] and not found["disk"]
    return JsonResponse(
        {"ready": ready, "parts": {k: v or "ok" for k, v in found.items()}}, status=200 if ready else 503
    )


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """The same in words, with the log's signed head."""
    facts: dict[str, Any] = {"checks": checks(), "head": head()}
    if request.actor.is_operator:  # type: ignore[attr-defined]
        facts["outbox"] = Outbox.objects.filter(sent__isnull=True).count()
        facts["unsealed"] = Waiting.objects.count()
    return render(request, "portal/status.html", facts)
