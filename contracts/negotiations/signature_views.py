"""Downloads for signing a contract with one's own key."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from contracts.negotiations import selectors, signing
from kernel.canonical import canonical_bytes


def _file(body: bytes, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@login_required
@require_GET
def payload(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The canonical bytes of the contract, which every signature covers."""
    found = get_object_or_404(selectors.agreements(request.actor), pk=pk)  # type: ignore[attr-defined]
    return _file(canonical_bytes(found.payload), "payload.bin", "application/octet-stream")


@login_required
@require_GET
def text(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The one text to sign with the key named by `?key=` (else the newest); 404 unless this party's signature is awaited."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(selectors.agreements(actor), pk=pk)
    offered = signing.to_sign(found, actor.organisation_id)
    wanted = request.GET.get("key") or (offered[0].key.key_id if offered else "")
    for one in offered:
        if one.key.key_id == wanted:
            # Octets, so that nothing on the way changes a line end.
            return _file(one.text, "to-sign.txt", "application/octet-stream")
    raise Http404
