"""Pages of a trust's proposals: the list, one of them with its votes, and a new one."""

from __future__ import annotations

import uuid
from difflib import SequenceMatcher
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from kernel import doors
from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.decision import Refused
from trusts.membership import selectors as trusts
from trusts.membership.charter_views import governance_of
from trusts.membership.governance_points import MAJORITY
from trusts.membership.governance_words import Change, difference
from trusts.membership.models import Charter, Trust
from trusts.membership.ruling import rules_compared
from trusts.proposals import effects, services
from trusts.proposals.closing import own_ballots
from trusts.proposals.forms import ProposeForm
from trusts.proposals.machines import PROPOSAL
from trusts.proposals.models import CHOICES, Proposal
from trusts.proposals.selectors import proposals as visible

# What is not pressed because it is nothing to do now needs no word of its own.
UNSAID = {"proposal.not_delegated", "proposal.concerned", "proposal.recused"}


def _inside(request: HttpRequest, slug: str, suspended: bool = False) -> Trust:
    """The trust, for its members, perhaps also for one that is suspended; others do not learn what is voted on."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(trusts.trusts(actor), slug=slug)
    if found.pk not in actor.trust_ids and not (suspended and _is_suspended(found, actor)):
        raise Http404
    return found  # type: ignore[no-any-return]


def _is_suspended(trust: Trust, actor: Actor) -> bool:
    """No query for an active member."""
    if trust.pk in actor.trust_ids:
        return False
    return trust.memberships.filter(organisation_id=actor.organisation_id, state="suspended").exists()


@login_required
@require_safe
def proposals(request: HttpRequest, slug: str) -> HttpResponse:
    """Open ones by their last day, or closed ones, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    trust = _inside(request, slug, suspended=True)
    closed = request.GET.get("show") == "closed"
    # The list needs whose seat is whose, not what they are called.
    found = visible(actor).filter(trust=trust).prefetch_related(None).prefetch_related("seats")
    found = found.exclude(state="open").order_by("-closed", "pk") if closed else found.filter(state="open").order_by("due", "pk")  # fmt: skip
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    rows = [{"proposal": one, "mine": _my_seat(one, actor)} for one in page]
    context = {
        "trust": trust, "rows": rows, "page": page, "closed": closed, "query": "show=closed" if closed else "",
        "tabs": [{"label": "Open", "url": "?", "current": not closed}, {"label": "Closed", "url": "?show=closed", "current": closed}],
        "suspended": _is_suspended(trust, actor), "may": may_propose(trust, actor), "charter_voted": trust.governance().by_vote("charter"),
        "others_voted": _kinds(trust),
    }  # fmt: skip
    return render(request, "proposals/proposals.html", context)


def may_propose(trust: Trust, actor: Actor) -> bool:
    return actor.holds("owner") and actor.organisation_id in trust.voters()


def _kinds(trust: Trust) -> list[str]:
    """What is put to the vote here and proposed on the page for it; some kinds have a page of their own."""
    return [
        kind for kind, one in effects.EFFECTS.items() if not one.own_page and trust.governance().by_vote(kind)
    ]


def _my_seat(proposal: Proposal, actor: Actor) -> Any:
    return next(
        (seat for seat in proposal.seats.all() if seat.organisation_id == actor.organisation_id), None
    )


@login_required
@require_http_methods(["GET", "POST"])
def proposal(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What is proposed, why, what would follow, who votes and how; the result, and one's own ballot in it by its code."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(visible(actor), pk=pk)
    code = request.POST.get("code", "").strip().lower()
    is_open = found.state == "open"
    # A secret ballot tells no numbers before it is closed, or votes could be told apart as they come in.
    tally = found.tally().as_dict() if is_open and not found.secret else found.result or None
    context = {
        "proposal": found, "trust": found.trust, "effect": effects.words(found), "about": effects.about(found), "tally": tally, "is_open": is_open,
        "seats": found.seats.all(), "mine": _my_seat(found, actor), "majority": MAJORITY[found.majority],
        "comments": found.comments.select_related("organisation", "user"), "changes": charter_changes(found),
        "choices": [c for c in doors.choices(PROPOSAL, found, actor) if not {r.code for r in c.reasons} & UNSAID],
        "code": code, "own_ballots": [dict(CHOICES).get(one, one) for one in own_ballots(found, code)] if code else [],
        "suspended": is_open and _is_suspended(found.trust, actor), "events": audit.history(found.pk, actor),
    }  # fmt: skip
    return render(request, "proposals/proposal.html", context)


def charter_changes(found: Proposal) -> list[Any]:
    """What the proposed charter says otherwise than the one under which it was proposed."""
    if found.kind != "charter":
        return []
    base = Charter.objects.filter(trust_id=found.trust_id, number=found.charter).first()
    if base is None:
        return []
    given = found.given
    wanted = Charter(
        trust=found.trust,
        text=given.get("text", base.text),
        governance=given.get("governance", base.governance),
    )
    return [
        *_pieces("In words", "paragraph", base.text.splitlines(), wanted.text.splitlines()),
        *rules_compared(base.rules, given.get("rules", base.rules)),
        *difference(governance_of(found.trust, base), governance_of(found.trust, wanted)),
    ]  # fmt: skip


def _pieces(label: str, piece: str, old: list[str], new: list[str]) -> list[Change]:
    """Where two lists of sentences part, as rows of a comparison."""
    old, new = ([line for line in lines if line.strip()] for lines in (old, new))
    found = []
    for tag, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag != "equal":
            first, last = (a, b) if b > a else (c, d)
            where = f"{piece} {first + 1}" if last - first == 1 else f"{piece}s {first + 1} to {last}"
            found.append(Change(label, where, "\n".join(old[a:b]), "\n".join(new[c:d])))
    return found


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Propose something about a member, or the trust's end."""
    actor = request.actor  # type: ignore[attr-defined]
    trust = _inside(request, slug)
    if not may_propose(trust, actor):
        return render(request, "errors/403.html", {"action": PROPOSAL.action("propose"), "subject": trust}, status=403)  # fmt: skip
    initial = {name: request.GET[name] for name in ("kind", "member") if name in request.GET}
    form, refused = ProposeForm(request.POST or None, trust=trust, initial=initial), None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.propose(actor=actor, trust=trust, **form.cleaned_data)
        except Refused as problem:
            refused = problem.decision
        else:
            messages.success(request, "Proposed. Every member that votes has been told.")
            return redirect(made)
    status = 409 if refused is not None else 422 if form.is_bound else 200
    context = {"trust": trust, "form": form, "decision": refused}
    return render(request, "proposals/new.html", context, status=status)
