"""Verbs of proposals: opened, discussed, voted on. Closing is in `closing`."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from kernel.actor import Actor, system
from kernel.decision import Refused
from kernel.doors import Shown
from kernel.registry import performs
from kernel.transition import creation, transition
from trusts.membership.models import Membership, Trust
from trusts.membership.voting import opens
from trusts.organisations.models import Organisation
from trusts.proposals.closing import settle
from trusts.proposals.effects import must_be_possible, newest
from trusts.proposals.machines import PROPOSAL
from trusts.proposals.models import CHOICES, Comment, Proposal, VotingSeat
from trusts.proposals.rules import CONCERNED, RECUSED


@performs(PROPOSAL, "propose")
def propose(
    *,
    actor: Actor,
    trust: Trust,
    kind: str,
    why: str,
    given: dict[str, Any] | None = None,
    member: Membership | None = None,
    concerned: Collection[UUID] = (),
) -> Proposal:
    """Put something to the vote of the members, under the rules that the charter has now.

    Who may vote is set here: the active members that have votes, each with its weight, but for the member it is about and
    those `concerned`. Raises Refused for what the charter does not put to a vote, or what could not be done.
    """
    with transaction.atomic():
        Trust.objects.select_for_update(of=("self",)).get(pk=trust.pk)
        how = trust.governance().decision(kind) if kind in trust.governance()["votes"]["kinds"] else {}
        checked = must_be_possible(trust, kind, given or {}, member)
        if concerned:
            checked |= {"concerned": sorted(str(pk) for pk in concerned)}
        made = Proposal(
            trust=trust, kind=kind, given=checked, member=member, why=why.strip(), author_id=actor.user_id,
            proposer_id=actor.organisation_id, charter=newest(trust), quorum=how["quorum"], majority=how["majority"],
            secret=how["ballot"] == "secret", delegation=bool(trust.governance()["votes"]["delegation"]),
            due=timezone.now() + timedelta(days=how["days"]),
        )  # fmt: skip
        own = set(made.concerned_ids())
        seats = [
            VotingSeat(
                proposal=made, organisation_id=pk, weight=weight, barred=CONCERNED if str(pk) in own else ""
            )
            for pk, weight in trust.voters().items()
        ]
        if not any(not seat.barred for seat in seats):
            raise Refused.because("proposal.nobody", "Nobody could vote on this", remedy="Another member has to join first")  # fmt: skip
        with creation(PROPOSAL, "propose", made, actor=actor, reason=why.strip()) as change:
            change.detail = {
                "quorum": made.quorum, "majority": made.majority, "ballot": how["ballot"],
                "votes": {str(seat.organisation_id): seat.weight for seat in seats if not seat.barred},
            }  # fmt: skip
            if member and kind != "admit":
                change.publish("proposal.concerns", id=str(made.pk), machine=PROPOSAL.name)
        VotingSeat.objects.bulk_create(seats)
    return made


@opens
def opened(trust: Trust, kind: str, given: dict[str, Any], why: str, actor: Actor) -> Proposal:
    """From a page of the trust: `given` names the membership concerned, or what the charter would say."""
    rest = dict(given)
    named = rest.pop("membership", None)
    member = Membership.objects.filter(pk=named, trust=trust).first() if named else None
    return propose(actor=actor, trust=trust, kind=kind, given=rest, why=why, member=member)


def on_applied(message: dict[str, Any]) -> None:
    """An application to a trust that votes on it opens the proposal by itself, once."""
    found = (
        Membership.objects.select_related("trust", "organisation")
        .filter(pk=message["id"], state="applied")
        .first()
    )
    if found is None or not found.trust.governance().by_vote("admit") or found.proposals.exists():
        return
    why = found.message or f"{found.organisation} asks to join as {found.role}."
    propose(actor=system("Commonhold"), trust=found.trust, kind="admit", why=why, member=found)


def _seat(proposal: Proposal, actor: Actor) -> VotingSeat:
    return VotingSeat.objects.get(proposal=proposal, organisation_id=actor.organisation_id)


@performs(PROPOSAL, "vote")
def vote(
    proposal_id: UUID, *, actor: Actor, choice: str, reason: str = "", seen: int | None = None
) -> Proposal | Shown:
    """The organisation's vote; voting again replaces it. Closes the vote if nothing could turn the result any more.

    In a secret ballot the event says that it voted, never what; the voter is shown a code, and finds it beside its choice
    among the ballots once they are counted.
    """
    with transaction.atomic():
        with transition(PROPOSAL, "vote", proposal_id, actor=actor, reason="") as change:
            proposal: Proposal = change.subject
            seat = _seat(proposal, actor)
            seat.choice, seat.delegate, seat.voted, seat.user_id = choice, None, timezone.now(), actor.user_id
            if proposal.secret:
                seat.code = secrets.token_hex(8)
            else:
                seat.reason = change.reason = reason.strip()
                change.detail = {"choice": choice, "votes": seat.weight}
            seat.save()
        closed = settle(proposal.pk)
        done = closed or proposal
        if closed:
            state = PROPOSAL.state(closed.state).label.lower()
            done.told = f"Your organisation's vote is counted, and with it the vote is over: {state}."  # type: ignore[attr-defined]
    if proposal.secret:
        return Shown(
            "Your vote is counted. Keep its code", ["Code", "Vote"], [[seat.code, dict(CHOICES)[choice]]],
            "By this code you find your ballot in the result. When the vote is closed, nobody but you can tell which one is yours.",
            "Vote otherwise",
        )  # fmt: skip
    return done


@performs(PROPOSAL, "delegate")
def delegate(proposal_id: UUID, *, actor: Actor, to: Organisation, seen: int | None = None) -> Proposal:
    """Another member with votes in this votes for this one too. It cannot pass them on. Raises Refused."""
    with transaction.atomic():
        with transition(PROPOSAL, "delegate", proposal_id, actor=actor) as change:
            proposal: Proposal = change.subject
            seat = _seat(proposal, actor)
            other = proposal.seats.filter(organisation=to, barred="").exclude(pk=seat.pk).first()
            if other is None:
                raise Refused.because("proposal.delegate", f"{to} cannot vote on this", remedy="Choose another member", field="to")  # fmt: skip
            if other.delegate_id or proposal.seats.filter(delegate_id=actor.organisation_id).exists():
                raise Refused.because("proposal.chain", "A vote cannot be passed on twice", remedy="Choose a member that votes itself", field="to")  # fmt: skip
            seat.delegate, seat.choice, seat.code, seat.reason, seat.voted = to, "", "", "", None
            seat.user_id = actor.user_id
            seat.save()
            change.detail = {"to": str(to.pk), "votes": seat.weight}
        return settle(proposal.pk) or proposal


@performs(PROPOSAL, "undelegate")
def undelegate(proposal_id: UUID, *, actor: Actor, seen: int | None = None) -> Proposal:
    with transition(PROPOSAL, "undelegate", proposal_id, actor=actor) as change:
        seat = _seat(change.subject, actor)
        seat.delegate = seat.user = None
        seat.save()
    return change.subject  # type: ignore[no-any-return]


@performs(PROPOSAL, "recuse")
def recuse(proposal_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Proposal:
    """Out of this vote, for a conflict of interest: the votes are taken out of the count and of the quorum."""
    with transaction.atomic():
        with transition(PROPOSAL, "recuse", proposal_id, actor=actor, reason=reason) as change:
            seat = _seat(change.subject, actor)
            seat.barred, seat.barred_because = RECUSED, reason
            seat.choice, seat.code, seat.reason, seat.delegate = "", "", "", None
            seat.save()
        return settle(change.subject.pk) or change.subject


@performs(PROPOSAL, "comment")
def comment(proposal_id: UUID, *, actor: Actor, text: str, seen: int | None = None) -> Proposal:
    """A word to all members."""
    with transition(PROPOSAL, "comment", proposal_id, actor=actor, reason=text) as change:
        Comment.objects.create(
            proposal=change.subject,
            organisation_id=actor.organisation_id,
            user_id=actor.user_id,
            text=text.strip(),
        )
    return change.subject  # type: ignore[no-any-return]


@performs(PROPOSAL, "withdraw")
def withdraw(proposal_id: UUID, *, actor: Actor, reason: str, seen: int | None = None) -> Proposal:
    with transition(PROPOSAL, "withdraw", proposal_id, actor=actor, seen=seen, reason=reason) as change:
        change.subject.closed = timezone.now()
        VotingSeat.objects.filter(proposal=change.subject, proposal__secret=True).update(choice="", code="")
    return change.subject  # type: ignore[no-any-return]
