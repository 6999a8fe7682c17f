"""What a proposal would do, in words, and doing it: the membership's own verbs, by the portal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from kernel.actor import Actor, system
from kernel.decision import Decision, Refused
from kernel.transition import may
from trusts.membership import services as membership
from trusts.membership import winding
from trusts.membership.machines import MEMBERSHIP
from trusts.membership.models import Membership, Trust
from trusts.membership.ruling import judge_rules

if TYPE_CHECKING:
    from trusts.proposals.models import Proposal

Does = Callable[["Proposal", Actor, str], Any]
# Who acts when the members have decided.
BY_VOTE = "The members' vote"


@dataclass(frozen=True, slots=True)
class Effect:
    """`does` carries it out, `against` is done when the members are against it. `on`: states of the membership concerned.

    `says`: what happens, in a sentence. `action`: what the portal has to be allowed to do with the membership beforehand.
    `lapsed` is done when too few took part. What a later station registers brings its own way to be checked, to be `gone`
    and to be read about (`about`: words and address), and is opened on a page of its own.
    """

    does: Does
    says: str
    on: tuple[str, ...] = ()
    action: str = ""
    against: Does | None = None
    lapsed: Does | None = None
    check: Callable[[Trust, dict[str, Any]], dict[str, Any]] | None = None
    gone: Callable[[Proposal], bool] | None = None
    about: Callable[[Proposal], tuple[str, str] | None] | None = None
    own_page: bool = False


def _member(proposal: Proposal) -> Membership:
    assert proposal.member is not None
    return proposal.member


def _admit(proposal: Proposal, actor: Actor, reason: str) -> Any:
    return membership.admit(_member(proposal).pk, actor=actor, reason=reason)


def _refuse(proposal: Proposal, actor: Actor, reason: str) -> Any:
    return membership.refuse(_member(proposal).pk, actor=actor, reason=reason)


def _expel(proposal: Proposal, actor: Actor, reason: str) -> Any:
    return membership.expel(_member(proposal).pk, actor=actor, reason=reason)


def _trustee(proposal: Proposal, actor: Actor, reason: str) -> Any:
    return membership.change_role(_member(proposal).pk, actor=actor, role="trustee")


def _charter(proposal: Proposal, actor: Actor, reason: str) -> Any:
    if newest(proposal.trust) != proposal.charter:
        raise Refused.because("proposal.charter_moved", "The charter has changed since this was proposed", remedy="Propose it anew")  # fmt: skip
    return membership.change_charter(proposal.trust_id, actor=actor, author_id=proposal.author_id, **proposal.given)  # fmt: skip


def _wind_up(proposal: Proposal, actor: Actor, reason: str) -> Any:
    return winding.wind_up(proposal.trust_id, actor=actor, reason=reason)


EFFECTS: dict[str, Effect] = {
    "admit": Effect(_admit, "{name} becomes a member at once. If the members are against it, the application is refused.", ("applied",), "", _refuse),
    "expel": Effect(_expel, "{name} is expelled at once: its contracts in this trust end, running jobs stop, downloads are cut off.", ("active", "suspended"), "expel"),
    "charter": Effect(_charter, "What is proposed below becomes the next version of the charter, in force at once.", own_page=True),
    "trustee": Effect(_trustee, "{name} becomes a trustee at once.", ("active",)),
    "wind_up": Effect(_wind_up, "The trust is wound up in the way that its charter says. Nothing new can begin in it."),
}  # fmt: skip


def registers(kind: str, effect: Effect) -> None:
    """What follows from proposals of this kind, said by the station that it concerns."""
    EFFECTS[kind] = effect


def newest(trust: Trust) -> int:
    """The number of the charter in force."""
    return trust.charters.order_by("-number").values_list("number", flat=True).first() or 0


def words(proposal: Proposal) -> str:
    name = proposal.member.organisation.name if proposal.member else ""
    return EFFECTS[proposal.kind].says.format(name=name)


def about(proposal: Proposal) -> tuple[str, str] | None:
    """Where one reads more of what it is about: words and address."""
    tells = EFFECTS[proposal.kind].about
    return tells(proposal) if tells else None


def must_be_possible(
    trust: Trust, kind: str, given: dict[str, Any], member: Membership | None
) -> dict[str, Any]:
    """What would be done, checked as far as it can be beforehand. Raises Refused."""
    effect = EFFECTS.get(kind)
    if effect is None:
        raise Refused.because("proposal.kind", "This cannot be proposed", remedy=f"Choose one of: {', '.join(EFFECTS)}", field="kind")  # fmt: skip
    if effect.on:
        if member is None or member.trust_id != trust.pk or member.state not in effect.on:
            raise Refused.because("proposal.member", "It is not said which member this is about, or it is no longer so", remedy="Choose an organisation from the list", field="member")  # fmt: skip
        if effect.action:
            decision = may(MEMBERSHIP, effect.action, member, system(BY_VOTE))
            if not decision.allowed:
                raise Refused(decision)
        return {}
    if kind == "charter":
        return _checked_charter(trust, given)
    if effect.check:
        return effect.check(trust, given)
    return {}


def _checked_charter(trust: Trust, given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if given.get("text") is not None:
        found["text"] = str(given["text"]).replace("\x00", "")[:200_000]
    if given.get("rules") is not None:
        found["rules"] = judge_rules(given["rules"])
    if given.get("governance") is not None:
        found["governance"] = membership.judge_governance(trust.kind, given["governance"])
    last = trust.charters.first()
    if not any(last is None or value != getattr(last, name) for name, value in found.items()):
        raise Refused.because("proposal.same", "This is what the charter says already", remedy="Change something in it")  # fmt: skip
    return found


def carry_out(proposal: Proposal) -> Decision | None:
    """Do what was adopted, or nothing at all. Returns the refusal, if it can no longer be done."""
    return _do(EFFECTS[proposal.kind].does, proposal, f"The members adopted proposal {proposal.ref}.")


def turn_down(proposal: Proposal) -> None:
    """Do what follows when the members are against it."""
    against = EFFECTS[proposal.kind].against
    if against:
        _do(against, proposal, f"The members voted against it (proposal {proposal.ref}).")


def run_out(proposal: Proposal) -> None:
    """Do what follows when too few took part."""
    lapsed = EFFECTS[proposal.kind].lapsed
    if lapsed:
        _do(lapsed, proposal, f"Too few members took part in the vote (proposal {proposal.ref}).")


def _do(does: Does, proposal: Proposal, reason: str) -> Decision | None:
    try:
        with transaction.atomic():
            does(proposal, system(BY_VOTE), reason)
    except Refused as refused:
        return refused.decision
    return None


def is_moot(proposal: Proposal) -> bool:
    """Whether what it is about is gone: an application withdrawn, a member that has left, a trust that is wound up."""
    effect = EFFECTS[proposal.kind]
    if proposal.trust.state != "active":
        return True
    if effect.gone and effect.gone(proposal):
        return True
    return bool(effect.on) and (proposal.member is None or proposal.member.state not in effect.on)
