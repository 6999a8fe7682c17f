"""The counter-offer: their text clause by clause, beside the words and the difference as they would be."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from contracts.negotiations import companions, selectors, services
from contracts.negotiations.counter_form import CounterForm, ReplyForm, as_posted, both_moved, onto
from contracts.negotiations.machines import NEGOTIATION
from contracts.negotiations.models import Negotiation, Proposal
from contracts.negotiations.wording import difference, own_clauses, words
from kernel.decision import Refused
from kernel.roles import roles_of
from kernel.transition import Stale, may


@login_required
@require_http_methods(["GET", "POST"])
def counter(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Write a counter-offer. Whatever happens meanwhile, what was typed stays on the page."""
    actor = request.actor  # type: ignore[attr-defined]
    found: Negotiation = get_object_or_404(selectors.negotiations(actor), pk=pk)
    action = "make_offer" if found.provider_id == actor.organisation_id else "counter"
    decision = may(NEGOTIATION, action, found, actor)
    rightful = bool(NEGOTIATION.action(action).by & roles_of(actor, found))
    if not rightful or (request.method == "GET" and not decision.allowed):
        return render(
            request, "errors/403.html", {"action": NEGOTIATION.action(action), "subject": found}, status=403
        )
    return _Page(request, found, action).answer()


class _Page:
    """One request for the page: what they last said, what was typed, and what became of it."""

    def __init__(self, request: HttpRequest, found: Negotiation, action: str) -> None:
        self.request, self.found, self.action = request, found, action
        self.post = request.POST if request.method == "POST" else None
        self.proposals = list(found.proposals.select_related("author"))
        self.newest: Proposal = self.proposals[-1]
        wanted = self.post.get("answers", "") if self.post is not None else ""
        self.base = next((p for p in self.proposals if str(p.number) == wanted), self.newest)
        rows = list(found.companions.select_related("version_of_data", "dataset"))
        chosen = self.post.getlist("also") if self.post is not None else [str(c.dataset_id) for c in rows]
        self.also = (
            companions.offered(found.dataset, chosen)
            if found.kind != "amendment"
            else {"also": [], "more": []}
        )
        more = sorted({*self.also["more"], *companions.personal_columns(c.version_of_data for c in rows)})
        columns = list(found.version_of_data.column_types())
        self.given: dict[str, Any] = {"columns": columns, "more": more, "own": own_clauses(found.trust)}
        self.form = self._form(self.post, self.base)
        self.reply = ReplyForm(self.post) if self.post is not None else ReplyForm()
        self.context: dict[str, Any] = {}

    def _form(self, data: QueryDict | None, base: Proposal) -> CounterForm:
        return CounterForm(data, theirs=base.terms, consumer=self.found.consumer.name, **self.given)

    def answer(self) -> HttpResponse:
        status, post = 200, self.post
        if post is not None and "rebase" in post and self.newest.number != self.base.number:
            self._rebase()
        elif post is not None and "publish" in post:
            if self.form.is_valid() and self.reply.is_valid():
                try:
                    return self._send()
                except Stale as stale:
                    self.context["decision"], status = stale.decision, 409
                except Refused as refused:
                    self.context["decision"], status = refused.decision, 409
            else:
                status = 422
        if self.newest.number != self.base.number:
            self._moved()
        self.context |= words(self.form, self.found.consumer.name, self.base.terms)
        if self.request.headers.get("HX-Request"):
            return render(self.request, "negotiations/_words.html", self._all())
        return render(self.request, "negotiations/counter.html", self._all(), status=status)

    def _send(self) -> HttpResponse:
        post = self.post
        assert post is not None
        verb = services.make_offer if self.action == "make_offer" else services.counter
        also = None
        if self.also["also"] and "also_shown" in post:
            also = companions.read_ids(post.getlist("also"))
        made = verb(
            self.found.pk, actor=self.request.actor, terms=self.form.terms(),  # type: ignore[attr-defined]
            note=self.form.form.cleaned_data.get("note", ""), answers=self.base.number,
            reply_days=self.reply.cleaned_data["reply_days"], also=also,
        )  # fmt: skip
        messages.success(self.request, "Sent. It is the other side's turn.")
        return redirect(made)

    def _mine(self) -> dict[str, Any]:
        return self.form.terms() if self.form.is_valid() else {}

    def _moved(self) -> None:
        """They moved first: what changed since, and whether mine can be put onto theirs."""
        self.context["moved"] = {
            "newest": self.newest, "base": self.base,
            "changes": difference(self.base.terms, self.newest.terms),
            "clash": both_moved(self.newest.terms, self.base.terms, self._mine()) if self.form.is_valid() else [],
        }  # fmt: skip

    def _rebase(self) -> None:
        """My changes onto their newest text; nothing is sent yet."""
        assert self.post is not None
        if not self.form.is_valid():
            return
        merged = onto(self.newest.terms, self.base.terms, self._mine())
        data = as_posted(self.newest.terms, merged, self.given)
        data["note"] = self.post.get("note", "")
        self.base = self.newest
        self.form = self._form(data, self.base)
        self.context["rebased"] = True

    def _all(self) -> dict[str, Any]:
        return {
            "dataset": self.found.dataset, "negotiation": self.found, "form": self.form, "reply": self.reply,
            "answers": self.base.number, "base": self.base, "also": self.also["also"],
            "before": self.base.terms, **self.context,
        }  # fmt: skip
