"""Receipts to take away, bundles of evidence, and the public page that checks both."""

from __future__ import annotations

import tempfile
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts.negotiations import selectors as negotiations
from jobs.deliveries import selectors as deliveries
from jobs.deliveries.models import Delivery
from jobs.evidence import bundle, checking, receipts, scope
from jobs.evidence.taking import record_taking
from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.decision import Refused
from trusts.datasets import selectors as datasets
from trusts.organisations.models import User


@login_required
@require_GET
def receipt_json(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The receipt of an export, with its place in the log as soon as it has one."""
    found = get_object_or_404(deliveries.deliveries(request.actor), pk=pk)  # type: ignore[attr-defined]
    return _document(receipts.export_receipt(found), f"receipt-{found.ref}.json")


@login_required
@require_GET
def entry_receipt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The receipt of any entry that has one: a contract, an admission, an attestation of deletion, an export."""
    event = audit.one(pk, request.actor)  # type: ignore[attr-defined]
    found = receipts.receipt_of(event) if event is not None else None
    if event is None or found is None:
        raise Http404
    return _document(found, f"receipt-{event.machine}-{event.action}-{event.pk.hex[:6]}.json")


@login_required
@require_GET
def subject_receipt(request: HttpRequest, machine: str, pk: uuid.UUID) -> HttpResponse:
    """The newest receipt about an object: of a contract its conclusion, of a membership the admission, of a duty the attestation."""
    found = [e for e in receipts.about(pk, request.actor) if e.machine == machine]  # type: ignore[attr-defined]
    document = receipts.receipt_of(found[-1]) if found else None
    if document is None:
        raise Http404
    return _document(document, f"receipt-{machine}-{pk.hex[:6]}.json")


def _document(document: dict[str, Any], name: str) -> HttpResponse:
    answer = JsonResponse(document, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


class PeriodForm(forms.Form):
    start = forms.DateField(
        label="From", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    end = forms.DateField(
        label="Up to and including",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        start, end = found.get("start"), found.get("end")
        if start and end and end < start:
            self.add_error("end", "The last day is before the first.")
        if not start and not end and not self.errors:
            self.add_error("start", "Give at least one day.")
        return found


@login_required
@require_GET
def evidence(request: HttpRequest) -> HttpResponse:
    """What can be taken away, and what for."""
    month = timezone.localdate().replace(day=1)
    form = PeriodForm(initial={"start": month, "end": timezone.localdate()})
    return render(request, "evidence/evidence.html", {"form": form, "limit": bundle.WEB_LIMIT})


@login_required
@require_POST
def take(request: HttpRequest, kind: str, pk: uuid.UUID | None = None) -> HttpResponse | FileResponse:
    """A bundle as a download; where there is nothing to take, the page says why."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form, subject = PeriodForm(request.POST if kind == "period" else None), None
    if kind == "contract" and pk:
        subject = get_object_or_404(negotiations.agreements(actor), pk=pk)
        about = scope.of_agreement(subject, actor)
    elif kind == "dataset" and pk:
        subject = get_object_or_404(datasets.datasets(actor), pk=pk)
        about = scope.of_dataset(subject, actor)
    elif kind == "me":
        about = scope.of_person(get_object_or_404(User, pk=actor.user_id))
    elif kind == "period":
        if not form.is_valid():
            return render(
                request, "evidence/evidence.html", {"form": form, "limit": bundle.WEB_LIMIT}, status=400
            )
        about = scope.of_period(
            _midnight(form.cleaned_data["start"]), _midnight(form.cleaned_data["end"], 1), actor
        )
    else:
        raise Http404
    # A file that the system takes away when the answer has been sent, or when this process dies.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        made = bundle.write(about, actor, file, limit=bundle.WEB_LIMIT)
    except Refused as refused:
        file.close()
        context = {"form": PeriodForm(), "limit": bundle.WEB_LIMIT, "refused": refused}
        return render(request, "evidence/evidence.html", context, status=409)
    if subject is not None:
        record_taking(subject, actor, made.entries)
    file.seek(0)
    name = f"evidence-{slugify(about.about)[:60]}-{timezone.localdate():%Y%m%d}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


def _midnight(day: date | None, later: int = 0) -> datetime | None:
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=later), datetime.min.time()))


@require_GET
def receipt(request: HttpRequest, sha256: str) -> HttpResponse:
    """Public: whoever has the hash may learn that a receipt exists and compare a file, nothing more."""
    if len(sha256) != 64:
        raise Http404
    found = Delivery.objects.filter(data_sha256=sha256).order_by("created").first()
    return render(
        request, "evidence/receipt.html", {"found": found, "sha256": sha256}, status=200 if found else 404
    )


# Nobody is signed in here and nothing is changed, so there is nothing that a forged request could do.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Public: drop a receipt and its file. The receipt is judged here; the file is hashed in the browser and stays there."""
    if request.method != "POST":
        return render(request, "evidence/check.html")
    given = request.FILES.get("receipt")
    if given is None:
        answer = checking.Answer("care", "No receipt was chosen", "Choose the file receipt.json first.")
    elif (given.size or 0) > checking.LARGEST:
        answer = checking.Answer(
            "bad",
            "This is not a receipt",
            "The file is too large to be one. The data goes into the other field, and stays on your computer.",
        )
    else:
        answer = checking.check(given.read())
    fragment = request.headers.get("X-Fragment") == "1"
    return render(request, "evidence/_answer.html" if fragment else "evidence/check.html", {"answer": answer},
                  status=200 if answer.tone == "good" or fragment else 422)  # fmt: skip
