"""Pages of sharing requests: list, write, read and review."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from contracts.decisions.selectors import decisions_on
from contracts.library import builder, conditions
from contracts.library.selectors import usable
from contracts.negotiations import beginnings
from contracts.negotiations import selectors as negotiated
from contracts.negotiations.models import Agreement
from contracts.policies.deciding.wording import label
from contracts.policies.terms import Terms
from contracts.policies.words import sentences
from contracts.recipes.compile import plan_words
from contracts.sharing import reviewing, selectors, services, starting
from contracts.sharing.advice import advice_on, advice_record
from contracts.sharing.forms import AnswersForm, CommentForm, checklist_of
from contracts.sharing.machines import REQUEST
from contracts.sharing.models import Request
from contracts.sharing.warnings import record, warnings_on
from kernel import doors
from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.decision import Decision, Refused
from kernel.transition import may
from kernel.web import new_id, not_now

PER_PAGE = 50


@login_required
@require_GET
def requests(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    show = request.GET.get("show", "open")
    live = Q(state__in=["draft", "submitted", "returned"])
    found = selectors.requests(actor).filter(live if show == "open" else ~live)
    page = Paginator(found.order_by("due", "-changed", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    for item in page.object_list:
        item.giving = item.provider_id == actor.organisation_id
    return render(request, "sharing/list.html", {"page": page, "show": show, "query": f"show={show}"})


def _posted(request: HttpRequest, start: starting.Start) -> tuple[QueryDict, builder.Draft]:
    """The posted answers with recipe and filter read from their fields, and the recipe as it was typed."""
    data, draft = request.POST.copy(), builder.read(request.POST)
    if start.steps is not None:
        draft = builder.Draft([*draft.steps, *start.steps][: builder.MOST], draft.view)
    data["recipe"] = draft.text if draft.text is not None else json.dumps(draft.steps)
    data["row_filter"] = json.dumps(conditions.read_conditions(request.POST))
    return data, draft


def _again(request: HttpRequest) -> bool:
    """Whether the page is only to be shown again: a click in the builder, or the live check."""
    return bool(request.POST.get("do")) or bool(request.headers.get("HX-Request"))


def _page(
    request: HttpRequest, form: AnswersForm, agreement: Agreement, extra: dict[str, Any], status: int = 200
) -> HttpResponse:
    draft = extra.get("draft") or builder.Draft(steps=form.initial.get("recipe") or [])
    where = json.loads(form.data["row_filter"]) if form.is_bound else form.initial.get("row_filter") or []
    terms = Terms.from_dict(agreement.terms)
    chosen = set(form["columns"].value() or [])
    context = {
        "form": form, "agreement": agreement, "sentences_": sentences(terms, agreement.consumer.name),
        "columns": [{"name": n, "type": t, "allowed": n in form.allowed, "chosen": n in chosen} for n, t in form.types.items()],
        "outside": [name for name in form.types if name not in form.allowed],
        "where": conditions.rows_of_conditions(where, form.allowed), "with_it": agreement.also,
        "saved": usable(request.actor)[:200],  # type: ignore[attr-defined]
        **builder.page(draft, form.schema(chosen), form.inputs()), **extra,
    }  # fmt: skip
    if not context["problem_count"] and not context["fault"] and not context["unfinished"]:
        context["contract_says"] = _objection(agreement, draft, [n for n in form.types if n in chosen], where)
    return render(request, "sharing/form.html", context, status=status)


def _objection(agreement: Agreement, draft: builder.Draft, columns: list[str], where: Any) -> Decision | None:
    """What the contract holds against the steps as they are, before anybody submits them."""
    try:
        services.plan_for(agreement, agreement.version_of_data, recipe=draft.steps, columns=columns, row_filter=where,
                          output_format="csv")  # fmt: skip
    except Refused as problem:
        return problem.decision
    return None


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Ask for something specific under a contract."""
    actor = request.actor  # type: ignore[attr-defined]
    try:
        wanted = uuid.UUID(request.GET.get("contract") or request.POST.get("contract") or "")
    except ValueError:
        return redirect("contracts")
    agreement = get_object_or_404(
        negotiated.agreements(actor).filter(consumer_id=actor.organisation_id), pk=wanted
    )
    if request.method == "GET" and not (may_ask := beginnings.may_request(agreement)).allowed:
        return not_now(request, "Request an export", agreement, may_ask)
    standing = negotiated.standing(agreement)
    extra: dict[str, Any] = {
        "id": new_id(request),
        "decision": None if standing.allowed else standing,
    }
    if request.method == "GET":
        initial = {
            "people": [str(actor.user_id)],
            "columns": list(
                Terms.from_dict(agreement.terms).columns_allowed(agreement.version_of_data.column_types())
            ),
        }
        return _page(
            request, AnswersForm(agreement=agreement, actor=actor, initial=initial), agreement, extra
        )
    extra["start"] = start = starting.read(request.POST, actor, agreement)
    data, extra["draft"] = _posted(request, start)
    form = AnswersForm(data, agreement=agreement, actor=actor)
    if _again(request):
        form.full_clean()
        form.errors.clear()
        return _page(request, form, agreement, extra)
    if not form.is_valid():
        return _page(request, form, agreement, extra, 422)
    try:
        made = services.draft(
            actor=actor, agreement=agreement, id=uuid.UUID(extra["id"]), **form.cleaned_data
        )
        _go_on(request, made)
    except Refused as problem:
        # The draft is kept when only the submission was refused: nothing typed is lost.
        made_now = Request.objects.filter(pk=extra["id"], consumer_id=actor.organisation_id).first()
        if made_now is not None:
            return _edit_again(request, form, made_now, problem.decision, extra)
        extra["decision"] = problem.decision
        return _page(request, form, agreement, extra, 409)
    return _done(request, made, "Saved as a draft.")


