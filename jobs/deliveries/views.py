"""Pages of exports: fetch, receipt, and the public check."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from jobs.deliveries import selectors
from jobs.deliveries.machines import DELIVERY
from jobs.deliveries.models import Delivery, Vault
from jobs.deliveries.quality import shown
from jobs.deliveries.receipt import masked_steps
from jobs.deliveries.sending import pieces
from kernel import doors, store
from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.decision import Refused
from kernel.roles import roles_of


@login_required
@require_GET
def delivery(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found: Delivery = get_object_or_404(selectors.deliveries(actor), pk=pk)
    choices = doors.choices(DELIVERY, found, actor)
    holds_tokens = Vault.objects.filter(delivery=found).exists()
    context = {
        "delivery": found, "choices": [c for c in choices if c.name != "download" and (c.name != "look_up" or holds_tokens)],
        "download": next((c for c in choices if c.name == "download"), None),
        "named": [p.user for p in found.request.named.select_related("user")],
        "left": found.downloads_allowed - found.downloads_made, "body": found.receipt["body"], "quality": shown(found), "steps": _steps(found, actor), "holder": found.provider_id == actor.organisation_id,
        "received": found.consumer_id == actor.organisation_id, "events": audit.history(found.pk, actor, found.grounds()),
        "place": audit.place_of(found.pk, "deliver"), "head": audit.head(),
        "fetched": list(found.downloads.select_related("user")),
    }  # fmt: skip
    return render(request, "deliveries/delivery.html", context)


def _steps(found: Delivery, actor: Actor) -> list[dict[str, Any]]:
    """What each step left: exact for the data's holder, who also finds that on the job's page."""
    if found.provider_id == actor.organisation_id:
        exact: list[dict[str, Any]] = found.job.result.get("steps") or found.receipt["body"]["plan"]["steps"]
        return exact
    return masked_steps(found.receipt["body"])


@login_required
@require_POST
def download(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Counted and decided anew each time; the file streams after the count is committed."""
    actor = request.actor  # type: ignore[attr-defined]
    found: Delivery = get_object_or_404(selectors.deliveries(actor), pk=pk)
    if "named" not in roles_of(actor, found):
        return render(
            request, "errors/403.html", {"action": DELIVERY.action("download"), "subject": found}, status=403
        )
    try:
        doors.perform(DELIVERY, "download", found, actor=actor, data={})
        return package_file(found, actor)
    except Refused as refused:
        return render(
            request, "deliveries/refused.html", {"delivery": found, "decision": refused.decision}, status=409
        )


def package_file(found: Delivery, actor: Actor) -> HttpResponseBase:
    """The package as a file answer, with its SHA-256 in a header; cut when it may no longer be fetched."""
    try:
        content = store.open_stream(found.package_sha256)
    except FileNotFoundError:
        raise Refused.because("delivery.erased", "The portal's copy of this export is deleted",
                              remedy="Ask again under the same contract") from None  # fmt: skip
    answer = StreamingHttpResponse(pieces(found, content, actor), content_type="application/zip")
    answer["Content-Length"] = str(found.package_bytes)
    answer["Content-Disposition"] = content_disposition_header(True, found.package_name) or "attachment"
    answer["X-Content-SHA256"] = found.package_sha256
    # What a proxy has taken in ahead of the reader cannot be cut any more (nginx listens to this).
    answer["X-Accel-Buffering"] = "no"
    return answer
