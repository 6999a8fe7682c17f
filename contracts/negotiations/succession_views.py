"""Changing or renewing a contract: the same page as a counter-offer, starting from the terms in force."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from contracts.negotiations import beginnings, companions, selectors, services, succession
from contracts.negotiations.counter_form import CounterForm, ReplyForm, as_posted
from contracts.negotiations.machines import AGREEMENT, NEGOTIATION
from contracts.negotiations.models import Agreement
from contracts.negotiations.offers import ready_version
from contracts.negotiations.wording import own_clauses, words
from kernel.decision import Refused
from kernel.web import new_id, not_now
from trusts.datasets.changes import schema_changes
from trusts.datasets.models import DatasetVersion

WORDS = {
    "amendment": ("Change the contract", "The contract in force stands until both sides have agreed on the change."),
    "renewal": ("Renew the contract", "The contract in force stands until its last day; the new one follows it."),
}  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def succeed(request: HttpRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """Begin the negotiation of a change or a renewal, by either side."""
    actor = request.actor  # type: ignore[attr-defined]
    found: Agreement = get_object_or_404(selectors.agreements(actor), pk=pk)
    if not succession.may_open(found, actor):
        return render(
            request, "errors/403.html", {"action": NEGOTIATION.action("ask"), "subject": found}, status=403
        )
    title, lead = WORDS[kind]
    if request.method == "GET" and not (may := beginnings.may_succeed(found, kind)).allowed:
        return not_now(request, title, found, may)
    post = request.POST if request.method == "POST" else None
    newer = _newer(found) if kind == "renewal" else None
    newest = bool(newer and post and post.get("newest"))
    version = newer if newer is not None and newest else found.version_of_data
    rows = found.negotiation.companions.select_related("version_of_data")
    given: dict[str, Any] = {
        "own": own_clauses(found.trust),
        "columns": list(version.column_types()),
        "more": companions.personal_columns(c.version_of_data for c in rows),
    }
    theirs, start = found.terms, succession.start_terms(found, kind)
    data = post if post is not None else as_posted(theirs, start, given)
    form = CounterForm(data, theirs=theirs, consumer=found.consumer.name, **given)
    reply = ReplyForm(post) if post is not None else ReplyForm()
    context: dict[str, Any] = {
        "agreement": found, "dataset": found.dataset, "kind": kind, "title": title, "lead": lead, "form": form,
        "reply": reply, "id": new_id(request), "newer": _schema(found, newer) if newer else None, "newest": newest,
        **words(form, found.consumer.name, theirs),
    }  # fmt: skip
    if request.headers.get("HX-Request"):
        return render(request, "negotiations/_words.html", context)
    status = 200
    if post is not None and "publish" in post:
        if form.is_valid() and reply.is_valid():
            try:
                made = services.succeed(
                    found.pk, actor=actor, kind=kind, terms=form.terms(), note=form.form.cleaned_data.get("note", ""),
                    id=uuid.UUID(context["id"]), newest=newest, reply_days=reply.cleaned_data["reply_days"],
                )  # fmt: skip
            except Refused as refused:
                context["decision"], status = refused.decision, 409
            else:
                messages.success(
                    request, "Sent. It is the other side's turn; the contract in force stands meanwhile."
                )
                return redirect(made)
        else:
            status = 422
    elif post is None and found.state != "in_force":
        context["decision"] = Refused.because(
            "succession.state", f"This {AGREEMENT.label} is not in force", remedy="Ask for terms anew"
        ).decision
    return render(request, "negotiations/counter.html", context, status=status)


def _newer(agreement: Agreement) -> DatasetVersion | None:
    try:
        found = ready_version(agreement.dataset)
    except Refused:
        return None
    return found if found.pk != agreement.version_of_data_id else None


def _schema(agreement: Agreement, newer: DatasetVersion) -> dict[str, Any]:
    old = agreement.version_of_data
    return {
        "was": old.number, "now": newer.number,
        **schema_changes(old.column_types(), newer.column_types(), old.profile, newer.profile),
    }  # fmt: skip
