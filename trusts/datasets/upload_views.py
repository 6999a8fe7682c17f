"""The browser's door to uploads: JSON for upload.js, with the session and the CSRF token."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel import doors
from kernel.decision import Refused
from trusts.datasets import selectors, uploads
from trusts.datasets.machines import UPLOAD
from trusts.datasets.models import Upload


class UploadForm(forms.Form):
    name = forms.CharField(max_length=200)
    size = forms.IntegerField(min_value=0, max_value=1 << 62)


def status_of(upload: Upload) -> dict[str, Any]:
    """What a sender needs to go on."""
    return {
        "id": str(upload.pk), "state": upload.state, "name": upload.name, "size": upload.size,
        "chunk_bytes": upload.chunk_bytes, "chunks": upload.chunks, "received": upload.received_chunks(),
        "sha256": upload.sha256, "expires": upload.expires.isoformat(),
    }  # fmt: skip


def problem(status: int, code: str, text: str) -> JsonResponse:
    return JsonResponse({"status": status, "code": code, "title": text}, status=status)


def answers_json(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refusals and faults as JSON with a sentence."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except uploads.ChunkFault as fault:
            return problem(422, fault.code, fault.text)
        except Refused as refused:
            reason = refused.decision.reasons[0]
            return problem(409, reason.code, f"{reason.text}. {reason.remedy}.")
        except UnreadablePostError:
            return problem(400, "cut", "The connection was cut; send the chunk again.")

    return wrapped


def _own(request: HttpRequest, pk: UUID) -> Upload:
    found: Upload = get_object_or_404(selectors.uploads(request.actor), pk=pk)  # type: ignore[attr-defined]
    return found


@login_required
@require_POST
@answers_json
def create(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST)
    if not form.is_valid():
        return problem(422, "invalid", "An upload needs the file's name and its size in bytes.")
    made = uploads.create(actor=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
    return JsonResponse(status_of(made), status=201)


@login_required
@require_GET
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    return JsonResponse(status_of(_own(request, pk)))


@login_required
@require_http_methods(["PUT"])
@answers_json
def chunk(request: HttpRequest, pk: UUID, index: int) -> HttpResponse:
    """The raw body is the chunk; X-Chunk-SHA256 may be missing where the browser cannot hash."""
    given = request.headers.get("X-Chunk-SHA256")
    actor = request.actor  # type: ignore[attr-defined]
    uploads.receive(_own(request, pk), index, request.read, actor=actor, sha256=given)
    return JsonResponse({"received": index})


@login_required
@require_POST
@answers_json
def finish(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    return JsonResponse(status_of(doors.perform(UPLOAD, "complete", _own(request, pk), actor=actor, data={})))
