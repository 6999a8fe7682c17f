"""Closing a vote: counted, decided and carried out in one transaction."""

from __future__ import annotations

import hashlib
from datetime import datetime
from random import SystemRandom
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from kernel.actor import Actor
from kernel.decision import Decision, Refused
from kernel.registry import performs
from kernel.transition import transition
from trusts.organisations import robots
from trusts.proposals import effects
from trusts.proposals.counting import choices, count, outcome
from trusts.proposals.machines import PROPOSAL
from trusts.proposals.models import Proposal, VotingSeat


def settle(proposal_id: UUID, now: datetime | None = None) -> Proposal | None:
    """Close it if its time is over or its result certain; returns it then. Votes wait for the lock, and are late after it.

    A secret ballot closes early only when every vote is in: closing sooner would tell how the last ones voted.
    """
    with transaction.atomic():
        found = Proposal.objects.select_for_update(of=("self",)).select_related("trust").get(pk=proposal_id)
        if found.state != "open":
            return None
        if effects.is_moot(found):
            return drop(found.pk, actor=robots.actor("close_votes"))
        over = (now or timezone.now()) >= found.due
        tally = found.tally()
        if found.secret and not over and tally.left:
            return None
        decided = outcome(tally, found.quorum, found.majority, over=over)
        if not decided:
            return None
        # Counted before anything follows from it: what follows may end memberships.
        result = _result(found)
        problem = effects.carry_out(found) if decided == "adopted" else None
        if decided == "rejected":
            effects.turn_down(found)
        if decided == "lapsed":
            effects.run_out(found)
        if problem is not None:
            return fail(found.pk, actor=robots.actor("close_votes"), result=result, problem=problem)  # type: ignore[no-any-return]
        return VERBS[decided](found.pk, actor=robots.actor("close_votes"), result=result)  # type: ignore[no-any-return]


def _result(proposal: Proposal) -> dict[str, Any]:
    """The counts and the rules that they were held to; of a secret ballot also every single vote, shuffled, without names."""
    seats = proposal.counted()
    found = count(seats).as_dict() | {"quorum": proposal.quorum, "majority": proposal.majority}
    said = choices(seats)
    found["members"] = {"entitled": len(said), "voted": sum(bool(choice) for choice in said.values())}
    if not proposal.secret:
        return found
    weights: dict[Any, int] = {}
    for seat in seats:
        if said.get(seat.holder):
            caster = seat.holder if seat.choice else seat.delegate
            weights[caster] = weights.get(caster, 0) + seat.weight
    ballots = [
        {"code": mark(seat.code, number), "choice": seat.choice}
        for seat in proposal.seats.all() if seat.organisation_id in weights
        for number in range(weights[seat.organisation_id])
    ]  # fmt: skip
    SystemRandom().shuffle(ballots)
    return found | {"ballots": ballots}


def mark(code: str, number: int) -> str:
    """How one vote is marked among the ballots: those of one member cannot be told to belong together without its code."""
    return hashlib.sha256(f"{code}:{number}".encode()).hexdigest()[:16]


def own_ballots(proposal: Proposal, code: str) -> list[str]:
    """What was counted for this code, one for each vote. Empty if there is none."""
    marked = {ballot["code"]: ballot["choice"] for ballot in proposal.result.get("ballots", [])}
    found = []
    for number in range(len(marked)):
        if mark(code, number) not in marked:
            break
        found.append(marked[mark(code, number)])
    return found


def _closing(action: str) -> Any:
    def verb(
        proposal_id: UUID,
        *,
        actor: Actor,
        result: dict[str, Any] | None = None,
        problem: Decision | None = None,
        seen: int | None = None,
    ) -> Proposal:
        with transition(
            PROPOSAL, action, proposal_id, actor=actor, reason=problem.sentence if problem is not None else ""
        ) as change:
            proposal: Proposal = change.subject
            proposal.closed = timezone.now()
            if result is not None:
                proposal.result = result | ({"problem": problem.as_dict()} if problem is not None else {})
                change.detail = {"result": proposal.result}
            if proposal.secret:
                # From here on nobody can tell who voted how, the operator neither; what was backed up before can.
                VotingSeat.objects.filter(proposal=proposal).update(choice="", code="", reason="")
        return proposal

    verb.__name__ = action
    verb.__doc__ = (
        f"{PROPOSAL.action(action).label}. By the portal alone; what follows is done in the same transaction."
    )
    return performs(PROPOSAL, action)(verb)


adopt, fail, reject, lapse, drop = (_closing(name) for name in ("adopt", "fail", "reject", "lapse", "drop"))
VERBS = {"adopted": adopt, "rejected": reject, "lapsed": lapse}


def close_due(now: datetime) -> int:
    """Close the votes whose time is over, and those on what is gone. Safe to run twice at once."""
    closed = 0
    due = Proposal.objects.filter(state="open").select_related("member", "trust")
    for proposal in due.filter(due__lte=now)[:200]:
        closed += _try(proposal.pk, now)
    of_others = [kind for kind, effect in effects.EFFECTS.items() if effect.gone]
    gone = Q(member__isnull=False) | ~Q(trust__state="active") | Q(kind__in=of_others)
    for proposal in due.filter(gone, due__gt=now)[:500]:
        if effects.is_moot(proposal):
            closed += _try(proposal.pk, now)
    return closed


def _try(pk: UUID, now: datetime) -> int:
    try:
        return int(settle(pk, now) is not None)
    except Refused:
        return 0