def _go_on(request: HttpRequest, made: Request) -> None:
    """After saving, what the button said: submit, or try on a sample. Raises Refused."""
    actor = request.actor  # type: ignore[attr-defined]
    if "submit" in request.POST and made.state in ("draft", "returned"):
        doors.perform(REQUEST, "submit", made, actor=actor, data={})
    elif "try" in request.POST:
        doors.perform(REQUEST, "try_out", made, actor=actor, data={})


def _done(request: HttpRequest, made: Request, saved: str) -> HttpResponse:
    if "try" in request.POST:
        messages.success(request, f"{saved} A worker tries it on a sample now.")
        return redirect(f"{made.get_absolute_url()}#trial")
    messages.success(request, "Submitted. The provider has been told." if "submit" in request.POST else saved)
    return redirect(made)


def _edit_again(
    request: HttpRequest, form: AnswersForm, found: Request, decision: Decision, extra: dict[str, Any]
) -> HttpResponse:
    messages.warning(request, "Kept as a draft; it was not submitted.")
    more = {"decision": decision, "editing": found, "seen": found.version}
    return _page(request, form, found.agreement, extra | more, 409)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found: Request = get_object_or_404(selectors.requests(actor), pk=pk)
    if not may(REQUEST, "edit", found, actor).allowed:
        return render(
            request, "errors/403.html", {"action": REQUEST.action("edit"), "subject": found}, status=403
        )
    extra: dict[str, Any] = {"editing": found, "seen": request.POST.get("seen", found.version)}
    if request.method == "GET":
        return _page(request, AnswersForm(subject=found, actor=actor), found.agreement, extra)
    extra["start"] = start = starting.read(request.POST, actor, found.agreement)
    data, extra["draft"] = _posted(request, start)
    form = AnswersForm(data, subject=found, actor=actor)
    if _again(request):
        form.full_clean()
        form.errors.clear()
        return _page(request, form, found.agreement, extra)
    if not form.is_valid():
        return _page(request, form, found.agreement, extra, 422)
    try:
        seen = str(extra["seen"])
        services.edit(found.pk, actor=actor, seen=int(seen) if seen.isdigit() else None, **form.cleaned_data)
        _go_on(request, found)
    except Refused as problem:
        found.refresh_from_db()
        extra |= {"decision": problem.decision, "seen": found.version}
        return _page(request, form, found.agreement, extra, 409)
    return _done(request, found, "Saved.")


def _warnings(found: Request, plan: dict[str, Any], actor: Actor) -> list[dict[str, Any]]:
    """What is warned of: with what was counted for those who hold the data, without for others."""
    said = warnings_on(found, plan)
    holds = found.provider_id == actor.organisation_id
    return [{"text": one.text} for one in said] if holds else record(said)


@login_required
@require_GET
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What is asked, what the engine says, and the decision."""
    actor = request.actor  # type: ignore[attr-defined]
    found: Request = get_object_or_404(selectors.requests(actor), pk=pk)
    named = [person.user for person in found.named.select_related("user")]
    open_now = found.state in ("draft", "submitted", "returned")
    plan, problem = found.plan, None
    if found.state in ("draft", "returned"):
        try:
            plan = services.plan_of(found).as_dict()
        except Refused as refused:
            plan, problem = {}, refused.decision
    choices = doors.choices(REQUEST, found, actor)
    apart = (
        "approve",
        "send_back",
        "refuse",
        "comment",
        "try_out",
        "examine",
        "state_fact",
        "ask_second",
        "reassign",
    )
    before = found.previous
    context = {
        "request_": found, "named": named, "plan": plan_words(plan), "plan_problem": problem,
        "warnings": _warnings(found, plan, actor) if open_now else found.advice.get("warnings", []), "advice": advice_record(advice_on(found, len(named))) if open_now else found.advice,
        "choices": [c for c in choices if c.name not in apart],
        "try_choice": next((c for c in choices if c.name in ("try_out", "examine")), None), "with_it": found.agreement.also,
        "jobs": found.jobs.filter(kind="export"),  # type: ignore[attr-defined]
        "verdicts": [c for c in choices if c.name in ("approve", "send_back", "refuse")], "checklist": checklist_of(found),
        "comment": next((c for c in choices if c.name == "comment"), None), "comment_form": CommentForm(), "stating": next((c for c in choices if c.name == "state_fact" and c.enabled), None),
        "stated": [{"label": label(iri), **one} for iri, one in found.stated.items()],
        "decisions": decisions_on("request", found.pk, actor)[:20],
        "reviews": reviewing.shown(found, actor), "stages": reviewing.progress(found) if found.reached_provider else [],
        "stage_due": reviewing.stage_due(found), "reassign": next((c for c in choices if c.name == "reassign" and c.enabled), None), "second": next((c for c in choices if c.name == "ask_second" and c.enabled), None),
        "kind_of_data": reviewing.KIND.get(found.workflow.get("sensitivity", "")), "thread": list(found.remarks.select_related("author", "organisation")),
        "changed": [name for name, value in found.answers().items() if before and before.get(name) != value],
        "giving": found.provider_id == actor.organisation_id, "events": audit.history(found.pk, actor, found.grounds()),
    }  # fmt: skip
    return render(request, "sharing/request.html", context)
