"""Pages of duties: what is due, what was declared, the files that prove it."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from contracts.negotiations import duties, selectors
from contracts.negotiations.machines import DUTY
from contracts.negotiations.models import Duty
from kernel import doors, store
from kernel.actor import Actor

IN_WORDS = {
    duties.SUSPEND_DOWNLOADS: "Downloads under the contract close until it is declared done.",
    duties.SUSPEND_AGREEMENT: "The contract is suspended; the provider resumes it.",
    duties.NOTIFY_TRUST: "The trustees of the trust are told.",
}


def is_party(duty: Duty, actor: Actor) -> bool:
    """Whether the person acts for one of the contract's parties; trustees only learn that the duty is late."""
    return actor.organisation_id in (duty.agreement.provider_id, duty.agreement.consumer_id)


def fitting(duty: Duty, actor: Actor) -> list[doors.Choice]:
    """The actions that make sense for this duty: no button for declaring a payment done, and the like."""
    return [choice for choice in doors.choices(DUTY, duty, actor) if choice.enabled]


@login_required
@require_GET
def duty(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found: Duty = get_object_or_404(selectors.duties(actor), pk=pk)
    party = is_party(found, actor)
    then = duties.consequences(found.agreement)
    context = {
        "duty": found, "contract": found.agreement, "party": party, "choices": fitting(found, actor),
        "then": [IN_WORDS[code] for code in then if code in IN_WORDS],
        "evidence": list(found.evidence.select_related("uploaded_by")) if party else [],
    }  # fmt: skip
    return render(request, "negotiations/duty.html", context)


@login_required
@require_GET
def evidence(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponseBase:
    """One file, for the two parties only. Always as an attachment: it came from outside."""
    actor = request.actor  # type: ignore[attr-defined]
    found: Duty = get_object_or_404(selectors.duties(actor), pk=pk)
    file = found.evidence.filter(pk=number).first()
    if file is None or not is_party(found, actor):
        raise Http404
    answer = FileResponse(
        store.open_stream(file.sha256), as_attachment=True, filename=file.name, content_type=file.kind
    )
    answer["X-Content-SHA256"] = file.sha256
    return answer
