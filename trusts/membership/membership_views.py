"""One membership: what was asked, handed in and looked at, what holds, what happened, and what can be done."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from kernel import store
from kernel.actor import Actor
from kernel.audit import selectors as audit
from kernel.roles import roles_of
from trusts.membership import buttons, selectors, voting
from trusts.membership.machines import CANDIDATE, TRUSTEE
from trusts.membership.models import ROLES, Membership
from trusts.membership.parting import last_heard

INSIDE = {role.split(".")[0] + ".member" for role in CANDIDATE | TRUSTEE}


def reads_the_file(actor: Actor, membership: Membership) -> bool:
    """The organisation itself and those who decide on it, alone or by vote, read what was handed in and looked at."""
    trust = membership.trust
    votes = trust.governance().by_vote("admit") and actor.organisation_id in trust.voters()
    return votes or bool(INSIDE & roles_of(actor, membership))


@login_required
@require_GET
def membership(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found: Membership = get_object_or_404(selectors.memberships(actor), pk=pk)
    inside = reads_the_file(actor, found)
    asked = found.trust.governance()["members"]
    context: dict[str, Any] = {
        "membership": found, "trust": found.trust, "inside": inside, "votes": _votes(found, actor),
        # Notice and probation are the trust's own matter: its members read them, nobody else.
        "fellow": inside or found.trust_id in actor.trust_ids,
        "choices": buttons.fitting(found, actor),
    }  # fmt: skip
    context["reason_links"] = _links(found, context["votes"])
    if inside:
        context |= {
            "evidence": [{**one, "given": _given(found, one["code"])} for one in asked["evidence"]],
            "checks": [{**one, "found": _on(found.checks.get(one["code"]))} for one in asked["checklist"]],
            "conditions": [{**one, "day": datetime.fromisoformat(one["due"]).date()} for one in found.conditions],
            "hearing": {**found.hearing, "until": datetime.fromisoformat(found.hearing["until"])} if found.hearing else None,
            "role_asked": _on({**found.role_asked, "label": dict(ROLES)[found.role_asked["role"]]} if found.role_asked else None),
            "earlier": _earlier(found), "silent": _silent(found, asked["silent_days"]),
            "events": audit.history(found.pk, actor),
        }  # fmt: skip
    return render(request, "membership/membership.html", context)


PROPOSED = {"applied": [("admit", "Propose to admit it")],
            "active": [("trustee", "Propose it as a trustee"), ("expel", "Propose to expel it")],
            "suspended": [("expel", "Propose to expel it")]}  # fmt: skip


def _votes(found: Membership, actor: Actor) -> dict[str, Any] | None:
    """For members of a trust that votes on its members: the votes about this one, and what may be proposed about it."""
    voted = found.trust.governance().voted()
    if (
        found.trust_id not in actor.trust_ids
        or not voted & {"admit", "trustee", "expel"}
        or not voting.can_be_proposed()
    ):
        return None
    about: Any = found.proposals.order_by("-created")[:20]  # type: ignore[attr-defined]
    open_kinds = {one.kind for one in about if one.state == "open"}
    mine = actor.holds("owner") and actor.organisation_id in found.trust.voters()
    offered = [
        (kind, label) for kind, label in PROPOSED.get(found.state, [])
        if kind in voted and kind not in open_kinds and not (kind == "trustee" and found.role == "trustee")
    ]  # fmt: skip
    return {"about": about, "offered": offered if mine else []}


def _links(found: Membership, votes: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    """From the reason why nobody decides alone to the vote that is open, or to the page on which to propose one."""
    if votes is None:
        return []
    new = reverse("proposal_new", args=[found.trust.slug])
    return [
        *((f"votes.{one.kind}", one.get_absolute_url(), "See the open vote") for one in votes["about"] if one.state == "open"),
        *((f"votes.{kind}", f"{new}?kind={kind}&member={found.pk}", label) for kind, label in votes["offered"]),
    ]  # fmt: skip


def _on(piece: dict[str, Any] | None) -> dict[str, Any] | None:
    return {**piece, "on": datetime.fromisoformat(piece["on"])} if piece else None


def _given(found: Membership, code: str) -> list[dict[str, Any]]:
    rows = [
        {**one, "number": n, "on": datetime.fromisoformat(one["on"])} for n, one in enumerate(found.evidence)
    ]
    return [one for one in rows if one["code"] == code]


def _earlier(found: Membership) -> list[Membership]:
    """Former memberships of the same organisation, for those who decide whether it comes back."""
    past = Membership.objects.filter(trust_id=found.trust_id, organisation_id=found.organisation_id)
    return list(
        past.filter(state__in=["left", "expelled", "declined"]).exclude(pk=found.pk).order_by("-changed")[:10]
    )


def _silent(found: Membership, days: int) -> datetime | None:
    """Since when nobody of the member has done anything, if that is longer than the charter says."""
    if found.state != "active" or not days:
        return None
    last = last_heard([found]).get(found.organisation_id) or found.since
    return last if last is not None and (timezone.now() - last).days >= days else None


@login_required
@require_GET
def evidence(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """A file that was handed in, as it came."""
    actor = request.actor  # type: ignore[attr-defined]
    found: Membership = get_object_or_404(selectors.memberships(actor), pk=pk)
    if not reads_the_file(actor, found) or not 0 <= number < len(found.evidence):
        raise Http404
    piece = found.evidence[number]
    if "sha256" not in piece:
        raise Http404
    answer = FileResponse(
        store.path_of(piece["sha256"]).open("rb"), as_attachment=True, filename=piece["name"]
    )
    answer["Content-Type"], answer["X-Content-Type-Options"] = piece["kind"], "nosniff"
    return answer
